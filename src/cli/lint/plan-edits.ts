import type { LintEdit, LintFinding } from "../../analysis/lint/lint-report.js";
import type { RuleRef } from "../../engine/result.js";
import type { Policy } from "../../policy/model.js";
import type { RuleEdit, RulePlace } from "../../syntax/edit/rule-edits.js";

/** The edit of a finding as positions in the file; undefined for rules of another file, or that are not as the finding says. */
export function ruleEditOf({ edit, span }: Pick<LintFinding, "edit" | "span">, policy: Policy): RuleEdit | undefined {
  if (edit === undefined || edit.rule.layer !== policy.meta.scope) return undefined;
  const place = placeOf(edit, policy, span.file === policy.file ? span : undefined);
  if (place === undefined) return undefined;
  if (edit.kind !== "replace_glob") return { kind: "remove", place };
  const old = edit.rule.pattern ?? edit.rule.label;
  return { kind: "replace", place, old, glob: edit.glob };
}

function placeOf(edit: LintEdit, policy: Policy, span: { line: number; column: number } | undefined): RulePlace | undefined {
  const { rule, kind } = edit;
  const { index } = rule;
  switch (rule.kind) {
    case "forbidden":
      return policy.forbidden[index]?.pattern.glob.source === (rule.pattern ?? rule.label)
        ? { section: "forbidden", index }
        : undefined;
    case "trigger":
      return policy.triggers[index]?.condition.text === rule.label ? { section: "escalation_triggers", index } : undefined;
    case "capability": {
      if (policy.capabilities[index]?.name !== rule.label) return undefined;
      if (kind === "remove_rule") return { section: "capability_mappings", index };
      const tool = toolOf(rule, policy, span);
      return tool === undefined ? undefined : { section: "capability_mappings", index, tool };
    }
    default:
      return undefined;
  }
}

/** A glob may stand twice in a capability: the one at the place that is named, else the last. */
function toolOf(rule: RuleRef, policy: Policy, span: { line: number; column: number } | undefined): number | undefined {
  const tools = policy.capabilities[rule.index]?.tools ?? [];
  const equal = [...tools.entries()].filter(([, { glob }]) => glob.source === rule.pattern || glob.text === rule.pattern);
  const at = (place: { line: number; column: number } | undefined) =>
    equal.find(([, tool]) => tool.span.line === place?.line && tool.span.column === place.column);
  return (at(rule) ?? at(span) ?? equal.at(-1))?.[0];
}

/** Distinguishes edits of one round. */
export function editKey(edit: RuleEdit): string {
  return JSON.stringify(edit.place);
}
