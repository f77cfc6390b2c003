import { expect, it } from "vitest";
import { runSuites } from "../../../src/analysis/suite/run-suites.js";
import type { CallOutcome, CaseResult } from "../../../src/analysis/suite/suite-report.js";
import type { TestedPolicy } from "../../../src/analysis/suite/test-bench.js";
import type { Expectation, Suite, SuiteCase } from "../../../src/policy/suite.js";
import { actions, randomName, randomPolicy } from "../../support/generate.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";
import { contexts, faults, policyOf, testedPolicy } from "../../support/suites.js";

const span = { file: "s", line: 1, column: 1, endLine: 1, endColumn: 2 };
const located = <T>(value: T) => ({ value, span });
const nowMs = Date.UTC(2026, 1, 7);

function randomCase(random: Random, globs: readonly string[], index: number): SuiteCase {
  const calls = random.times(random.between(1, 6), () => randomName(random, globs)).map(located);
  const firstSeenMs = random.chance(0.4)
    ? new Map(calls.map(({ value }) => [value, nowMs - random.below(3) * 12 * 3_600_000]))
    : undefined;
  return {
    name: `case ${index}`,
    groups: [],
    kind: random.chance(0.5) ? "tools" : "session",
    calls,
    expected: calls.map(() => ({ verdict: located("pass"), span })),
    circumstances: random.chance(0.6) ? { nowMs, ...(firstSeenMs && { firstSeenMs }) } : {},
    span,
  };
}

/** Everything a case can say, as the policy has it. */
function exactly({ rule, capability, severity, ...got }: CallOutcome): Expectation {
  return {
    verdict: located(got.verdict),
    decision: located(got.decision),
    outcome: located(got.outcome),
    ...(capability !== null && { capability: located(capability.label) }),
    ...(rule !== null && rule.kind !== "name" && { rule: located(rule.label), layer: located(rule.layer) }),
    ...(severity !== undefined && { severity: located(severity) }),
    violations: located(got.violations),
    warnings: located(got.warnings),
    escalates: located(got.escalates),
    span,
  };
}

it("what the engine answers is what a case may expect, the specification agrees, and a rule is exercised by what it decides", () => {
  const random = new Random(Number(process.env["SMOLTBOT_SEED"] ?? defaultSeed));
  for (let round = 0; round < scaled(60); round++) {
    const { layers, globs } = randomPolicy(random, { globs: random.pick([1, 3, 8, 20, 40]), counts: random.chance(0.6) });
    const tested: TestedPolicy = testedPolicy({
      ...(layers.org && { org: policyOf(JSON.stringify(layers.org), "org.json") }),
      ...(layers.agent && { agent: policyOf(JSON.stringify(layers.agent), "agent.json") }),
    });
    const card = random.chance(0.5)
      ? { boundedActions: random.times(3, () => random.pick(actions)), forbiddenActions: ["pay"] }
      : undefined;
    const cases = Array.from({ length: 25 }, (_, i) => randomCase(random, globs, i));
    const run = (list: readonly SuiteCase[]) => {
      const suite: Suite = { file: "s", cases: list };
      return runSuites(tested, [{ suite, contextOf: contexts(card) }]);
    };
    const first: readonly CaseResult[] = run(cases).suites[0]!.cases;
    const again = run(cases.map((each, i) => ({ ...each, expected: first[i]!.calls.map(({ outcome }) => exactly(outcome)) })));
    expect(faults(again), `round ${round}`).toEqual([]);
    const deciding = new Set(
      first.flatMap(({ calls }) =>
        calls.flatMap(({ outcome: { rule } }) =>
          rule === null ? [] : [`${rule.kind} ${rule.layer} ${rule.index} ${rule.pattern ?? ""}`],
        ),
      ),
    );
    for (const { rule, matched, decided } of again.coverage[0]!.rules) {
      const key = `${rule.kind} ${rule.layer} ${rule.index} ${rule.pattern ?? ""}`;
      // A trigger is cited with the glob that matched, where one did.
      const cited = [...deciding].some(
        (each) => each === key || (rule.kind === "trigger" && each.startsWith(`${key.trimEnd()} `)),
      );
      expect([decided > 0, decided <= matched], `round ${round}: ${key}`).toEqual([cited, true]);
    }
  }
});
