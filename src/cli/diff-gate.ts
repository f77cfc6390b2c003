import type { PolicyDiff } from "../analysis/diff/policy-diff.js";

/** Why a gate on changes is shut, in words; empty when it is open. What is not decided counts as weaker: a gate fails closed. */
export function diffGateReasons(diff: PolicyDiff, failOn: "weaker" | "any"): string[] {
  const { changes, defaults, rules, undecided } = diff;
  const weaker = changes.filter(({ direction }) => direction === "weaker").length;
  // Those that outcomes do not show; the others are among the changes.
  const lenient = defaults.filter(({ direction, beside }) => direction === "weaker" && beside);
  const open = undecided.filter(({ change }) => change === undefined || change.direction === "weaker").length;
  const reasons: string[] = [];
  if (weaker > 0) reasons.push(`${weaker === 1 ? "1 change lets" : `${weaker} changes let`} through more than before`);
  for (const { field, before, after } of lenient) reasons.push(`defaults.${field} is more lenient: ${before} -> ${after}`);
  if (open > 0) reasons.push(`${open === 1 ? "1 question is" : `${open} questions are`} not decided`);
  if (failOn === "weaker" || reasons.length > 0) return reasons;
  if (changes.length > 0) reasons.push(`${changes.length === 1 ? "1 change" : `${changes.length} changes`} of outcome`);
  else if (undecided.length > 0) reasons.push("not everything is decided");
  else if (rules.length + defaults.length > 0) reasons.push("rules or defaults are written differently");
  return reasons;
}
