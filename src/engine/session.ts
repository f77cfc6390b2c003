import type { CountTest } from "../policy/model.js";
import type { Guardrail, Session } from "./result.js";
import type { CountedTerm } from "./rules.js";

/** The counts of E7, after the calls so far. */
export interface Counts {
  toolCount: number;
  unmappedOrgCount: number;
  unmappedCount: number;
  violationCount: number;
}

/**
 * What one call adds to the counts. A guardrail's denials are not counted: it judges beside the policy, and a denial
 * that switched off a trigger such as `violation_count < 1` would widen what it must only narrow (M5).
 */
export interface CallCounts {
  readonly unmappedOrg: boolean;
  readonly unmapped: boolean;
  /** It had a violation before triggers with count tests. */
  readonly violation: boolean;
}

/** One session: counts over its calls, and the guardrails bound to it, which stay when a later call leaves the id out. */
export class SessionState implements Session, Counts {
  toolCount = 0;
  unmappedOrgCount = 0;
  unmappedCount = 0;
  violationCount = 0;
  /** By id; the newest object of an id counts. */
  readonly guardrails = new Map<string, Guardrail>();
}

/** Counts the call itself: tests see it (E7). */
export function countCall(counts: Counts, call: CallCounts): void {
  counts.toolCount++;
  if (call.unmappedOrg) counts.unmappedOrgCount++;
  if (call.unmapped) counts.unmappedCount++;
  if (call.violation) counts.violationCount++;
}

/** Whether all count tests of a term hold. */
export function testsHold(term: CountedTerm, counts: Counts): boolean {
  for (const test of term.tests) if (!testHolds(test, term.org, counts)) return false;
  return true;
}

function testHolds(test: CountTest, org: boolean, counts: Counts): boolean {
  let n = counts.toolCount;
  if (test.count === "unmapped_tool_count") n = org ? counts.unmappedOrgCount : counts.unmappedCount;
  else if (test.count === "violation_count") n = counts.violationCount;
  return compares(n, test);
}

/** Whether a count stands to the value of a test as the test asks. */
export function compares(n: number, { comparison, value }: CountTest): boolean {
  switch (comparison) {
    case ">":
      return n > value;
    case ">=":
      return n >= value;
    case "<":
      return n < value;
    case "<=":
      return n <= value;
    case "==":
      return n === value;
    case "!=":
      return n !== value;
  }
}
