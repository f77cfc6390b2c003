import type { LintEdit, LintFinding, LintSeverity } from "../../src/analysis/lint/lint-report.js";
import { lintCodes } from "../../src/analysis/lint/lint-report.js";
import type { RuleRef } from "../../src/engine/result.js";
import type { Policy } from "../../src/policy/model.js";

/** A reference to a rule of a policy; `tool` picks a glob of a capability. */
export function refOf(policy: Policy, kind: "forbidden" | "trigger" | "capability", index: number, tool?: number): RuleRef {
  const { layer, file } = { layer: policy.meta.scope, file: policy.file };
  const at = ({ line, column }: { line: number; column: number }) => ({ kind, layer, index, file, line, column });
  if (kind === "forbidden") {
    const { pattern, reason, severity, span } = policy.forbidden[index]!;
    return { ...at(span), label: pattern.glob.source, pattern: pattern.glob.source, reason, severity };
  }
  if (kind === "trigger") {
    const { condition, reason, action, span } = policy.triggers[index]!;
    return { ...at(span), label: condition.text, reason, action };
  }
  const { name, tools, span } = policy.capabilities[index]!;
  const glob = tool === undefined ? undefined : tools[tool]!;
  return { ...at(glob?.span ?? span), label: name, ...(glob && { pattern: glob.glob.source }) };
}

/** A finding about a rule, as the analysis would make it. */
export function findingAt(
  policy: Policy,
  rule: RuleRef,
  more: Partial<Omit<LintFinding, "rule" | "edit">> & { readonly edit?: "remove" | { readonly glob: string } } = {},
): LintFinding {
  const { edit, ...fields } = more;
  const code = more.code ?? "dead_rule";
  const severity: LintSeverity = lintCodes[code];
  const { file, line, column } = rule;
  const asked: LintEdit | undefined =
    edit === undefined
      ? undefined
      : edit !== "remove"
        ? { kind: "replace_glob", rule, glob: edit.glob }
        : { kind: rule.kind === "capability" && rule.pattern !== undefined ? "remove_glob" : "remove_rule", rule };
  return {
    code,
    severity,
    rule,
    span: { file, line, column, endLine: line, endColumn: column + 3 },
    path: `${rule.kind}[${rule.index}]`,
    message: `\`${rule.label}\` of ${policy.meta.name} decides nothing`,
    witnesses: [],
    related: [],
    fix: "remove the rule",
    safe: edit === "remove",
    ...fields,
    ...(asked && { edit: asked }),
  };
}
