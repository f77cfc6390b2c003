import { ANY, STAR } from "../glob/parse.js";
import { type Alphabet, forEachByte } from "./alphabet.js";
import type { RowedGlob } from "./dfa.js";
import type { RowAlgebra } from "./row-algebra.js";

/** What a residual may skip before it steps: nothing, continuation bytes (after a `?`), or any byte (after a `*`). */
export const LOOP_NONE = 0;
export const LOOP_CONTINUATION = 1;
export const LOOP_ANY = 2;

/** Instead of a class in `step`: every class that is not a continuation byte (`?`), or the end of the glob. */
export const STEP_LEAD = 256;
export const STEP_END = 257;

/**
 * The rests of all globs as one linked structure: equal rests are one residual, whatever glob they come from.
 * A residual loops on itself, and steps to `next`. Following `next` always ends at a residual with STEP_END.
 */
export interface Nfa {
  readonly residualCount: number;
  readonly loop: Uint8Array;
  readonly step: Uint16Array;
  /** -1 at the end. */
  readonly next: Int32Array;
  /**
   * The nearest residual with LOOP_ANY strictly behind this one, or -1. It matches every name this one matches, because
   * it may skip whatever this one still demands.
   */
  readonly star: Int32Array;
  /** The residual `*` at the end of a glob, which matches everything; -1 when no glob ends with `*`. */
  readonly universal: number;
  /** Whole globs: residual and row, ascending in residuals; globs that are the same residual are joined. */
  readonly startResiduals: Int32Array;
  readonly startRows: Int32Array;
  /** Work units spent: one for every token. */
  readonly work: number;
}

/**
 * Compiles globs to byte steps. A code point is a byte that is no continuation byte and the continuation bytes behind it:
 * on text that is well-formed (WTF-8, so lone surrogates count as one code point) that is exactly the code point of
 * semantics G1, and on any other bytes it is still defined. The numbers of the residuals depend on the order of the globs;
 * nothing that leaves the compiler depends on those numbers. Undefined when the globs have more than `workMax` tokens.
 */
export function buildNfa(globs: readonly RowedGlob[], alphabet: Alphabet, algebra: RowAlgebra, workMax: number): Nfa | undefined {
  let work = 0;
  for (const glob of globs) work += glob.tokens.length;
  if (work > workMax) return undefined;
  const pool = new ResidualPool(work);
  const rows = new Map<number, number>();
  for (const glob of globs) {
    const residual = pool.intern(glob.tokens, alphabet);
    rows.set(residual, algebra.join(rows.get(residual) ?? 0, glob.row));
  }
  const starts = Int32Array.from(rows.keys()).sort();
  return {
    ...pool.finish(),
    startResiduals: starts,
    startRows: starts.map((residual) => rows.get(residual) as number),
    work,
  };
}

/** Residuals by what they are; an open-addressing table, since policies of 100,000 globs have millions of rests. */
class ResidualPool {
  #loop: Uint8Array;
  #step: Uint16Array;
  #next: Int32Array;
  #star: Int32Array;
  #count = 0;
  #slots: Int32Array;
  #universal = -1;
  readonly #steps: number[] = [];
  readonly #loops: number[] = [];

  constructor(tokens: number) {
    const size = Math.max(16, Math.min(tokens, 1 << 16));
    this.#loop = new Uint8Array(size);
    this.#step = new Uint16Array(size);
    this.#next = new Int32Array(size);
    this.#star = new Int32Array(size);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(size * 2))).fill(-1);
  }

  /** The residual of a whole glob. Built from the end, so that shared rests are found. */
  intern(tokens: readonly number[], alphabet: Alphabet): number {
    const steps = this.#steps;
    const loops = this.#loops;
    steps.length = 0;
    loops.length = 0;
    loops.push(LOOP_NONE);
    for (const token of tokens) {
      if (token === STAR) {
        loops[steps.length] = LOOP_ANY;
      } else if (token === ANY) {
        steps.push(STEP_LEAD);
        loops.push(LOOP_CONTINUATION);
      } else if (token < 0x80) {
        steps.push(alphabet.classes[token]);
        loops.push(LOOP_NONE);
      } else {
        forEachByte(token, (byte) => {
          steps.push(alphabet.classes[byte]);
          loops.push(LOOP_NONE);
        });
      }
    }
    let residual = this.#node(loops[steps.length], STEP_END, -1);
    if (loops[steps.length] === LOOP_ANY) this.#universal = residual;
    for (let i = steps.length - 1; i >= 0; i--) residual = this.#node(loops[i], steps[i], residual);
    return residual;
  }

  #node(loop: number, step: number, next: number): number {
    let slot = this.#home(loop, step, next);
    const mask = this.#slots.length - 1;
    for (; this.#slots[slot] >= 0; slot = (slot + 1) & mask) {
      const id = this.#slots[slot];
      if (this.#next[id] === next && this.#step[id] === step && this.#loop[id] === loop) return id;
    }
    if (this.#count === this.#loop.length) {
      this.#grow();
      return this.#node(loop, step, next);
    }
    const id = this.#count++;
    this.#slots[slot] = id;
    this.#loop[id] = loop;
    this.#step[id] = step;
    this.#next[id] = next;
    this.#star[id] = next < 0 ? -1 : this.#loop[next] === LOOP_ANY ? next : this.#star[next];
    return id;
  }

  #home(loop: number, step: number, next: number): number {
    const hash = Math.imul(Math.imul(next + 1, 0x9e3779b1) ^ (step * 4 + loop), 0x85ebca6b);
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1);
  }

  #grow(): void {
    const size = this.#loop.length * 2;
    const copy = <T extends Uint8Array | Uint16Array | Int32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#loop = copy(new Uint8Array(size), this.#loop);
    this.#step = copy(new Uint16Array(size), this.#step);
    this.#next = copy(new Int32Array(size), this.#next);
    this.#star = copy(new Int32Array(size), this.#star);
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (let id = 0; id < this.#count; id++) {
      let slot = this.#home(this.#loop[id], this.#step[id], this.#next[id]);
      while (this.#slots[slot] >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }

  finish(): Pick<Nfa, "residualCount" | "loop" | "step" | "next" | "star" | "universal"> {
    const count = this.#count;
    return {
      residualCount: count,
      loop: this.#loop.subarray(0, count),
      step: this.#step.subarray(0, count),
      next: this.#next.subarray(0, count),
      star: this.#star.subarray(0, count),
      universal: this.#universal,
    };
  }
}
