import { describe, expect, test } from "vitest";
import { explore } from "../../../src/analysis/explore.js";
import { compareNames, isNamePoint, pointAt, pointCount, pointsOf, rankOf } from "../../../src/analysis/product/points.js";
import { ABSENT, type Exploration, type MarkedGlob, type Question, type Row } from "../../../src/analysis/question.js";
import { Random } from "../../support/random.js";
import { allPoints, bruteAnswer, marked, rowText } from "./explore-brute.js";

const ask = (globs: readonly MarkedGlob[], more: Partial<Question> = {}): Exploration =>
  explore({ globs, width: globs[0]?.row.length ?? 1, answer: rowText, ...more });

const shown = ({ answers }: Exploration) => [...answers.values()].map(({ answer, witness, size }) => [answer, witness, size]);

/** `size` components, met at one place. */
const unit = (size: number, place: number): number[] => Array.from({ length: size }, (_, i) => (i === place ? 0 : ABSENT));

describe("code points of names", () => {
  test("have ranks, one each, without surrogates and U+FFFD", () => {
    expect(BigInt(pointCount)).toBe(allPoints);
    let wrong = 0;
    for (let rank = 0; rank < pointCount; rank++) if (rankOf(pointAt(rank)) !== rank || !isNamePoint(pointAt(rank))) wrong++;
    expect(wrong).toBe(0);
    expect([-1, 0xd800, 0xdfff, 0xfffd, 0x110000].filter(isNamePoint)).toEqual([]);
    expect([0, 0xd7ff, 0xe000, 0xfffc, 0xfffe, 0x10ffff].filter((point) => !isNamePoint(point))).toEqual([]);
  });
  test("come in the order in which they read well", () => {
    const first = Array.from({ length: 72 }, (_, rank) => String.fromCodePoint(pointAt(rank))).join("");
    expect(first).toBe(`abcdefghijklmnopqrstuvwxyz0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZ!"#$%&'(`);
    expect([94, 95, pointCount - 1].map(pointAt)).toEqual([0x20, 0xa0, 0x9f]);
  });
  test("make shorter names lesser ones, whatever they hold", () => {
    const names = ["a", "_", "😀", "\0", "aa", "a_", "aA"].map((name) => pointsOf(name) as number[]);
    expect([...names].reverse().sort(compareNames)).toEqual(names);
    expect(["", "\ud83d", "a\ufffd"].map(pointsOf)).toEqual([undefined, undefined, undefined]);
  });
});

