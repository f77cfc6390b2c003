import { expect, test } from "vitest";
import { buildDfa, buildUnminimizedDfa } from "../../../src/compiler/determinize.js";
import type { Dfa, RowedGlob } from "../../../src/compiler/dfa.js";
import { RowTable } from "../../../src/compiler/rows.js";
import {
  built,
  cellsOf,
  naiveCells,
  naiveMatch,
  permissiveLength,
  plenty,
  random,
  ranked,
  run,
  tokensOf,
  wtf8,
} from "./naive.js";

const none = 0xffffffff;

function words(alphabet: readonly string[], lengthMax: number): string[] {
  const all = [""];
  for (let i = 0, length = 0; length < lengthMax; length++) {
    for (const end = all.length; i < end; i++) for (const letter of alphabet) all.push(all[i] + letter);
  }
  return all;
}

function matches(glob: string, name: string): boolean {
  const { globs, rows } = ranked(glob);
  return run(built(globs, rows), wtf8(name)) !== 0;
}

test("`?` takes exactly one code point of one to four bytes", () => {
  for (const character of ["a", "\0", "\x7f", "é", "\u07ff", "\u0800", "€", "\uffff", "😀", "\u{10ffff}"]) {
    expect(matches("x?y", `x${character}y`), character).toBe(true);
    expect(matches("?", character), character).toBe(true);
    expect(matches("??", character), character).toBe(false);
    expect(matches("?", character + character), character).toBe(false);
    expect(matches("??", character + character), character).toBe(true);
    expect(matches("?*", character), character).toBe(true);
    expect(matches("*?x", `${character}x`), character).toBe(true);
  }
  expect(matches("x?y", "xy")).toBe(false);
  expect(matches("?", "")).toBe(false);
});

test("a lone surrogate is one code point, a pair is another", () => {
  expect(matches("a?b", "a\ud800b")).toBe(true);
  expect(matches("a?b", "a\udfffb")).toBe(true);
  expect(matches("a??b", "a\ud800b")).toBe(false);
  expect(matches("a?b", "a\ud83d\ude00b")).toBe(true);
  expect(matches("a??b", "a\udc00\ud800b")).toBe(true);
  expect(matches("\ufffd", "\ud800")).toBe(false);
});

test("literals of several bytes are matched whole, also behind wildcards", () => {
  expect(matches("*é", "aaé")).toBe(true);
  expect(matches("*é", "aa\u00e8")).toBe(false);
  expect(matches("?é*", "\u00e9\u00e9")).toBe(true);
  expect(matches("*😀?", "😁😀é")).toBe(true);
  // U+00E9 is C3 A9; U+0229 is C8 A9: same last byte.
  expect(matches("?é", "\u0229é")).toBe(true);
  expect(matches("?é", "\u0229")).toBe(false);
});

test("every byte string has a row", () => {
  const { globs, rows } = ranked("*", "a?c", "é*");
  const dfa = built(globs, rows);
  for (let byte = 0; byte < 256; byte++) expect(cellsOf(rows, run(dfa, [byte, 0xff, byte]))[0]).toBe(0);
  const lengths = ranked("??");
  const counting = built(lengths.globs, lengths.rows);
  const next = random(5);
  for (let i = 0; i < 2000; i++) {
    const bytes = Array.from({ length: next(7) }, () => next(256));
    const stray = bytes.length > 0 && (bytes[0] & 0xc0) === 0x80;
    expect(run(counting, bytes) !== 0).toBe(!stray && permissiveLength(bytes) === 2);
  }
});

test("all globs up to four tokens over a tiny alphabet agree with the definition on all short names", () => {
  const names = words(["a", "b", "é"], 5);
  const encoded = names.map(wtf8);
  const points = names.map((name) => Array.from(name, (c) => c.codePointAt(0) as number));
  const texts = new Set(words(["a", "é", "?", "*"], 4).filter((glob) => glob !== ""));
  let checked = 0;
  for (const text of texts) {
    const { globs, rows } = ranked(text);
    const dfa = built(globs, rows);
    for (let i = 0; i < names.length; i++) {
      if ((run(dfa, encoded[i]) !== 0) !== naiveMatch(globs[0].tokens, points[i])) {
        expect.fail(`${text} against ${JSON.stringify(names[i])}`);
      }
      checked++;
    }
  }
  expect(checked).toBe(340 * 364);
});

