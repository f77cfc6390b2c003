import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef, ViolationType, WarningType } from "../../engine/result.js";
import type { Severity } from "../../policy/model.js";
import type { Paint } from "../paint.js";
import { clock, ruleAndPlace, span, toolName } from "./words.js";

/** What a violation or a warning has in common, in one result as in a trace. */
export interface ShownFinding {
  readonly type: ViolationType | WarningType;
  readonly tool: string;
  readonly reason: string;
  readonly severity?: Severity | undefined;
  readonly rule: RuleRef;
  readonly graceExpiresAtMs?: number | undefined;
  /** How many calls it applies to, where that was counted. */
  readonly calls?: number;
}

export const findingLabels: Record<ViolationType | WarningType, string> = {
  forbidden: "FORBIDDEN",
  capability_exceeded: "EXCEEDED",
  unmapped_denied: "UNMAPPED_TOOL",
  escalation_denied: "DENIED_BY_TRIGGER",
  guardrail_denied: "GUARDRAIL_DENIED",
  invalid_tool_name: "INVALID_TOOL_NAME",
  forbidden_soft: "FORBIDDEN",
  escalation: "ESCALATED",
  trigger: "TRIGGER_WARNED",
  unmapped: "UNMAPPED_TOOL",
  unmapped_in_grace: "UNMAPPED_TOOL",
  notice: "NOTICE",
};

/** `FORBIDDEN: name (critical)`, then the reason, and the rule with its place. */
export function violationLines(finding: ShownFinding, paint: Paint): string[] {
  return [paint.fail(head(finding, finding.severity ?? "fail")), ...because(finding, paint)];
}

/** `UNMAPPED_TOOL: name (warn)`; an unmapped tool in grace says when the grace ends. `nowMs` is what "expires in" counts from. */
export function warningLines(finding: ShownFinding, nowMs: number | undefined, paint: Paint): string[] {
  const { type, severity, graceExpiresAtMs } = finding;
  const soft = type === "forbidden_soft" && severity !== undefined;
  const level = soft ? `${severity}, below fail_on` : type === "notice" ? "notice" : "warn";
  const lines = [paint.warn(head(finding, level)), ...because(finding, paint)];
  if (graceExpiresAtMs !== undefined) {
    const left = nowMs === undefined || graceExpiresAtMs <= nowMs ? "" : ` (expires in ${span(graceExpiresAtMs - nowMs)})`;
    lines.push(`  Grace: until ${clock(graceExpiresAtMs)}${left}`);
  }
  return lines;
}

function head({ type, tool, calls }: ShownFinding, level: string): string {
  return `${findingLabels[type]}: ${toolName(tool)} (${level})${calls !== undefined && calls > 1 ? ` ×${calls}` : ""}`;
}

function because({ reason, rule }: ShownFinding, paint: Paint): string[] {
  return [`  Reason: ${escapeText(reason)}`, `  Rule: ${ruleAndPlace(rule, paint)}`];
}
