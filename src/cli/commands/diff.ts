import { type Command, Option } from "commander";
import type { PolicyDiff } from "../../analysis/diff/policy-diff.js";
import { quoteText } from "../../diagnostics/escape.js";
import type { Card } from "../../policy/model.js";
import type { DiffRun } from "../../report/diff-run.js";
import { plain } from "../../report/paint.js";
import { version } from "../../version.generated.js";
import { diffGateReasons } from "../diff-gate.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure } from "../failure.js";
import { inventoryHelp, readInventory } from "../inventory.js";
import { loadCard, warn } from "../load-policy.js";
import { addConfigOptions, addFormat, type ConfigOptions, example, repeatable } from "../options.js";
import type { PolicySource } from "../policy-source.js";
import { printReport } from "../print-report.js";
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly oldOrg?: string;
  readonly newOrg?: string;
  readonly card?: string;
  readonly oldCard?: string;
  readonly anyCard?: boolean;
  readonly inventory?: readonly string[];
  readonly failOn?: "weaker" | "any";
  readonly format: "text" | "markdown" | "json" | "sarif";
  readonly output?: string;
}

/** `smoltbot policy diff`: what changes between two policies, for every tool name. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("<old>", "a policy file, a compiled artifact, or git:<revision>:<path>")
    .argument("<new>", "the same, as it is to be")
    .option("--org <file>", "org policy below both")
    .option("--old-org <file>", "org policy below the old one only, or in place of --org")
    .option("--new-org <file>", "org policy below the new one only, or in place of --org")
    .option("--card <file>", "alignment card to judge both with")
    .option("--old-card <file>", "another card for the old one")
    .option("--any-card", "without a card: compare what is asked of a card, whichever it will be")
    .option("--inventory <source>", inventoryHelp, repeatable)
    .addOption(
      new Option("--fail-on <what>", "exit 1 when something becomes more lenient, or at any change").choices(["weaker", "any"]),
    );
  addConfigOptions(command);
  addFormat(command, ["text", "markdown", "json", "sarif"]);
  command.option("-o, --output <file>", "write the report to this file");
  example(
    command,
    "$ smoltbot policy diff git:origin/main:policy.yaml policy.yaml --fail-on weaker",
    "$ smoltbot policy diff old.yaml new.yaml --org org.yaml --inventory tools.json --format markdown",
  );
  command.action(async (before: string, after: string, options: Options) => {
    terminal.exitCode = await diff(before, after, options, terminal);
  });
}

async function diff(before: string, after: string, options: Options, terminal: Terminal): Promise<number> {
  if (options.oldCard !== undefined && options.card === undefined) {
    throw failure("usage_old_card_alone", "--old-card was given without --card");
  }
  const settings = await resolveSettings({ ...options, policy: after });
  const { loadPolicySource } = await import("../policy-source.js");
  const org = (own: string | undefined) => {
    const spec = own ?? settings.org;
    return spec === undefined ? undefined : { spec, fromConfig: own === undefined && settings.orgFromConfig };
  };
  const olds = loadPolicySource(before, org(options.oldOrg));
  const news = loadPolicySource(after, org(options.newOrg));
  checkScopes(olds, news);
  // What is wrong with the old one is not asked.
  warn(news.diagnostics, news.sources, terminal);
  const cards = cardsOf(options, settings, terminal);
  const listed =
    options.inventory && (await readInventory(options.inventory, () => readOptionsOf(options, settings, terminal), terminal));
  const { diffPolicies } = await import("../../analysis/diff.js");
  const found = diffPolicies(olds.subject, news.subject, {
    ...cards,
    inventory: listed?.names,
    anyCard: options.anyCard === true,
  });
  const run = { diff: found, before, after, exitReasons: exitReasons(found, options, listed?.damaged === true), version };
  printReport(await rendered(run, options, terminal), run.exitReasons, options.output, terminal);
  return run.exitReasons.length === 0 ? EXIT_OK : EXIT_FAILED;
}

/** Two layers are no two versions of one policy, unless something below them is the same. */
function checkScopes(olds: PolicySource, news: PolicySource): void {
  const layers = ({ subject }: PolicySource) => subject.policy.sources.map(({ layer }) => layer);
  if (layers(olds).some((layer) => layers(news).includes(layer))) return;
  const [before, after] = [olds, news].map((side) => `${quoteText(side.label, 400)} has scope ${layers(side).join()}`);
  throw failure("usage_scopes_differ", `${before}, and ${after}`);
}

function cardsOf(options: Options, settings: Settings, terminal: Terminal): { card?: Card; oldCard?: Card } {
  const card = loadCard(settings, Date.now(), terminal);
  const oldCard = options.oldCard === undefined ? card : loadCard({ ...settings, card: options.oldCard }, undefined, terminal);
  return { ...(card && { card }), ...(oldCard && { oldCard }) };
}

function exitReasons(found: PolicyDiff, { failOn }: Options, damaged: boolean): string[] {
  const reasons = failOn === undefined ? [] : diffGateReasons(found, failOn);
  return damaged ? [...reasons, "some of the inventory could not be read"] : reasons;
}

async function rendered(run: DiffRun, { format, output }: Options, terminal: Terminal): Promise<string> {
  switch (format) {
    case "json": {
      const { diffJson } = await import("../../report/json/diff.js");
      const { jsonText } = await import("../../report/json/rule.js");
      return jsonText(diffJson(run));
    }
    case "markdown":
      return (await import("../../report/markdown/diff.js")).diffMarkdown(run);
    case "sarif":
      return (await import("../../report/sarif/diff.js")).diffSarif(run);
    default:
      return (await import("../../report/text/diff.js")).diffText(run, output === undefined ? terminal.paint : plain);
  }
}
