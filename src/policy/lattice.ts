import type { EnforcementMode, Severity, TriggerAction, UnmappedAction } from "./model.js";

/** What is stricter, the one truth: each list goes from lenient to strict. */
export const severities: readonly Severity[] = ["low", "medium", "high", "critical"];
export const unmappedActions: readonly UnmappedAction[] = ["allow", "warn", "deny"];
export const enforcementModes: readonly EnforcementMode[] = ["off", "warn", "enforce"];
export const triggerActions: readonly TriggerAction[] = ["warn", "escalate", "deny"];
export const verdicts = ["pass", "warn", "fail"] as const;

/** The later of two values in one of the lists above. */
export function stricter<T>(scale: readonly T[], a: T, b: T): T {
  return scale.indexOf(a) >= scale.indexOf(b) ? a : b;
}
