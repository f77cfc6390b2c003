import type { RuleRef } from "../../engine/result.js";

/** A rule and where it stands, as every machine output writes it. */
export function ruleJson(rule: RuleRef): object;
export function ruleJson(rule: RuleRef | null): object | null;
export function ruleJson(rule: RuleRef | null): object | null {
  if (rule === null) return null;
  return {
    kind: rule.kind,
    layer: rule.layer,
    index: rule.index,
    label: rule.label,
    pattern: rule.pattern,
    reason: rule.reason,
    severity: rule.severity,
    action: rule.action,
    file: rule.file,
    line: rule.line,
    column: rule.column,
  };
}

/** Epoch milliseconds as ISO 8601; null for "no time". */
export function timeJson(ms: number | undefined): string | null {
  return ms === undefined || !Number.isFinite(ms) ? null : new Date(ms).toISOString();
}

/** One document with a final newline; absent fields are left out, never `undefined`. */
export function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
