import { LANE_DFA, LANE_GRAM, LANE_LENGTH, LANE_PARALLEL, LANE_PREFIX, LANE_SUFFIX } from "../artifact/layout.js";
import { ANY, STAR } from "../glob/parse.js";
import { type ByteGlob, byteGlob } from "./byte-glob.js";
import { buildDfa } from "./determinize.js";
import type { Dfa, DfaBudget } from "./dfa.js";
import { buildGramTable, fileByGram, type GramTable } from "./grams.js";
import { buildKeyTable, chooseBasis, cumulate, type Key, type KeyTable } from "./key-table.js";
import { completeLiterals } from "./literals.js";
import { buildParallelBlock, parallelBytes } from "./parallel.js";
import type { Plan } from "./plan.js";

export interface LaneBudget extends DfaBudget {
  /** States of an automaton that takes the literals too. */
  readonly wholeStatesMax: number;
  /** Units of work for completing literal rows; past it they stay open and join at run time. */
  readonly literalWorkMax: number;
  /** Bytes of the reserve block. */
  readonly reserveBytesMax: number;
}

export const defaultBudget: LaneBudget = {
  statesMax: 8192,
  wholeStatesMax: 1024,
  workMax: 2_000_000,
  literalWorkMax: 40_000_000,
  reserveBytesMax: 8 * 1024 * 1024,
};

/** Where every glob went, and the tables. Absent lanes are undefined. */
export interface Lanes {
  /** LANE_* by glob id. */
  readonly laneOf: Uint8Array;
  readonly basis: number;
  readonly literals: KeyTable | undefined;
  /** Literal rows are the whole answer. */
  readonly literalsComplete: boolean;
  readonly dfa: Dfa | undefined;
  readonly prefixes: KeyTable | undefined;
  readonly suffixes: KeyTable | undefined;
  readonly grams: GramTable | undefined;
  /** By posting: whether the reserve block holds its glob. */
  readonly reserved: Uint8Array;
  readonly lengthRows: readonly number[];
  readonly parallel: Uint8Array | undefined;
  readonly reserve: Uint8Array | undefined;
  readonly verifyBudget: number;
  /** Why there is no automaton although there are globs with wildcards. */
  readonly overBudget: "states" | "work" | undefined;
  readonly milliseconds: ReadonlyMap<string, number>;
}

interface Sorted {
  readonly literals: Key[];
  readonly rest: ByteGlob[];
}

/** A policy this small may be one automaton, literals included. */
const wholeGlobsMax = 64;
/** About what running the reserve block costs, in units of verification; measured in bench/, and only a matter of speed. */
const verifyBudgetMin = 4096;
const verifyBudgetMax = 16_384;
/** Fewer globs than this never need a reserve: verifying them all is cheap. */
const reserveGlobsMin = 16;

/**
 * Puts every glob into a lane. Literals leave the automaton for a table. The rest go into one DFA if it fits the budget; if not,
 * all of them go to the indexed lanes: one pass over a name serves any number of globs there, so holding back a part in an
 * automaton would cost a second pass and win nothing.
 */
export function chooseLanes(plan: Plan, budget: LaneBudget, clock: () => number): Lanes {
  const milliseconds = new Map<string, number>();
  const timed = <T>(stage: string, run: () => T): T => {
    const start = clock();
    const value = run();
    milliseconds.set(stage, (milliseconds.get(stage) ?? 0) + clock() - start);
    return value;
  };
  const laneOf = new Uint8Array(plan.globs.length);
  const sorted = timed("plan", () => sortGlobs(plan));
  const whole = timed("automaton", () => wholeAutomaton(plan, budget));
  const { literals, rest } =
    whole === undefined ? sorted : { literals: [], rest: plan.globs.map((g, id) => byteGlob(id, g.row, g.tokens)) };
  const attempt = timed("automaton", () => {
    if (whole !== undefined) return whole;
    if (rest.length === 0) return undefined;
    if (rest.length > budget.statesMax) return { over: "states" as const, states: 0, work: 0 };
    const globs = rest.map((glob) => ({ tokens: plan.globs[glob.id].tokens, row: glob.row }));
    return buildDfa(globs, plan.rows, budget);
  });
  const dfa = attempt !== undefined && "classes" in attempt ? attempt : undefined;
  const overBudget = attempt !== undefined && "over" in attempt ? attempt.over : undefined;
  if (dfa !== undefined) for (const glob of rest) laneOf[glob.id] = LANE_DFA;
  const indexed = dfa === undefined ? rest : [];
  const parts = timed("index", () => sortIndexed(indexed, laneOf));
  const join = (a: number, b: number) => plan.rows.join(a, b);
  const prefixKeys = timed("index", () => cumulate(parts.prefixes, join, false));
  const suffixKeys = timed("index", () => cumulate(parts.suffixes, join, true));
  const lengthRows = lengthTable(parts.lengthGlobs, join);
  const corpus = parts.inner.length === 0 ? [] : timed("index", () => plan.globs.map((g, id) => byteGlob(id, g.row, g.tokens)));
  const { filed, gramless } = timed("index", () => fileByGram(parts.inner, corpus));
  for (const glob of gramless) laneOf[glob.id] = LANE_PARALLEL;
  const grams = filed.length === 0 ? undefined : timed("index", () => buildGramTable(filed));
  const reserve = timed("parallel", () => chooseReserve(grams, budget));
  const completed = timed("literals", () =>
    completeLiterals(
      literals,
      { dfa, prefixes: prefixKeys, suffixes: suffixKeys, filed, gramless, lengthRows },
      plan.rows,
      budget.literalWorkMax,
    ),
  );
  return timed("index", () => {
    const tables = [
      { keys: completed.keys, backwards: false },
      { keys: prefixKeys, backwards: false },
      { keys: suffixKeys, backwards: true },
    ];
    const basis = chooseBasis(tables);
    const table = (keys: readonly Key[], backwards: boolean) =>
      keys.length === 0 ? undefined : buildKeyTable(keys, basis, backwards);
    const parallel = gramless.length === 0 ? undefined : buildParallelBlock(gramless);
    return {
      laneOf,
      basis,
      literals: table(completed.keys, false),
      literalsComplete: completed.complete,
      dfa,
      prefixes: table(prefixKeys, false),
      suffixes: table(suffixKeys, true),
      grams,
      reserved: reserve.reserved,
      lengthRows,
      parallel,
      reserve: reserve.block,
      verifyBudget: reserve.verifyBudget,
      overBudget,
      milliseconds,
    };
  });
}

