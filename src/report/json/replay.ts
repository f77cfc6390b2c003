import type { ReplayReport, TraceFinding, TraceReport } from "../../trace/replay-report.js";
import { diagnosticJson } from "./diagnostic.js";
import { ruleJson, timeJson } from "./rule.js";

/** `smoltbot policy test --format json`: the dry run, trace by trace. */
export function replayJson(report: ReplayReport, exit: { readonly code: number; readonly reasons: readonly string[] }): object {
  const { leftOut, policy } = report;
  return {
    schema: "smoltbot.test/1",
    summary: report.summary,
    traces: report.traces.map(traceJson),
    unmapped_tools: report.unmappedTools,
    tools_in_grace: report.graceTools.map(({ tool, agent, count, expiresAtMs }) => ({
      tool,
      agent_id: agent ?? null,
      count,
      expires_at: timeJson(expiresAtMs),
    })),
    left_out: {
      other_agent: leftOut.otherAgent,
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
    policy: { id: null, version: null, name: policy.name, digest: policy.digest, sources: policy.sources },
    exit,
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
    decision: trace.action,
    calls: trace.calls,
    subagent_calls: trace.subagentCalls,
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
    places: finding.places.map(({ input, line, timeMs, subagent }) => ({ input, line, occurred_at: timeJson(timeMs), subagent })),
  };
}
