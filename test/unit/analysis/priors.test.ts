import { expect, test } from "vitest";
import { countOf, countTestsOf, firstCall, type PlacedTest, type Prior, priorsOf } from "../../../src/analysis/priors.js";
import { subjectOf } from "../../../src/analysis/subject.js";
import { compares } from "../../../src/engine/session.js";
import { priorsMax } from "../../../src/limits.js";
import type { CountName, CountTest, Scope } from "../../../src/policy/model.js";
import { specificationOf } from "../../support/oracle-verdicts.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

const counts: readonly CountName[] = ["tool_count", "unmapped_tool_count", "violation_count"];
const comparisons: readonly CountTest["comparison"][] = [">", ">=", "<", "<=", "==", "!="];

/** All states of a session of up to so many calls, and some that no session reaches. */
function* statesUpTo(most: number): Generator<Prior> {
  for (let toolCount = 0; toolCount <= most; toolCount++)
    for (let unmappedOrgCount = 0; unmappedOrgCount <= most; unmappedOrgCount++)
      for (let unmappedCount = 0; unmappedCount <= most; unmappedCount++)
        for (let violationCount = 0; violationCount <= most; violationCount++)
          yield { toolCount, unmappedOrgCount, unmappedCount, violationCount };
}

function reachable({ toolCount, unmappedOrgCount, unmappedCount, violationCount }: Prior): boolean {
  return unmappedCount <= unmappedOrgCount && unmappedOrgCount <= toolCount && violationCount <= toolCount;
}

/** What tests can say after the call, for a count that it adds to and for one that it does not. */
function kindOf(tests: readonly PlacedTest[], prior: Prior): string {
  return tests
    .map(({ test, layer }) => {
      const n = countOf(prior, test.count, layer);
      return `${Number(compares(n, test))}${Number(compares(n + 1, test))}`;
    })
    .join();
}

function drawnTests(draw: PolicyDraw): PlacedTest[] {
  return draw.list(4, () => ({
    test: { count: draw.of(counts), comparison: draw.of(comparisons), value: draw.below(7) - 1 },
    layer: draw.of<Scope>(["org", "agent"]),
  }));
}

test("every state of a session is like exactly one of the priors, which are states of sessions themselves", () => {
  const draw = new PolicyDraw(defaultSeed);
  const states = [...statesUpTo(8)];
  for (let round = 0; round < scaled(150); round++) {
    const tests = drawnTests(draw);
    const priors = priorsOf(tests);
    if (priors === undefined) throw new Error("so few tests have few kinds of sessions");
    expect(priors[0]).toEqual(firstCall);
    expect(priors.every(reachable)).toBe(true);
    const kinds = priors.map((prior) => kindOf(tests, prior));
    // Two priors of one kind would ask a question twice; some unlike ranges of different counts may look alike.
    const known = new Set(kinds);
    const missed = states.filter((state) => reachable(state) && !known.has(kindOf(tests, state)));
    expect({ tests, missed: missed.slice(0, 3) }).toEqual({ tests, missed: [] });
  }
});

test("states of one kind get the same outcome, whatever the policy", () => {
  const draw = new PolicyDraw(defaultSeed + 1);
  const states = [...statesUpTo(7)].filter(reachable);
  for (let round = 0; round < scaled(60); round++) {
    const layers = { org: draw.policy("org"), agent: draw.policy("agent") };
    const tests = countTestsOf(subjectOf(layers).policy);
    const priors = priorsOf(tests);
    if (priors === undefined) throw new Error("numbers below 6 tell few kinds of sessions apart");
    const byKind = new Map(priors.map((prior) => [kindOf(tests, prior), prior]));
    const name = "ab";
    for (let n = 0; n < 8; n++) {
      const state = draw.of(states);
      const prior = byKind.get(kindOf(tests, state));
      expect(prior).toBeDefined();
      expect(specificationOf(layers, name, { prior: state })).toEqual(specificationOf(layers, name, { prior }));
    }
  }
});

test("without tests the first call stands for all", () => {
  expect(priorsOf([])).toEqual([firstCall]);
});

test("an org trigger looks at what org left unmapped, an agent trigger at what both did", () => {
  const prior: Prior = { toolCount: 9, unmappedOrgCount: 5, unmappedCount: 3, violationCount: 7 };
  const seen = (["org", "agent"] as const).map((layer) => counts.map((count) => countOf(prior, count, layer)));
  expect(seen).toEqual([[9, 5, 7], [9, 3, 7]]); // biome-ignore format: one row a layer
  const placed = (layer: Scope): PlacedTest[] => [{ test: { count: "unmapped_tool_count", comparison: ">=", value: 3 }, layer }];
  // Counts 0 and 1 are alike, at 2 the call can reach 3, from 3 on the test holds.
  expect(priorsOf(placed("org"))?.map((p) => [p.unmappedOrgCount, p.unmappedCount])).toEqual([[0, 0], [2, 0], [3, 0]]); // biome-ignore format: one list
  expect(priorsOf(placed("agent"))?.map((p) => [p.unmappedOrgCount, p.unmappedCount])).toEqual([[0, 0], [2, 2], [3, 3]]); // biome-ignore format: one list
});

test("tests that never hold add no kinds, huge values one each, and too many kinds are not listed", () => {
  const at = (value: number, comparison: CountTest["comparison"] = "=="): PlacedTest => ({
    test: { count: "tool_count", comparison, value },
    layer: "agent",
  });
  expect(priorsOf([at(-5), at(-1, "<"), at(0, ">=")])).toEqual([firstCall]);
  const huge = priorsOf([at(Number.MAX_SAFE_INTEGER - 2, ">=")]);
  expect(huge?.map((prior) => prior.toolCount)).toEqual([0, Number.MAX_SAFE_INTEGER - 3, Number.MAX_SAFE_INTEGER - 2]);
  const many = Array.from({ length: priorsMax }, (_, i) => at(10 * i));
  expect(priorsOf(many)).toBeUndefined();
  expect(priorsOf(many.slice(0, 100))?.length).toBe(299);
});

test("only the kinds that sessions can reach count against the limit, which is one of kinds", () => {
  const each = [1, 2, 3, 4, 5].flatMap((value): PlacedTest[] => {
    const of = (count: CountName, layer: Scope = "agent"): PlacedTest => ({ test: { count, comparison: "==", value }, layer });
    return [of("tool_count"), of("unmapped_tool_count", "org"), of("unmapped_tool_count"), of("violation_count")];
  });
  const priors = priorsOf(each) ?? [];
  const known = new Set(priors.map((prior) => kindOf(each, prior)));
  // Seven kinds of each count: 0 to 5, and more. Unmapped, unmapped by org and violations fit below the calls.
  expect([priors.length, known.size]).toEqual([462, 462]);
  expect(7 ** 4).toBeGreaterThan(priorsMax);
  const states = [...statesUpTo(8)].filter(reachable);
  expect(states.filter((state) => !known.has(kindOf(each, state)))).toEqual([]);
  const apart = (tests: number) =>
    Array.from({ length: tests }, (_, i): PlacedTest => {
      return { test: { count: "tool_count", comparison: ">=", value: 3 * i + 1 }, layer: "org" };
    });
  expect(priorsOf(apart(priorsMax / 2))?.length).toBe(priorsMax);
  expect(priorsOf(apart(priorsMax / 2 + 1))).toBeUndefined();
});
