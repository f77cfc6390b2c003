import { expect, test } from "vitest";
import type { OutcomeChange } from "../src/analysis/diff.js";
import { floorOf } from "../src/analysis/floor.js";
import { countTestsOf, firstCall, type Prior, priorsOf } from "../src/analysis/priors.js";
import { subjectOf } from "../src/analysis/subject.js";
import { actions } from "../src/engine/judge.js";
import type { ToolOutcome } from "../src/engine/result.js";
import { verdicts } from "../src/policy/lattice.js";
import type { Card, Policy } from "../src/policy/model.js";
import { referenceEvaluate } from "../src/reference/evaluate.js";
import { names as allNames, classAt, type NameClasses, nameClasses } from "./support/oracle.js";
import { oracleAutomaton, sizesOf } from "./support/oracle-automaton.js";
import { globTextsOf, PairDraw } from "./support/oracle-pairs.js";
import { scaledTo } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

const timeout = { timeout: 900_000 };

interface Layers {
  readonly org: Policy;
  readonly agent: Policy;
  readonly card: Card | undefined;
}

/** A kind of call, as the specification is told of it. */
interface Kind {
  readonly prior: Prior;
  readonly inGrace: boolean;
}

/** What a kind of call makes of names, by org alone and with the agent, each name in a session of its own where calls are counted. */
function judged({ org, agent, card }: Layers, names: readonly string[], { prior, inGrace }: Kind, counts: boolean) {
  const grace = inGrace ? { nowMs: 0, sightings: { firstSeenMs: () => 0 } } : {};
  const judge = (layers: { org: Policy; agent?: Policy }): ToolOutcome[] =>
    counts
      ? names.map((name) => referenceEvaluate(layers, [name], { card, session: prior, ...grace }).tools[0])
      : [...referenceEvaluate(layers, names, { card, session: prior, ...grace }).tools];
  return { floor: judge({ org }), merged: judge({ org, agent }) };
}

function isBelow(merged: ToolOutcome, floor: ToolOutcome): boolean {
  return (
    verdicts.indexOf(merged.verdict) < verdicts.indexOf(floor.verdict) ||
    actions.indexOf(merged.action) < actions.indexOf(floor.action)
  );
}

/** A shortest name of each combination of globs that some name matches: see analysis-exhaustive.test.ts. */
function namesOf(globs: readonly string[]): string[] {
  const names = new Map<string, string>();
  for (const { matched, name } of oracleAutomaton(globs).states.slice(1)) {
    const key = matched.join();
    if (!names.has(key)) names.set(key, name);
  }
  return [...names.values()];
}

/**
 * The law of the floor itself (M4), by the specification alone, on 100,000 pairs in deep runs: whatever an agent writes, no name is judged
 * more leniently than by its org alone, but for names that org leaves unmapped and the agent maps.
 */
test("no agent gets below the floor, but by mapping what org leaves unmapped", timeout, () => {
  const draw = new PairDraw(defaultSeed + 3);
  const pairs = scaledTo(1_500, 100_000);
  let [escapes, seen] = [0, 0];
  for (let round = 0; round < pairs; round++) {
    const layers = draw.layers();
    const names = namesOf(globTextsOf(layers));
    const kind = { prior: draw.chance(80) ? firstCall : draw.prior(), inGrace: draw.chance(25) };
    const { floor, merged } = judged(layers, names, kind, draw.counts);
    names.forEach((name, n) => {
      seen++;
      if (!isBelow(merged[n], floor[n])) return;
      escapes++;
      const isNewlyMapped = floor[n].capability === null && merged[n].capability?.layer === "agent";
      // A trigger may count the violation that being unmapped was: then it is no violation any more.
      if (!isNewlyMapped || !(draw.counts || floor[n].cause.startsWith("unmapped_"))) {
        expect({ round, name, floor: floor[n], merged: merged[n] }).toBe("a name that the agent newly maps");
      }
    });
  }
  expect(seen).toBeGreaterThan(pairs * 3);
  if (pairs >= 1_000) expect(escapes).toBeGreaterThan(pairs * 0.1);
});

