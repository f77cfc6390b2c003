import type { Alphabet } from "./alphabet.js";
import { LOOP_ANY, type Nfa, STEP_END, STEP_LEAD } from "./nfa.js";
import type { RowAlgebra } from "./row-algebra.js";

/**
 * The residuals of an automaton state that wait behind a `*`. Once there they never leave, so most transitions keep the
 * whole set: states share it by number, and what each class starts in it is found once per set instead of once per state.
 */
export interface StarSet {
  readonly id: number;
  /** How many residuals; they and their rows stand in StarSets.cells from these places on, ascending in residuals. */
  readonly size: number;
  readonly residuals: number;
  readonly rows: number;
  /** Row of the globs that have reached a `*` at their end: they match whatever follows. */
  readonly universal: number;
  /**
   * Place of classCount + 1 places: what steps on class c stands from cells[steps + c] to cells[steps + c + 1], pairs of
   * the residual behind the step and its row.
   */
  readonly steps: number;
  /** Place of the state reached on each class when nothing but this set steps; -1 while unknown. */
  readonly quietTargets: number;
}

/** Makes and numbers star sets. `work` counts the residuals looked at. */
export class StarSets {
  readonly #nfa: Nfa;
  readonly #alphabet: Alphabet;
  readonly #algebra: RowAlgebra;
  readonly #byHash = new Map<number, StarSet[]>();
  /** Row per residual while a set is extended, all 0 otherwise. */
  readonly #rowAt: Int32Array;
  /** The set being put together: residuals and rows. */
  #merged = new Int32Array(64);
  #left = new Int32Array(64);
  #count = 0;
  #end = 0;
  /** The contents of all sets; one array, because an automaton may have as many sets as states. */
  cells = new Int32Array(4096);
  work = 0;

  constructor(nfa: Nfa, alphabet: Alphabet, algebra: RowAlgebra) {
    this.#nfa = nfa;
    this.#alphabet = alphabet;
    this.#algebra = algebra;
    this.#rowAt = new Int32Array(nfa.residualCount);
  }

