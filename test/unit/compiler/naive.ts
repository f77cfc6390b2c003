import { isContinuation } from "../../../src/compiler/alphabet.js";
import { buildDfa } from "../../../src/compiler/determinize.js";
import type { Dfa, RowedGlob } from "../../../src/compiler/dfa.js";
import { RowTable } from "../../../src/compiler/rows.js";
import { ANY, parseGlob, STAR } from "../../../src/glob/parse.js";

/** Matching over code points by the definition, in quadratic time: the yardstick of these tests. */
export function naiveMatch(tokens: readonly number[], name: readonly number[]): boolean {
  let reached = new Array<boolean>(name.length + 1).fill(false);
  reached[0] = true;
  for (const token of tokens) {
    const after = new Array<boolean>(name.length + 1).fill(false);
    for (let i = 0; i <= name.length; i++) {
      if (token === STAR) after[i] = reached[i] || (i > 0 && after[i - 1]);
      else if (i > 0 && reached[i - 1]) after[i] = token === ANY || token === name[i - 1];
    }
    reached = after;
  }
  return reached[name.length];
}

export function codePoints(name: string): number[] {
  return Array.from(name, (character) => character.codePointAt(0) as number);
}

/** UTF-8, where a lone surrogate has the three bytes of WTF-8; written by hand since TextEncoder replaces it. */
export function wtf8(name: string): number[] {
  const bytes: number[] = [];
  for (const point of codePoints(name)) {
    if (point < 0x80) bytes.push(point);
    else {
      const size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      const mark = size === 2 ? 0xc0 : size === 3 ? 0xe0 : 0xf0;
      bytes.push(mark | (point >> (6 * (size - 1))));
      for (let i = size - 2; i >= 0; i--) bytes.push(0x80 | ((point >> (6 * i)) & 0x3f));
    }
  }
  return bytes;
}

export function run(dfa: Dfa, bytes: readonly number[]): number {
  let state = 0;
  for (const byte of bytes) state = dfa.next[state * dfa.classCount + dfa.classes[byte]];
  return dfa.rows[state];
}

export function tokensOf(glob: string): readonly number[] {
  const parsed = parseGlob(glob);
  if (typeof parsed === "string") throw new Error(`${glob}: ${parsed}`);
  return parsed.tokens;
}

export const plenty = { statesMax: 100_000, workMax: 50_000_000 };

/** The automaton of a set of globs that must fit. */
export function built(globs: readonly RowedGlob[], rows: RowTable, budget = plenty): Dfa {
  const dfa = buildDfa(globs, rows, budget);
  if ("over" in dfa) throw new Error(`over budget: ${dfa.over} after ${dfa.states} states`);
  return dfa;
}

/** Globs with row i in component 0. */
export function ranked(...globs: string[]): { globs: RowedGlob[]; rows: RowTable } {
  const rows = new RowTable();
  const none = 0xffffffff;
  return { rows, globs: globs.map((glob, i) => ({ tokens: tokensOf(glob), row: rows.intern(i, none, none, none) })) };
}

/** The cells of a row. */
export function cellsOf(rows: RowTable, row: number): number[] {
  return [0, 1, 2, 3].map((component) => rows.at(row, component));
}

/** The row by definition: join over all globs that match. */
export function naiveCells(globs: readonly RowedGlob[], rows: RowTable, name: string): number[] {
  const points = codePoints(name);
  let row = 0;
  for (const glob of globs) if (naiveMatch(glob.tokens, points)) row = rows.join(row, glob.row);
  return cellsOf(rows, row);
}

/** The characters of any byte string as the compiler sees them: a byte and the continuation bytes behind it. */
export function permissiveLength(bytes: readonly number[]): number {
  return bytes.filter((byte) => !isContinuation(byte)).length;
}

/** A small generator with a seed, so that failures repeat. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
