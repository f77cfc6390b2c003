import type { Edges } from "./automaton.js";
import type { Graph } from "./graph.js";
import { pointCount } from "./points.js";

/** One code point of the name at hand: the state before it, and the rank to try next. */
interface Frame {
  readonly state: number;
  readonly edges: Edges;
  rank: number;
}

/** The names of one answer in a graph, as ranks: shorter ones first, equally long ones in the order of their ranks. */
export class NameWalk {
  readonly #graph: Graph;
  readonly #answer: number;
  readonly #distances: Int32Array;
  readonly #edges = new Map<number, Edges | undefined>();
  /** By state and length, whether a name of the answer ends exactly there. */
  readonly #reach = new Map<number, boolean>();

  constructor(graph: Graph, answer: number) {
    this.#graph = graph;
    this.#answer = answer;
    this.#distances = graph.distancesTo(answer);
  }

  /** Without end where the names are infinitely many. The caller stops after as many as there are. */
  *names(): Generator<readonly number[]> {
    const { start } = this.#graph;
    if (start < 0 || this.#distances[start] < 0) return;
    for (let length = Math.max(1, this.#distances[start]); ; length++) {
      if (this.#ends(start, length)) yield* this.#ofLength(length);
    }
  }

  *#ofLength(length: number): Generator<readonly number[]> {
    const name: number[] = [];
    const frames: Frame[] = [this.#frame(this.#graph.start)];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const left = length - frames.length;
      const rank = this.#nextRank(frame, left);
      if (rank === undefined) {
        frames.pop();
        name.pop();
        continue;
      }
      frame.rank = rank + 1;
      name[frames.length - 1] = rank;
      if (left === 0) yield name.slice(0, length);
      else frames.push(this.#frame(targetOf(frame.edges, rank)));
    }
  }

  #frame(state: number): Frame {
    return { state, edges: this.#edgesOf(state) as Edges, rank: 0 };
  }

  /** The least rank not below the frame's on which a name of the answer ends after `left` more. */
  #nextRank({ edges, rank }: Frame, left: number): number | undefined {
    const { ranks, targets, rest } = edges;
    let i = firstFrom(ranks, rank);
    const others = this.#ends(rest, left);
    for (let free = rank; free < pointCount; free++) {
      if (i === ranks.length) return others ? free : undefined;
      if (ranks[i] > free) {
        if (others) return free;
        free = ranks[i];
      }
      if (this.#ends(targets[i++], left)) return free;
    }
    return undefined;
  }

  #edgesOf(state: number): Edges | undefined {
    if (!this.#edges.has(state)) this.#edges.set(state, this.#graph.edges(state));
    return this.#edges.get(state);
  }

  /** Whether some text of exactly `length` code points leads from the state to the answer. Without recursion: names may be long. */
  #ends(state: number, length: number): boolean {
    const known = this.#told(state, length);
    if (known !== undefined) return known;
    const stack: { state: number; left: number; targets: Iterator<number> }[] = [];
    const enter = (at: number, left: number) => stack.push({ state: at, left, targets: this.#targets(at) });
    enter(state, length);
    let found = false;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { value, done } = found ? { value: 0, done: true } : top.targets.next();
      if (done === true) {
        this.#reach.set(top.left * this.#graph.count + top.state, found);
        stack.pop();
        continue;
      }
      const answer = this.#told(value, top.left - 1);
      if (answer === undefined) enter(value, top.left - 1);
      else found = answer;
    }
    return found;
  }

  #told(state: number, length: number): boolean | undefined {
    if (state < 0) return false;
    if (length === 0) return this.#graph.answer(state) === this.#answer;
    const distance = this.#distances[state];
    if (distance < 0 || distance > length) return false;
    return this.#reach.get(length * this.#graph.count + state);
  }

  *#targets(state: number): Generator<number> {
    const edges = this.#edgesOf(state);
    if (edges === undefined) return;
    yield* edges.targets;
    yield edges.rest;
  }
}

/** The first place whose rank is not below. */
function firstFrom(ranks: readonly number[], rank: number): number {
  let low = 0;
  let end = ranks.length;
  while (low < end) {
    const middle = (low + end) >> 1;
    if (ranks[middle] < rank) low = middle + 1;
    else end = middle;
  }
  return low;
}

function targetOf({ ranks, targets, rest }: Edges, rank: number): number {
  const place = firstFrom(ranks, rank);
  return ranks[place] === rank ? targets[place] : rest;
}
