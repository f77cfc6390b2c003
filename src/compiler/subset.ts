import type { Alphabet } from "./alphabet.js";
import type { DfaBudget, OverBudget } from "./dfa.js";
import { LOOP_ANY, LOOP_CONTINUATION, type Nfa, STEP_END, STEP_LEAD } from "./nfa.js";
import type { RowAlgebra } from "./row-algebra.js";
import { type StarSet, StarSets } from "./star-set.js";

/** A complete deterministic automaton as subset construction leaves it: start 0, equivalent states still apart. */
export interface RawDfa {
  readonly stateCount: number;
  readonly classCount: number;
  /** `next[state * classCount + class]`. */
  readonly next: Uint32Array;
  /** Scratch rows, see RowAlgebra. */
  readonly rows: Int32Array;
  readonly work: number;
}

/**
 * Subset construction with dominance pruning. A state is a star set and the items that have no `*` before them, each item
 * a residual with the row it still can add. A state forgets every component of an item's row that is decided anyway
 * (StarSets.remaining), and an item without components is gone. Items of one residual are joined.
 * Stops as soon as the budget is spent; the work is linear in the budget.
 */
export function determinize(nfa: Nfa, alphabet: Alphabet, algebra: RowAlgebra, budget: DfaBudget): RawDfa | OverBudget {
  return new Determinizer(nfa, alphabet, algebra, budget).run();
}

class Determinizer {
  readonly #nfa: Nfa;
  readonly #alphabet: Alphabet;
  readonly #algebra: RowAlgebra;
  readonly #budget: DfaBudget;
  readonly #stars: StarSets;
  readonly #states: StatePool;
  #next: Uint32Array;
  #work = 0;
  /** Per class, the items that the state at hand has behind a literal byte: pairs of residual and row. */
  readonly #buckets: number[][];
  /** The same for items behind a `?` (all classes of lead bytes) and inside one (all classes of continuation bytes). */
  readonly #shared: readonly [number[], number[]] = [[], []];
  /** 0 or 1 per class: which of the two. */
  readonly #kinds: Uint8Array;
  /** Items of the state being put together. */
  readonly #items = new ItemList();
  /** Those that have come behind a `*`: pairs of residual and row. */
  readonly #added: number[] = [];

  constructor(nfa: Nfa, alphabet: Alphabet, algebra: RowAlgebra, budget: DfaBudget) {
    this.#nfa = nfa;
    this.#alphabet = alphabet;
    this.#algebra = algebra;
    this.#budget = budget;
    this.#stars = new StarSets(nfa, alphabet, algebra);
    this.#states = new StatePool(budget.statesMax);
    this.#next = new Uint32Array(64 * alphabet.classCount);
    this.#kinds = new Uint8Array(alphabet.classCount);
    for (const c of alphabet.continuation) this.#kinds[c] = 1;
    this.#buckets = Array.from({ length: alphabet.classCount }, () => []);
  }

  run(): RawDfa | OverBudget {
    this.#work = this.#nfa.work;
    const { startResiduals, startRows } = this.#nfa;
    const start: number[] = [];
    for (let i = 0; i < startResiduals.length; i++) start.push(startResiduals[i], startRows[i]);
    this.#enter(this.#stars.empty(), 0, 0, start, []);
    const states = this.#states;
    for (let state = 0; state < states.count; state++) {
      if (!this.#expand(state)) return this.#overBudget();
    }
    const { classCount } = this.#alphabet;
    return {
      stateCount: states.count,
      classCount,
      next: this.#next.slice(0, states.count * classCount),
      rows: Int32Array.from(states.rows),
      work: this.#workDone(),
    };
  }

  #workDone(): number {
    return this.#work + this.#stars.work;
  }

  #overBudget(): OverBudget {
    const { count, full } = this.#states;
    return { over: full ? "states" : "work", states: count, work: this.#workDone() };
  }

