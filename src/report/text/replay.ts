import { escapeText } from "../../diagnostics/escape.js";
import type { ReplayReport, TraceReport } from "../../trace/replay-report.js";
import type { Paint } from "../paint.js";
import { violationLines, warningLines } from "./findings.js";
import { replayNotes } from "./replay-notes.js";
import { clock, count, lines, mark, toolName } from "./words.js";

export interface ReplayTextFrame {
  /** As the user named it. */
  readonly file: string;
  /** Why the command exits 1, in words; empty when it does not. */
  readonly exitReasons: readonly string[];
}

/** Traces in which nothing was found are listed one by one only up to this many traces. */
const quietTracesMax = 100;
/** Rows of the lists in the summary. */
const listedMax = 30;

/** The dry run for people: every trace with what would have been found in it, then the sums. */
export function replayText(report: ReplayReport, frame: ReplayTextFrame, paint: Paint): string {
  const { traces } = report;
  const loud = traces.length > quietTracesMax ? traces.filter((t) => t.findings.length > 0) : traces;
  const quiet = traces.length - loud.length;
  return lines(
    `Testing ${escapeText(frame.file)} against ${count(traces.length, "recent trace")}...`,
    "",
    loud.flatMap((trace) => traceLines(trace, paint)),
    quiet === 0 ? undefined : paint.faint(`  ${count(quiet, "trace")} without findings not listed`),
    "",
    summaryLines(report, paint),
    frame.exitReasons.map((reason) => paint.fail(`✗ ${reason}`)),
  );
}

function traceLines(trace: TraceReport, paint: Paint): string[] {
  const calls = trace.verdict === "skipped" ? "no tool calls, skipped" : count(trace.calls, "call");
  const sign = trace.verdict === "skipped" ? paint.faint("-") : mark(trace.verdict, paint);
  const time = clock(trace.lastMs ?? trace.firstMs);
  const agent = trace.agent === undefined ? "" : `  ${escapeText(trace.agent)}`;
  const out = [`${sign} ${paint.strong(escapeText(trace.id))}  ${time}${agent}  ${calls}`];
  for (const finding of trace.findings) {
    const block = finding.level === "violation" ? violationLines(finding, paint) : warningLines(finding, undefined, paint);
    const [call] = finding.places;
    const at = call === undefined ? "" : `  ${escapeText(call.input)}:${call.line}${call.subagent ? ", by a subagent" : ""}`;
    out.push(...block.map((line, i) => `    ${line}${i === 0 ? paint.faint(at) : ""}`));
  }
  return out;
}

function summaryLines(report: ReplayReport, paint: Paint): string[] {
  const { summary: s, unmappedTools, graceTools } = report;
  const skipped = s.skipped === 0 ? "" : `; ${s.skipped} skipped without tool calls`;
  return [
    paint.strong("Summary"),
    `  Traces analysed: ${s.traces.toLocaleString("en-US")} with ${count(s.calls, "call")}`,
    `  Would ${paint.pass(`pass ${s.pass}`)}, ${paint.warn(`warn ${s.warn}`)}, ${paint.fail(`fail ${s.fail}`)}${skipped}`,
    `  Unmapped tools discovered: ${unmappedTools.length}`,
    ...listed(unmappedTools.map(({ tool, count: n }) => `${String(n).padStart(6)}  ${toolName(tool)}`)),
    ...(graceTools.length === 0 ? [] : [`  Tools in grace: ${graceTools.length}`]),
    ...listed(
      graceTools.map(
        ({ tool, agent, count: n, expiresAtMs }) =>
          `${String(n).padStart(6)}  ${toolName(tool)}${agent === undefined ? "" : ` (${escapeText(agent)})`}  until ${clock(expiresAtMs)}`,
      ),
    ),
    ...replayNotes(report).map((line) => paint.faint(`  ${line}`)),
  ];
}

function listed(rows: readonly string[]): string[] {
  const shown = rows.slice(0, listedMax).map((row) => `  ${row}`);
  return rows.length > listedMax ? [...shown, `          and ${rows.length - listedMax} more`] : shown;
}
