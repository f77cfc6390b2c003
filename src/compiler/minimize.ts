import type { RawDfa } from "./subset.js";

/** Predecessors of every state: those of s stand from start[s] to start[s + 1], repeats included. */
interface Predecessors {
  readonly start: Int32Array;
  readonly states: Int32Array;
}

/**
 * The block of every state, where two states share a block exactly when no continuation tells them apart.
 * Partition refinement that only looks again at states one of whose targets has changed its block; the largest part of a
 * split keeps the number, so a state changes its block at most log2(n) times: O(classes * edges * log n) at worst, and in
 * practice little more than one pass, since dominance pruning leaves few equivalent states.
 */
export function refine(dfa: RawDfa): Int32Array {
  const { stateCount } = dfa;
  const block = blocksByRow(dfa);
  const predecessors = predecessorsOf(dfa);
  const members = membersOf(block);
  let dirty: number[] = Array.from({ length: stateCount }, (_, state) => state);
  const marked = new Uint8Array(stateCount);
  while (dirty.length > 0) {
    const moved: number[] = [];
    for (const [id, touched] of groupByBlock(dirty, block)) split(dfa, block, members, id, touched, moved);
    // Block numbers were final for this round only now; signatures of one round must not see half of another.
    for (const [state, id] of pairs(moved)) block[state] = id;
    dirty = [];
    for (const [state] of pairs(moved)) {
      for (let i = predecessors.start[state]; i < predecessors.start[state + 1]; i++) {
        const before = predecessors.states[i];
        if (marked[before] === 0) {
          marked[before] = 1;
          dirty.push(before);
        }
      }
    }
    for (const state of dirty) marked[state] = 0;
  }
  return block;
}

/**
 * Splits one block by the targets of its touched members. Untouched members still agree with each other; they are
 * represented by one of them. Appends (state, new block) to `moved` without changing `block`.
 */
function split(
  dfa: RawDfa,
  block: Int32Array,
  members: number[][],
  id: number,
  touched: readonly number[],
  moved: number[],
): void {
  const all = members[id];
  if (all.length === 1) return;
  const groups: number[][] = [];
  const byHash = new Map<number, number[]>();
  const place = (state: number): number[] => {
    const hash = signatureHash(dfa, block, state);
    const candidates = byHash.get(hash) ?? [];
    for (const at of candidates) {
      if (sameSignature(dfa, block, groups[at][0], state)) return groups[at];
    }
    candidates.push(groups.length);
    byHash.set(hash, candidates);
    const group: number[] = [];
    groups.push(group);
    return group;
  };
  if (touched.length < all.length) {
    const isTouched = new Set(touched);
    const rest = all.filter((state) => !isTouched.has(state));
    place(rest[0]).push(...rest);
  }
  for (const state of touched) place(state).push(state);
  if (groups.length === 1) return;
  let largest = 0;
  for (let g = 1; g < groups.length; g++) if (groups[g].length > groups[largest].length) largest = g;
  for (let g = 0; g < groups.length; g++) {
    if (g === largest) {
      members[id] = groups[g];
      continue;
    }
    for (const state of groups[g]) moved.push(state, members.length);
    members.push(groups[g]);
  }
}

function* pairs(list: readonly number[]): Iterable<readonly [number, number]> {
  for (let i = 0; i < list.length; i += 2) yield [list[i], list[i + 1]];
}

function groupByBlock(states: readonly number[], block: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const state of states) {
    const group = groups.get(block[state]);
    if (group === undefined) groups.set(block[state], [state]);
    else group.push(state);
  }
  return groups;
}

function blocksByRow(dfa: RawDfa): Int32Array {
  const ids = new Map<number, number>();
  return Int32Array.from(dfa.rows, (row) => {
    const id = ids.get(row) ?? ids.size;
    ids.set(row, id);
    return id;
  });
}

