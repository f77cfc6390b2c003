import type { Residuals } from "./residuals.js";
import { NOTHING, type Rows } from "./rows.js";

/** Residuals with a row each; made canonical it is ascending in residuals, one row each, none empty. */
export class PairList {
  residuals = new Int32Array(16);
  rows = new Int32Array(16);
  count = 0;
  #order = new Float64Array(16);

  push(residual: number, row: number): void {
    if (this.count === this.residuals.length) this.reserve(this.count * 2);
    this.residuals[this.count] = residual;
    this.rows[this.count++] = row;
  }

  /** Makes room for so many pairs. */
  reserve(size: number): void {
    if (size <= this.residuals.length) return;
    const { residuals, rows } = this;
    this.residuals = new Int32Array(size);
    this.rows = new Int32Array(size);
    this.#order = new Float64Array(size);
    this.residuals.set(residuals);
    this.rows.set(rows);
  }

  /** Sorts, joins the rows of equal residuals, and leaves out pairs without a row. Returns what that costs beyond a look at each. */
  canonize(algebra: Rows): number {
    const { residuals, rows } = this;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (rows[i] === NOTHING) continue;
      residuals[kept] = residuals[i];
      rows[kept++] = rows[i];
    }
    this.count = kept;
    if (kept < 2) return 0;
    const order = this.#order.subarray(0, kept);
    let sorted = true;
    for (let i = 0; i < kept; i++) {
      order[i] = residuals[i] * rowBase + rows[i];
      sorted &&= i === 0 || order[i - 1] < order[i];
    }
    if (!sorted) order.sort();
    this.count = 0;
    for (let i = 0; i < kept; i++) {
      const residual = Math.floor(order[i] / rowBase);
      const row = order[i] % rowBase;
      const last = this.count - 1;
      if (last >= 0 && residuals[last] === residual) rows[last] = algebra.join(rows[last], row);
      else {
        residuals[this.count] = residual;
        rows[this.count++] = row;
      }
    }
    return sorted ? 0 : kept;
  }
}

/** More than there are rows; residuals are below 2^26, so a pair is an exact double. */
const rowBase = 2 ** 26;

/**
 * The looping residuals of automaton states, with the row that is certain whatever follows. A looping residual never leaves a
 * state, so most transitions keep the whole set: states share sets by number. Sets forget what is decided: components that
 * the certain row covers, and those that a later `*` of the same glob covers as well.
 */
export class StarSets {
  readonly #residuals: Residuals;
  readonly #rows: Rows;
  readonly #required: number | undefined;
  /** Residuals of all sets and, `sizes` places behind, their rows. */
  cells = new Int32Array(256);
  #end = 0;
  readonly starts: number[] = [];
  readonly sizes: number[] = [];
  readonly certain: number[] = [];
  /** Whether the required component is met or still can be. */
  readonly hopeful: boolean[] = [];
  readonly #byHash = new Map<number, number[]>();
  /** Row per residual while a set is extended, all NOTHING otherwise. */
  readonly #rowAt: Int32Array;
  readonly #list = new PairList();
  /** Residuals looked at. */
  work = 0;

  constructor(residuals: Residuals, rows: Rows, required: number | undefined) {
    this.#residuals = residuals;
    this.#rows = rows;
    this.#required = required;
    this.#rowAt = new Int32Array(residuals.count);
  }

  /** The set without residuals in which nothing is certain but what settling says. */
  empty(): number {
    this.#list.count = 0;
    return this.#intern(this.#rows.settled(NOTHING));
  }

  /** What is left of a row at a residual beside this set. O(stars of a glob * log set). */
  remaining(set: number, residual: number, row: number): number {
    const { star, loops } = this.#residuals;
    let left = this.#rows.without(row, this.certain[set]);
    let at = loops[residual] ? residual : star[residual];
    for (; at >= 0 && left !== NOTHING; at = star[at]) left = this.#rows.without(left, this.#rowOf(set, at));
    return left;
  }

