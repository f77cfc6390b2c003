import { actionOf, actions } from "../engine/judge.js";
import type { Action, Cause, Verdict } from "../engine/result.js";
import { verdicts } from "../policy/lattice.js";
import type { Severity } from "../policy/model.js";

/** What a policy makes of one call: the part that people compare. */
export interface Outcome {
  readonly verdict: Verdict;
  /** After the enforcement mode. */
  readonly action: Action;
  readonly cause: Cause;
  /** Of what decided, where it has one. */
  readonly severity: Severity | undefined;
  /** Card actions of the deciding capability, as one text; only where a question tells them apart. */
  readonly cardActions: string | undefined;
  /** What the call adds to the counts of its session beyond itself; only where a question tells them apart. */
  readonly counted: string | undefined;
}

/** How a change of outcome reads: `weaker` lets through more, `stricter` less, `other` changes the cause or the severity only. */
export type Direction = "weaker" | "stricter" | "other";

/**
 * Weaker when the verdict, the action, or the action that `enforce` mode would take is more lenient; so a change that is both
 * counts as weaker.
 */
export function directionOf(before: Outcome, after: Outcome): Direction {
  const steps = [
    verdicts.indexOf(after.verdict) - verdicts.indexOf(before.verdict),
    actions.indexOf(after.action) - actions.indexOf(before.action),
    enforced(after) - enforced(before),
  ];
  if (steps.some((step) => step < 0)) return "weaker";
  return steps.some((step) => step > 0) ? "stricter" : "other";
}

/** Also the modes that deny and pause nothing keep apart what waits for approval and what only warns. */
function enforced({ cause }: Outcome): number {
  return actions.indexOf(actionOf(cause, "enforce"));
}

/** Equal outcomes have equal keys. */
export function outcomeKey(o: Outcome): string {
  return [o.verdict, o.action, o.cause, o.severity ?? "", o.cardActions ?? "", o.counted ?? ""].join("\u0000");
}
