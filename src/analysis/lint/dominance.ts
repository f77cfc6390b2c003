import { severities, triggerActions } from "../../policy/lattice.js";
import type { Severity } from "../../policy/model.js";
import type { Ground } from "./ground.js";
import { isSameRule, type ToolUnit, type Unit } from "./units.js";

/** What one rule can do to another without looking at the rest of the policy. */

/** Whether a forbidden rule of this severity fails a call (E3). */
export function isHard({ policy }: Ground, severity: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(policy.defaults.failOn.value);
}

/** Refuses every call of the names it matches, in every session. */
export function refuses(ground: Ground, unit: Unit): boolean {
  if (unit.kind === "forbidden") return isHard(ground, unit.rule.severity);
  return unit.kind === "trigger" && unit.rule.action === "deny" && unit.tests.length === 0;
}

/**
 * Whether `by`, if it matches every name of `unit`, decides them whatever other rules there are, so that `unit` changes
 * nothing. False says nothing.
 */
export function dominates(ground: Ground, by: Unit, unit: Unit): boolean {
  if (unit.kind === "capability") {
    if (by.kind === "capability") return ranksBefore(by, unit) || isSameRule(by, unit);
    const { unmapped, unmappedByOrg } = ground.counting;
    return refuses(ground, by) && !unmapped && !unmappedByOrg;
  }
  if (unit.kind === "forbidden") {
    return by.kind === "forbidden" && severities.indexOf(by.rule.severity) >= severities.indexOf(unit.rule.severity);
  }
  if (by.kind === "forbidden") return isHard(ground, by.rule.severity);
  if (by.kind !== "trigger") return false;
  const asStrict = triggerActions.indexOf(by.rule.action) >= triggerActions.indexOf(unit.rule.action);
  return asStrict && (by.tests.length === 0 || (by.layer === unit.layer && sameTests(by.tests, unit.tests)));
}

export function sameTests(a: readonly object[], b: readonly object[]): boolean {
  const texts = (tests: readonly object[]) => [...new Set(tests.map((test) => JSON.stringify(test)))].sort().join();
  return texts(a) === texts(b);
}

function ranksBefore(a: ToolUnit, b: ToolUnit): boolean {
  return a.id < b.id;
}