  /** The set when `row` has become certain and `added`, which is canonical and as `remaining` left it, has come. O(set * stars). */
  extend(set: number, row: number, added: PairList): number {
    const rows = this.#rows;
    const certain = rows.settled(rows.join(this.certain[set], row));
    if (added.count === 0 && certain === this.certain[set]) return set;
    const list = this.#list;
    const rowAt = this.#rowAt;
    const from = this.starts[set];
    const size = this.sizes[set];
    list.count = 0;
    list.reserve(size + added.count);
    for (let i = 0, j = 0; i < size || j < added.count; ) {
      const old = i < size ? this.cells[from + i] : Number.MAX_SAFE_INTEGER;
      const fresh = j < added.count ? added.residuals[j] : Number.MAX_SAFE_INTEGER;
      if (old === fresh) list.push(old, rows.join(this.cells[from + size + i], added.rows[j]));
      else if (old < fresh) list.push(old, this.cells[from + size + i]);
      else list.push(fresh, added.rows[j]);
      if (old <= fresh) i++;
      if (fresh <= old) j++;
    }
    this.work += list.count;
    for (let i = 0; i < list.count; i++) rowAt[list.residuals[i]] = list.rows[i];
    // All are judged by the rows they had before: what covers one is itself covered only by what covers both.
    for (let i = 0; i < list.count; i++) list.rows[i] = this.#uncovered(list.residuals[i], certain);
    for (let i = 0; i < list.count; i++) rowAt[list.residuals[i]] = NOTHING;
    let kept = 0;
    for (let i = 0; i < list.count; i++) {
      if (list.rows[i] === NOTHING) continue;
      list.residuals[kept] = list.residuals[i];
      list.rows[kept++] = list.rows[i];
    }
    list.count = kept;
    return this.#intern(certain);
  }

  #uncovered(residual: number, certain: number): number {
    const { star } = this.#residuals;
    let left = this.#rows.without(this.#rowAt[residual], certain);
    for (let at = star[residual]; at >= 0 && left !== NOTHING; at = star[at]) left = this.#rows.without(left, this.#rowAt[at]);
    return left;
  }

  /** The first place from `low` on, below `end`, whose residual steps on `step` or later. */
  firstAt(low: number, end: number, step: number): number {
    const { steps } = this.#residuals;
    while (low < end) {
      const middle = (low + end) >> 1;
      if (steps[this.cells[middle]] < step) low = middle + 1;
      else end = middle;
    }
    return low;
  }

  #rowOf(set: number, residual: number): number {
    let low = this.starts[set];
    const size = this.sizes[set];
    let high = low + size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = this.cells[middle];
      if (at === residual) return this.cells[middle + size];
      if (at < residual) low = middle + 1;
      else high = middle - 1;
    }
    return NOTHING;
  }

  /** The set that #list holds. */
  #intern(certain: number): number {
    const { residuals, rows, count } = this.#list;
    let hash = Math.imul(certain + 1, 0x9e3779b1) ^ count;
    for (let i = 0; i < count; i++) {
      hash = Math.imul(hash ^ residuals[i], 0x85ebca6b) ^ rows[i];
      hash ^= hash >>> 15;
    }
    const same = this.#byHash.get(hash);
    for (const set of same ?? []) if (this.certain[set] === certain && this.#isListed(set)) return set;
    const set = this.starts.length;
    this.#store(certain);
    if (same === undefined) this.#byHash.set(hash, [set]);
    else same.push(set);
    return set;
  }

  #isListed(set: number): boolean {
    const { residuals, rows, count } = this.#list;
    if (this.sizes[set] !== count) return false;
    const from = this.starts[set];
    for (let i = 0; i < count; i++) {
      if (this.cells[from + i] !== residuals[i] || this.cells[from + count + i] !== rows[i]) return false;
    }
    return true;
  }

  #store(certain: number): void {
    const { residuals, rows, count } = this.#list;
    if (this.#end + 2 * count > this.cells.length) {
      const grown = new Int32Array(Math.max(this.cells.length * 2, this.#end + 2 * count));
      grown.set(this.cells);
      this.cells = grown;
    }
    this.cells.set(residuals.subarray(0, count), this.#end);
    this.cells.set(rows.subarray(0, count), this.#end + count);
    const required = this.#required;
    let hopeful = required === undefined || this.#rows.isMet(certain, required);
    for (let i = 0; i < count && !hopeful; i++) hopeful = this.#rows.isMet(rows[i], required as number);
    this.starts.push(this.#end);
    this.sizes.push(count);
    this.certain.push(certain);
    this.hopeful.push(hopeful);
    this.#end += 2 * count;
    this.work += count;
  }
}
