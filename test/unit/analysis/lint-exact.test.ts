import { describe, expect, test } from "vitest";
import { keepsCapability, reasonOf } from "../../../src/analysis/lint/decisive.js";
import { Ground } from "../../../src/analysis/lint/ground.js";
import { lintPolicy } from "../../../src/analysis/lint/lint.js";
import { type Dead, findDead } from "../../../src/analysis/lint/liveness.js";
import { policyOf, type Unit } from "../../../src/analysis/lint/units.js";
import { countTestsOf, type Prior, priorsOf } from "../../../src/analysis/priors.js";
import { layersOf, type Subject } from "../../../src/analysis/subject.js";
import { matchGlob } from "../../../src/glob/match.js";
import type {
  Card,
  CountName,
  CountTest,
  MergedPolicy,
  Severity,
  TriggerAction,
  UnmappedAction,
} from "../../../src/policy/model.js";
import { referenceEvaluate } from "../../../src/reference/evaluate.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

/**
 * Globs have up to three tokens over two letters, so a name of up to six letters, the third one standing for all others, meets
 * every set of globs that some name meets.
 */
const names = namesUpTo("abc", 5);

function namesUpTo(letters: string, length: number): string[] {
  const found: string[] = [];
  for (let level = [""]; level.length > 0 && (level[0]?.length ?? 0) < length; ) {
    level = level.flatMap((head) => [...letters].map((letter) => head + letter));
    found.push(...level);
  }
  return found;
}

const severities: readonly Severity[] = ["low", "medium", "high", "critical"];

function draw(random: Random, counts: boolean): { subject: Subject; card: Card | undefined } {
  const glob = () => random.times(random.between(1, 3), () => random.pick(["a", "b", "*", "?", "*", "a"])).join("");
  const globTest = (): CountTest => ({
    count: random.pick<CountName>(["tool_count", "unmapped_tool_count", "violation_count"]),
    comparison: random.pick([">", "<=", "=="] as const),
    value: random.below(3),
  });
  const term = () => {
    const globs = random.times(random.between(counts ? 0 : 1, 2), glob);
    const tests = counts && (globs.length === 0 || random.chance(0.4)) ? [globTest()] : [];
    return { globs, tests };
  };
  const drawn = tinyPolicy({
    forbidden: random.times(random.below(4), () => [glob(), random.pick(severities), random.pick(["org", "agent"] as const)]),
    capabilities: random.times(random.below(4), (i) => [
      `c${i}`,
      random.times(random.between(1, 2), glob),
      [random.pick(["read", "write"])],
    ]),
    triggers: random.times(random.below(3), () => [
      random.pick<TriggerAction>(["warn", "escalate", "deny"]),
      random.times(random.between(1, 2), term),
    ]),
  });
  const policy: MergedPolicy = {
    ...drawn,
    sources: [{ layer: "org", file: "org.yaml", name: "org" }, ...drawn.sources],
    forbidden: [...drawn.forbidden].sort((a, b) => (a.layer === b.layer ? 0 : a.layer === "org" ? -1 : 1)),
    capabilities: drawn.capabilities.map((entry, i) => ({ ...entry, ...(i === 0 ? { layer: "org" } : { index: i - 1 }) })),
    defaults: {
      ...drawn.defaults,
      unmappedToolAction: { value: random.pick<UnmappedAction>(["allow", "warn", "deny"]), layer: "agent" },
      gracePeriodHours: { value: random.pick([0, 24]), layer: "agent" },
      failOn: { value: random.pick(severities), layer: "agent" },
    },
  };
  const card = random.chance(0.5) ? { boundedActions: ["read"], forbiddenActions: [] } : undefined;
  return { subject: { policy, layers: layersOf(policy) }, card };
}