function membersOf(block: Int32Array): number[][] {
  const members: number[][] = [];
  // blocksByRow numbers blocks in order of their first state, so a new number is always the next one.
  block.forEach((id, state) => {
    if (id === members.length) members.push([]);
    members[id].push(state);
  });
  return members;
}

function predecessorsOf({ stateCount, next }: RawDfa): Predecessors {
  const start = new Int32Array(stateCount + 1);
  for (let i = 0; i < next.length; i++) start[next[i] + 1]++;
  for (let state = 0; state < stateCount; state++) start[state + 1] += start[state];
  const filled = start.slice();
  const states = new Int32Array(next.length);
  const classCount = stateCount === 0 ? 1 : next.length / stateCount;
  for (let state = 0; state < stateCount; state++) {
    for (let c = 0; c < classCount; c++) states[filled[next[state * classCount + c]]++] = state;
  }
  return { start, states };
}

function signatureHash({ classCount, next }: RawDfa, block: Int32Array, state: number): number {
  let hash = 0;
  for (let i = state * classCount, end = i + classCount; i < end; i++) {
    hash = Math.imul(hash ^ block[next[i]], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function sameSignature({ classCount, next }: RawDfa, block: Int32Array, a: number, b: number): boolean {
  for (let c = 0; c < classCount; c++) {
    if (block[next[a * classCount + c]] !== block[next[b * classCount + c]]) return false;
  }
  return true;
}

/** An automaton with states in breadth-first order from start 0, classes in order of their first byte. */
export interface OrderedDfa {
  readonly classes: Uint8Array;
  readonly classCount: number;
  readonly stateCount: number;
  readonly next: Uint32Array;
  /** Scratch rows, see RowAlgebra. */
  readonly rows: Int32Array;
}

/**
 * One state per block, numbered breadth first, and one class per distinct column: the result is the smallest automaton of
 * its meaning and depends on nothing else.
 */
export function quotient(dfa: RawDfa, block: Int32Array, classes: Uint8Array): OrderedDfa {
  const { classCount } = dfa;
  const order: number[] = [0];
  const numberOf = new Map<number, number>([[block[0], 0]]);
  const targets: number[] = [];
  for (let i = 0; i < order.length; i++) {
    for (let c = 0; c < classCount; c++) {
      const target = dfa.next[order[i] * classCount + c];
      let id = numberOf.get(block[target]);
      if (id === undefined) {
        id = order.length;
        numberOf.set(block[target], id);
        order.push(target);
      }
      targets.push(id);
    }
  }
  const columns = distinctColumns(targets, classCount);
  const next = new Uint32Array(order.length * columns.kept.length);
  for (let state = 0; state < order.length; state++) {
    columns.kept.forEach((c, k) => {
      next[state * columns.kept.length + k] = targets[state * classCount + c];
    });
  }
  return {
    classes: classes.map((c) => columns.classOf[c]),
    classCount: columns.kept.length,
    stateCount: order.length,
    next,
    rows: Int32Array.from(order, (state) => dfa.rows[state]),
  };
}

/** Classes whose columns are equal become one. */
function distinctColumns(targets: readonly number[], classCount: number): { kept: number[]; classOf: number[] } {
  const kept: number[] = [];
  const classOf: number[] = [];
  const byHash = new Map<number, number[]>();
  for (let c = 0; c < classCount; c++) {
    let hash = 0;
    for (let i = c; i < targets.length; i += classCount) {
      hash = Math.imul(hash ^ targets[i], 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const candidates = byHash.get(hash) ?? [];
    let found = candidates.find((k) => sameColumn(targets, classCount, kept[k], c));
    if (found === undefined) {
      found = kept.length;
      kept.push(c);
      candidates.push(found);
      byHash.set(hash, candidates);
    }
    classOf.push(found);
  }
  return { kept, classOf };
}

function sameColumn(targets: readonly number[], classCount: number, a: number, b: number): boolean {
  for (let i = 0; i < targets.length; i += classCount) if (targets[i + a] !== targets[i + b]) return false;
  return true;
}
