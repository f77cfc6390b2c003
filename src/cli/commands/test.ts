import type { Command } from "commander";
import { hasErrors } from "../../diagnostics/diagnostic.js";
import type { ContextKind } from "../../engine/result.js";
import { plain } from "../../report/paint.js";
import type { ReplayFrame } from "../../report/replay-frame.js";
import { replayInputs } from "../../trace/io/replay-inputs.js";
import type { ReplayReport } from "../../trace/replay-report.js";
import { version } from "../../version.generated.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.js";
import { failure } from "../failure.js";
import { writeWhole } from "../files.js";
import { loadCard, loadPolicy, warn } from "../load-policy.js";
import { noTraces, tracesOf, watched } from "../load-traces.js";
import { openReplayEngine } from "../open-policy.js";
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
import { resolveSettings, type Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import { addTraceOptions, readOptionsOf, type TraceOptions } from "../trace-options.js";

interface Options extends ConfigOptions, TraceOptions {
  readonly org?: string;
  readonly card?: string;
  readonly agent?: string;
  readonly agentId?: string;
  readonly session?: string;
  readonly limit: number;
  readonly since?: number;
  readonly until?: number;
  readonly against?: string;
  readonly againstOrg?: string;
  /** commander's name for `--no-grace` not given. */
  readonly grace: boolean;
  readonly strict?: boolean;
  readonly reportOnly?: boolean;
  readonly context: ContextKind | "runtime" | "audit";
  readonly format: Format;
  readonly output?: string;
}

const formats = ["text", "json", "markdown", "junit", "sarif", "html"] as const;
type Format = (typeof formats)[number];

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
    .option("--session <id>", "only the trace or session of this id")
    .option("--limit <n>", "the most recent n traces; 0: all", wholeNumber, 50)
    .option("--since <time>", "only calls from this time on: a date, an ISO 8601 time, or an age such as 7d", pointInTimeNow)
    .option("--until <time>", "only calls before this time", pointInTimeNow)
    .option("--against <policy>", "judge by this older policy, too, and show what changes")
    .option("--against-org <file>", "org policy below the older one (default: the same as below the new one)")
    .option("--no-grace", "judge as if no tool ever had a grace period")
    .option("--strict", "exit 1 on warnings, too")
    .option("--report-only", "exit 0 whatever the traces would do")
    .addOption(contextOption());
  addConfigOptions(command);
  addFormat(command, formats);
  command.option("-o, --output <file>", "write the report to this file");
  example(
    command,
    "$ smoltbot policy test policy.yaml --traces runs/",
    "$ smoltbot policy test policy.yaml --org org.yaml --traces 'runs/**/*.jsonl' --limit 0 --format json",
    "$ smoltbot policy test new.yaml --against policy.yaml --traces runs/ --format html -o report.html",
  );
  command.action(async (file: string | undefined, options: Options) => {
    terminal.exitCode = await test(file, options, terminal);
  });
}

function pointInTimeNow(text: string): number {
  return pointInTime(text, Date.now());
}

async function test(file: string | undefined, options: Options, terminal: Terminal): Promise<number> {
  const settings = await resolveSettings({ ...options, policy: file, agent: options.agent ?? options.agentId });
  if (options.since !== undefined && options.until !== undefined && options.since >= options.until) {
    throw failure("usage_empty_time_range", "--since is not before --until, so no call is left");
  }
  const report = await replayAll(settings, options, terminal);
  if (report.summary.traces === 0) throw noTraces(report.diagnostics);
  warn(report.diagnostics, new Map(), terminal);
  const reasons = options.reportOnly ? [] : exitReasons(report, options);
  const code = reasons.length === 0 ? EXIT_OK : EXIT_FAILED;
  const frame = { file: settings.policy ?? settings.org ?? "", exitReasons: reasons, generatedAtMs: Date.now(), version };
  const text = await rendered(report, options, { ...frame, code }, terminal);
  if (options.output === undefined) for (const piece of typeof text === "string" ? [text] : text) terminal.out(piece);
  else {
    writeWhole(options.output, text);
    for (const reason of reasons) terminal.err(`${reason}\n`);
  }
  return code;
}

async function replayAll(settings: Settings, options: Options, terminal: Terminal): Promise<ReplayReport> {
  const card = loadCard(settings, Date.now(), terminal);
  const engine = openReplayEngine(loadPolicy(settings, terminal).merged);
  const { against } = options;
  const older = against === undefined ? undefined : { ...settings, policy: against, org: options.againstOrg ?? settings.org };
  const inputs = await tracesOf(settings);
  const reading = await readOptionsOf(options, settings, terminal);
  return watched("Replaying traces", terminal, (watch) =>
    replayInputs(
      engine,
      inputs,
      { ...reading, ...watch },
      {
        agent: settings.agent,
        session: options.session,
        sinceMs: options.since,
        untilMs: options.until,
        limit: options.limit,
        noGrace: !options.grace,
        card,
        context: options.context,
        against: older === undefined ? undefined : openReplayEngine(loadPolicy(older, terminal).merged),
      },
    ),
  );
}

/** Semantics R3. Input that was only understood in part is a reason, too: what was not read was not judged. */
function exitReasons({ summary, diagnostics, partial }: ReplayReport, { strict }: Options): string[] {
  const reasons: string[] = [];
  const traces = (n: number) => (n === 1 ? "1 trace" : `${n} traces`);
  if (summary.fail > 0) reasons.push(`${traces(summary.fail)} would fail`);
  if (strict && summary.warn > 0) reasons.push(`${traces(summary.warn)} would warn, and --strict counts them`);
  if (partial !== undefined) reasons.push("reading was stopped, so some traces were not judged");
  else if (hasErrors(diagnostics)) reasons.push("some of the traces could not be read");
  return reasons;
}

interface Frame extends ReplayFrame {
  readonly code: number;
}

/** The report in the format that was asked for; only that one's code is loaded. */
async function rendered(
  report: ReplayReport,
  { format, output }: Options,
  frame: Frame,
  terminal: Terminal,
): Promise<string | Generator<string>> {
  switch (format) {
    case "json": {
      const { replayJson } = await import("../../report/json/replay.js");
      const { jsonPieces } = await import("../../report/json/rule.js");
      return jsonPieces(replayJson(report, { code: frame.code, reasons: frame.exitReasons }));
    }
    case "markdown":
      return (await import("../../report/markdown/replay.js")).replayMarkdown(report, frame);
    case "junit":
      return (await import("../../report/junit/replay.js")).replayJunit(report, frame);
    case "sarif":
      return (await import("../../report/sarif/replay.js")).replaySarif(report, frame);
    case "html":
      return (await import("../../report/html/replay.js")).replayHtml(report, frame);
    default: {
      const { replayText } = await import("../../report/text/replay.js");
      return replayText(report, frame, output === undefined ? terminal.paint : plain);
    }
  }
}
