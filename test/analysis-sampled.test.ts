import { expect, test } from "vitest";
import { diffPolicies } from "../src/analysis/diff.js";
import { Ground } from "../src/analysis/lint/ground.js";
import { lintPolicy } from "../src/analysis/lint/lint.js";
import { findDead } from "../src/analysis/lint/liveness.js";
import { type Outcome, outcomeKey } from "../src/analysis/outcome.js";
import { firstCall } from "../src/analysis/priors.js";
import { pointsOf } from "../src/analysis/product/points.js";
import { subjectOf } from "../src/analysis/subject.js";
import type { Card, Policy } from "../src/policy/model.js";
import { parsePolicy } from "../src/syntax/policy.js";
import {
  actions,
  type GeneratedPolicy,
  type LayersShape,
  type PolicyShape,
  randomName,
  randomPolicy,
} from "./support/generate.js";
import { fullOutcomesOf, type OracleLayers, unitKey, withoutUnits } from "./support/oracle-verdicts.js";
import { Random } from "./support/random.js";
import { scaled } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

/**
 * The analysis on policies of up to 200 globs, of words, separators, Unicode and characters that mean something elsewhere: too many
 * for exhaustion, so names are drawn from the policies' own globs and one step away. What each of them gets must be said so.
 */
const timeout = { timeout: 900_000 };
const sizes = [5, 12, 30, 30, 60, 200];

function layersOf(shapes: LayersShape): { org?: Policy; agent?: Policy } {
  const parsed = (shape: PolicyShape): Policy => {
    const { value, diagnostics } = parsePolicy(JSON.stringify(shape), { file: `${shape.meta.scope}.json` });
    if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
    return value;
  };
  return { ...(shapes.org && { org: parsed(shapes.org) }), ...(shapes.agent && { agent: parsed(shapes.agent) }) };
}

function cardOf(random: Random): Card | undefined {
  if (random.chance(0.6)) return undefined;
  const chosen = actions.filter(() => random.chance(0.6));
  return { boundedActions: chosen, forbiddenActions: actions.filter(() => random.chance(0.1)) };
}

/** Some rules taken out, some put in, some moved or made milder. */
function editedShape(random: Random, shape: PolicyShape, more: PolicyShape): PolicyShape {
  const kept = <T>(list: readonly T[]) => list.filter(() => !random.chance(0.06));
  const some = <T>(list: readonly T[]) => list.filter(() => random.chance(0.05));
  const capabilities = [...kept(Object.entries(shape.capability_mappings)), ...some(Object.entries(more.capability_mappings))];
  if (random.chance(0.3)) capabilities.push(...capabilities.splice(0, 1));
  return {
    ...shape,
    capability_mappings: Object.fromEntries(capabilities),
    forbidden: [...some(more.forbidden), ...kept(shape.forbidden)].map((rule) =>
      random.chance(0.03) ? { ...rule, severity: random.pick(["low", "critical"]) } : rule,
    ),
    escalation_triggers: [...kept(shape.escalation_triggers), ...some(more.escalation_triggers)],
    defaults: random.chance(0.15) ? more.defaults : shape.defaults,
  };
}

function editedLayers(random: Random, { layers }: GeneratedPolicy, options: { globs: number; counts: boolean }) {
  const more = randomPolicy(random, options);
  const any = more.layers.org ?? more.layers.agent;
  const edit = (shape: PolicyShape | undefined) => shape && any && editedShape(random, shape, any);
  const [org, agent] = [edit(layers.org), edit(layers.agent)];
  return { layers: layersOf({ ...(org && { org }), ...(agent && { agent }) }), globs: more.globs };
}

function namesOf(random: Random, globs: readonly string[], count: number): string[] {
  const names = Array.from({ length: count }, () => randomName(random, globs));
  return [...new Set(names)].filter((name) => pointsOf(name) !== undefined);
}

/** Outcomes of first calls, in grace or out of it, without what they leave behind. */
function firstOutcomes(layers: OracleLayers, names: readonly string[], card: Card | undefined, inGrace = false): Outcome[] {
  return fullOutcomesOf(layers, names, { card, inGrace, prior: firstCall }, []).map((outcome) => ({
    ...outcome,
    cardActions: undefined,
    counted: undefined,
  }));
}

