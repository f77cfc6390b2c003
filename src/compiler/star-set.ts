import type { Alphabet } from "./alphabet.js";
import { LOOP_ANY, type Nfa, STEP_END, STEP_LEAD } from "./nfa.js";
import type { RowAlgebra } from "./row-algebra.js";

/**
 * The residuals of an automaton state that wait behind a `*`. Once there they never leave, so most transitions keep the
 * whole set: states share it by number, and what each class starts in it is found once per set instead of once per state.
 */
export interface StarSet {
  readonly id: number;
  /** Ascending. */
  readonly residuals: Int32Array;
  readonly rows: Int32Array;
  /** Row of the globs that have reached a `*` at their end: they match whatever follows. */
  readonly universal: number;
  /** What steps on class c: entries stepStart[c] to stepStart[c + 1], the residuals behind the step and their rows. */
  readonly stepStart: Int32Array;
  readonly stepResiduals: Int32Array;
  readonly stepRows: Int32Array;
  /** State reached on a class when nothing but this set steps; -1 while unknown. */
  readonly quietTargets: Int32Array;
}

/** Makes and numbers star sets. `work` counts the residuals looked at. */
export class StarSets {
  readonly #nfa: Nfa;
  readonly #alphabet: Alphabet;
  readonly #algebra: RowAlgebra;
  readonly #byHash = new Map<number, StarSet[]>();
  #count = 0;
  work = 0;

  constructor(nfa: Nfa, alphabet: Alphabet, algebra: RowAlgebra) {
    this.#nfa = nfa;
    this.#alphabet = alphabet;
    this.#algebra = algebra;
  }

  empty(): StarSet {
    return this.#intern([], []);
  }

  /**
   * What is left of a row at a residual beside this set: nothing that the set's universal row decides already, and
   * nothing that a residual behind one of the same glob's later stars (or of any glob with the same rest) decides as well.
   */
  remaining(set: StarSet, residual: number, row: number): number {
    const { star, loop } = this.#nfa;
    let left = this.#algebra.clear(row, set.universal);
    let at = loop[residual] === LOOP_ANY ? residual : star[residual];
    for (; at >= 0 && left !== 0; at = star[at]) {
      const found = indexOf(set.residuals, at);
      if (found >= 0) left = this.#algebra.clear(left, set.rows[found]);
    }
    return left;
  }

  /** The set with further residuals, pruned: `added` are pairs of residual and row. O(set + added). */
  extend(set: StarSet, added: readonly number[]): StarSet {
    const rows = new Map<number, number>();
    for (let i = 0; i < set.residuals.length; i++) rows.set(set.residuals[i], set.rows[i]);
    for (let i = 0; i < added.length; i += 2) {
      rows.set(added[i], this.#algebra.join(rows.get(added[i]) ?? 0, added[i + 1]));
    }
    this.work += rows.size;
    const { star, universal } = this.#nfa;
    const universalRow = rows.get(universal) ?? 0;
    const kept: number[] = [];
    const keptRows: number[] = [];
    for (const residual of [...rows.keys()].sort((a, b) => a - b)) {
      let left = rows.get(residual) as number;
      if (residual !== universal) left = this.#algebra.clear(left, universalRow);
      for (let at = star[residual]; at >= 0 && left !== 0; at = star[at]) {
        left = this.#algebra.clear(left, rows.get(at) ?? 0);
      }
      if (left === 0) continue;
      kept.push(residual);
      keptRows.push(left);
    }
    return this.#intern(kept, keptRows);
  }

  #intern(residuals: readonly number[], rows: readonly number[]): StarSet {
    let hash = residuals.length;
    for (let i = 0; i < residuals.length; i++) {
      hash = Math.imul(hash ^ residuals[i], 0x9e3779b1) ^ rows[i];
      hash ^= hash >>> 15;
    }
    const same = this.#byHash.get(hash) ?? [];
    for (const set of same) {
      if (equal(set.residuals, residuals) && equal(set.rows, rows)) return set;
    }
    const set = this.#create(residuals, rows);
    same.push(set);
    this.#byHash.set(hash, same);
    return set;
  }

  #create(residuals: readonly number[], rows: readonly number[]): StarSet {
    const { step, next, universal } = this.#nfa;
    const { classCount, lead } = this.#alphabet;
    const stepStart = new Int32Array(classCount + 1);
    const forEachStep = (visit: (at: number, c: number) => void) => {
      for (let i = 0; i < residuals.length; i++) {
        const on = step[residuals[i]];
        if (on === STEP_LEAD) for (const c of lead) visit(i, c);
        else if (on !== STEP_END) visit(i, on);
      }
    };
    forEachStep((_, c) => stepStart[c + 1]++);
    for (let c = 0; c < classCount; c++) stepStart[c + 1] += stepStart[c];
    const steps = stepStart[classCount];
    this.work += residuals.length + steps + classCount;
    const stepResiduals = new Int32Array(steps);
    const stepRows = new Int32Array(steps);
    const filled = stepStart.slice();
    forEachStep((i, c) => {
      stepResiduals[filled[c]] = next[residuals[i]];
      stepRows[filled[c]++] = rows[i];
    });
    const at = residuals.indexOf(universal);
    return {
      id: this.#count++,
      residuals: Int32Array.from(residuals),
      rows: Int32Array.from(rows),
      universal: at < 0 ? 0 : rows[at],
      stepStart,
      stepResiduals,
      stepRows,
      quietTargets: new Int32Array(classCount).fill(-1),
    };
  }
}

function indexOf(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] === value) return middle;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function equal(a: Int32Array, b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
