import type {
  CallPlace,
  ChangedTool,
  DecisionChanges,
  ReplayReport,
  ReplaySummary,
  RuleHits,
  Timeline,
  ToolReport,
  TraceFinding,
  TraceReport,
} from "../../trace/replay-report.js";
import { diagnosticJson } from "./diagnostic.js";
import { ruleJson, timeJson } from "./rule.js";

/** `smoltbot policy test --format json`: the dry run, trace by trace, and the sums by rule, tool and time. */
export function replayJson(report: ReplayReport, exit: { readonly code: number; readonly reasons: readonly string[] }): object {
  const { leftOut, partial } = report;
  return {
    schema: "smoltbot.test/1",
    summary: summaryJson(report.summary),
    traces: report.traces.map(traceJson),
    traces_not_listed: report.tracesNotListed,
    details_dropped: report.detailsDropped,
    top_failing: report.topFailing.map(({ id, input, callVerdicts, calls }) => ({
      trace_id: id,
      input,
      calls,
      call_verdicts: callVerdicts,
    })),
    rules: report.rules.map(ruleHitsJson),
    tools: report.tools.map(toolJson),
    new_tools: report.newTools.map(({ tool, agent, firstMs, calls, mapped, graceExpiresAtMs }) => ({
      tool,
      agent_id: agent ?? null,
      first_seen: timeJson(firstMs),
      calls,
      mapped,
      grace_expires_at: timeJson(graceExpiresAtMs),
    })),
    timeline: timelineJson(report.timeline),
    changes: report.changes === undefined ? null : changesJson(report.changes),
    wrappers: report.wrappers,
    partial: partial === undefined ? null : { bytes_read: partial.bytesRead, bytes_total: partial.bytesTotal ?? null },
    unmapped_tools: report.unmappedTools,
    tools_in_grace: report.graceTools.map(({ tool, agent, count, expiresAtMs }) => ({
      tool,
      agent_id: agent ?? null,
      count,
      expires_at: timeJson(expiresAtMs),
    })),
    left_out: {
      other_agent: leftOut.otherAgent,
      other_session: leftOut.otherSession,
      other_time: leftOut.otherTime,
      undated: leftOut.undated,
      beyond_limit: leftOut.beyondLimit,
    },
    inputs: report.inputs.map((input) => ({
      name: input.name,
      format: input.format ?? null,
      records: input.records,
      bad_lines: input.badLines,
      repeated_calls: input.repeatedCalls,
    })),
    bad_lines: report.badLines,
    diagnostics: report.diagnostics.map(diagnosticJson),
    mode: report.mode,
    context: report.context,
    card_checked: report.cardChecked,
    grace: report.grace,
    policy: policyJson(report.policy),
    exit,
  };
}

function policyJson({ name, digest, sources }: ReplayReport["policy"]): object {
  return { id: null, version: null, name, digest, sources };
}

function summaryJson(summary: ReplaySummary): object {
  const { callVerdicts, firstMs, lastMs, traces, pass, warn, fail, skipped, calls, tools } = summary;
  return {
    ...{ traces, pass, warn, fail, skipped, calls },
    call_verdicts: callVerdicts,
    tools,
    first_call: timeJson(firstMs),
    last_call: timeJson(lastMs),
  };
}

function traceJson(trace: TraceReport): object {
  return {
    trace_id: trace.id,
    agent_id: trace.agent ?? null,
    format: trace.format,
    input: trace.input,
    first_call: timeJson(trace.firstMs),
    last_call: timeJson(trace.lastMs),
    verdict: trace.verdict,
    verdict_before: trace.verdictBefore,
    decision: trace.action,
    calls: trace.calls,
    subagent_calls: trace.subagentCalls,
    call_verdicts: trace.callVerdicts,
    violations: trace.findings.filter((f) => f.level === "violation").map(findingJson),
    warnings: trace.findings.filter((f) => f.level === "warning").map(findingJson),
  };
}

function findingJson(finding: TraceFinding): object {
  return {
    type: finding.type,
    tool: finding.tool,
    calls: finding.calls,
    reason: finding.reason,
    severity: finding.severity,
    missing_card_actions: finding.missingCardActions,
    grace_expires_at: finding.graceExpiresAtMs === undefined ? undefined : timeJson(finding.graceExpiresAtMs),
    rule: ruleJson(finding.rule),
    places: finding.places.map(placeJson),
  };
}

function placeJson({ input, line, timeMs, subagent }: CallPlace): object {
  return { input, line, occurred_at: timeJson(timeMs), subagent };
}

function ruleHitsJson(hits: RuleHits): object {
  return {
    rule: ruleJson(hits.rule),
    calls: hits.calls,
    decided: hits.decided,
    tools: hits.tools,
    top_tools: hits.topTools,
    first_call: timeJson(hits.firstMs),
    last_call: timeJson(hits.lastMs),
    places: hits.places.map(placeJson),
  };
}

function toolJson(tool: ToolReport): object {
  return {
    tool: tool.tool,
    raw_names: tool.rawNames,
    calls: tool.calls,
    call_verdicts: tool.callVerdicts,
    verdict: tool.verdict,
    decision: tool.action,
    cause: tool.cause,
    rule: ruleJson(tool.rule),
    capability: ruleJson(tool.capability),
    also_matches: tool.alsoMatches.map((rule) => ruleJson(rule)),
    reasons: tool.reasons,
    first_call: timeJson(tool.firstMs),
    last_call: timeJson(tool.lastMs),
    traces: tool.traces,
    places: tool.places.map(placeJson),
  };
}

function timelineJson({ bucketMs, buckets, undated }: Timeline): object {
  return {
    bucket_ms: bucketMs,
    buckets: buckets.map(({ startMs, pass, warn, fail }) => ({ start: timeJson(startMs), pass, warn, fail })),
    undated,
  };
}

/** `calls` and `traces` are matrices: old verdict, then new verdict. */
function changesJson(changes: DecisionChanges): object {
  return {
    old_policy: policyJson(changes.old),
    calls: changes.calls,
    traces: changes.traces,
    cells: changes.cells.map(({ from, to, weaker, calls, tools }) => ({
      from,
      to,
      weaker,
      calls,
      tools: tools.map(changedToolJson),
    })),
  };
}

function changedToolJson({ tool, calls, before, after, places }: ChangedTool): object {
  const stand = ({ cause, rule, reason }: ChangedTool["before"]) => ({ cause, rule: ruleJson(rule), reason });
  return { tool, calls, before: stand(before), after: stand(after), places: places.map(placeJson) };
}
