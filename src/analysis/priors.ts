import { compares } from "../engine/session.js";
import { priorsMax } from "../limits.js";
import type { CountName, CountTest, MergedPolicy, Scope } from "../policy/model.js";

/** The counts of a session before a call (semantics E7). */
export interface Prior {
  readonly toolCount: number;
  readonly unmappedOrgCount: number;
  readonly unmappedCount: number;
  readonly violationCount: number;
}

export const firstCall: Prior = Object.freeze({ toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 });

/** One test that some trigger makes, and the count it looks at. */
export interface PlacedTest {
  readonly test: CountTest;
  /** An org trigger counts against org's mappings only (M2). */
  readonly layer: Scope;
}

export function countTestsOf(policy: MergedPolicy): PlacedTest[] {
  return policy.triggers.flatMap(({ layer, rule }) =>
    rule.condition.terms.flatMap(({ tests }) => tests.map((test) => ({ test, layer }))),
  );
}

/** The count of a prior that a test looks at. */
export function countOf(prior: Prior, count: CountName, layer: Scope): number {
  if (count === "tool_count") return prior.toolCount;
  if (count === "violation_count") return prior.violationCount;
  return layer === "org" ? prior.unmappedOrgCount : prior.unmappedCount;
}

/** Counts `low <= n <= high` that no test tells apart, before the call or after it. */
interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * A session before a call can be in infinitely many states, but a call adds 0 or 1 to a count, and tests tell only finitely many
 * kinds of counts apart. One prior of each kind that a session can reach (unmapped <= unmapped by org <= calls, violations <=
 * calls), the first call's first. Without tests on counts that is the only one. Undefined above `priorsMax`.
 */
export function priorsOf(tests: readonly PlacedTest[]): readonly Prior[] | undefined {
  const of = (wanted: (placed: PlacedTest) => boolean) => ranges(tests.filter(wanted).map(({ test }) => test));
  const tool = of(({ test }) => test.count === "tool_count");
  const org = of(({ test, layer }) => test.count === "unmapped_tool_count" && layer === "org");
  const unmapped = of(({ test, layer }) => test.count === "unmapped_tool_count" && layer === "agent");
  const violation = of(({ test }) => test.count === "violation_count");
  const priors: Prior[] = [];
  // The smallest counts of each range that fit together. Ranges ascend, so what does not fit ends a loop, and each turn finds a prior.
  for (const t of tool)
    for (const o of org) {
      if (o.low > t.high) break;
      for (const u of unmapped) {
        const unmappedCount = u.low;
        const unmappedOrgCount = Math.max(o.low, unmappedCount);
        if (unmappedOrgCount > Math.min(o.high, t.high)) break;
        for (const v of violation) {
          const violationCount = v.low;
          if (violationCount > t.high) break;
          if (priors.length === priorsMax) return undefined;
          const toolCount = Math.max(t.low, unmappedOrgCount, violationCount);
          priors.push({ toolCount, unmappedOrgCount, unmappedCount, violationCount });
        }
      }
    }
  return priors;
}

/** Ascending; the first begins at 0, the last has no end. */
function ranges(tests: readonly CountTest[]): Range[] {
  const cuts = new Set<number>([0]);
  for (const { value } of tests) for (const cut of [value - 1, value, value + 1]) if (cut > 0) cuts.add(cut);
  const lows = [...cuts].sort((a, b) => a - b);
  const kindOf = (n: number) => tests.map((test) => `${compares(n, test)}${compares(n + 1, test)}`).join();
  const starts = lows.filter((low, i) => i === 0 || kindOf(low) !== kindOf(lows[i - 1] as number));
  return starts.map((low, i) => ({ low, high: (starts[i + 1] ?? Number.POSITIVE_INFINITY) - 1 }));
}
