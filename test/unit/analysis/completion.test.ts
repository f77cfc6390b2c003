import { describe, expect, test } from "vitest";
import { explore } from "../../../src/analysis/explore.js";
import { completeAnswers, isPumped } from "../../../src/analysis/product/completion.js";
import { AVOID, reach } from "../../../src/analysis/product/reach.js";
import { ABSENT, type MarkedGlob, type Question, type Row } from "../../../src/analysis/question.js";
import { Random } from "../../support/random.js";
import { scale } from "../../support/scale.js";
import { globOf } from "../../support/tiny-policy.js";

const workMax = 1e7;
const mark = (text: string, ...row: number[]): MarkedGlob => ({ tokens: globOf(text).tokens, row });
const role = (text: string, bits: number) => ({ tokens: globOf(text).tokens, role: bits });

function randomQuestion(random: Random): Question {
  const width = 1 + random.below(3);
  const glob = () => Array.from({ length: 1 + random.below(5) }, () => random.pick(["a", "b", "*", "?", "ab"])).join("");
  const rank = () => (random.chance(0.5) ? ABSENT : random.below(3));
  const globs = Array.from({ length: 1 + random.below(6) }, () => mark(glob(), ...Array.from({ length: width }, rank)));
  const required = random.chance(0.5) ? random.below(width) : undefined;
  const strong = random.chance(0.5);
  return {
    globs,
    width,
    answer: (row) => (row[0] === 0 && strong ? "strong" : row.join()),
    // Rank 0 of the first component decides everything.
    settle: (row) => (row[0] === 0 && strong ? row.map((r, c) => (c === required ? r : 0)) : row),
    ...(required === undefined ? {} : { required }),
  };
}

describe("answers decided one by one", () => {
  test("are those that the exploration of everything meets, with witnesses as short", () => {
    const random = new Random(20_261_122);
    let answers = 0;
    for (let i = 0; i < 3000 * scale; i++) {
      const question = randomQuestion(random);
      const whole = explore(question);
      expect(whole.complete).toBe(true);
      const { found, open, bounded } = completeAnswers(question, new Set(), workMax);
      expect([open.size, bounded]).toEqual([0, true]);
      const lengths = (entries: Iterable<readonly [string, string]>) =>
        [...entries].map(([answer, name]) => `${answer}: ${[...name].length}`).sort();
      const expected = lengths([...whole.answers.values()].map(({ answer, witness }) => [answer, witness] as const));
      expect([question.globs, lengths(found)]).toEqual([question.globs, expected]);
      for (const [answer, name] of found) expect(whole.answerOf(name)).toBe(answer);
      for (const { answer, witness, size } of whole.answers.values()) {
        if (isPumped(question.globs, witness, (name) => whole.answerOf(name) === answer)) expect(size).toBe("infinite");
      }
      answers += found.size;
    }
    expect(answers).toBeGreaterThan(1_500 * scale);
  });

  test("are found where the automaton of all globs has millions of states", () => {
    const verbs = Array.from({ length: 24 }, (_, i) => `*v${String.fromCharCode(97 + i)}*n${i}*`);
    const question: Question = {
      globs: [mark("mcp__a__*", ABSENT, 0), mark("mcp__*_x", 1, ABSENT), ...verbs.map((glob) => mark(glob, 0, ABSENT))],
      width: 2,
      required: 1,
      answer: ([first]) => String(first),
    };
    const { found, open } = completeAnswers(question, new Set(), workMax);
    expect(open.size).toBe(0);
    expect([...found].sort()).toEqual([
      ["0", "mcp__a__van0"],
      ["1", "mcp__a__x"],
      ["65535", "mcp__a__"],
    ]);
  });

  test("are open where the budget does not suffice, never denied", () => {
    const question = { globs: [mark("*a*b*c*d", 0), mark("d*c*b*a", 1)], width: 1, answer: (row: Row) => row.join() };
    const { found, open } = completeAnswers(question, new Set(), 8);
    for (const answer of ["0", "1", String(ABSENT)]) expect(found.has(answer) || open.has(answer)).toBe(true);
    expect(open.size).toBeGreaterThan(0);
  });

  test("without a bound on the answers there can be nothing is claimed", () => {
    const globs = Array.from({ length: 20 }, (_, i) =>
      mark(`*${i}*`, ...Array.from({ length: 20 }, (_, c) => (c === i ? 0 : ABSENT))),
    );
    const { bounded, found } = completeAnswers({ globs, width: 20, answer: (row) => row.join() }, new Set(), workMax);
    expect([bounded, found.size]).toEqual([false, 0]);
  });
});

describe("reach", () => {
  test.each([
    [[role("mcp__*", 2), role("*x", AVOID)], 1, "mcp__"],
    [[role("a*", 2), role("*b", 4)], 2, "ab"],
    [[role("a?", 2), role("aa", AVOID)], 1, "ab"],
    [[role("*", 2), role("?*", AVOID)], 1, undefined],
    [[role("abc", 2), role("a*c", AVOID)], 1, undefined],
    [[role("*\u{1f600}*", 2), role("\u{1f600}", AVOID)], 1, "a\u{1f600}"],
    [[role("?", 2)], 1, "a"],
    [[role("a", 2)], 2, undefined],
  ])("%#", (globs, wants, witness) => {
    expect(reach(globs, wants, workMax)).toMatchObject({ witness, over: false });
  });
});
