import { type Command, Option } from "commander";
import type { Strictness } from "../../analysis/recommend/draft.js";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import { plain } from "../../report/paint.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure } from "../failure.js";
import { exists, writeWhole } from "../files.js";
import { inventoryHelp, readInventory } from "../inventory.js";
import { loadCard, loadPolicy, warn } from "../load-policy.js";
import { noTraces, tracesOf, watched } from "../load-traces.js";
import {
  addConfigOptions,
  agentIdOption,
  agentOption,
  type ConfigOptions,
  example,
  pointInTime,
  repeatable,
  wholeNumber,
} from "../options.js";
import type { Recommendation } from "../recommend/recommendation.js";
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly card?: string;
  readonly existing?: string;
  readonly org?: string;
  readonly inventory?: readonly string[];
  readonly agent?: string;
  readonly agentId?: string;
  readonly days: number;
  readonly until?: number;
  readonly strictness: Strictness;
  readonly name?: string;
  readonly format: "yaml" | "json" | "text";
  readonly output?: string;
}

/** `smoltbot policy recommend`: a least-privilege draft learned from recorded runs. */
export function define(command: Command, terminal: Terminal): void {
  addTraceOptions(command, "file, folder, pattern or `-`; may be given again (default: this folder's Claude Code transcripts)");
  command
    .option("--card <file>", "alignment card to whose actions tools are mapped")
    .option(
      "--existing <file>",
      "policy in use: its rules stay, its capabilities keep their tools (default: from the config file)",
    )
    .option("--org <file>", "org policy below the draft")
    .option("--inventory <source>", inventoryHelp, repeatable)
    .addOption(agentOption())
    .addOption(agentIdOption())
    .option("--days <n>", "days back from the last call; 0: all", wholeNumber, 30)
    .option("--until <time>", "only calls before this time", (text: string) => pointInTime(text, Date.now()))
    .addOption(
      new Option("--strictness <level>", "how much evidence is asked for")
        .choices(["permissive", "balanced", "strict"])
        .default("balanced"),
    )
    .option("--name <name>", "name of the draft");
  addConfigOptions(command);
  command
    .addOption(new Option("--format <format>", "output format").choices(["yaml", "json", "text"]).default("yaml"))
    .option("-o, --output <file>", "write the draft to this file, and a summary to standard output");
  example(
    command,
    "$ smoltbot policy recommend --traces runs/ --card card.yaml -o draft.yaml",
    "$ smoltbot policy recommend --traces runs/ --existing policy.yaml --org org.yaml --strictness strict --format json",
  );
  command.action(async (options: Options) => {
    terminal.exitCode = await run(options, terminal);
  });
}

async function run(options: Options, terminal: Terminal): Promise<number> {
  const given = await resolveSettings({ ...options, policy: options.existing, agent: options.agent ?? options.agentId });
  // A config file may name the policy that this draft is to become.
  const unwritten = options.existing === undefined && given.policy !== undefined && !exists(given.policy);
  const settings: Settings = unwritten ? { ...given, policy: undefined } : given;
  const { recommendation, damaged } = await learn(options, settings, terminal);
  const reasons: string[] = [];
  if (!recommendation.validation.valid) reasons.push("the draft is not valid");
  if (damaged) reasons.push("some of the traces could not be read");
  const code = reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
  const frame = { strictness: options.strictness, reasons, code };
  const text = await rendered(recommendation, options.format, frame, options.output === undefined ? terminal : undefined);
  if (options.output === undefined) {
    terminal.out(text);
    if (options.format === "yaml") for (const reason of reasons) terminal.err(`${reason}\n`);
    return code;
  }
  writeWhole(options.output, text);
  const { recommendText } = await import("../../report/text/recommend.js");
  terminal.out(recommendText(recommendation, { ...frame, file: options.output }, terminal.paint));
  return code;
}

async function learn(
  options: Options,
  settings: Settings,
  terminal: Terminal,
): Promise<{ recommendation: Recommendation; damaged: boolean }> {
  const layers = settings.policy === undefined && settings.org === undefined ? {} : loadPolicy(settings, terminal).layers;
  const card = loadCard(settings, Date.now(), terminal);
  const inputs = await tracesOf(settings);
  const reading = await readOptionsOf(options, settings, terminal);
  const inventory =
    options.inventory === undefined ? undefined : await readInventory(options.inventory, async () => reading, terminal);
  const { readDecided } = await import("../../trace/io/read-decided.js");
  const read = await watched("Reading traces", terminal, (watch) => readDecided(inputs, { ...reading, ...watch }));
  const { set, decided, partial } = read;
  if (set.traces.length === 0) throw noTraces(set.diagnostics);
  warn(set.diagnostics, new Map(), terminal);
  const { makeRecommendation } = await import("../recommend/recommendation.js");
  const { agent } = settings;
  const recommendation = makeRecommendation({
    set,
    decided,
    window: { agent, days: options.days, untilMs: options.until },
    request: {
      name: options.name ?? layers.agent?.meta.name ?? (agent === undefined ? "recommended-policy" : `${agent}-policy`),
      strictness: options.strictness,
      card,
      existing: layers.agent,
      org: layers.org,
      inventory: inventory?.names ?? [],
    },
  });
  if (recommendation.observed.history.calls === 0)
    throw failure("recommend_no_calls", "there is no call in the window to learn from");
  return { recommendation, damaged: hasErrors(set.diagnostics) || partial || inventory?.damaged === true };
}

async function rendered(
  recommendation: Recommendation,
  format: Options["format"],
  frame: { readonly strictness: string; readonly reasons: readonly string[]; readonly code: number },
  terminal: Terminal | undefined,
): Promise<string> {
  if (format === "yaml") return recommendation.yaml;
  if (format === "json") return (await import("../../report/json/recommend.js")).recommendJson(recommendation, frame);
  return (await import("../../report/text/recommend.js")).recommendText(recommendation, frame, terminal?.paint ?? plain);
}