describe("explore", () => {
  test("counts names, finitely and infinitely many", () => {
    const exploration = ask([marked("ab", 0), marked("a?", 1), marked("x*", 2)], { required: 0 });
    expect(shown(exploration)).toEqual([
      ["2", "x", "infinite"],
      ["1", "aa", allPoints - 1n],
      ["0", "ab", 1n],
    ]);
    expect(exploration.answers.get("1")?.names(3)).toEqual(["aa", "ac", "ad"]);
    expect(exploration.answers.get("0")?.names(3)).toEqual(["ab"]);
    expect(exploration.answers.get("2")?.names(3)).toEqual(["x", "xa", "xb"]);
    expect(exploration.answers.get("2")?.names(0)).toEqual([]);
  });
  test("counts every way to the same end", () => {
    expect(shown(ask([marked("a?b??", 0), marked("a?b?c", 0)], { required: 0 }))).toEqual([["0", "aabaa", allPoints ** 3n]]);
    expect(shown(ask([marked("??", 0), marked("?x", 1), marked("y?", 0)], { required: 0 }))).toEqual([
      ["0", "aa", allPoints ** 2n],
    ]);
  });
  test("without a glob there is one answer, and nothing where something is required", () => {
    expect(shown(explore({ globs: [], width: 0, answer: rowText }))).toEqual([["", "a", "infinite"]]);
    const none = explore({ globs: [], width: 2, answer: rowText, required: 1 });
    expect([shown(none), none.complete, none.states, none.answerOf("a")]).toEqual([[], true, 0, undefined]);
  });
  test("the empty name is none", () => {
    expect(shown(ask([marked("*", 0), marked("?*", 1)]))).toEqual([["0", "a", "infinite"]]);
    const exploration = ask([marked("*", 1), marked("?*", 0)]);
    expect(shown(exploration)).toEqual([["0", "a", "infinite"]]);
    expect([exploration.answerOf(""), exploration.answerOf("a")]).toEqual([undefined, "0"]);
  });
  test("names that are spelled out are not witnesses of what they would be", () => {
    const letters = ["a", "b", "ca"].map((name) => marked(name, 0));
    const exploration = ask([...letters, marked("?", 2), marked("c?", 1)]);
    expect(shown(exploration)).toEqual([
      ["0", "a", 3n],
      ["2", "c", allPoints - 2n],
      ["-", "aa", "infinite"],
      ["1", "cb", allPoints - 1n],
    ]);
    expect(exploration.answers.get("0")?.names(9)).toEqual(["a", "b", "ca"]);
  });
  test("an answer that only spelled out names would have is no answer", () => {
    const covering = [marked("a", 0, ABSENT), marked("?", ABSENT, 0)];
    expect(shown(ask(covering, { required: 0 }))).toEqual([["0,0", "a", 1n]]);
  });
  test("a witness has as many code points as it must, not as many code units", () => {
    const exploration = ask([marked("?", 0), marked("😀?", 1), marked("é*", 2)], { required: 0 });
    expect(shown(exploration)).toEqual([
      ["0", "a", allPoints],
      ["2", "éa", "infinite"],
      ["1", "😀a", allPoints],
    ]);
    expect(["😀", "😀😀", "é😀", "\ud83d", "�"].map((name) => exploration.answerOf(name))).toEqual([
      "0",
      "1",
      "2",
      undefined,
      undefined,
    ]);
  });
  test("globs that spell U+FFFD match no valid name", () => {
    expect(shown(ask([marked("\ufffd", 0), marked("a\ufffd*", 0), marked("b", 1)], { required: 0 }))).toEqual([["1", "b", 1n]]);
  });
  test("wildcards in any order", () => {
    const tokens = [-1, -2, -1, -2, -1];
    expect(shown(ask([{ tokens, row: [0] }], { required: 0 }))).toEqual([["0", "aa", "infinite"]]);
  });
  test("asks once for each row", () => {
    const asked: string[] = [];
    const answer = (row: Row) => {
      asked.push(rowText(row));
      return rowText(row);
    };
    const exploration = ask([marked("a*", 0, 1), marked("*b", 1, 0), marked("ab", 1, 1)], { answer });
    for (const name of ["a", "b", "ab", "abc", "x"]) exploration.answerOf(name);
    expect([...new Set(asked)].sort()).toEqual([...asked].sort());
  });
  test("what settling decides is not looked at again", () => {
    const globs = [marked("a*", 0, ABSENT), ...["b", "c", "d", "e"].map((letter, i) => marked(`*${letter}*x`, 1, i))];
    const answer = (row: Row) => (row[0] === 0 ? "decided" : rowText(row));
    const settle = (row: Row) => (row[0] === 0 ? row.map(() => 0) : row);
    const plain = ask(globs, { answer });
    const settled = ask(globs, { answer, settle });
    expect(shown(settled)).toEqual(shown(plain));
    expect(settled.states).toBeLessThan(plain.states);
  });
  test("a state forgets what a better rank has decided", () => {
    const exploration = ask([marked("a*", 0), marked("a?c??f", 1), marked("ab*c", 2)]);
    expect([exploration.states, shown(exploration).map(([answer]) => answer)]).toEqual([3, ["0", "-"]]);
  });
  test("finds the least name where states share what follows, and the first of them goes another way", () => {
    const globs = [marked("a*x", 0, ABSENT), marked("b*x", 0, ABSENT), marked("ax*", ABSENT, 0), marked("bq*", ABSENT, 1)];
    expect(shown(ask(globs)).map(([answer, witness]) => `${answer} ${witness}`)).toEqual([
      "-,- a",
      "0,0 ax",
      "-,1 bq",
      "0,- bx",
      "-,0 axa",
      "0,1 bqx",
    ]);
  });
  test("what is required keeps it to names that can have it", () => {
    const others = Array.from({ length: 200 }, (_, i) => marked(`mcp__s${i}__*t${i}*`, ABSENT, i));
    const exploration = ask([marked("mcp__s7__a", 0, ABSENT), marked("mcp__s8__*", 0, ABSENT), ...others], { required: 0 });
    expect(shown(exploration)).toEqual([
      ["0,-", "mcp__s8__", "infinite"],
      ["0,8", "mcp__s8__t8", "infinite"],
    ]);
    expect(exploration.states).toBeLessThan(20);
    expect(exploration.answerOf("mcp__s7__a")).toBe("0,-");
    expect(exploration.answerOf("mcp__s7__at7")).toBeUndefined();
  });
  test("stops when enough is met", () => {
    const globs = ["a", "bb*", "ccc*", "dddd*"].map((text, i) => marked(text, i));
    const seen: number[] = [];
    const exploration = ask(globs, {
      until: (met) => {
        seen.push(met.size);
        return met.has("1");
      },
    });
    expect([exploration.complete, exploration.over]).toEqual([false, undefined]);
    expect(shown(exploration).filter(([, , size]) => size !== "unknown")).toEqual([]);
    expect([...exploration.answers.keys()]).toEqual(["0", "-", "1"]);
    expect(seen).toEqual([...new Set(seen)]);
    expect(["a", "b", "bb", "ccccc", "dddd", "x"].map((name) => exploration.answerOf(name))).toEqual([
      "0",
      "-",
      "1",
      "2",
      "3",
      "-",
    ]);
  });
  test.each([[[0]], [[0, -1]], [[0, 0x10000]], [[0, 0.5]], [[0, 1, 2]], [[Number.NaN, 0]]])("refuses the row %j", (row) => {
    expect(() => ask([marked("a", 0, 0), marked("b*", ...row)])).toThrow(RangeError);
  });
});