test("every drawn name that is judged differently is in the change that says so", timeout, () => {
  const random = new Random(defaultSeed);
  let [changed, undecided, same] = [0, 0, 0];
  const rounds = scaled(8);
  for (let round = 0; round < rounds; round++) {
    const options = { globs: sizes[round % sizes.length], counts: random.chance(0.2) };
    const generated = randomPolicy(random, options);
    const before = layersOf(generated.layers);
    const { layers: after, globs } = editedLayers(random, generated, options);
    const card = cardOf(random);
    const names = namesOf(random, [...generated.globs, ...globs], 150);
    const diff = diffPolicies(subjectOf(before), subjectOf(after), { card, inventory: names });
    if (!diff.complete) undecided++;
    const [from, to] = [firstOutcomes(before, names, card), firstOutcomes(after, names, card)];
    const lines = diff.changes.filter(
      ({ circumstance, before: old, after: now }) =>
        !circumstance.inGrace &&
        circumstance.prior.toolCount === 0 &&
        old.cardActions === undefined &&
        now.cardActions === undefined,
    );
    names.forEach((name, n) => {
      const pair = [from[n], to[n]].map(outcomeKey);
      const bare = (outcome: Outcome) => outcomeKey({ ...outcome, counted: undefined });
      const own = lines.filter(({ inventory }) => inventory.includes(name));
      if (pair[0] === pair[1]) {
        same++;
        // It may be told apart by what it counts.
        for (const { before: old, after: now } of own)
          expect([bare(old), bare(now), old.counted !== now.counted]).toEqual([...pair, true]);
        return;
      }
      changed++;
      expect({ round, name, said: own.map(({ before: old, after: now }) => [bare(old), bare(now)]) }).toEqual({
        round,
        name,
        said: [pair],
      });
    });
    for (const { before: old, after: now, names: shown } of lines) {
      const [shownFrom, shownTo] = [firstOutcomes(before, shown, card), firstOutcomes(after, shown, card)];
      const bare = (outcome: Outcome) => outcomeKey({ ...outcome, counted: undefined });
      expect(shownFrom.map(outcomeKey)).toEqual(shown.map(() => bare(old)));
      expect(shownTo.map(outcomeKey)).toEqual(shown.map(() => bare(now)));
    }
  }
  if (rounds < 20) return;
  expect(changed).toBeGreaterThan(rounds * 5);
  expect(same).toBeGreaterThan(rounds * 5);
  expect(undecided).toBeLessThan(rounds * 0.1);
});

test("no drawn name notices when what lint calls dead is taken out, one by one or all at once", timeout, () => {
  const random = new Random(defaultSeed + 1);
  let dead = 0;
  const rounds = scaled(8);
  for (let round = 0; round < rounds; round++) {
    const options = { globs: sizes[round % sizes.length], counts: random.chance(0.2) };
    const { layers: shapes, globs } = randomPolicy(random, options);
    const both = layersOf(shapes);
    const scope = both.agent === undefined ? "org" : "agent";
    const subject = subjectOf(both);
    const card = cardOf(random);
    const found = findDead(new Ground(subject, { card }), ({ layer }) => layer === scope);
    const gone = found.dead.flatMap(({ units }) =>
      units.map((unit) => unitKey({ ...unit, part: unit.kind === "forbidden" ? 0 : unit.part })),
    );
    const report = lintPolicy({ subject, scope, card });
    expect(report.undecided).toBe(found.undecided.length);
    const names = namesOf(random, globs, 120);
    for (const inGrace of [false, true]) {
      const whole = firstOutcomes(both, names, card, inGrace).map(outcomeKey);
      for (const keys of [gone, ...gone.slice(0, 20).map((key) => [key])]) {
        // One alone may matter only where another dead rule stands in its place.
        if (keys.length === 1 && gone.length > 1 && keys[0] !== gone[0]) continue;
        const rest = firstOutcomes(withoutUnits(both, new Set(keys)), names, card, inGrace).map(outcomeKey);
        names.forEach((name, n) => {
          if (rest[n] !== whole[n]) expect({ round, name, keys, now: rest[n] }).toEqual({ now: whole[n] });
        });
      }
    }
    dead += gone.length;
  }
  if (rounds >= 20) expect(dead).toBeGreaterThan(rounds);
});
