import { expect, test } from "vitest";
import { specified } from "../../../src/analysis/confirm.js";
import { circumstancesOf } from "../../../src/analysis/diff/circumstances.js";
import { diffPolicies } from "../../../src/analysis/diff.js";
import { directionOf, outcomeKey } from "../../../src/analysis/outcome.js";
import { type Subject, subjectOf } from "../../../src/analysis/subject.js";
import type { Policy } from "../../../src/policy/model.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

const pieces = ["a", "b", "c", "__", "é", "😀", "z"];
const allNames = pieces.flatMap((a) => [a, ...pieces.flatMap((b) => [a + b, `${a}b${b}`])]);

function edited(draw: PolicyDraw, policy: Policy): Policy {
  const other = draw.policy(policy.meta.scope);
  return {
    ...policy,
    ...(draw.chance(50) ? { forbidden: draw.chance(50) ? other.forbidden : policy.forbidden.slice(1) } : {}),
    ...(draw.chance(40) ? { capabilities: draw.chance(50) ? other.capabilities : [...policy.capabilities].reverse() } : {}),
    ...(draw.chance(40) ? { triggers: other.triggers } : {}),
    ...(draw.chance(30) ? { defaults: other.defaults } : {}),
  };
}

function subjects(draw: PolicyDraw): [Subject, Subject] {
  const agent = draw.policy("agent");
  const org = draw.chance(50) ? draw.policy("org") : undefined;
  return [
    subjectOf({ org, agent }),
    subjectOf({ org: org && draw.chance(30) ? edited(draw, org) : org, agent: edited(draw, agent) }),
  ];
}

test("changes are those that the specification finds name by name", () => {
  const draw = new PolicyDraw(defaultSeed);
  let changed = 0;
  // Some pairs differ in many ways and many in none: fewer rounds would prove little.
  const rounds = Math.max(24, scaled(40));
  for (let round = 0; round < rounds; round++) {
    const [before, after] = subjects(draw);
    const { list } = circumstancesOf(before.policy, after.policy);
    // The specification judges each name after each kind of session, which takes its time.
    if (list.length > 24) continue;
    const card = draw.chance(50) ? draw.card() : undefined;
    const diff = diffPolicies(before, after, { card, inventory: allNames });
    expect(diff.undecided).toEqual([]);
    const wanted = new Set<string>();
    const weaker = new Set<string>();
    for (const circumstance of list) {
      const olds = specified(before, allNames, { card, ...circumstance });
      const news = specified(after, allNames, { card, ...circumstance });
      for (const name of allNames) {
        const [from, to] = [olds.get(name)!, news.get(name)!];
        if (outcomeKey(from) === outcomeKey(to)) continue;
        const direction = directionOf(from, to);
        if (direction === "weaker") weaker.add(name);
        if (!circumstance.inGrace) wanted.add(JSON.stringify([name, bareKey(from), bareKey(to)]));
      }
    }
    const own = new Set<string>();
    const ownWeaker = new Set<string>();
    for (const change of diff.changes) {
      for (const name of change.inventory) {
        if (change.direction === "weaker") ownWeaker.add(name);
        if (bareKey(change.before) === bareKey(change.after)) continue;
        if (!change.circumstance.inGrace) own.add(JSON.stringify([name, bareKey(change.before), bareKey(change.after)]));
      }
      expect([change.causes.length > 0, change.causesComplete]).toEqual([true, true]);
      if (allNames.some((name) => name.length === change.witness.length && change.inventory.includes(name))) continue;
      expect(change.inventory.every((name) => [...name].length >= [...change.witness].length)).toBe(true);
    }
    expect({ round, own: [...own].sort() }).toEqual({ round, own: [...wanted].sort() });
    for (const name of weaker) expect({ round, name, weaker: ownWeaker.has(name) }).toEqual({ round, name, weaker: true });
    changed += diff.changes.length;
  }
  expect(changed).toBeGreaterThan(rounds / 4);
});

function bareKey(o: Parameters<typeof outcomeKey>[0]): string {
  return outcomeKey({ ...o, cardActions: undefined, counted: undefined });
}
