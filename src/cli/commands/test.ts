import type { Command } from "commander";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import type { ContextKind } from "../../engine/result.js";
import { replay } from "../../trace/replay.js";
import type { ReplayReport } from "../../trace/replay-report.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { CommandFailure } from "../failure.js";
import { loadCard, loadPolicy } from "../load-policy.js";
import { loadTraces } from "../load-traces.js";
import { openPolicy } from "../open-policy.js";
import {
  addConfigOptions,
  addFormat,
  agentIdOption,
  agentOption,
  type ConfigOptions,
  contextOption,
  example,
  pointInTime,
  wholeNumber,
} from "../options.js";
import { resolveSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly card?: string;
  readonly agent?: string;
  readonly agentId?: string;
  readonly limit: number;
  readonly since?: number;
  /** commander's name for `--no-grace` not given. */
  readonly grace: boolean;
  readonly strict?: boolean;
  readonly reportOnly?: boolean;
  readonly context: ContextKind | "runtime" | "audit";
  readonly format: string;
}

/** `smoltbot policy test`: the dry run over recorded agent runs. */
export function define(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "the policy (default: from the config file)")
    .option("--org <file>", "org policy below it")
    .option("--card <file>", "alignment card to check against");
  addTraceOptions(command, "file, folder, pattern or `-`; may be given again (default: this folder's Claude Code transcripts)");
  command
    .addOption(agentOption())
    .addOption(agentIdOption())
    .option("--limit <n>", "the most recent n traces; 0: all", wholeNumber, 50)
    .option("--since <time>", "only calls from this time on: a date, an ISO 8601 time, or an age such as 7d", (text) =>
      pointInTime(text, Date.now()),
    )
    .option("--no-grace", "judge as if no tool ever had a grace period")
    .option("--strict", "exit 1 on warnings, too")
    .option("--report-only", "exit 0 whatever the traces would do")
    .addOption(contextOption());
  addConfigOptions(command);
  addFormat(command);
  example(
    command,
    "$ smoltbot policy test policy.yaml --traces runs/",
    "$ smoltbot policy test policy.yaml --org org.yaml --traces 'runs/**/*.jsonl' --limit 0 --format json",
  );
  command.action(async (file: string | undefined, options: Options) => {
    terminal.exitCode = await test(file, options, terminal);
  });
}

async function test(file: string | undefined, options: Options, terminal: Terminal): Promise<number> {
  const settings = await resolveSettings({ ...options, policy: file, agent: options.agent ?? options.agentId });
  const { merged } = loadPolicy(settings, terminal);
  const card = loadCard(settings, Date.now(), terminal);
  const { engine, hasCountTriggers } = openPolicy(merged);
  const { set, damaged } = await loadTraces(settings, await readOptionsOf(options, settings, terminal), terminal);
  const report = replay(
    { hasCountTriggers, evaluate: (...call) => engine.evaluate(...call), openSession: () => engine.openSession() },
    set,
    {
      agent: settings.agent,
      sinceMs: options.since,
      limit: options.limit,
      noGrace: !options.grace,
      card,
      context: options.context,
    },
  );
  if (report.traces.length === 0) throw new CommandFailure(report.diagnostics.filter((d) => !set.diagnostics.includes(d)));
  const reasons = options.reportOnly ? [] : exitReasons(report, options, damaged || hasErrors(report.diagnostics));
  const code = reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
  if (options.format === "json") {
    const { replayJson } = await import("../../report/json/replay.js");
    const { jsonText } = await import("../../report/json/rule.js");
    terminal.out(jsonText(replayJson(report, { code, reasons })));
  } else {
    const { replayText } = await import("../../report/text/replay.js");
    const shown = settings.policy ?? settings.org ?? "";
    terminal.out(replayText(report, { file: shown, exitReasons: reasons }, terminal.paint));
  }
  return code;
}

/** Semantics R3. Input that was only understood in part is a reason, too: what was not read was not judged. */
function exitReasons({ summary }: ReplayReport, { strict }: Options, damaged: boolean): string[] {
  const reasons: string[] = [];
  const traces = (n: number) => (n === 1 ? "1 trace" : `${n} traces`);
  if (summary.fail > 0) reasons.push(`${traces(summary.fail)} would fail`);
  if (strict && summary.warn > 0) reasons.push(`${traces(summary.warn)} would warn, and --strict counts them`);
  if (damaged) reasons.push("some of the traces could not be read");
  return reasons;
}
