import { diagnostic } from "../../diagnostics/codes.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Evaluation } from "../../engine/result.js";
import { tracesMax } from "../../limits.js";
import type { ReplayReport, ReplaySummary } from "../replay-report.js";
import type { TraceInputSummary } from "../trace-set.js";
import { decisionChanges } from "./changes.js";
import type { Folded } from "./fold.js";
import type { StoredPlace } from "./places.js";
import { finite, ruleHits } from "./rule-hits.js";
import { graceTools, newTools, toolReports, unmappedTools } from "./tool-reports.js";
import { placeOf, TraceReports, verdictOf } from "./trace-reports.js";

/** What reading the inputs said beside their calls. */
export interface ReadingResult {
  readonly inputs: readonly TraceInputSummary[];
  readonly diagnostics: readonly Diagnostic[];
  readonly partial?: ReplayReport["partial"];
  readonly wrappers?: ReplayReport["wrappers"] | undefined;
}

/** Puts the counts into words. Linear in the traces, the tools, and what was found. */
export function replayReport(folded: Folded, reading: ReadingResult, noGrace: boolean): ReplayReport {
  const { tally, selection } = folded;
  const { inputs } = reading;
  const place = (stored: StoredPlace) => placeOf(inputs, stored);
  const traces = new TraceReports(folded, inputs, tally.outcomes.then !== undefined);
  const tools = toolReports(folded, place);
  const summary = summaryOf(folded, tools.length);
  const grace = noGrace ? "off" : graceState(folded);
  const { cardChecked, mode, context, policy } = tally.outcomes.now.whole;
  return {
    summary,
    traces: traces.listed.map((trace) => traces.report(trace)),
    tracesNotListed: selection.traces.length - traces.listed.length,
    detailsDropped: traces.detailsDropped,
    topFailing: traces.failing.map((trace) => traces.report(trace)),
    rules: ruleHits(folded, place),
    tools,
    newTools: newTools(folded),
    timeline: tally.hours.timeline(),
    changes: decisionChanges(folded, place),
    wrappers: reading.wrappers ?? { unwrapped: false, calls: 0, tools: [] },
    partial: reading.partial,
    unmappedTools: unmappedTools(folded),
    graceTools: graceTools(folded),
    leftOut: selection.leftOut,
    grace,
    cardChecked,
    mode,
    context,
    policy,
    inputs,
    badLines: inputs.reduce((sum, each) => sum + each.badLines, 0),
    diagnostics: [...reading.diagnostics, ...noneSelected(folded), ...doubts(folded)],
  };
}

function summaryOf({ tally, selection }: Folded, tools: number): ReplaySummary {
  const traces = { pass: 0, warn: 0, fail: 0, skipped: 0 };
  const names = ["skipped", "pass", "warn", "fail"] as const;
  for (const trace of selection.traces) traces[names[verdictOf(tally.ofTrace, trace) + 1]]++;
  const callVerdicts = { pass: 0, warn: 0, fail: 0 };
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for (let outcome = 0; outcome < tally.outcomes.length; outcome++) {
    callVerdicts[tally.outcomes.view(outcome).says.verdict] += tally.calls[outcome];
    firstMs = Math.min(firstMs, tally.firstMs[outcome]);
    lastMs = Math.max(lastMs, tally.lastMs[outcome]);
  }
  return {
    traces: selection.traces.length,
    ...traces,
    calls: callVerdicts.pass + callVerdicts.warn + callVerdicts.fail,
    callVerdicts,
    tools,
    firstMs: finite(firstMs),
    lastMs: finite(lastMs),
  };
}

/** Whether grace could be given to some call, or why not (T2). */
export function graceState({ tally }: Folded): Evaluation["grace"] {
  const { now } = tally.outcomes;
  if (now.whole.grace !== "applied") return now.whole.grace;
  return now.storeDown ? "store_down" : tally.firstMs.some(Number.isFinite) ? "applied" : "no_clock";
}

function noneSelected({ known, selection, doubt }: Folded): readonly Diagnostic[] {
  if (selection.traces.length > 0 || known.traces.length === 0) return [];
  if (doubt === "unjudged") {
    const message = "reading was stopped before any call was judged: the most recent traces are known only at the end";
    return [diagnostic("trace_none_selected", { message })];
  }
  const { otherAgent, otherSession, otherTime, undated } = selection.leftOut;
  const reasons = [
    `${otherAgent} of another agent`,
    ...(otherSession > 0 ? [`${otherSession} of another session`] : []),
    `${otherTime} of another time`,
    `${undated} without a time`,
  ];
  return [diagnostic("trace_none_selected", { message: `none of ${known.traces.length} traces is left: ${reasons.join(", ")}` })];
}

/** What makes the answer less than the whole truth. */
export function doubts({ doubt, known }: Folded): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  if (known.traces.overflowed) {
    const message = `there are more than ${tracesMax} traces: the calls of further ones are counted as one trace`;
    found.push(diagnostic("trace_too_many", { message }));
  }
  if (doubt === "changed") {
    found.push(diagnostic("trace_input_changed", { message: "the traces were read twice and were not the same both times" }));
  }
  if (doubt === "unsettled") {
    const message = "the traces were read once and are not in order of time: some calls may be judged wrongly";
    found.push(diagnostic("trace_out_of_order", { message }));
  }
  return found;
}
