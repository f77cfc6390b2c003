import { ANY } from "../../glob/parse.js";
import { pointCount, rankOf } from "./points.js";
import type { Rows } from "./rows.js";

/** Steps other than the rank of a code point (see points.ts): any code point, or the end of the glob. */
export const STEP_ANY = pointCount;
export const STEP_OVER = pointCount + 1;

/**
 * What is left of globs while a name is read, each rest once, whatever globs have it. A residual takes one code point to
 * `next`; one that loops may skip any number of them before. Numbered so that lists of residuals in ascending order are in
 * ascending order of their steps too: what steps on one code point stands together.
 */
export interface Residuals {
  readonly count: number;
  readonly loops: Uint8Array;
  readonly steps: Int32Array;
  /** -1 at the end. */
  readonly next: Int32Array;
  /** The nearest looping residual strictly behind this one, or -1: whatever this one matches, that one matches too. */
  readonly star: Int32Array;
  /** Whole globs: pairs of residual and row. */
  readonly starts: readonly number[];
  /** Tokens of all globs. */
  readonly work: number;
}

export interface RankedGlob {
  readonly tokens: readonly number[];
  /** See Rows. */
  readonly row: number;
}

/** Tokens of all globs, with their ends: no more residuals are needed. */
export function residualsMax(globs: readonly RankedGlob[]): number {
  let count = 0;
  for (const { tokens } of globs) count += tokens.length + 1;
  return count;
}

/** O(tokens log tokens). Globs hold only code points that `isNamePoint`. */
export function residualsOf(globs: readonly RankedGlob[], rows: Pick<Rows, "join">): Residuals {
  const work = residualsMax(globs);
  const pool = new Pool(work);
  const starts = new Map<number, number>();
  for (const { tokens, row } of globs) {
    const residual = pool.addAll(tokens);
    starts.set(residual, rows.join(starts.get(residual) ?? 0, row));
  }
  return pool.finish(starts, work);
}

/** Whether a residual is the `*` at the end of a glob: all that follows matches. */
export function matchesRest({ loops, steps }: Residuals, residual: number): boolean {
  return loops[residual] === 1 && steps[residual] === STEP_OVER;
}

class Pool {
  readonly #loops: Uint8Array;
  readonly #steps: Int32Array;
  readonly #next: Int32Array;
  readonly #star: Int32Array;
  readonly #slots: Int32Array;
  #count = 0;

  /** For at most `size` residuals. */
  constructor(size: number) {
    this.#loops = new Uint8Array(size);
    this.#steps = new Int32Array(size);
    this.#next = new Int32Array(size);
    this.#star = new Int32Array(size);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * size + 2)));
  }

  /** The residual of a whole glob, from its end on: only so are shared rests found. */
  addAll(tokens: readonly number[]): number {
    let residual = this.#add(false, STEP_OVER, -1);
    for (let at = tokens.length - 1; at >= 0; ) {
      if (tokens[at] >= 0) {
        residual = this.#add(false, rankOf(tokens[at--]), residual);
        continue;
      }
      // In a run of wildcards the order makes no difference; with every `?` in front no looping residual steps on STEP_ANY.
      let questions = 0;
      let star = false;
      for (; at >= 0 && tokens[at] < 0; at--) {
        if (tokens[at] === ANY) questions++;
        else star = true;
      }
      if (star) residual = this.#add(true, this.#steps[residual], this.#next[residual]);
      for (; questions > 0; questions--) residual = this.#add(false, STEP_ANY, residual);
    }
    return residual;
  }

  #add(loop: boolean, step: number, next: number): number {
    const mask = this.#slots.length - 1;
    const hash = Math.imul(Math.imul(next + 1, 0x9e3779b1) ^ (step * 2 + (loop ? 1 : 0)), 0x85ebca6b);
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = this.#slots[slot] - 1;
      if (this.#next[id] === next && this.#steps[id] === step && this.#loops[id] === (loop ? 1 : 0)) return id;
    }
    const id = this.#count++;
    this.#slots[slot] = id + 1;
    this.#loops[id] = loop ? 1 : 0;
    this.#steps[id] = step;
    this.#next[id] = next;
    this.#star[id] = next < 0 ? -1 : this.#loops[next] ? next : this.#star[next];
    return id;
  }

  finish(starts: ReadonlyMap<number, number>, work: number): Residuals {
    const count = this.#count;
    const order = new Float64Array(count);
    for (let id = 0; id < count; id++) order[id] = this.#steps[id] * countBase + id;
    order.sort();
    const renumbered = new Int32Array(count);
    for (let to = 0; to < count; to++) renumbered[order[to] % countBase] = to;
    const loops = new Uint8Array(count);
    const steps = new Int32Array(count);
    const next = new Int32Array(count);
    const star = new Int32Array(count);
    for (let id = 0; id < count; id++) {
      const to = renumbered[id];
      loops[to] = this.#loops[id];
      steps[to] = this.#steps[id];
      next[to] = this.#next[id] < 0 ? -1 : renumbered[this.#next[id]];
      star[to] = this.#star[id] < 0 ? -1 : renumbered[this.#star[id]];
    }
    const pairs: number[] = [];
    for (const [residual, row] of starts) pairs.push(renumbered[residual], row);
    return { count, loops, steps, next, star, starts: pairs, work };
  }
}

/** More than there are residuals, so that a step and a number are an exact double. */
const countBase = 2 ** 30;