  /** Fills in the transitions of a state; false when the budget is spent. */
  #expand(state: number): boolean {
    const { classCount } = this.#alphabet;
    if (!this.#distribute(state)) return false;
    const set = this.#states.sets[state];
    const base = state * classCount;
    if (base + classCount > this.#next.length) {
      const grown = new Uint32Array(this.#next.length * 2);
      grown.set(this.#next);
      this.#next = grown;
    }
    this.#work += classCount;
    const stars = this.#stars;
    // Target of all classes of a kind on which nothing but the items of that kind move.
    const common = [-1, -1];
    for (let c = 0; c < classCount; c++) {
      const own = this.#buckets[c];
      const kind = this.#kinds[c];
      const shared = this.#shared[kind];
      const from = stars.cells[set.steps + c];
      const to = stars.cells[set.steps + c + 1];
      const quiet = own.length === 0 && shared.length === 0;
      const plain = own.length === 0 && from === to;
      let target = quiet ? stars.cells[set.quietTargets + c] : plain ? common[kind] : -1;
      if (target < 0) {
        target = this.#enter(set, from, to, own, shared);
        if (target < 0 || this.#workDone() > this.#budget.workMax) return false;
        if (quiet) stars.cells[set.quietTargets + c] = target;
        if (plain) common[kind] = target;
        own.length = 0;
      }
      this.#next[base + c] = target;
    }
    return true;
  }

  /** Sorts the items of a state by the classes they survive. */
  #distribute(state: number): boolean {
    const { loop, step, next } = this.#nfa;
    const { pool, starts } = this.#states;
    const [lead, continuation] = this.#shared;
    lead.length = 0;
    continuation.length = 0;
    for (let i = starts[state]; i < starts[state + 1]; i += 2) {
      const residual = pool[i];
      const row = pool[i + 1];
      if (loop[residual] === LOOP_CONTINUATION) continuation.push(residual, row);
      const on = step[residual];
      if (on === STEP_LEAD) lead.push(next[residual], row);
      else if (on !== STEP_END) this.#buckets[on].push(next[residual], row);
      if (++this.#work > this.#budget.workMax) return false;
    }
    return true;
  }

  /** The state of a star set after its own steps, which stand from `from` to `to`, and the given items; -1 when full. */
  #enter(set: StarSet, from: number, to: number, own: readonly number[], shared: readonly number[]): number {
    const items = this.#items;
    const stars = this.#stars;
    const added = this.#added;
    items.count = 0;
    added.length = 0;
    this.#work += (to - from + own.length + shared.length) / 2;
    for (let i = 0; i < own.length; i += 2) this.#put(set, own[i], own[i + 1]);
    for (let i = 0; i < shared.length; i += 2) this.#put(set, shared[i], shared[i + 1]);
    for (let i = from; i < to; i += 2) this.#put(set, stars.cells[i], stars.cells[i + 1]);
    let reached = set;
    if (added.length > 0) {
      reached = stars.extend(set, added);
      for (let i = 0; i < items.count; i++) {
        items.rows[i] = stars.remaining(reached, items.residuals[i], items.rows[i]);
      }
    }
    this.#work += items.normalize(this.#algebra);
    return this.#states.intern(reached, items, this.#nfa.step, this.#algebra);
  }

  #put(set: StarSet, residual: number, row: number): void {
    if (this.#nfa.loop[residual] !== LOOP_ANY) {
      this.#items.push(residual, row);
      return;
    }
    const left = this.#stars.remaining(set, residual, row);
    if (left !== 0) this.#added.push(residual, left);
  }
}

/** More than the bytes of all globs of the largest policy, so that a pair of residual and row is an exact double. */
const pairBase = 0x4000000;

/** Up to this many items insertion sort is quicker. */
const sortedInPlaceMax = 32;

/** A list of items that is made canonical: ascending in residuals, one row each, none empty. */
class ItemList {
  residuals = new Int32Array(256);
  rows = new Int32Array(256);
  count = 0;
  #order = new Float64Array(256);

  push(residual: number, row: number): void {
    if (this.count === this.residuals.length) {
      this.residuals = doubled(this.residuals);
      this.rows = doubled(this.rows);
      this.#order = new Float64Array(this.residuals.length);
    }
    this.residuals[this.count] = residual;
    this.rows[this.count++] = row;
  }

