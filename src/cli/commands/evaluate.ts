import { type Command, Option } from "commander";
import type { Context, Evaluation } from "../../engine/result.js";
import { severities } from "../../policy/lattice.js";
import type { Severity } from "../../policy/model.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure } from "../failure.js";
import { gateReasons } from "../gate.js";
import { loadCard, loadPolicy } from "../load-policy.js";
import { type OpenPolicy, openPolicy } from "../open-policy.js";
import {
  addConfigOptions,
  addFormat,
  agentIdOption,
  agentOption,
  type ConfigOptions,
  contextOption,
  example,
  percentage,
  repeatable,
} from "../options.js";
import type { AgentRecords } from "../registry/agent-records.js";
import { withAgent } from "../registry/with-agent.js";
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { readManifest, splitTools } from "../tool-manifest.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly file?: string;
  readonly org?: string;
  readonly card?: string;
  readonly tools?: readonly string[];
  readonly toolManifest?: string;
  readonly agent?: string;
  readonly agentId?: string;
  readonly minCoverage?: number;
  readonly strict?: boolean;
  readonly failOn?: Severity;
  readonly context: Context["kind"];
  readonly format: string;
}

/** `smoltbot policy evaluate`: the gate for CI. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "the policy (default: from the config file)")
    .option("--file <file>", "the policy, for scripts that prefer an option")
    .option("--org <file>", "org policy below it")
    .option("--card <file>", "alignment card to check against")
    .option("--tools <names>", "tools to judge, separated by commas, as the calls of one session; may be given again", repeatable)
    .option("--tool-manifest <json>", "tools to judge: the answer of tools/list, or a list of names");
  addTraceOptions(command, "judge the calls of these traces: file, folder, pattern or `-`; may be given again");
  command
    .addOption(agentOption())
    .addOption(agentIdOption())
    .option("--min-coverage <percent>", "exit 1 when fewer of the card's actions are mapped", percentage)
    .option("--strict", "exit 1 on warnings, too")
    .addOption(
      new Option("--fail-on <severity>", "exit 1 only on violations at least this severe; the verdict stays").choices([
        ...severities,
      ]),
    )
    .addOption(contextOption());
  addConfigOptions(command);
  addFormat(command);
  example(
    command,
    "$ smoltbot policy evaluate policy.yaml --tools mcp__browser__navigate,mcp__admin__reset",
    "$ smoltbot policy evaluate policy.yaml --org org.yaml --card card.yaml --tool-manifest tools.json --min-coverage 90",
  );
  command.action(async (argument: string | undefined, options: Options) => {
    terminal.exitCode = await evaluate(argument, options, terminal);
  });
}

async function evaluate(argument: string | undefined, options: Options, terminal: Terminal): Promise<number> {
  if (argument !== undefined && options.file !== undefined) throw failure("usage_two_policies", "the policy was named twice");
  const settings = await resolveSettings({
    ...options,
    policy: argument ?? options.file,
    agent: options.agent ?? options.agentId,
  });
  return withAgent(settings, terminal, async (records) =>
    evaluateFor(records === undefined ? settings : await records.completed(settings), options, terminal, records),
  );
}

async function evaluateFor(
  settings: Settings,
  options: Options,
  terminal: Terminal,
  records: AgentRecords | undefined,
): Promise<number> {
  const nowMs = Date.now();
  const { merged } = loadPolicy(settings, terminal);
  const card = loadCard(settings, nowMs, terminal);
  if (options.minCoverage !== undefined && card === undefined) {
    throw failure("usage_coverage_without_card", "--min-coverage needs a card to measure against");
  }
  const policy = openPolicy(merged);
  const started = performance.now();
  const { evaluation, damaged, runsOf } = await judgeWhatWasNamed(
    policy,
    options,
    settings,
    { kind: options.context, card, nowMs, sightings: await records?.sightings() },
    terminal,
    records,
  );
  const durationMs = Math.round((performance.now() - started) * 1000) / 1000;
  const reasons = gateReasons(evaluation, options);
  if (damaged) reasons.push("some of the traces could not be read");
  const code = reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
  if (options.format === "json") {
    const { evaluationJson } = await import("../../report/json/evaluation.js");
    const { jsonText } = await import("../../report/json/rule.js");
    terminal.out(jsonText(evaluationJson(evaluation, { evaluatedAtMs: nowMs, durationMs, exit: { code, reasons } })));
  } else {
    const { evaluationText } = await import("../../report/text/evaluation.js");
    const frame = { evaluatedAtMs: nowMs, exitReasons: reasons, cardGiven: card !== undefined, runsOf };
    terminal.out(evaluationText(evaluation, frame, terminal.paint));
  }
  return code;
}

/** Tools of the command line and the manifest are one session; traces are judged session by session. */
async function judgeWhatWasNamed(
  policy: OpenPolicy,
  options: Options,
  settings: Settings,
  context: Context,
  terminal: Terminal,
  records: AgentRecords | undefined,
): Promise<{ evaluation: Evaluation; damaged: boolean; runsOf?: string }> {
  const { engine } = policy;
  const named = options.tools !== undefined || options.toolManifest !== undefined;
  if (named && options.traces === undefined) {
    const manifest = options.toolManifest === undefined ? [] : readManifest(options.toolManifest);
    return { evaluation: engine.evaluate([...splitTools(options.tools ?? []), ...manifest], context), damaged: false };
  }
  if (named) throw failure("usage_tools_and_traces", "both tools and traces were named");
  if (settings.traces.length > 0) {
    const { evaluateTraces } = await import("../evaluate-traces.js");
    const reading = await readOptionsOf(options, settings, terminal);
    return evaluateTraces(policy, settings, settings.traces, reading, context, terminal);
  }
  if (records !== undefined && (await records.hasRuns())) {
    const { evaluateTraces } = await import("../evaluate-traces.js");
    const { names, unwrap } = await readOptionsOf(options, settings, terminal);
    const judged = await evaluateTraces(policy, settings, [records.runs()], { names, unwrap }, context, terminal);
    return { ...judged, runsOf: records.agent };
  }
  // Coverage alone is a question, too.
  if (context.card !== undefined) return { evaluation: engine.evaluate([], context), damaged: false };
  throw failure("usage_nothing_to_evaluate", "no tools were named");
}
