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
  /** Row per residual while a set is extended, all 0 otherwise. */
  readonly #rowAt: Int32Array;
  #count = 0;
  work = 0;

  constructor(nfa: Nfa, alphabet: Alphabet, algebra: RowAlgebra) {
    this.#nfa = nfa;
    this.#alphabet = alphabet;
    this.#algebra = algebra;
    this.#rowAt = new Int32Array(nfa.residualCount);
  }

  empty(): StarSet {
    return this.#intern(new Int32Array(0), new Int32Array(0));
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

  /**
   * The set with further residuals, pruned: `added` are pairs of residual and row, rows as `remaining` left them.
   * O(set * stars of a glob + added log added).
   */
  extend(set: StarSet, added: readonly number[]): StarSet {
    const rowAt = this.#rowAt;
    const size = set.residuals.length;
    const fresh: number[] = [];
    for (let i = 0; i < size; i++) rowAt[set.residuals[i]] = set.rows[i];
    for (let i = 0; i < added.length; i += 2) {
      if (rowAt[added[i]] === 0) fresh.push(added[i]);
      rowAt[added[i]] = this.#algebra.join(rowAt[added[i]], added[i + 1]);
    }
    fresh.sort(ascending);
    this.work += size + fresh.length;
    const all = merged(set.residuals, fresh);
    // Left rows replace the joined ones only at the end: what prunes here is pruned itself only by what prunes both.
    const left = new Int32Array(all.length);
    for (let i = 0; i < all.length; i++) left[i] = this.#left(all[i]);
    for (let i = 0; i < all.length; i++) rowAt[all[i]] = 0;
    let kept = 0;
    for (let i = 0; i < all.length; i++) {
      if (left[i] === 0) continue;
      all[kept] = all[i];
      left[kept++] = left[i];
    }
    return this.#intern(all.subarray(0, kept), left.subarray(0, kept));
  }

  /** The row in #rowAt at a residual without what #rowAt decides behind it. */
  #left(residual: number): number {
    const { star, universal } = this.#nfa;
    const rowAt = this.#rowAt;
    let left = rowAt[residual];
    if (universal >= 0 && universal !== residual) left = this.#algebra.clear(left, rowAt[universal]);
    for (let at = star[residual]; at >= 0 && left !== 0; at = star[at]) {
      if (rowAt[at] !== 0) left = this.#algebra.clear(left, rowAt[at]);
    }
    return left;
  }

  #intern(residuals: Int32Array, rows: Int32Array): StarSet {
    let hash = residuals.length;
    for (let i = 0; i < residuals.length; i++) {
      hash = Math.imul(hash ^ residuals[i], 0x9e3779b1) ^ rows[i];
      hash ^= hash >>> 15;
    }
    const same = this.#byHash.get(hash) ?? [];
    for (const set of same) {
      if (equal(set.residuals, residuals) && equal(set.rows, rows)) return set;
    }
    const set = this.#create(residuals.slice(), rows.slice());
    same.push(set);
    this.#byHash.set(hash, same);
    return set;
  }

  #create(residuals: Int32Array, rows: Int32Array): StarSet {
    const { step, next, universal } = this.#nfa;
    const { classCount, lead } = this.#alphabet;
    const stepStart = new Int32Array(classCount + 1);
    for (const residual of residuals) {
      const on = step[residual];
      if (on === STEP_LEAD) for (const c of lead) stepStart[c + 1]++;
      else if (on !== STEP_END) stepStart[on + 1]++;
    }
    for (let c = 0; c < classCount; c++) stepStart[c + 1] += stepStart[c];
    const steps = stepStart[classCount];
    this.work += residuals.length + steps + classCount;
    const stepResiduals = new Int32Array(steps);
    const stepRows = new Int32Array(steps);
    const filled = stepStart.slice();
    const put = (c: number, residual: number, row: number) => {
      stepResiduals[filled[c]] = residual;
      stepRows[filled[c]++] = row;
    };
    for (let i = 0; i < residuals.length; i++) {
      const on = step[residuals[i]];
      if (on === STEP_LEAD) for (const c of lead) put(c, next[residuals[i]], rows[i]);
      else if (on !== STEP_END) put(on, next[residuals[i]], rows[i]);
    }
    const at = indexOf(residuals, universal);
    return {
      id: this.#count++,
      residuals,
      rows,
      universal: at < 0 ? 0 : rows[at],
      stepStart,
      stepResiduals,
      stepRows,
      quietTargets: new Int32Array(classCount).fill(-1),
    };
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Two ascending lists without common elements as one. */
function merged(a: Int32Array, b: readonly number[]): Int32Array {
  const all = new Int32Array(a.length + b.length);
  let i = 0;
  let j = 0;
  for (let k = 0; k < all.length; k++) all[k] = j === b.length || (i < a.length && a[i] < b[j]) ? a[i++] : b[j++];
  return all;
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

function equal(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
