import type { EnforcementMode, TriggerAction, UnmappedAction } from "../policy/model.js";
import type { Action, Cause, Verdict } from "./result.js";

/** Everything a verdict depends on: what matched, and the circumstances of the call. */
export interface Facts {
  /** The worst matching forbidden rule: hard when it is at or above `fail_on`, else soft (semantics E1, E3). */
  readonly forbidden: "hard" | "soft" | null;
  /** The name is no tool name (G2). */
  readonly invalid: boolean;
  /** The strongest trigger that fired (E2, E6). */
  readonly trigger: TriggerAction | null;
  /** Some capability maps the name (E4). */
  readonly mapped: boolean;
  /** A card was given and does not grant all actions of the deciding capability (E4). */
  readonly exceeded: boolean;
  /** `unmapped_tool_action` (E5). */
  readonly unmapped: UnmappedAction;
  /** The grace period of an unmapped tool is running (T1). */
  readonly inGrace: boolean;
  /** Where the call stands to the transaction guardrail (M5). */
  readonly guardrail: "inside" | "outside" | "missing";
}

/** The whole precedence: the first line that holds decides. Failing causes, then warnings, then passes. */
export function judge(facts: Facts): Cause {
  const { forbidden, trigger, mapped, unmapped } = facts;
  if (facts.guardrail === "missing") return "guardrail_missing";
  if (forbidden === "hard") return "forbidden";
  if (facts.invalid) return "invalid_tool_name";
  if (trigger === "deny") return "escalation_denied";
  if (mapped && facts.exceeded) return "capability_exceeded";
  if (!mapped && unmapped === "deny" && !facts.inGrace) return "unmapped_denied";
  if (facts.guardrail === "outside") return "guardrail_denied";

  if (trigger === "escalate") return "escalated";
  if (trigger === "warn") return "trigger_warned";
  if (forbidden === "soft") return "forbidden_soft";
  if (!mapped && unmapped === "deny") return "unmapped_in_grace";
  if (!mapped && unmapped === "warn") return "unmapped_warned";

  return mapped ? "mapped" : "unmapped_allowed";
}

/** All causes, strongest first. */
export const causes: readonly Cause[] = [
  "guardrail_missing",
  "forbidden",
  "invalid_tool_name",
  "escalation_denied",
  "capability_exceeded",
  "unmapped_denied",
  "guardrail_denied",
  "escalated",
  "trigger_warned",
  "forbidden_soft",
  "unmapped_in_grace",
  "unmapped_warned",
  "mapped",
  "unmapped_allowed",
];

/** E8: the verdict does not depend on the mode. */
export function verdictOf(cause: Cause): Verdict {
  const rank = causes.indexOf(cause);
  return rank < causes.indexOf("escalated") ? "fail" : rank < causes.indexOf("mapped") ? "warn" : "pass";
}

/** E8: the verdict after the mode. A missing guardrail denies in every mode (M5). */
export function actionOf(cause: Cause, mode: EnforcementMode): Action {
  if (cause === "guardrail_missing") return "deny";
  const verdict = verdictOf(cause);
  if (mode === "off" || verdict === "pass") return "allow";
  if (mode === "warn") return "warn";
  if (verdict === "fail") return "deny";
  return cause === "escalated" ? "escalate" : "warn";
}

/** From lenient to strict, for the worst of several. */
export const actions: readonly Action[] = ["allow", "warn", "escalate", "deny"];
