import { escapeText } from "../../diagnostics/escape.js";
import type { ReplayReport, TraceReport } from "../../trace/replay-report.js";
import type { Paint } from "../paint.js";
import type { ReplayFrame } from "../replay-frame.js";
import { violationLines, warningLines } from "./findings.js";
import { changeLines } from "./replay-changes.js";
import { partialWords, replayNotes } from "./replay-notes.js";
import { newToolLines, ruleLines, topFailingLines } from "./replay-sections.js";
import { andMore, clock, count, lines, listed, mark, toolName } from "./words.js";

export type ReplayTextFrame = Pick<ReplayFrame, "file" | "exitReasons" | "runsOf">;

/** Up to so many traces each is listed with what was found in it; beyond, only some that fail, or else warn. */
const allTracesMax = 100;
/** Traces listed of more than those. */
const someTracesMax = 20;
/** Findings listed of a trace, where all traces are listed and where some are. */
const [findingsMax, someFindingsMax] = [20, 5];

/** The dry run for people: every trace with what would have been found in it, the sums, then what lies behind them. */
export function replayText(report: ReplayReport, frame: ReplayTextFrame, paint: Paint): string {
  const stopped = report.partial === undefined ? undefined : paint.warn(`PARTIAL: ${partialWords(report.partial)}`);
  return lines(
    `Testing ${escapeText(frame.file)} against ${count(report.summary.traces, "recent trace")}${ofAgent(frame)}...`,
    stopped,
    "",
    traceList(report, paint),
    "",
    summaryLines(report, paint),
    ruleLines(report, paint),
    topFailingLines(report, paint),
    newToolLines(report, paint),
    report.changes === undefined ? undefined : changeLines(report.changes, paint),
    stopped === undefined ? undefined : ["", stopped],
    frame.exitReasons.map((reason) => paint.fail(`✗ ${reason}`)),
  );
}

function ofAgent({ runsOf }: ReplayTextFrame): string {
  return runsOf === undefined ? "" : ` of agent ${escapeText(runsOf)}`;
}

function traceList({ traces, tracesNotListed }: ReplayReport, paint: Paint): string[] {
  const beyond = tracesNotListed === 0 ? [] : [paint.faint(`  ${count(tracesNotListed, "more trace")} counted and not listed`)];
  if (traces.length <= allTracesMax) return [...traces.flatMap((trace) => traceLines(trace, findingsMax, paint)), ...beyond];
  const loud = traces.filter((trace) => trace.findings.length > 0);
  const failing = loud.filter((trace) => trace.verdict === "fail");
  const shown = (failing.length > 0 ? failing : loud).slice(0, someTracesMax);
  const [hidden, quiet] = [loud.length - shown.length, traces.length - loud.length];
  return [
    ...shown.flatMap((trace) => traceLines(trace, someFindingsMax, paint)),
    ...(hidden === 0 ? [] : [paint.faint(`  and ${count(hidden, "more trace")} with findings`)]),
    ...(quiet === 0 ? [] : [paint.faint(`  ${count(quiet, "trace")} without findings not listed`)]),
    ...beyond,
  ];
}

function traceLines(trace: TraceReport, findingsShown: number, paint: Paint): string[] {
  const calls = trace.verdict === "skipped" ? "no tool calls, skipped" : count(trace.calls, "call");
  const sign = trace.verdict === "skipped" ? paint.faint("-") : mark(trace.verdict, paint);
  const time = clock(trace.lastMs ?? trace.firstMs);
  const agent = trace.agent === undefined ? "" : `  ${escapeText(trace.agent)}`;
  const { verdictBefore } = trace;
  const before = verdictBefore === undefined || verdictBefore === trace.verdict ? "" : `  was ${verdictBefore}`;
  const out = [`${sign} ${paint.strong(escapeText(trace.id))}  ${time}${agent}  ${calls}${before}`];
  for (const finding of trace.findings.slice(0, findingsShown)) {
    const block = finding.level === "violation" ? violationLines(finding, paint) : warningLines(finding, undefined, paint);
    const [call] = finding.places;
    const at = call === undefined ? "" : `  ${escapeText(call.input)}:${call.line}${call.subagent ? ", by a subagent" : ""}`;
    out.push(...block.map((line, i) => `    ${line}${i === 0 ? paint.faint(at) : ""}`));
  }
  return [...out, ...andMore(trace.findings.length - findingsShown, "    ", "finding")];
}

function summaryLines(report: ReplayReport, paint: Paint): string[] {
  const { summary: s, unmappedTools, graceTools } = report;
  const n = (value: number) => value.toLocaleString("en-US");
  const skipped = s.skipped === 0 ? "" : `; ${n(s.skipped)} skipped without tool calls`;
  return [
    paint.strong("Summary"),
    `  Traces analysed: ${n(s.traces)} with ${count(s.calls, "call")}`,
    `  Would ${paint.pass(`pass ${n(s.pass)}`)}, ${paint.warn(`warn ${n(s.warn)}`)}, ${paint.fail(`fail ${n(s.fail)}`)}${skipped}`,
    `  Unmapped tools discovered: ${n(unmappedTools.length)}`,
    ...listed(unmappedTools.map(({ tool, count: calls }) => `${String(calls).padStart(6)}  ${toolName(tool)}`)),
    ...(graceTools.length === 0 ? [] : [`  Tools in grace: ${n(graceTools.length)}`]),
    ...listed(
      graceTools.map(
        ({ tool, agent, count: calls, expiresAtMs }) =>
          `${String(calls).padStart(6)}  ${toolName(tool)}${agent === undefined ? "" : ` (${escapeText(agent)})`}  until ${clock(expiresAtMs)}`,
      ),
    ),
    ...replayNotes(report).map((line) => paint.faint(`  ${line}`)),
  ];
}