  empty(): StarSet {
    return this.#intern(0);
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
      left = this.#algebra.clear(left, this.#rowOf(set, at));
    }
    return left;
  }

  /**
   * The set with further residuals, pruned: `added` are pairs of residual and row, rows as `remaining` left them.
   * O(set * stars of a glob + added log added).
   */
  extend(set: StarSet, added: readonly number[]): StarSet {
    const rowAt = this.#rowAt;
    const fresh: number[] = [];
    for (let i = 0; i < set.size; i++) rowAt[this.cells[set.residuals + i]] = this.cells[set.rows + i];
    for (let i = 0; i < added.length; i += 2) {
      if (rowAt[added[i]] === 0) fresh.push(added[i]);
      rowAt[added[i]] = this.#algebra.join(rowAt[added[i]], added[i + 1]);
    }
    fresh.sort((a, b) => a - b);
    const all = set.size + fresh.length;
    this.work += all;
    if (all > this.#merged.length) {
      this.#merged = new Int32Array(all * 2);
      this.#left = new Int32Array(all * 2);
    }
    const merged = this.#merged;
    const { cells } = this;
    for (let k = 0, i = 0, j = 0; k < all; k++) {
      const old = i < set.size && (j === fresh.length || cells[set.residuals + i] < fresh[j]);
      merged[k] = old ? cells[set.residuals + i++] : fresh[j++];
    }
    // #rowAt keeps the joined rows until all are pruned: what prunes here is itself pruned only by what prunes both.
    for (let i = 0; i < all; i++) this.#left[i] = this.#pruned(merged[i]);
    for (let i = 0; i < all; i++) rowAt[merged[i]] = 0;
    let kept = 0;
    for (let i = 0; i < all; i++) {
      if (this.#left[i] === 0) continue;
      merged[kept] = merged[i];
      this.#left[kept++] = this.#left[i];
    }
    return this.#intern(kept);
  }

  /** The row in #rowAt at a residual without what #rowAt decides behind it. */
  #pruned(residual: number): number {
    const { star, universal } = this.#nfa;
    const rowAt = this.#rowAt;
    let left = rowAt[residual];
    if (universal >= 0 && universal !== residual) left = this.#algebra.clear(left, rowAt[universal]);
    for (let at = star[residual]; at >= 0 && left !== 0; at = star[at]) {
      if (rowAt[at] !== 0) left = this.#algebra.clear(left, rowAt[at]);
    }
    return left;
  }

  #rowOf(set: StarSet, residual: number): number {
    const { cells } = this;
    let low = 0;
    let high = set.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = cells[set.residuals + middle];
      if (at === residual) return cells[set.rows + middle];
      if (at < residual) low = middle + 1;
      else high = middle - 1;
    }
    return 0;
  }

  /** The set that #merged and #left hold. */
  #intern(size: number): StarSet {
    let hash = size;
    for (let i = 0; i < size; i++) {
      hash = Math.imul(hash ^ this.#merged[i], 0x9e3779b1) ^ this.#left[i];
      hash ^= hash >>> 15;
    }
    const same = this.#byHash.get(hash);
    for (const set of same ?? []) if (this.#isSame(set, size)) return set;
    const set = this.#create(size);
    if (same === undefined) this.#byHash.set(hash, [set]);
    else same.push(set);
    return set;
  }

  #isSame(set: StarSet, size: number): boolean {
    if (set.size !== size) return false;
    for (let i = 0; i < size; i++) {
      if (this.cells[set.residuals + i] !== this.#merged[i] || this.cells[set.rows + i] !== this.#left[i]) return false;
    }
    return true;
  }

  #create(size: number): StarSet {
    const { step, next, universal } = this.#nfa;
    const { classCount, lead } = this.#alphabet;
    const fan = (residual: number) => (step[residual] === STEP_LEAD ? lead.length : step[residual] === STEP_END ? 0 : 1);
    let stepCount = 0;
    for (let i = 0; i < size; i++) stepCount += fan(this.#merged[i]);
    this.work += size + stepCount + classCount;
    const residuals = this.#reserve(2 * size + 2 * classCount + 1 + 2 * stepCount);
    const rows = residuals + size;
    const steps = rows + size;
    const quietTargets = steps + classCount + 1;
    const { cells } = this;
    cells.fill(0, steps, quietTargets);
    cells.fill(-1, quietTargets, quietTargets + classCount);
    for (let i = 0; i < size; i++) {
      const residual = this.#merged[i];
      cells[residuals + i] = residual;
      cells[rows + i] = this.#left[i];
      const on = step[residual];
      if (on === STEP_LEAD) for (const c of lead) cells[steps + c] += 2;
      else if (on !== STEP_END) cells[steps + on] += 2;
    }
    // Counts become ends, and filling from the last residual backwards turns the ends into starts.
    let end = quietTargets + classCount;
    for (let c = 0; c < classCount; c++) {
      end += cells[steps + c];
      cells[steps + c] = end;
    }
    cells[steps + classCount] = end;
    const put = (c: number, i: number) => {
      cells[steps + c] -= 2;
      cells[cells[steps + c]] = next[this.#merged[i]];
      cells[cells[steps + c] + 1] = this.#left[i];
    };
    for (let i = size - 1; i >= 0; i--) {
      const on = step[this.#merged[i]];
      if (on === STEP_LEAD) for (const c of lead) put(c, i);
      else if (on !== STEP_END) put(on, i);
    }
    const set = { id: this.#count++, size, residuals, rows, universal: 0, steps, quietTargets };
    return universal < 0 ? set : { ...set, universal: this.#rowOf(set, universal) };
  }

  #reserve(count: number): number {
    const start = this.#end;
    this.#end += count;
    if (this.#end > this.cells.length) {
      const grown = new Int32Array(Math.max(this.#end, this.cells.length * 2));
      grown.set(this.cells);
      this.cells = grown;
    }
    return start;
  }
}
