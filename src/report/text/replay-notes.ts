import type { ReplayReport } from "../../trace/replay-report.js";
import { graceWords } from "./evaluation.js";
import { count, toolName } from "./words.js";

/** Wrapper tools named in the note; the rest are counted. */
const wrappersNamed = 5;

/** What must be known to read a replay's sums rightly: what was left out, not read, or not asked. A line each. */
export function replayNotes(report: ReplayReport): string[] {
  const { leftOut, badLines, summary, mode } = report;
  const out: string[] = [];
  if (leftOut.beyondLimit > 0) out.push(`${count(leftOut.beyondLimit, "older trace")} left out by --limit (0: all)`);
  if (leftOut.otherAgent > 0) out.push(`${count(leftOut.otherAgent, "trace")} of another agent left out`);
  if (leftOut.otherTime > 0) out.push(`${count(leftOut.otherTime, "trace")} before --since left out`);
  if (leftOut.undated > 0) out.push(`${count(leftOut.undated, "trace")} without a time left out by --since`);
  if (badLines > 0) out.push(`${count(badLines, "line")} could not be read and ${badLines === 1 ? "was" : "were"} skipped`);
  if (report.detailsDropped > 0) out.push(`${count(report.detailsDropped, "trace")} counted without keeping the details`);
  out.push(...wrapperNotes(report));
  if (!report.cardChecked) out.push("No card given: card actions were not checked");
  if (summary.fail > 0 && mode !== "enforce") out.push(`Enforcement mode ${mode}: live, these failures would not be blocked`);
  const denied = report.traces.some((t) => t.findings.some((f) => f.type === "unmapped_denied"));
  const why = report.grace === "off" ? "Grace switched off by --no-grace" : graceWords(report.grace);
  if (denied && why !== undefined) out.push(why);
  return out;
}

function wrapperNotes({ wrappers: { unwrapped, calls, tools } }: ReplayReport): string[] {
  if (calls === 0) return [];
  const named = tools.slice(0, wrappersNamed).map(({ tool }) => toolName(tool));
  if (tools.length > named.length) named.push(`${tools.length - named.length} more`);
  const what = `${count(calls, "call")} of ${count(tools.length, "wrapper tool")} (${named.join(", ")})`;
  return [
    unwrapped ? `${what} judged by the tool inside` : `${what} judged by the wrapper's own name; --unwrap judges the tool inside`,
  ];
}

/** Reading was stopped: how far it had come. */
export function partialWords({ bytesRead, bytesTotal }: NonNullable<ReplayReport["partial"]>): string {
  const mebibytes = (n: number) => `${Math.round(n / 1024 / 1024).toLocaleString("en-US")} MiB`;
  const of = bytesTotal === undefined ? "" : ` of ${mebibytes(bytesTotal)}`;
  return `reading was stopped after ${mebibytes(bytesRead)}${of}; everything here speaks of what was read until then`;
}