describe("explorations of hostile globs", () => {
  const verbs = ["delete", "drop", "remove", "erase", "purge", "wipe", "kill", "stop", "halt", "abort", "end", "close"];

  test("every set of twelve verbs is an answer of its own", () => {
    const globs = verbs.map((verb, i) => marked(`mcp__*__${verb}*`, ...unit(12, i)));
    const { complete, answers } = ask(globs, { budget: { statesMax: 250_000, workMax: 40_000_000 } });
    expect([complete, answers.size]).toEqual([true, 4096]);
    const all = answers.get(rowText(verbs.map(() => 0)));
    expect(verbs.filter((verb) => !all?.witness.includes(`__${verb}`))).toEqual([]);
    expect(bruteAnswer({ globs, width: 12, answer: rowText }, all?.witness ?? "")).toBe(all?.answer);
  });
  test("a star before sixteen question marks", () => {
    const exploration = ask([marked(`*a${"?".repeat(16)}`, 0)], { required: 0 });
    expect([exploration.complete, shown(exploration)]).toEqual([true, [["0", "a".repeat(17), "infinite"]]]);
    expect([exploration.answerOf(`aaab${"x".repeat(16)}`), exploration.answerOf(`ba${"\0".repeat(16)}`)]).toEqual([
      undefined,
      "0",
    ]);
  });
  test("thousands of characters that are not ASCII", () => {
    const characters = Array.from({ length: 3000 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    const spelled = ask(characters.map((character, i) => marked(`x${character}`, i % 3)));
    expect(shown(spelled).slice(1)).toEqual([
      ["0", "x一", 1000n],
      ["1", "x丁", 1000n],
      ["2", "x丂", 1000n],
    ]);
    const heads = ask(characters.map((character, i) => marked(`*${character}?`, i % 3)));
    expect([
      heads.complete,
      shown(heads)
        .slice(1)
        .map(([, witness]) => witness),
    ]).toEqual([true, ["一a", "丁a", "丂a"]]);
    expect(heads.answerOf("丂丁😀")).toBe("1");
  });
  test("names from everywhere are judged", () => {
    const exploration = ask([marked("__proto__", 0), marked("*\n*", 1), marked("*\u202e*", 2), marked(`*${"z".repeat(200)}`, 3)]);
    expect(["__proto__", "constructor", "a\nb", "x\u202ey", "z".repeat(100_000)].map(exploration.answerOf)).toEqual([
      "0",
      "-",
      "1",
      "2",
      "3",
    ]);
    expect(exploration.answers.get("2")?.witness).toBe("\u202e");
  });
  test("rows of hundreds of components", () => {
    const globs = Array.from({ length: 300 }, (_, i) => marked(`*w${i}x`, ...unit(300, i)));
    const { complete, answers } = ask(globs);
    expect([complete, answers.size]).toEqual([true, 301]);
    expect(answers.get(rowText(unit(300, 217)))?.witness).toBe("w217x");
  });
  test("a hundred thousand globs: past the budget, what is said is still so", () => {
    const random = new Random(3);
    const globs = random.times(100_000, () => {
      const verb = `verb${random.below(100_000)}`;
      const shape = random.pick([
        `mcp__srv${random.below(5000)}__${verb}`,
        `mcp__srv${random.below(5000)}__${verb}*`,
        `mcp__*__${verb}*`,
      ]);
      return marked(shape, random.below(4), random.chance(0.5) ? random.below(5) : ABSENT);
    });
    const question: Question = { globs, width: 2, answer: rowText, budget: { statesMax: 1e5, workMax: 1.2e7, openWorkMax: 0 } };
    const exploration = explore(question);
    expect(exploration.over).toBe("work");
    expect(exploration.work).toBeLessThan(1.5e7);
    const witnesses = [...exploration.answers.values()].slice(0, 2);
    expect(witnesses.length).toBe(2);
    for (const { answer, witness } of witnesses) expect([witness, bruteAnswer(question, witness)]).toEqual([witness, answer]);
    expect(exploration.answerOf("mcp__x__verb77")).toBe(bruteAnswer(question, "mcp__x__verb77"));
  });
});
