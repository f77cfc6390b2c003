import type { ExplorationBudget } from "../question.js";
import { pointCount } from "./points.js";
import { matchesRest, type Residuals, residualsOf, STEP_ANY, STEP_OVER } from "./residuals.js";
import { NOTHING, type Rows } from "./rows.js";
import { PairList, StarSets } from "./star-sets.js";

/** No state: the required component is out of reach, and so is every answer. */
export const DEAD = -1;
/** A state that would be beyond the budget. */
export const BEYOND = -2;

/** Where a state goes: on the code points of these ranks to the target beside, on all others to `rest`. */
export interface Edges {
  /** Ascending. */
  readonly ranks: readonly number[];
  readonly targets: readonly number[];
  readonly rest: number;
}

/**
 * The deterministic automaton of a question's globs, made state by state as somebody asks for it. A state is a star set and the items
 * that do not loop, pruned beside it (see StarSets). On a code point for which no item of its own steps a state goes
 * where its star set alone would go, so it keeps only the edges in which it differs from that set's `root`, the state
 * without items; a state that holds a `?` keeps all of its edges, since that steps on everything.
 */
export class Automaton {
  readonly #residuals: Residuals;
  readonly #rows: Rows;
  readonly #required: number | undefined;
  readonly #budget: ExplorationBudget;
  readonly #stars: StarSets;
  /** Star set of each state. */
  readonly sets: number[] = [];
  /** Row of a name that ends in a state. */
  readonly rows: number[] = [];
  /** Items of all states, pairs of residual and row; those of state s stand from #starts[s] to #starts[s + 1]. */
  #items = new Int32Array(256);
  readonly #starts: number[] = [0];
  readonly #hashes: number[] = [];
  #slots = new Int32Array(64);
  /** By state; `undefined` until it is expanded. Where `#inherits` these are the differences from the root. */
  readonly #edges: (Edges | undefined)[] = [];
  readonly #inherits: boolean[] = [];
  /** By star set. */
  readonly #roots: (number | undefined)[] = [];
  readonly #list = new PairList();
  readonly #added = new PairList();
  #work = 0;
  /** Which budget was spent. */
  over: "states" | "work" | undefined;
  /** The state of the empty text, DEAD, or BEYOND. */
  readonly start: number;

  /** Without residuals, because they would be beyond the budget, there is no state. */
  constructor(residuals: Residuals | undefined, rows: Rows, required: number | undefined, budget: ExplorationBudget) {
    this.#residuals = residuals ?? residualsOf([], rows);
    this.#rows = rows;
    this.#required = required;
    this.#budget = budget;
    this.#stars = new StarSets(this.#residuals, rows, required);
    this.#begin();
    const { starts } = this.#residuals;
    for (let i = 0; i < starts.length; i += 2) this.#put(starts[i], starts[i + 1]);
    this.over = residuals === undefined ? "work" : undefined;
    this.start = residuals === undefined ? BEYOND : this.#enter(this.#stars.empty(), true);
  }

  get count(): number {
    return this.sets.length;
  }

  get work(): number {
    return this.#work + this.#stars.work + this.#rows.work;
  }

  /** Whether every name that goes through a state ends up with that state's row. */
  isAbsorbing(state: number): boolean {
    return this.#starts[state] === this.#starts[state + 1] && this.#stars.sizes[this.sets[state]] === 0;
  }

  /** The edges of a state; undefined when the budget is spent. Where `inheritsFrom` says so they are differences. */
  edges(state: number): Edges | undefined {
    const known = this.#edges[state];
    if (known !== undefined) return known;
    const edges = this.#expand(state);
    this.#edges[state] = edges;
    return edges;
  }

  /** The state whose edges an expanded state has but for its own; undefined where it has all of its own. May be DEAD. */
  inheritsFrom(state: number): number | undefined {
    return this.#inherits[state] ? this.#roots[this.sets[state]] : undefined;
  }