test("the floor report names exactly the names that are below, and no agent breaks it", timeout, () => {
  const draw = new PairDraw(defaultSeed + 4, { countsPercent: 25 });
  const pairs = scaledTo(400, 20_000);
  let [exceptions, finite] = [0, 0];
  for (let round = 0; round < pairs; round++) {
    const layers = draw.layers();
    const all = nameClasses(globTextsOf(layers));
    const inventory = [...new Set(Array.from({ length: 6 }, () => allNames[draw.below(120)]))];
    const report = floorOf(layers.org, layers.agent, { card: layers.card, inventory });
    try {
      expect(report.broken).toEqual([]);
      expect([report.holds, report.undecided]).toEqual([true, []]);
      const below = namesBelow(layers, all, draw.counts);
      // Each class once, whatever the number of lines it is on.
      const found = new Set(report.exceptions.flatMap(({ names }) => names.map((name) => classAt(all, name) as number)));
      for (const id of found) expect(below.has(id)).toBe(true);
      expect(report.exceptions.length > 0).toBe(below.size > 0);
      const first = report.exceptions.filter(({ circumstance }) => isFirst(circumstance));
      checkFirstCalls(first, all, below);
      const members = inventory.filter((name) => below.has(classAt(all, name) as number));
      const said = new Set(report.exceptions.flatMap((change) => change.inventory));
      expect(inventory.filter((name) => said.has(name))).toEqual(members);
      expect(report.inventory).toEqual({ names: inventory.length, exceptions: members.length, invalid: 0 });
    } catch (error) {
      const text = JSON.stringify({ round, layers }, (key, value) => (/[sS]pan|tokens|source/.test(key) ? undefined : value));
      throw new Error(text, { cause: error });
    }
    exceptions += report.exceptions.length;
    for (const { size } of report.exceptions) if (size !== "infinite") finite++;
  }
  if (pairs < 1_000) return;
  expect(exceptions).toBeGreaterThan(pairs * 0.1);
  expect(finite).toBeGreaterThan(pairs * 0.02);
});

function isFirst({ prior, inGrace }: Kind): boolean {
  return !inGrace && prior.toolCount === 0;
}

/** By class, whether its names are below on a first call out of grace, or else on some other kind of call. */
function namesBelow(layers: Layers, all: NameClasses, counts: boolean): Map<number, boolean> {
  const { org, agent } = layers;
  const policies = [subjectOf({ org }).policy, subjectOf({ org, agent }).policy];
  const priors = priorsOf(policies.flatMap(countTestsOf)) ?? [];
  const names = all.classes.map(({ name }) => name);
  const below = new Map<number, boolean>();
  const grace = policies.every(({ defaults }) => defaults.gracePeriodHours.value > 0) ? [false, true] : [false];
  for (const inGrace of grace)
    for (const prior of priors) {
      const { floor, merged } = judged(layers, names, { prior, inGrace }, counts);
      names.forEach((_, id) => {
        if (isBelow(merged[id], floor[id]) && !below.has(id)) below.set(id, isFirst({ prior, inGrace }));
      });
    }
  return below;
}

/** What shows on a first call is on a line of its own for each pair of outcomes: the lines add up to all such names. */
function checkFirstCalls(changes: readonly OutcomeChange[], all: NameClasses, below: ReadonlyMap<number, boolean>): void {
  const labels = all.classOf.map((id) => (id !== undefined && below.get(id) === true ? "below" : undefined));
  const size = sizesOf(all.automaton, labels).get("below") ?? 0n;
  const sizes = changes.map((change) => change.size);
  if (size === "infinite") expect(sizes).toContain("infinite");
  else expect(sizes.reduce((sum, own) => (sum as bigint) + (own as bigint), 0n)).toBe(size);
  const shortest = all.classes.filter((_, id) => below.get(id) === true).map(({ name }) => name.length);
  if (shortest.length > 0) expect(Math.min(...changes.map(({ witness }) => witness.length))).toBe(Math.min(...shortest));
}