test("all pairs of short globs give the joined row", () => {
  const names = words(["a", "b"], 5);
  const encoded = names.map(wtf8);
  const texts = words(["a", "b", "?", "*"], 3).filter((glob) => glob !== "");
  for (const first of texts) {
    for (const second of texts) {
      const { globs, rows } = ranked(first, second);
      const dfa = built(globs, rows);
      const [a, b] = globs.map((glob) => names.map((name) => naiveMatch(glob.tokens, wtf8(name))));
      for (let i = 0; i < names.length; i++) {
        const expected = a[i] ? 0 : b[i] ? 1 : none;
        if (rows.at(run(dfa, encoded[i]), 0) !== expected) expect.fail(`${first}, ${second} against ${names[i]}`);
      }
    }
  }
});

/** A union of globs with rows of one to four components over few ranks, so that rows cover each other often. */
function randomUnion(seed: number): { globs: RowedGlob[]; rows: RowTable; texts: string[] } {
  const next = random(seed);
  const rows = new RowTable();
  const pieces = ["a", "b", "ab", "é", "😀", "_", "*", "*", "?", "mcp__"];
  const texts = Array.from({ length: 1 + next(next(4) === 0 ? 30 : 8) }, () => {
    let text = "";
    for (let i = 1 + next(5); i > 0; i--) text += pieces[next(pieces.length)];
    return text;
  });
  const cell = () => (next(3) === 0 ? next(6) : none);
  const globs = texts.map((text) => ({ tokens: tokensOf(text), row: rows.intern(cell(), cell(), cell(), cell()) }));
  return { globs, rows, texts };
}

function randomName(next: (below: number) => number, texts: readonly string[]): string {
  const fill = () => ["", "a", "b", "_", "é", "😀", "ab", "x", "\ud800"][next(9)];
  const text = texts[next(texts.length)];
  let name = "";
  for (const c of text) name += c === "*" ? fill() + fill() : c === "?" ? fill() : next(20) === 0 ? fill() : c;
  return name;
}

test("random unions with rows of four components agree with the definition", () => {
  let over = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const { globs, rows, texts } = randomUnion(seed);
    const dfa = buildDfa(globs, rows, { statesMax: 8192, workMax: 4_000_000 });
    if ("over" in dfa) {
      over++;
      continue;
    }
    const next = random(seed + 7777);
    for (let i = 0; i < 60; i++) {
      const name = randomName(next, texts);
      expect(cellsOf(rows, run(dfa, wtf8(name))), `seed ${seed}, ${JSON.stringify(name)}`).toEqual(naiveCells(globs, rows, name));
    }
  }
  expect(over).toBeLessThan(40);
});

function shuffled<T>(list: readonly T[], next: (below: number) => number): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = next(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

test("the result does not depend on the order of the globs or on repeats", () => {
  for (let seed = 500; seed < 540; seed++) {
    const first = randomUnion(seed);
    const second = randomUnion(seed);
    const next = random(seed);
    const a = built(first.globs, first.rows);
    const b = built(shuffled([...second.globs, second.globs[0]], next), second.rows);
    expect({ ...b, work: 0, statesBeforeMinimization: 0 }).toEqual({ ...a, work: 0, statesBeforeMinimization: 0 });
    expect(second.rows.cells()).toEqual(first.rows.cells());
    const third = randomUnion(seed);
    expect(built(shuffled(third.globs, next), third.rows)).toEqual(a);
  }
});

/** Pairs of states that some name tells apart, by the table-filling method; quadratic, for small automata. */
function distinguishable(dfa: Dfa): boolean {
  const n = dfa.stateCount;
  const apart = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => dfa.rows[i] !== dfa.rows[j]));
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        for (let c = 0; !apart[i][j] && c < dfa.classCount; c++) {
          const [x, y] = [dfa.next[i * dfa.classCount + c], dfa.next[j * dfa.classCount + c]];
          if (apart[x][y]) changed = apart[i][j] = apart[j][i] = true;
        }
      }
    }
  }
  return apart.every((row, i) => row.every((cell, j) => cell || i === j));
}

function breadthFirst(dfa: Dfa): boolean {
  let seen = 0;
  for (let i = 0; i < dfa.next.length; i++) {
    if (Math.floor(i / dfa.classCount) > seen || dfa.next[i] > seen + 1) return false;
    if (dfa.next[i] === seen + 1) seen++;
  }
  return seen === dfa.stateCount - 1;
}

