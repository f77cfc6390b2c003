import type { RuleRef } from "../engine/result.js";
import type {
  Capability,
  DefaultsField,
  ForbiddenRule,
  GlobRef,
  Layered,
  MergedDefaults,
  MergedPolicy,
  Sourced,
  Trigger,
} from "../policy/model.js";

/** Rules of a merged policy as everything that is shown cites them (semantics E9), with their places. */

export function forbiddenRef({ layer, index, rule }: Layered<ForbiddenRule>): RuleRef {
  const { pattern, reason, severity } = rule;
  const { file, line, column } = pattern.span;
  const label = pattern.glob.source;
  return { kind: "forbidden", layer, index, label, pattern: label, reason, severity, file, line, column };
}

export function triggerRef({ layer, index, rule }: Layered<Trigger>): RuleRef {
  const { file, line, column } = rule.span;
  return {
    kind: "trigger",
    layer,
    index,
    label: rule.condition.text,
    reason: rule.reason,
    action: rule.action,
    file,
    line,
    column,
  };
}

/** With a glob: that glob of the capability, at its own place. */
export function capabilityRef({ layer, index, rule }: Layered<Capability>, glob?: GlobRef): RuleRef {
  const { file, line, column } = glob?.span ?? rule.span;
  const pattern = glob === undefined ? {} : { pattern: glob.glob.source };
  return { kind: "capability", layer, index, label: rule.name, ...pattern, file, line, column };
}

/** Fields of merged defaults by the names of the policy file. */
export const defaultsFields = {
  unmapped_tool_action: "unmappedToolAction",
  unmapped_severity: "unmappedSeverity",
  fail_open: "failOpen",
  enforcement_mode: "enforcementMode",
  grace_period_hours: "gracePeriodHours",
  fail_on: "failOn",
} as const satisfies Record<DefaultsField, keyof MergedDefaults>;

/** A field that nobody wrote stands in no file, at line 0. */
export function defaultRef({ defaults }: MergedPolicy, field: DefaultsField): RuleRef {
  const { layer, span }: Sourced<unknown> = defaults[defaultsFields[field]];
  const { file, line, column } = span ?? { file: "", line: 0, column: 0 };
  const ref: RuleRef = { kind: "default", layer, index: -1, label: field, file, line, column };
  if (field !== "unmapped_tool_action") return ref;
  return { ...ref, action: defaults.unmappedToolAction.value, severity: defaults.unmappedSeverity.value };
}
