import { type Automaton, BEYOND, type Edges, merged } from "./automaton.js";
import { pointAt, pointCount } from "./points.js";

/**
 * Visits the states of an automaton in the order of the least names that lead to them (shorter first, then by rank), each once.
 * `meet` gets every state that some non-empty text reaches, when its least name is known.
 */
export class BreadthFirst {
  readonly #automaton: Automaton;
  readonly #meet: (state: number) => void;
  /** By state: the state before, the rank in between; -2 while the state is not reached. */
  readonly #parents: number[] = [];
  readonly #ranks: number[] = [];
  readonly #queue: number[] = [];
  #visited = 0;
  /** Reached, and nothing is behind them. */
  readonly #absorbing: number[] = [];
  /** Edges of roots whose targets are not all reached yet: places in their edges. */
  readonly #pending = new Map<number, readonly number[]>();
  readonly #found: { rank: number; target: number }[] = [];

  constructor(automaton: Automaton, meet: (state: number) => void) {
    this.#automaton = automaton;
    this.#meet = meet;
    const { start } = automaton;
    if (start >= 0) this.#queue.push(start);
  }

  /** Visits the next state; false when there is none, or when the budget is spent. */
  advance(): boolean {
    if (this.#visited === this.#queue.length) return false;
    const state = this.#queue[this.#visited];
    const automaton = this.#automaton;
    const edges = automaton.edges(state);
    if (edges === undefined) return false;
    this.#visited++;
    const root = automaton.inheritsFrom(state);
    this.#note(edges.ranks, edges.targets);
    if (root === undefined) {
      if (this.#isNew(edges.rest)) this.#found.push({ rank: leastOther(edges), target: edges.rest });
    } else if (root >= 0) this.#noteInherited(edges, root);
    const found = this.#found;
    if (found.length > 1) found.sort((a, b) => a.rank - b.rank);
    for (const { rank, target } of found) this.#reach(target, state, rank);
    found.length = 0;
    return true;
  }

  /** Whether all states have been visited. */
  get done(): boolean {
    return this.#automaton.start !== BEYOND && this.#visited === this.#queue.length;
  }

  /** By state, 1 where all that it leads to has been reached. */
  known(): Uint8Array {
    const known = new Uint8Array(this.#automaton.count);
    for (let i = 0; i < this.#visited; i++) known[this.#queue[i]] = 1;
    for (const state of this.#absorbing) known[state] = 1;
    return known;
  }

  /** The least non-empty name that leads to a state which `meet` got. */
  leastName(state: number): number[] {
    const points: number[] = [];
    let at = state;
    do {
      points.push(pointAt(this.#ranks[at]));
      at = this.#parents[at];
    } while (at !== this.#automaton.start);
    return points.reverse();
  }

  #isNew(target: number): boolean {
    return target >= 0 && this.#parents[target] === undefined;
  }

  #note(ranks: readonly number[], targets: readonly number[]): void {
    for (let i = 0; i < ranks.length; i++) if (this.#isNew(targets[i])) this.#found.push({ rank: ranks[i], target: targets[i] });
  }

  /** What a state reaches as its root does. */
  #noteInherited(own: Edges, root: number): void {
    const edges = this.#automaton.edges(root) as Edges;
    const pending = this.#pending.get(root) ?? edges.targets.map((_, i) => i);
    if (pending.length > 0) {
      const left: number[] = [];
      for (const i of pending) {
        if (own.ranks.includes(edges.ranks[i])) left.push(i);
        else if (this.#isNew(edges.targets[i])) this.#found.push({ rank: edges.ranks[i], target: edges.targets[i] });
      }
      this.#pending.set(root, left);
    }
    if (this.#isNew(root)) this.#found.push({ rank: leastOther(merged(own, edges)), target: root });
  }

  #reach(target: number, parent: number, rank: number): void {
    if (!this.#isNew(target)) return;
    this.#parents[target] = parent;
    this.#ranks[target] = rank;
    this.#meet(target);
    if (this.#automaton.isAbsorbing(target)) this.#absorbing.push(target);
    else if (target !== this.#automaton.start) this.#queue.push(target);
  }
}

/** The least rank that none of the edges names. */
function leastOther({ ranks }: Edges): number {
  let rank = 0;
  while (rank < ranks.length && ranks[rank] === rank) rank++;
  return Math.min(rank, pointCount - 1);
}
