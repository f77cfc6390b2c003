import { expect, test } from "vitest";
import { confirm, quickReferenceMatch, specified, UnconfirmedAnswer } from "../../../src/analysis/confirm.js";
import type { Outcome } from "../../../src/analysis/outcome.js";
import { countTestsOf, priorsOf } from "../../../src/analysis/priors.js";
import { subjectOf } from "../../../src/analysis/subject.js";
import { referenceMatch } from "../../../src/reference/evaluate.js";
import { textsUpTo } from "../../support/alphabet.js";
import { specificationOf } from "../../support/oracle-verdicts.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

test("the quick matcher is the specification's, glob by glob and name by name", () => {
  const names = textsUpTo(["a", "b", "\u{1f600}"], 4);
  // Not canonical, as policies write them.
  for (const glob of textsUpTo(["a", "\u{1f600}", "*", "?"], 4).slice(1)) {
    for (const name of names) {
      if (quickReferenceMatch(glob, name) !== referenceMatch(glob, name)) expect([glob, name]).toEqual("alike");
    }
  }
  // Halves of pairs: the literal ends are compared by code units.
  for (const [glob, name] of [["?\ude00", "\u{1f600}"], ["\u{1f600}*", "\ud83d"], ["*\u{1f600}", "\ude00"], ["?", "\ud83d"]] as const) {
    expect(quickReferenceMatch(glob, name)).toBe(referenceMatch(glob, name));
  } // biome-ignore format: one list
});

test("many names at once are judged as each is alone, with counts and without", () => {
  const draw = new PolicyDraw(defaultSeed);
  for (let round = 0; round < scaled(120); round++) {
    const layers = { org: draw.policy("org"), agent: draw.policy("agent") };
    const subject = subjectOf(draw.chance(60) ? layers : draw.chance(50) ? { org: layers.org } : { agent: layers.agent });
    const card = draw.chance(50) ? draw.card() : undefined;
    const prior = draw.of(priorsOf(countTestsOf(subject.policy)) ?? []);
    const inGrace = draw.chance(50);
    const names = Array.from({ length: 6 }, () => draw.name());
    const said = specified(subject, [...names, ...names], { card, prior, inGrace });
    expect([...said.keys()]).toEqual([...new Set(names)]);
    for (const name of names) expect(said.get(name)).toEqual(specificationOf(subject.layers, name, { card, prior, inGrace }));
    confirm(subject, said, { card, prior, inGrace });
  }
});

test("an answer that is wrong in one field is not confirmed", () => {
  const draw = new PolicyDraw(defaultSeed + 1);
  const others: Partial<Outcome>[] = [
    ...(["pass", "warn", "fail"] as const).map((verdict) => ({ verdict })),
    ...(["allow", "warn", "escalate", "deny"] as const).map((action) => ({ action })),
    ...(["mapped", "unmapped_allowed", "forbidden", "escalated"] as const).map((cause) => ({ cause })),
    ...([undefined, "low", "medium", "high", "critical"] as const).map((severity) => ({ severity })),
  ];
  for (let round = 0; round < scaled(30); round++) {
    const subject = subjectOf({ agent: draw.policy("agent") });
    const right = [...specified(subject, ["ab", "c"])];
    for (const other of others) {
      const [[name, outcome], rest] = right;
      const wrong = { ...outcome, ...other };
      const claim = () => confirm(subject, new Map([rest, [name, wrong]]));
      if (JSON.stringify(wrong) === JSON.stringify(outcome)) claim();
      else expect(claim).toThrow(UnconfirmedAnswer);
    }
  }
  const subject = subjectOf({ agent: draw.policy("agent") });
  const [[name, outcome]] = specified(subject, ["a\u202e\n"]);
  const wrong: Outcome = { ...outcome, cause: "fault" };
  expect(() => confirm(subject, new Map([[name, wrong]]))).toThrow(/disagree about "a.*\\n"/);
  // What a question tells apart beyond outcomes is not the specification's to say.
  confirm(subject, new Map([[name, { ...outcome, cardActions: '["x"]', counted: "violation" }]]));
  confirm(subject, new Map());
});

test("the prior and the card it was found with belong to an answer", () => {
  const draw = new PolicyDraw(defaultSeed + 2);
  let differs = 0;
  for (let round = 0; round < scaled(150); round++) {
    const subject = subjectOf({ agent: draw.policy("agent") });
    const card = draw.card();
    const prior = draw.of(priorsOf(countTestsOf(subject.policy)) ?? []);
    const answers = specified(subject, ["a", "bc"], { card, prior });
    confirm(subject, answers, { card, prior });
    const plain = specified(subject, ["a", "bc"]);
    if (JSON.stringify([...plain]) === JSON.stringify([...answers])) continue;
    differs++;
    expect(() => confirm(subject, answers)).toThrow(UnconfirmedAnswer);
  }
  expect(differs).toBeGreaterThan(scaled(10));
});
