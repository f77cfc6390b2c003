import { type LintInput, lintPolicy } from "../../src/analysis/lint/lint.js";
import type { LintCode, LintFinding, LintReport } from "../../src/analysis/lint/lint-report.js";
import { subjectOf } from "../../src/analysis/subject.js";
import type { Policy } from "../../src/policy/model.js";
import { parsePolicy } from "../../src/syntax/policy.js";

/** A policy by its sections, each as flow YAML. */
export interface Sections {
  readonly capabilities?: string;
  readonly forbidden?: readonly string[];
  readonly triggers?: readonly string[];
  readonly unmapped?: "allow" | "warn" | "deny";
  /** Further ones. */
  readonly defaults?: string;
  readonly scope?: "org" | "agent";
}

/** `pattern` or `pattern severity` for a forbidden rule, `action condition` for a trigger. */
export function policyOf(sections: Sections): Policy {
  const { capabilities = "{}", forbidden = [], triggers = [], unmapped = "warn", defaults = "", scope = "agent" } = sections;
  const rules = forbidden.map((text) => {
    const [pattern, severity = "high"] = text.split(" ");
    return `  - {pattern: ${JSON.stringify(pattern)}, reason: r, severity: ${severity}}`;
  });
  const conditions = triggers.map((text) => {
    const [action] = text.split(" ", 1);
    return `  - {condition: ${JSON.stringify(text.slice((action ?? "").length + 1))}, action: ${action}, reason: r}`;
  });
  const lines = [
    `meta: {schema_version: "1.0", name: tested, scope: ${scope}}`,
    `capability_mappings: ${capabilities}`,
    rules.length === 0 ? "forbidden: []" : `forbidden:\n${rules.join("\n")}`,
    conditions.length === 0 ? "escalation_triggers: []" : `escalation_triggers:\n${conditions.join("\n")}`,
    `defaults: {unmapped_tool_action: ${unmapped}, unmapped_severity: medium, fail_open: false, ${defaults}}`,
  ];
  const { value, diagnostics } = parsePolicy(lines.join("\n"), { file: `${scope}.yaml` });
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return value;
}

export function lintOf(
  sections: Sections,
  options: Omit<Partial<LintInput>, "subject"> & { readonly org?: Policy } = {},
): LintReport {
  const { org, ...rest } = options;
  const policy = policyOf(sections);
  const { scope } = policy.meta;
  return lintPolicy({ subject: subjectOf(scope === "org" ? { org: policy } : { org, agent: policy }), scope, ...rest });
}

/** The findings of one code. */
export function findingsOf(
  code: LintCode,
  sections: Sections,
  options: Parameters<typeof lintOf>[1] = {},
): readonly LintFinding[] {
  return lintOf(sections, options).findings.filter((finding) => finding.code === code);
}
