import { describe, expect, test } from "vitest";
import { explore } from "../../../src/analysis/explore.js";
import type { Exploration, MarkedGlob, Question } from "../../../src/analysis/question.js";
import { Random } from "../../support/random.js";
import { scaledTo } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";
import { bruteAnswer, bruteForce, marked, namesUpTo, randomGlob, randomQuestion } from "./explore-brute.js";

const rounds = scaledTo(480, 20_000);

/** Two letters that globs use, and the first that none does: the order of witnesses is the order of the alphabet. */
const alphabet = "abc";
const length = 7;

const shown = (question: Question) =>
  JSON.stringify({ ...question, globs: question.globs.map(({ tokens, row }) => [tokens, row]) });

function questions(count: number, seed: number): Question[] {
  const random = new Random(seed);
  return random.times(count, (i) => randomQuestion(random, "ab", 1 + (i % 12)));
}

function wrongAnswers(exploration: Exploration, answers: ReadonlyMap<string, string | undefined>): string[] {
  return [...answers].filter(([name, answer]) => exploration.answerOf(name) !== answer).map(([name]) => name);
}

describe("explorations of random questions", () => {
  test("agree with brute force: answers, least names, sizes", () => {
    let finite = 0;
    for (const question of questions(rounds, defaultSeed)) {
      const brute = bruteForce(question, alphabet, length);
      const exploration = explore(question);
      expect(exploration.complete).toBe(true);
      const expected = [...brute.first];
      const found = [...exploration.answers.values()];
      const near = found.filter(({ witness }) => witness.length <= length);
      expect(
        near.map(({ answer, witness }) => [answer, witness]),
        shown(question),
      ).toEqual(expected);
      for (const { answer, witness } of found) expect(bruteAnswer(question, witness), shown(question)).toBe(answer);
      for (const { answer, size } of near) {
        if (size === "infinite") expect(brute.longest.get(answer), shown(question)).toBeGreaterThan(5);
        else expect([answer, size], shown(question)).toEqual([answer, brute.counts.get(answer)]);
        if (size !== "infinite") finite++;
      }
      expect(wrongAnswers(exploration, brute.answers), shown(question)).toEqual([]);
    }
    expect(finite).toBeGreaterThan(rounds / 4);
  });

  test("list names in order, none left out", () => {
    // With more characters than names are asked for, the first ones are among these.
    const many = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    const names = namesUpTo(many, 3);
    for (const question of questions(rounds / 8, defaultSeed + 1)) {
      const kinds = new Map<string, string | undefined>();
      const byAnswer = new Map<string, string[]>();
      for (const name of names) {
        const kind = name.replaceAll(/[^ab]/g, "c");
        if (!kinds.has(kind)) kinds.set(kind, bruteAnswer(question, kind));
        const answer = kinds.get(kind);
        if (answer !== undefined) byAnswer.set(answer, [...(byAnswer.get(answer) ?? []).slice(0, 35), name].slice(0, 35));
      }
      for (const { answer, size, witness, names: list } of explore(question).answers.values()) {
        const expected = byAnswer.get(answer) ?? [];
        const listed = list(35);
        expect(listed.slice(0, expected.length), shown(question)).toEqual(expected);
        expect(listed.length, shown(question)).toBe(typeof size === "bigint" && size < 35n ? Number(size) : 35);
        expect(listed[0]).toBe(witness);
        expect(new Set(listed).size).toBe(listed.length);
        expect(listed.filter((name) => bruteAnswer(question, name) !== answer)).toEqual([]);
      }
    }
  });

  test("do not depend on the order of the globs, nor on globs written twice", () => {
    const random = new Random(defaultSeed + 2);
    for (const question of questions(rounds / 4, defaultSeed + 2)) {
      const globs = [...question.globs, ...question.globs.slice(0, 2)];
      for (let i = globs.length - 1; i > 0; i--) {
        const j = random.below(i + 1);
        [globs[i], globs[j]] = [globs[j], globs[i]];
      }
      const all = ({ answers, states }: Exploration) => [
        states,
        [...answers.values()].map(({ answer, witness, size, names }) => [answer, witness, size, names(9)]),
      ];
      expect(all(explore({ ...question, globs }))).toEqual(all(explore(question)));
      const budget = { statesMax: random.below(30), workMax: 200 + random.below(1000), openWorkMax: random.below(1000) };
      const limited = (order: readonly MarkedGlob[]) => explore({ ...question, globs: order, budget });
      const [one, other] = [limited(globs), limited([...globs].reverse())];
      expect([one.complete, one.over, ...all(one)], shown(question)).toEqual([other.complete, other.over, ...all(other)]);
    }
  });

  test("are exact in what they say when the budget ends or enough is met", () => {
    const names = namesUpTo(alphabet, 5);
    const random = new Random(defaultSeed + 3);
    const seen = new Set<string>();
    // With fewer not every way to end would be met.
    for (const question of questions(Math.max(rounds / 2, 240), defaultSeed + 3)) {
      const full = explore(question);
      const enough = random.below(4);
      const partial = explore({
        ...question,
        ...(random.chance(0.3) && { until: (met: ReadonlySet<string>) => met.size >= enough }),
        budget: {
          statesMax: random.below(20),
          workMax: random.pick([random.below(1200), 1e6]),
          openWorkMax: random.pick([random.below(100), 1e6]),
        },
      });
      seen.add(`${partial.complete} ${partial.over}`);
      if (partial.complete) expect([...partial.answers.keys()].sort(), shown(question)).toEqual([...full.answers.keys()].sort());
      else if (partial.over !== undefined) {
        const missing = [...full.answers.keys()].filter((answer) => !partial.answers.has(answer));
        expect(missing.filter((answer) => !(partial.open ?? missing).includes(answer))).toEqual([]);
      }
      for (const { answer, witness, size, names: list } of partial.answers.values()) {
        expect(full.answers.has(answer)).toBe(true);
        const whole = full.answers.get(answer)?.size;
        expect(partial.complete && partial.over === undefined ? [whole] : [whole, "unknown"]).toContain(size);
        const listed = list(12);
        expect(listed[0]).toBe(witness);
        expect(new Set(listed).size).toBe(listed.length);
        expect(
          listed.filter((name) => bruteAnswer(question, name) !== answer),
          shown(question),
        ).toEqual([]);
      }
      const answers = new Map(names.map((name) => [name, bruteAnswer(question, name)]));
      expect(wrongAnswers(partial, answers), shown(question)).toEqual([]);
    }
    expect([...seen].sort()).toEqual([
      "false states",
      "false undefined",
      "false work",
      "true states",
      "true undefined",
      "true work",
    ]);
  });

  test("agree with brute force where nearly all globs spell names out", () => {
    const random = new Random(defaultSeed + 4);
    let spelled = 0;
    for (let round = 0; round < rounds / 4; round++) {
      const width = random.between(1, 3);
      const row = () => random.times(width, () => random.below(3));
      const literals = random.times(random.between(1, 30), () => marked(randomGlob(random, "ab", 3, 0), ...row()));
      const patterns = random.times(random.below(4), () =>
        marked(random.pick(["?", "??", "a?", "*", "a*", "??b", "b?*"]), ...row()),
      );
      const question: Question = { globs: [...literals, ...patterns], width, answer: (r) => (r[0] > 2 ? undefined : `${r[0]}`) };
      if (random.chance(0.5)) Object.assign(question, { required: width - 1 });
      const brute = bruteForce(question, alphabet, 6);
      const exploration = explore(question);
      const found = [...exploration.answers.values()].map(({ answer, witness }) => [answer, witness]);
      expect(found, shown(question)).toEqual([...brute.first]);
      for (const { answer, size } of exploration.answers.values()) {
        if (size !== "infinite") expect(size, shown(question)).toBe(brute.counts.get(answer));
        if (typeof size === "bigint" && size < 10n) spelled++;
      }
      expect(wrongAnswers(exploration, brute.answers), shown(question)).toEqual([]);
    }
    expect(spelled).toBeGreaterThan(0);
  });
});
