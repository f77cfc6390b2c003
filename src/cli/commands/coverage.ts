import type { Command } from "commander";
import type { CoverageReport, JudgedTool, KnownTool } from "../../analysis/coverage.js";
import type { MergedPolicy } from "../../policy/model.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure } from "../failure.js";
import { inventoryHelp, readInventory } from "../inventory.js";
import { loadCard, loadPolicy } from "../load-policy.js";
import {
  addConfigOptions,
  addFormat,
  agentIdOption,
  agentOption,
  type ConfigOptions,
  example,
  percentage,
  repeatable,
} from "../options.js";
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly card?: string;
  readonly inventory?: readonly string[];
  readonly agent?: string;
  readonly agentId?: string;
  readonly minCoverage?: number;
  readonly minToolCoverage?: number;
  readonly format: "text" | "json" | "markdown";
}

/** `smoltbot policy coverage`: card actions, capabilities and tools, each seen from the others. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "the policy (default: from the config file)")
    .option("--org <file>", "org policy below it")
    .option("--card <file>", "alignment card whose actions should be mapped");
  addTraceOptions(command, "look at the tools of these traces: file, folder, pattern or `-`; may be given again");
  command
    .option("--inventory <source>", inventoryHelp, repeatable)
    .addOption(agentOption())
    .addOption(agentIdOption())
    .option("--min-coverage <percent>", "exit 1 when fewer of the card's actions are mapped", percentage)
    .option("--min-tool-coverage <percent>", "exit 1 when fewer of the tools are mapped", percentage);
  addConfigOptions(command);
  addFormat(command, ["text", "json", "markdown"]);
  example(
    command,
    "$ smoltbot policy coverage policy.yaml --card card.yaml --traces runs/",
    "$ smoltbot policy coverage policy.yaml --card card.yaml --inventory tools.json --min-coverage 90 --min-tool-coverage 95",
  );
  command.action(async (file: string | undefined, options: Options) => {
    terminal.exitCode = await coverage(file, options, terminal);
  });
}

async function coverage(file: string | undefined, options: Options, terminal: Terminal): Promise<number> {
  const settings = await resolveSettings({ ...options, policy: file, agent: options.agent ?? options.agentId });
  const { merged } = loadPolicy(settings, terminal);
  const card = loadCard(settings, Date.now(), terminal);
  if (options.minCoverage !== undefined && card === undefined) {
    throw failure("usage_coverage_without_card", "--min-coverage needs a card to measure against");
  }
  const known = await knownTools(options, settings, terminal);
  if (options.minToolCoverage !== undefined && known === undefined) {
    throw failure("usage_coverage_without_tools", "--min-tool-coverage needs tools to measure");
  }
  if (card === undefined && known === undefined) {
    throw failure("usage_nothing_to_cover", "neither a card nor tools were named");
  }
  const { coverageReport } = await import("../../analysis/coverage.js");
  const judged = known && (await judge(merged, known.tools));
  const report = coverageReport(merged, card, judged);
  const reasons = exitReasons(report, options, known?.damaged === true);
  const code = reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
  terminal.out(await rendered(report, options, { file: settings.policy ?? settings.org ?? "", reasons, code }, terminal));
  return code;
}

/** Tools of the traces with their calls, and those that only an inventory names. */
async function knownTools(
  options: Options,
  settings: Settings,
  terminal: Terminal,
): Promise<{ tools: readonly KnownTool[]; damaged: boolean } | undefined> {
  const { inventory = [] } = options;
  if (settings.traces.length === 0 && inventory.length === 0) return undefined;
  const tools = new Map<string, number>();
  let damaged = false;
  if (settings.traces.length > 0) {
    const { usedTools } = await import("../used-tools.js");
    const used = await usedTools(settings.traces, settings.agent, await readOptionsOf(options, settings, terminal), terminal);
    damaged = used.damaged;
    for (const { tool, count } of used.usage.tools) tools.set(tool, count);
  }
  if (inventory.length > 0) {
    const listed = await readInventory(inventory, () => readOptionsOf(options, settings, terminal), terminal);
    damaged ||= listed.damaged;
    for (const name of listed.names) if (!tools.has(name)) tools.set(name, 0);
  }
  return { tools: Array.from(tools, ([tool, calls]) => ({ tool, calls })), damaged };
}

async function judge(merged: MergedPolicy, tools: readonly KnownTool[]): Promise<JudgedTool[]> {
  const { openPolicy } = await import("../open-policy.js");
  const { engine } = openPolicy(merged);
  const outcomes = new Map(engine.evaluate(tools.map(({ tool }) => tool)).tools.map((outcome) => [outcome.tool, outcome]));
  return tools.flatMap((known) => {
    const outcome = outcomes.get(known.tool);
    return outcome === undefined ? [] : [{ ...known, outcome }];
  });
}

function exitReasons({ card, tools }: CoverageReport, options: Options, damaged: boolean): string[] {
  const { minCoverage, minToolCoverage } = options;
  const reasons: string[] = [];
  if (minCoverage !== undefined && card !== undefined && card.coveragePct < minCoverage) {
    reasons.push(`coverage ${card.coveragePct}% is below the required ${minCoverage}%`);
  }
  if (minToolCoverage !== undefined && tools !== undefined && tools.mappedPct < minToolCoverage) {
    reasons.push(`tool coverage ${tools.mappedPct}% is below the required ${minToolCoverage}%`);
  }
  if (damaged) reasons.push("some of the traces could not be read");
  return reasons;
}

async function rendered(
  report: CoverageReport,
  { format }: Options,
  frame: { readonly file: string; readonly reasons: readonly string[]; readonly code: number },
  terminal: Terminal,
): Promise<string> {
  if (format === "json") {
    const { coverageJson } = await import("../../report/json/coverage.js");
    const { jsonText } = await import("../../report/json/rule.js");
    return jsonText(coverageJson(report, frame));
  }
  if (format === "markdown") return (await import("../../report/markdown/coverage.js")).coverageMarkdown(report, frame);
  return (await import("../../report/text/coverage-report.js")).coverageText(report, frame.reasons, terminal.paint);
}
