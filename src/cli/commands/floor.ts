import { type Command, Option } from "commander";
import type { FloorReport } from "../../analysis/floor.js";
import { diagnostic } from "../../diagnostics/codes.js";
import { quoteText } from "../../diagnostics/escape.js";
import { mergePolicies } from "../../policy/merge.js";
import type { FloorRun } from "../../report/diff-run.js";
import { plain } from "../../report/paint.js";
import { version } from "../../version.generated.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { CommandFailure, failure } from "../failure.js";
import { type FloorGate, floorGateReasons } from "../floor-gate.js";
import { inventoryHelp, readInventory } from "../inventory.js";
import { loadCard, warn } from "../load-policy.js";
import { addConfigOptions, addFormat, type ConfigOptions, example, repeatable } from "../options.js";
import { printReport } from "../print-report.js";
import { resolveSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly card?: string;
  readonly inventory?: readonly string[];
  readonly failOn?: FloorGate;
  readonly format: "text" | "markdown" | "json" | "sarif";
  readonly output?: string;
}

/** `smoltbot policy floor`: agents can strengthen but never weaken, proven for every tool name. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[agent...]", "agent policies: files, or git:<revision>:<path> (default: from the config file)")
    .option("--org <file>", "the org policy: a file, or git:<revision>:<path>")
    .option("--card <file>", "alignment card to judge with")
    .option("--inventory <source>", inventoryHelp, repeatable)
    .addOption(
      new Option(
        "--fail-on <what>",
        "exit 1 also on any newly mapped name, on those the org denies, or on globs of any server",
      ).choices(["exceptions", "denied", "broad"]),
    );
  addConfigOptions(command);
  addFormat(command, ["text", "markdown", "json", "sarif"]);
  command.option("-o, --output <file>", "write the report to this file");
  example(
    command,
    "$ smoltbot policy floor --org org.yaml agents/*.yaml",
    "$ smoltbot policy floor --org org.yaml agent.yaml --inventory tools.json --fail-on denied",
  );
  command.action(async (files: string[], options: Options) => {
    terminal.exitCode = await floor(files, options, terminal);
  });
}

async function floor(files: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  const settings = await resolveSettings({ ...options, policy: files[0] });
  const named = files.length > 0 ? [...new Set(files)] : [settings.policy].filter((file) => file !== undefined);
  if (settings.org === undefined) throw failure("usage_org_missing", "no org policy was named");
  if (named.length === 0) throw failure("usage_policy_missing", "no agent policy was named");
  const { loadLayer } = await import("../policy-source.js");
  const org = loadLayer(settings.org, "org policy");
  const agents = named.map((file) => loadLayer(file, "agent policy"));
  for (const agent of agents) {
    const sources = new Map([...org.sources, ...agent.sources]);
    const { value, diagnostics } = mergePolicies({ org: org.policy, agent: agent.policy });
    if (value === undefined) throw new CommandFailure(diagnostics, sources);
    warn(agent.diagnostics, sources, terminal);
  }
  warn(org.diagnostics, org.sources, terminal);
  const card = loadCard(settings, Date.now(), terminal);
  const listed =
    options.inventory && (await readInventory(options.inventory, () => readOptionsOf(options, settings, terminal), terminal));
  const { floorOf } = await import("../../analysis/floor.js");
  const reports = agents.map(({ label, policy }) => ({
    file: label,
    report: floorOf(org.policy, policy, { card, inventory: listed?.names }),
  }));
  const reasons = floorGateReasons(reports, options.failOn);
  if (listed?.damaged === true) reasons.push("some of the inventory could not be read");
  const run = { org: org.label, agents: reports, exitReasons: reasons, version };
  printReport(await rendered(run, options, terminal), run.exitReasons, options.output, terminal);
  for (const { file, report } of reports) reportBroken(file, report, terminal);
  return reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
}

/** Beside the report: a fault of this program, with what to do about it. */
export function reportBroken(file: string, { broken }: FloorReport, terminal: Terminal): void {
  if (broken.length === 0) return;
  const names = broken.map(({ witness }) => quoteText(witness)).join(", ");
  const message = `${quoteText(file, 400)} is below the floor of its org for ${names}: this is a bug in this program`;
  warn([diagnostic("floor_broken", { message })], new Map(), terminal);
}

async function rendered(run: FloorRun, { format, output }: Options, terminal: Terminal): Promise<string> {
  switch (format) {
    case "json": {
      const { floorJson } = await import("../../report/json/floor.js");
      const { jsonText } = await import("../../report/json/rule.js");
      return jsonText(floorJson(run));
    }
    case "markdown":
      return (await import("../../report/markdown/floor.js")).floorMarkdown(run);
    case "sarif":
      return (await import("../../report/sarif/floor.js")).floorSarif(run);
    default:
      return (await import("../../report/text/floor.js")).floorText(run, output === undefined ? terminal.paint : plain);
  }
}