/**
 * Small policies are one automaton, literals and all: a walk of a few kilobytes is quicker than a walk and a hash. Undefined where
 * that needs more than a small part of the budget, or where there is nothing but literals.
 */
function wholeAutomaton(plan: Plan, budget: LaneBudget): Dfa | undefined {
  if (plan.globs.length > wholeGlobsMax || plan.globs.every((glob) => isLiteral(glob.tokens))) return undefined;
  const statesMax = Math.min(budget.statesMax, budget.wholeStatesMax);
  const attempt = buildDfa(plan.globs, plan.rows, { statesMax, workMax: budget.workMax });
  return "over" in attempt ? undefined : attempt;
}

function isLiteral(tokens: readonly number[]): boolean {
  return tokens.every((token) => token >= 0);
}

function sortGlobs(plan: Plan): Sorted {
  const encoder = new TextEncoder();
  const literals: Key[] = [];
  const rest: ByteGlob[] = [];
  plan.globs.forEach((glob, id) => {
    if (isLiteral(glob.tokens)) literals.push({ bytes: encoder.encode(glob.text), globId: id, row: glob.row });
    else rest.push(byteGlob(id, glob.row, glob.tokens));
  });
  return { literals, rest };
}

interface Indexed {
  readonly prefixes: Key[];
  readonly suffixes: Key[];
  readonly lengthGlobs: ByteGlob[];
  readonly inner: ByteGlob[];
}

function sortIndexed(globs: readonly ByteGlob[], laneOf: Uint8Array): Indexed {
  const parts: Indexed = { prefixes: [], suffixes: [], lengthGlobs: [], inner: [] };
  for (const glob of globs) {
    const { tokens, id, row } = glob;
    const wildcards = tokens.filter((token) => token < 0).length;
    const key = { bytes: Uint8Array.from(tokens.filter((token) => token >= 0)), globId: id, row };
    if (glob.pieces.length === 0) {
      laneOf[id] = LANE_LENGTH;
      parts.lengthGlobs.push(glob);
    } else if (wildcards === 1 && tokens[tokens.length - 1] === STAR) {
      laneOf[id] = LANE_PREFIX;
      parts.prefixes.push(key);
    } else if (wildcards === 1 && tokens[0] === STAR) {
      laneOf[id] = LANE_SUFFIX;
      parts.suffixes.push(key);
    } else {
      laneOf[id] = LANE_GRAM;
      parts.inner.push(glob);
    }
  }
  return parts;
}

/** Rows by number of code points; the last entry serves all longer names. Empty without literal-free globs. */
function lengthTable(globs: readonly ByteGlob[], join: (a: number, b: number) => number): number[] {
  if (globs.length === 0) return [];
  const questions = (glob: ByteGlob) => glob.tokens.filter((token) => token === ANY).length;
  const longest = Math.max(...globs.map(questions));
  const rows: number[] = [];
  for (let points = 0; points <= longest + 1; points++) {
    let row = 0;
    for (const glob of globs) {
      const open = glob.tokens[glob.tokens.length - 1] === STAR;
      if (open ? points >= questions(glob) : points === questions(glob)) row = join(row, glob.row);
    }
    rows.push(row);
  }
  return rows;
}

/** Long posting lists first: they are what a hostile name can make expensive. */
function chooseReserve(grams: GramTable | undefined, budget: LaneBudget) {
  const reserved = new Uint8Array(grams?.postings.length ?? 0);
  const none = { reserved, block: undefined, verifyBudget: verifyBudgetMin };
  if (grams === undefined || grams.postings.length < reserveGlobsMin) return none;
  const order = grams.postings
    .map((_, i) => i)
    .sort((a, b) => grams.listLengths[b] - grams.listLengths[a] || grams.postings[a].glob.id - grams.postings[b].glob.id);
  let taken = order.length;
  const size = (count: number) => {
    const tokenCounts: number[] = [];
    const bytes = new Set<number>();
    for (const i of order.slice(0, count)) {
      const { glob } = grams.postings[i];
      tokenCounts.push(glob.nameBytesMin);
      for (const token of glob.tokens) bytes.add(token);
    }
    return parallelBytes(
      tokenCounts.sort((a, b) => a - b),
      bytes.size + 2,
    );
  };
  while (taken > 0 && size(taken) > budget.reserveBytesMax) taken = Math.floor(taken / 2);
  if (taken === 0) return none;
  const chosen = order.slice(0, taken);
  for (const i of chosen) reserved[i] = 1;
  const block = buildParallelBlock(chosen.map((i) => grams.postings[i].glob));
  const vectors = new Uint32Array(block.buffer)[1];
  return { reserved, block, verifyBudget: Math.min(Math.max(verifyBudgetMin, vectors * 16), verifyBudgetMax) };
}