test("no two states are equivalent, no two classes are equal, states are numbered breadth first", () => {
  let smaller = 0;
  for (let seed = 600; seed < 720; seed++) {
    const { globs, rows } = randomUnion(seed);
    const dfa = buildDfa(globs, rows, { statesMax: 150, workMax: 1_000_000 });
    if ("over" in dfa) continue;
    expect(distinguishable(dfa), `seed ${seed}`).toBe(true);
    expect(breadthFirst(dfa), `seed ${seed}`).toBe(true);
    const columns = new Set<string>();
    for (let c = 0; c < dfa.classCount; c++) {
      columns.add(String(Array.from({ length: dfa.stateCount }, (_, s) => dfa.next[s * dfa.classCount + c])));
    }
    expect(columns.size).toBe(dfa.classCount);
    if (dfa.stateCount < dfa.statesBeforeMinimization) smaller++;
  }
  expect(smaller).toBeGreaterThan(0);
});

test("minimising preserves", () => {
  for (let seed = 800; seed < 900; seed++) {
    const { globs, rows, texts } = randomUnion(seed);
    const raw = buildUnminimizedDfa(globs, rows, plenty);
    const dfa = buildDfa(globs, rows, plenty);
    if ("over" in raw || "over" in dfa) throw new Error("over budget");
    expect(dfa.statesBeforeMinimization).toBe(raw.stateCount);
    const next = random(seed);
    for (let i = 0; i < 50; i++) {
      const bytes = next(2) === 0 ? wtf8(randomName(next, texts)) : Array.from({ length: next(12) }, () => next(256));
      expect(run(dfa, bytes)).toBe(run(raw, bytes));
    }
  }
});

test("sets of equal meaning give equal automata", () => {
  const few = ranked("a*");
  const many = ranked("a*", "ab*", "a?*", "a*c*", "abc");
  expect({ ...built(many.globs, many.rows), work: 0, statesBeforeMinimization: 0 }).toEqual({
    ...built(few.globs, few.rows),
    work: 0,
    statesBeforeMinimization: 0,
  });
});

test("no globs, and globs without a row, are one state", () => {
  const rows = new RowTable();
  for (const globs of [[], [{ tokens: tokensOf("a*b"), row: 0 }]]) {
    const dfa = built(globs, rows);
    expect([dfa.stateCount, dfa.classCount, dfa.rows[0], dfa.next[0]]).toEqual([1, 1, 0, 0]);
  }
});

test("the budget is exact in states and leaves the rows alone when it does not suffice", () => {
  const { globs, rows } = ranked("*ab*cd*", "*ef*gh*", "*ij*kl*");
  const { statesBeforeMinimization: needed, work } = built(globs, rows);
  const count = rows.count;
  const fresh = () => ranked("*ab*cd*", "*ef*gh*", "*ij*kl*");
  const enough = fresh();
  expect("over" in buildDfa(enough.globs, enough.rows, { statesMax: needed, workMax: work })).toBe(false);
  expect(enough.rows.count).toBe(count);
  const states = fresh();
  const before = states.rows.count;
  expect(buildDfa(states.globs, states.rows, { statesMax: needed - 1, workMax: work })).toMatchObject({
    over: "states",
    states: needed - 1,
  });
  expect(states.rows.count).toBe(before);
  expect(buildDfa(states.globs, states.rows, { statesMax: needed, workMax: work - 1 })).toMatchObject({ over: "work" });
});

test("globs of more tokens than the budget has work are given up unread", () => {
  const { globs, rows } = ranked("abcdefghij*");
  expect(buildDfa(globs, rows, { statesMax: 100, workMax: 10 })).toEqual({ over: "work", states: 0, work: 0 });
});

test("globs that explode are given up within the budget", () => {
  const budget = { statesMax: 1000, workMax: 300_000 };
  const exploding = [
    [`*a${"?".repeat(16)}`],
    Array.from({ length: 24 }, (_, i) => `*${String.fromCharCode(97 + i)}*${String.fromCharCode(98 + i)}*`),
    Array.from({ length: 3000 }, (_, i) => `*${i}word${2999 - i}*`),
    Array.from({ length: 3000 }, (_, i) => `${"?".repeat(i % 31)}x${i}`),
    Array.from({ length: 3000 }, (_, i) => `mcp__server${i}__*`),
  ];
  for (const texts of exploding) {
    const { globs, rows } = ranked(...texts);
    const result = buildDfa(globs, rows, budget);
    expect(result).toHaveProperty("over");
    // One state may overshoot by what it holds, never by more.
    expect(result.work).toBeLessThan(2 * budget.workMax);
  }
});

test("dominance keeps ordinary policies small", () => {
  const verbs = ["delete", "drop", "send", "write", "update", "create", "merge", "push", "remove", "exec", "run", "move"];
  const { globs, rows } = ranked(...verbs.map((verb) => `mcp__*__${verb}*`));
  // Remembering every match takes 184,326 states.
  expect(built(globs, rows).stateCount).toBeLessThan(500);
});
