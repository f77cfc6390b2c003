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
}

/**
 * Compiles globs to byte steps. A code point is a byte that is no continuation byte and the continuation bytes behind it:
 * on text that is well-formed (WTF-8, so lone surrogates count as one code point) that is exactly the code point of
 * semantics G1, and on any other bytes it is still defined. Undefined when more than `residualsMax` steps are needed.
 */
export function buildNfa(
  globs: readonly RowedGlob[],
  alphabet: Alphabet,
  algebra: RowAlgebra,
  residualsMax: number,
): Nfa | undefined {
  const pool = new ResidualPool();
  const rows = new Map<number, number>();
  let steps = 0;
  // In an order of their own, so that the numbers depend on the set of globs and not on how the caller lists them.
  for (const glob of [...globs].sort(compareGlobs)) {
    steps += glob.tokens.length;
    if (steps > residualsMax) return undefined;
    const residual = pool.intern(glob.tokens, alphabet);
    rows.set(residual, algebra.join(rows.get(residual) ?? 0, glob.row));
  }
  const starts = [...rows.keys()].sort((a, b) => a - b);
  return pool.finish(
    Int32Array.from(starts),
    Int32Array.from(starts, (residual) => rows.get(residual) as number),
  );
}

function compareGlobs(a: RowedGlob, b: RowedGlob): number {
  const shared = Math.min(a.tokens.length, b.tokens.length);
  for (let i = 0; i < shared; i++) {
    if (a.tokens[i] !== b.tokens[i]) return a.tokens[i] - b.tokens[i];
  }
  return a.tokens.length - b.tokens.length || a.row - b.row;
}

class ResidualPool {
  readonly #loop: number[] = [];
  readonly #step: number[] = [];
  readonly #next: number[] = [];
  readonly #star: number[] = [];
  readonly #ids = new Map<number, number>();
  #universal = -1;

  /** The residual of a whole glob. Built from the end, so that shared rests are found. */
  intern(tokens: readonly number[], alphabet: Alphabet): number {
    const steps: number[] = [];
    const loops: number[] = [LOOP_NONE];
    for (const token of tokens) {
      if (token === STAR) {
        loops[steps.length] = LOOP_ANY;
      } else if (token === ANY) {
        steps.push(STEP_LEAD);
        loops.push(LOOP_CONTINUATION);
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
    const key = (next + 1) * 1024 + loop * 258 + step;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#loop.length;
      this.#ids.set(key, id);
      this.#loop.push(loop);
      this.#step.push(step);
      this.#next.push(next);
      this.#star.push(next < 0 ? -1 : this.#loop[next] === LOOP_ANY ? next : this.#star[next]);
    }
    return id;
  }

  finish(startResiduals: Int32Array, startRows: Int32Array): Nfa {
    return {
      residualCount: this.#loop.length,
      loop: Uint8Array.from(this.#loop),
      step: Uint16Array.from(this.#step),
      next: Int32Array.from(this.#next),
      star: Int32Array.from(this.#star),
      universal: this.#universal,
      startResiduals,
      startRows,
    };
  }
}