  /** Returns the work beyond what taking each item once costs: sorting a long list costs about twice as much again. */
  normalize(algebra: RowAlgebra): number {
    const work = this.count > sortedInPlaceMax ? 2 * this.count : 0;
    this.#sort();
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.rows[i] === 0) continue;
      if (kept > 0 && this.residuals[kept - 1] === this.residuals[i]) {
        this.rows[kept - 1] = algebra.join(this.rows[kept - 1], this.rows[i]);
      } else {
        this.residuals[kept] = this.residuals[i];
        this.rows[kept++] = this.rows[i];
      }
    }
    this.count = kept;
    return work;
  }

  #sort(): void {
    const { residuals, rows, count } = this;
    if (count > sortedInPlaceMax) {
      // Sorted as numbers: a comparison function would cost more than all the rest.
      const order = this.#order.subarray(0, count);
      for (let i = 0; i < count; i++) order[i] = residuals[i] * pairBase + rows[i];
      order.sort();
      for (let i = 0; i < count; i++) {
        residuals[i] = Math.floor(order[i] / pairBase);
        rows[i] = order[i] % pairBase;
      }
      return;
    }
    for (let i = 1; i < count; i++) {
      const residual = residuals[i];
      const row = rows[i];
      let j = i - 1;
      for (; j >= 0 && residuals[j] > residual; j--) {
        residuals[j + 1] = residuals[j];
        rows[j + 1] = rows[j];
      }
      residuals[j + 1] = residual;
      rows[j + 1] = row;
    }
  }
}

/** The states found so far, by their contents. */
class StatePool {
  /** Items of all states, pairs of residual and row; those of state s stand from starts[s] to starts[s + 1]. */
  pool = new Int32Array(4096);
  readonly starts: number[] = [0];
  readonly sets: StarSet[] = [];
  readonly rows: number[] = [];
  readonly #hashes: number[] = [];
  readonly #statesMax: number;
  #slots = new Int32Array(1024).fill(-1);
  full = false;

  constructor(statesMax: number) {
    this.#statesMax = statesMax;
  }

  get count(): number {
    return this.sets.length;
  }

  intern(set: StarSet, items: ItemList, step: Uint16Array, algebra: RowAlgebra): number {
    let hash = Math.imul(set.id + 1, 0x9e3779b1);
    for (let i = 0; i < items.count; i++) {
      hash = Math.imul(hash ^ items.residuals[i], 0x85ebca6b) ^ items.rows[i];
      hash ^= hash >>> 15;
    }
    let mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot] >= 0; slot = (slot + 1) & mask) {
      const state = this.#slots[slot];
      if (this.#hashes[state] === hash && this.sets[state] === set && this.#holds(state, items)) return state;
    }
    if (this.count >= this.#statesMax) {
      this.full = true;
      return -1;
    }
    const id = this.count;
    this.#slots[slot] = id;
    this.#hashes.push(hash);
    this.sets.push(set);
    this.#append(items);
    let row = set.universal;
    for (let i = 0; i < items.count; i++) {
      if (step[items.residuals[i]] === STEP_END) row = algebra.join(row, items.rows[i]);
    }
    this.rows.push(row);
    if (this.count * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 4).fill(-1);
      mask = this.#slots.length - 1;
      for (let state = 0; state < this.count; state++) {
        let at = this.#hashes[state] & mask;
        while (this.#slots[at] >= 0) at = (at + 1) & mask;
        this.#slots[at] = state;
      }
    }
    return id;
  }

  #holds(state: number, items: ItemList): boolean {
    const start = this.starts[state];
    if (this.starts[state + 1] - start !== items.count * 2) return false;
    for (let i = 0; i < items.count; i++) {
      if (this.pool[start + 2 * i] !== items.residuals[i] || this.pool[start + 2 * i + 1] !== items.rows[i]) return false;
    }
    return true;
  }

  #append(items: ItemList): void {
    let end = this.starts[this.count - 1];
    while (end + items.count * 2 > this.pool.length) this.pool = doubled(this.pool);
    for (let i = 0; i < items.count; i++) {
      this.pool[end++] = items.residuals[i];
      this.pool[end++] = items.rows[i];
    }
    this.starts.push(end);
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}
