import { type Automaton, type Edges, merged } from "./automaton.js";
import { pointCount } from "./points.js";
import type { Rows } from "./rows.js";

/** Names of one answer: how many that an automaton accepts. */
export type Size = bigint | "infinite";

/**
 * The visited part of an automaton; later steps that make the automaton grow change nothing here. States that were not visited
 * have no edges. A root (see Automaton) goes to itself on the code points that no residual names, since globs name fewer than
 * there are.
 */
export class Graph {
  readonly count: number;
  readonly start: number;
  readonly #automaton: Automaton;
  readonly #rows: Rows;
  readonly #known: Uint8Array;
  #backwards: Backwards | undefined;

  /** `known`: 1 for visited states. */
  constructor(automaton: Automaton, rows: Rows, known: Uint8Array) {
    this.#automaton = automaton;
    this.#rows = rows;
    this.count = automaton.count;
    this.start = automaton.start;
    this.#known = known;
  }

  /** Place in Rows.answers, or -1. */
  answer(state: number): number {
    return this.#rows.answer(this.#automaton.rows[state]);
  }

  /** All edges of a state; undefined where it was not visited. */
  edges(state: number): Edges | undefined {
    if (!this.#known[state]) return undefined;
    const own = this.#automaton.edges(state) as Edges;
    const root = this.#automaton.inheritsFrom(state);
    return root === undefined || root < 0 ? own : merged(own, this.#automaton.edges(root) as Edges);
  }

  /** The state whose edges a state shares, where that was visited as well. */
  #root(state: number): number | undefined {
    const root = this.#known[state] ? this.#automaton.inheritsFrom(state) : undefined;
    return root !== undefined && this.#known[root] ? root : undefined;
  }

  /**
   * By answer, how many texts lead to it, the empty one left out. States on a cycle or behind one are reached by infinitely
   * many; the others are taken in topological order. O(edges).
   */
  sizes(): Map<number, Size> {
    const incoming = new Int32Array(this.count);
    const reached = new Uint8Array(this.count);
    const open = [this.start];
    reached[this.start] = 1;
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      this.#forEachEdge(state, (target) => {
        incoming[target]++;
        if (reached[target] === 0) {
          reached[target] = 1;
          open.push(target);
        }
      });
    }
    const sizes = new Map<number, Size>();
    const paths = new Map<number, bigint>([[this.start, 1n]]);
    const ready = incoming[this.start] === 0 ? [this.start] : [];
    for (let state = ready.pop(); state !== undefined; state = ready.pop()) {
      reached[state] = 0;
      const count = paths.get(state) as bigint;
      paths.delete(state);
      const answer = this.answer(state);
      if (answer >= 0 && state !== this.start) sizes.set(answer, ((sizes.get(answer) as bigint | undefined) ?? 0n) + count);
      this.#forEachEdge(state, (target, weight) => {
        paths.set(target, (paths.get(target) ?? 0n) + count * BigInt(weight));
        if (--incoming[target] === 0) ready.push(target);
      });
    }
    for (let state = 0; state < this.count; state++) {
      if (reached[state] === 1 && this.answer(state) >= 0) sizes.set(this.answer(state), "infinite");
    }
    return sizes;
  }

  /** Targets with the number of code points that lead there. What a root leads to is not repeated: that is behind a cycle. */
  #forEachEdge(state: number, visit: (target: number, weight: number) => void): void {
    const edges = this.#root(state) === undefined ? this.edges(state) : this.#automaton.edges(state);
    if (edges === undefined) return;
    for (const target of edges.targets) if (target >= 0) visit(target, 1);
    if (edges.rest >= 0) visit(edges.rest, pointCount - edges.ranks.length);
  }

  /** For each state a number of code points without which no name of the answer is complete; -1 where none ever is. O(edges). */
  distancesTo(answer: number): Int32Array {
    this.#backwards ??= this.#turned();
    const { starts, sources, roots } = this.#backwards;
    const distances = new Int32Array(this.count).fill(-1);
    let level: number[] = [];
    for (let state = 0; state < this.count; state++) if (this.answer(state) === answer) level.push(state);
    for (const state of level) distances[state] = 0;
    for (let distance = 0; level.length > 0; distance++) {
      const before: number[] = [];
      for (const state of level) {
        // States that go where their root goes are as near as that one.
        for (const heir of roots.get(state) ?? []) {
          if (distances[heir] >= 0) continue;
          distances[heir] = distance;
          level.push(heir);
        }
        for (let i = starts[state]; i < starts[state + 1]; i++) if (distances[sources[i]] < 0) before.push(sources[i]);
      }
      level = before.filter((state) => {
        if (distances[state] >= 0) return false;
        distances[state] = distance + 1;
        return true;
      });
    }
    return distances;
  }

  #turned(): Backwards {
    const starts = new Int32Array(this.count + 2);
    const roots = new Map<number, number[]>();
    for (let state = 0; state < this.count; state++) {
      this.#forEachEdge(state, (target) => starts[target + 2]++);
      const root = this.#root(state);
      if (root === undefined) continue;
      const heirs = roots.get(root);
      if (heirs === undefined) roots.set(root, [state]);
      else heirs.push(state);
    }
    for (let i = 2; i < starts.length; i++) starts[i] += starts[i - 1];
    const sources = new Int32Array(starts[this.count + 1]);
    for (let state = 0; state < this.count; state++) {
      this.#forEachEdge(state, (target) => {
        sources[starts[target + 1]++] = state;
      });
    }
    return { starts, sources, roots };
  }
}

interface Backwards {
  /** Sources of state s stand from starts[s] to starts[s + 1]. */
  readonly starts: Int32Array;
  readonly sources: Int32Array;
  /** States by the root they inherit from. */
  readonly roots: ReadonlyMap<number, readonly number[]>;
}