/** What the specification says of each name in each kind of session, in grace or not, as text. */
function specifiedOutcomes(policy: MergedPolicy, priors: readonly Prior[], counted: readonly CountName[], card?: Card): string[] {
  const layers = layersOf(policy);
  const { unmappedToolAction, gracePeriodHours } = policy.defaults;
  const inGrace = { nowMs: 0, sightings: { firstSeenMs: () => undefined } };
  const moments = unmappedToolAction.value === "deny" && gracePeriodHours.value > 0 ? [{}, inGrace] : [{}];
  return names.flatMap((name) =>
    priors.flatMap((session) =>
      moments.map((grace) => {
        const evaluation = referenceEvaluate(layers, [name], { card, session, ...grace }, matchGlob);
        const [tool] = evaluation.tools;
        const listed = [...evaluation.violations, ...evaluation.warnings].find(({ rule }) => rule === tool?.rule);
        const entry = policy.capabilities.find(({ rule }) => rule.name === tool?.capability?.label);
        const isOpen = tool?.verdict !== "fail" || tool.cause === "capability_exceeded";
        const actions = isOpen ? entry?.rule.cardActions.map(({ value }) => value).join() : "";
        const counts = counted.map((count) => {
          if (count === "unmapped_tool_count") return [tool?.capability === null, tool?.capability?.layer === "org"].join();
          const isCounted = ({ rule, type }: (typeof evaluation.violations)[0]) =>
            type !== "escalation_denied" || deniesByName(policy, rule.label, name);
          return count === "violation_count" ? evaluation.violations.some(isCounted) : "";
        });
        return JSON.stringify([tool?.verdict, tool?.action, tool?.cause, listed?.severity, actions, counts]);
      }),
    ),
  );
}

function deniesByName(policy: MergedPolicy, condition: string, name: string): boolean {
  const trigger = policy.triggers.find(({ rule }) => rule.condition.text === condition);
  const terms = trigger?.rule.condition.terms ?? [];
  return terms.some(({ globs, tests }) => tests.length === 0 && globs.every(({ text }) => matchGlob(text, name)));
}

/** Dead units by trying all names, in the order that lint promises. */
function deadByTrial({ policy }: Subject, units: readonly Unit[], card: Card | undefined): number[] {
  const priors = priorsOf(countTestsOf(policy)) as readonly Prior[];
  const left = new Set(units);
  const dead: number[] = [];
  let before: string[] | undefined;
  let countedBefore = "";
  const all = (kept: ReadonlySet<Unit>) =>
    policyOf(
      policy,
      units.filter((unit) => kept.has(unit)),
    );
  for (const kind of ["trigger", "capability", "forbidden"] as const) {
    for (const unit of units.filter((one) => one.kind === kind).reverse()) {
      // A count matters while some trigger that is left tests it.
      const counted = [...new Set(countTestsOf(all(left)).map((placed) => placed.test.count))];
      const key = counted.join();
      if (before === undefined || key !== countedBefore) before = specifiedOutcomes(all(left), priors, counted, card);
      countedBefore = key;
      const without = new Set([...left].filter((one) => one !== unit));
      const after = specifiedOutcomes(all(without), priors, counted, card);
      if (before.some((outcome, i) => outcome !== after[i])) continue;
      before = after;
      left.delete(unit);
      dead.push(unit.id);
    }
  }
  return dead.sort((a, b) => a - b);
}

/** Some of what `--fix` may take out, as suppressions leave it: no outcome changes. */
function checkSubset(random: Random, ground: Ground, dead: readonly Dead[], card: Card | undefined): void {
  const { policy } = ground.subject;
  const safe = dead.filter((one) => {
    const isRule = one.whole || one.units[0]?.kind !== "trigger";
    return isRule && keepsCapability(ground, one, reasonOf(ground, one));
  });
  const gone = new Set(safe.filter(() => random.chance(0.5)).flatMap(({ units }) => units));
  const left = ground.units.filter((unit) => !gone.has(unit));
  const priors = priorsOf(countTestsOf(policy)) as readonly Prior[];
  const { unmapped, unmappedByOrg, violations } = ground.counting;
  const counted = [
    ...(unmapped || unmappedByOrg ? ["unmapped_tool_count" as const] : []),
    ...(violations ? ["violation_count" as const] : []),
  ];
  const after = specifiedOutcomes(policyOf(policy, left), priors, counted, card);
  expect(after).toEqual(specifiedOutcomes(policy, priors, counted, card));
}

describe("dead rules are those that trying all names finds", () => {
  test.each([
    ["without counts", false, 30],
    ["with counts", true, 4],
  ])("%s", (_, counts, rounds) => {
    const random = new Random(defaultSeed);
    let dead = 0;
    for (let round = 0; round < scaled(rounds); round++) {
      const { subject, card } = draw(random, counts);
      const ground = new Ground(subject, { card });
      const found = findDead(ground, () => true);
      expect(found.undecided).toEqual([]);
      const ids = found.dead.flatMap(({ units }) => units.map(({ id }) => id));
      expect(ids, `round ${round}`).toEqual(deadByTrial(subject, ground.units, card));
      dead += ids.length;
      expect(() => lintPolicy({ subject, scope: "agent", card })).not.toThrow();
      checkSubset(random, ground, found.dead, card);
    }
    expect(dead).toBeGreaterThan(0);
  });
});
