import type { Cause, RuleRef, ViolationType, WarningType } from "../../engine/result.js";
import type { CallPlace, ReplayReport, ToolReport, TraceFinding } from "../../trace/replay-report.js";

/** Places kept of one issue. */
const placesMax = 5;

/** One rule and one tool it finds fault with, over all traces. */
export interface Issue {
  readonly type: ViolationType | WarningType;
  readonly level: TraceFinding["level"];
  readonly tool: string;
  readonly rule: RuleRef;
  readonly reason: string;
  readonly severity: RuleRef["severity"];
  readonly calls: number;
  readonly traces: number;
  readonly places: readonly CallPlace[];
}

const severityRank = { low: 1, medium: 2, high: 3, critical: 4 } as const;

/** The worst first. Tools whose findings were not kept trace by trace are there by what decided their worst call. */
export function issuesOf(report: ReplayReport): Issue[] {
  const issues = new Map<string, Issue>();
  const faulted = new Set<string>();
  for (const { findings } of report.traces) {
    for (const finding of findings) {
      const { type, rule, tool } = finding;
      const key = JSON.stringify([type, rule.layer, rule.kind, rule.index, rule.pattern, tool]);
      issues.set(key, merged(issues.get(key), finding));
      faulted.add(tool);
    }
  }
  for (const tool of report.tools) {
    if (tool.verdict === "pass" || tool.rule === null || faulted.has(tool.tool)) continue;
    issues.set(JSON.stringify([tool.tool]), ofTool(tool, tool.rule));
  }
  const weight = ({ level, severity }: Issue) =>
    (level === "violation" ? 10 : 0) + (severity === undefined ? 0 : severityRank[severity]);
  return [...issues.values()].sort((a, b) => weight(b) - weight(a) || b.calls - a.calls);
}

function merged(known: Issue | undefined, finding: TraceFinding): Issue {
  const { type, level, tool, rule, reason, severity, calls, places } = finding;
  return {
    ...{ type, level, tool, rule, reason, severity },
    calls: (known?.calls ?? 0) + calls,
    traces: (known?.traces ?? 0) + 1,
    places: [...(known?.places ?? []), ...places].slice(0, placesMax),
  };
}

const types: Record<Cause, ViolationType | WarningType> = {
  guardrail_missing: "guardrail_denied",
  forbidden: "forbidden",
  invalid_tool_name: "invalid_tool_name",
  escalation_denied: "escalation_denied",
  capability_exceeded: "capability_exceeded",
  unmapped_denied: "unmapped_denied",
  guardrail_denied: "guardrail_denied",
  escalated: "escalation",
  trigger_warned: "trigger",
  forbidden_soft: "forbidden_soft",
  unmapped_in_grace: "unmapped_in_grace",
  unmapped_warned: "unmapped",
  mapped: "notice",
  unmapped_allowed: "notice",
  fault: "notice",
};

function ofTool({ tool, verdict, cause, reasons, callVerdicts, traces, places }: ToolReport, rule: RuleRef): Issue {
  return {
    type: types[cause],
    level: verdict === "fail" ? "violation" : "warning",
    tool,
    rule,
    reason: reasons[0] ?? rule.reason ?? "",
    severity: rule.severity,
    calls: callVerdicts[verdict],
    traces,
    places: places.slice(0, placesMax),
  };
}