  /** DEAD, BEYOND, or the state behind a code point. */
  step(state: number, rank: number): number {
    for (let at = state; ; ) {
      const edges = this.edges(at);
      if (edges === undefined) return BEYOND;
      const place = placeOf(edges.ranks, rank);
      if (place >= 0) return edges.targets[place];
      const root = this.inheritsFrom(at);
      if (root === undefined) return edges.rest;
      if (root < 0) return root;
      at = root;
    }
  }

  #expand(state: number): Edges | undefined {
    const { steps } = this.#residuals;
    const set = this.sets[state];
    const from = this.#starts[state];
    let end = this.#starts[state + 1];
    if (from < end && steps[this.#items[end - 2]] === STEP_OVER) end -= 2;
    // Items stand in the order of their steps, so those that take any code point are the last.
    let any = end;
    while (any > from && steps[this.#items[any - 2]] === STEP_ANY) any -= 2;
    const ranks: number[] = [];
    const targets: number[] = [];
    const setEnd = this.#stars.starts[set] + this.#stars.sizes[set];
    const bare = from === end;
    const inherits = any === end && !bare;
    let root: number = DEAD;
    if (inherits) {
      root = this.#rootOf(set);
      if (root === BEYOND || (root >= 0 && this.edges(root) === undefined)) return undefined;
    }
    let inSet = this.#stars.starts[set];
    let item = from;
    while (item < any || (!inherits && inSet < setEnd)) {
      const ofItem = item < any ? steps[this.#items[item]] : STEP_OVER;
      const ofSet = !inherits && inSet < setEnd ? steps[this.#stars.cells[inSet]] : STEP_OVER;
      const rank = Math.min(ofItem, ofSet);
      this.#begin();
      if (inherits) inSet = this.#stars.firstAt(inSet, setEnd, rank);
      for (; inSet < setEnd && steps[this.#stars.cells[inSet]] === rank; inSet++) {
        this.#advance(this.#stars.cells[inSet], this.#stars.cells[inSet + this.#stars.sizes[set]]);
      }
      for (; item < any && steps[this.#items[item]] === rank; item += 2) this.#advance(this.#items[item], this.#items[item + 1]);
      for (let i = any; i < end; i += 2) this.#advance(this.#items[i], this.#items[i + 1]);
      const target = this.#enter(set);
      if (target === BEYOND) return undefined;
      ranks.push(rank);
      targets.push(target);
    }
    let rest = root;
    if (ranks.length === pointCount) rest = DEAD;
    else if (!inherits) {
      this.#begin();
      for (let i = any; i < end; i += 2) this.#advance(this.#items[i], this.#items[i + 1]);
      rest = this.#enter(set);
      if (rest === BEYOND) return undefined;
    }
    this.#inherits[state] = inherits;
    return { ranks, targets, rest };
  }

  /** The state of a star set and nothing else. */
  #rootOf(set: number): number {
    const known = this.#roots[set];
    if (known !== undefined) return known;
    this.#begin();
    return this.#enter(set);
  }

  #begin(): void {
    this.#list.count = 0;
    this.#added.count = 0;
    this.#certain = NOTHING;
  }
  /** What becomes certain in the state being put together. */
  #certain: number = NOTHING;

  #advance(residual: number, row: number): void {
    this.#put(this.#residuals.next[residual], row);
  }

  #put(residual: number, row: number): void {
    if (matchesRest(this.#residuals, residual)) this.#certain = this.#rows.join(this.#certain, row);
    else if (this.#residuals.loops[residual]) this.#added.push(residual, row);
    else this.#list.push(residual, row);
  }

  /** The state of a star set and what has been put since `#begin`; `unpruned` where that does not come from a state of this set. */
  #enter(set: number, unpruned = false): number {
    const stars = this.#stars;
    const list = this.#list;
    const added = this.#added;
    this.#work += 1 + list.count + added.count;
    if (this.work > this.#budget.workMax) {
      this.over ??= "work";
      return BEYOND;
    }
    let changed = this.#certain !== NOTHING;
    for (let i = 0; i < added.count; i++) {
      added.rows[i] = stars.remaining(set, added.residuals[i], added.rows[i]);
      changed ||= added.rows[i] !== NOTHING;
    }
    let reached = set;
    if (changed) {
      added.canonize(this.#rows);
      reached = stars.extend(set, this.#certain, added);
    }
    if (reached !== set || unpruned) {
      for (let i = 0; i < list.count; i++) list.rows[i] = stars.remaining(reached, list.residuals[i], list.rows[i]);
    }
    this.#work += list.canonize(this.#rows);
    if (!stars.hopeful[reached] && !this.#isHopeful()) {
      if (list.count === 0) this.#roots[reached] = DEAD;
      return DEAD;
    }
    const state = this.#intern(reached);
    if (list.count === 0 && state >= 0) this.#roots[reached] = state;
    return state;
  }

  #isHopeful(): boolean {
    const list = this.#list;
    for (let i = 0; i < list.count; i++) if (this.#rows.isMet(list.rows[i], this.#required as number)) return true;
    return false;
  }

  #intern(set: number): number {
    const { residuals, rows, count } = this.#list;
    let hash = Math.imul(set + 1, 0x9e3779b1);
    for (let i = 0; i < count; i++) {
      hash = Math.imul(hash ^ residuals[i], 0x85ebca6b) ^ rows[i];
      hash ^= hash >>> 15;
    }
    let mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const state = this.#slots[slot] - 1;
      if (this.#hashes[state] === hash && this.sets[state] === set && this.#isListed(state)) return state;
    }
    if (this.count >= this.#budget.statesMax) {
      this.over ??= "states";
      return BEYOND;
    }
    const state = this.count;
    this.#slots[slot] = state + 1;
    this.#hashes.push(hash);
    this.sets.push(set);
    const absorbing = count === 0 && this.#stars.sizes[set] === 0;
    this.#edges.push(absorbing ? { ranks: [], targets: [], rest: state } : undefined);
    this.#inherits.push(false);
    const last = count - 1;
    const certain = this.#stars.certain[set];
    const ends = last >= 0 && this.#residuals.steps[residuals[last]] === STEP_OVER;
    this.rows.push(ends ? this.#rows.join(certain, rows[last]) : certain);
    this.#store();
    if (this.count * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 4);
      mask = this.#slots.length - 1;
      for (let other = 0; other < this.count; other++) {
        let free = this.#hashes[other] & mask;
        while (this.#slots[free] !== 0) free = (free + 1) & mask;
        this.#slots[free] = other + 1;
      }
    }
    return state;
  }

  #isListed(state: number): boolean {
    const { residuals, rows, count } = this.#list;
    const from = this.#starts[state];
    if (this.#starts[state + 1] - from !== 2 * count) return false;
    for (let i = 0; i < count; i++) {
      if (this.#items[from + 2 * i] !== residuals[i] || this.#items[from + 2 * i + 1] !== rows[i]) return false;
    }
    return true;
  }

  #store(): void {
    const { residuals, rows, count } = this.#list;
    let end = this.#starts[this.#starts.length - 1];
    if (end + 2 * count > this.#items.length) {
      const grown = new Int32Array(Math.max(this.#items.length * 2, end + 2 * count));
      grown.set(this.#items);
      this.#items = grown;
    }
    for (let i = 0; i < count; i++) {
      this.#items[end++] = residuals[i];
      this.#items[end++] = rows[i];
    }
    this.#starts.push(end);
  }
}

function placeOf(ranks: readonly number[], rank: number): number {
  let low = 0;
  let high = ranks.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ranks[middle] === rank) return middle;
    if (ranks[middle] < rank) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** The edges of a state that inherits: `own` first, those of its root where it says nothing. */
export function merged(own: Edges, more: Edges): Edges {
  const ranks: number[] = [];
  const targets: number[] = [];
  for (let i = 0, j = 0; i < own.ranks.length || j < more.ranks.length; ) {
    const a = i < own.ranks.length ? own.ranks[i] : pointCount;
    const b = j < more.ranks.length ? more.ranks[j] : pointCount;
    ranks.push(Math.min(a, b));
    targets.push(a <= b ? own.targets[i] : more.targets[j]);
    if (a <= b) i++;
    if (b <= a) j++;
  }
  return { ranks, targets, rest: more.rest };
}
