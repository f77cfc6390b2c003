/**
 * All names at once, the naive way: the subset construction by its definition, one set of (glob, position) pairs a state, nothing
 * forgotten, nothing merged. It shares no code with src/. Two letters that no glob writes out behave alike, so one of them
 * stands for all: an alphabet of the literals and one other letter reaches every state that any name reaches.
 */
export interface OracleState {
  /** The globs that match the names that end here, by their places in the list. */
  readonly matched: readonly number[];
  /** Of a shortest name that ends here, which is `name`. */
  readonly depth: number;
  readonly name: string;
  /** By letter. */
  readonly next: number[];
}

export interface OracleAutomaton {
  /** Literals in code point order, the other letter last. */
  readonly letters: readonly string[];
  /** How many code points each letter stands for. */
  readonly weights: readonly bigint[];
  /** Breadth first; the first is the start, where no valid name ends. */
  readonly states: readonly OracleState[];
}

/** Scalar values but for U+FFFD (semantics G2). */
const namePoints = BigInt(0x110000 - 0x800 - 1);

/** Globs as written, with `*` and `?`. @throws RangeError beyond `statesMax` states */
export function oracleAutomaton(globs: readonly string[], statesMax = 200_000): OracleAutomaton {
  const tokens = globs.map((glob) => Array.from(glob));
  // Every place of every glob has a number, the one behind its last token included.
  const places = tokens.flatMap((list, g) => [...list, undefined].map((token, p) => ({ g, token, ends: p === list.length })));
  const literals = [...new Set(tokens.flat())].filter((token) => !["*", "?", "\ufffd"].includes(token)).sort();
  const other = ["c", "d", "e", "f", "g", "h", "i", "j", "x", "y", "z", "0", "1"].find((letter) => !literals.includes(letter));
  if (other === undefined) throw new RangeError("no letter is left for all others");
  const letters = [...literals, other];
  const weights = letters.map((_, i) => (i < literals.length ? 1n : namePoints - BigInt(literals.length)));
  const states: OracleState[] = [];
  const sets: number[][] = [];
  const ids = new Map<string, number>();
  const reach = (set: Set<number>, name: string, depth: number): number => {
    // A star can be left without reading. What is added is visited, too.
    for (const place of set) if (places[place].token === "*") set.add(place + 1);
    const list = [...set].sort((x, y) => x - y);
    const key = list.join();
    const known = ids.get(key);
    if (known !== undefined) return known;
    // The start is a state of its own, never come back to: only the empty name ends there, which is no valid name.
    if (depth > 0) ids.set(key, states.length);
    sets.push(list);
    states.push({ matched: list.filter((place) => places[place].ends).map((place) => places[place].g), depth, name, next: [] });
    if (states.length > statesMax) throw new RangeError("too many states for the naive construction");
    return states.length - 1;
  };
  const starts = places.flatMap((_, place) => (place === 0 || places[place - 1].ends ? [place] : []));
  reach(new Set(starts), "", 0);
  for (let at = 0; at < states.length; at++) {
    const { name, depth, next } = states[at];
    for (const letter of letters) {
      const after = new Set<number>();
      for (const place of sets[at]) {
        const { token } = places[place];
        if (token === "*") after.add(place);
        else if (token === "?" || token === letter) after.add(place + 1);
      }
      next.push(reach(after, name + letter, depth + 1));
    }
  }
  return { letters, weights, states };
}

/** The longest shortest name: every state is reached by a name of at most so many letters. */
export function depthOf({ states }: OracleAutomaton): number {
  return states[states.length - 1].depth;
}

/**
 * How many valid names end in states of each label. Infinite: by pumping, some name of n to 2n - 1 letters ends there, n being
 * the number of states, so all lengths in that range are walked. Finite: such names have fewer than n letters, so their paths are
 * counted length by length.
 */
export function sizesOf(automaton: OracleAutomaton, labels: readonly (string | undefined)[]): Map<string, bigint | "infinite"> {
  const { states, weights } = automaton;
  const n = states.length;
  const sizes = new Map<string, bigint | "infinite">();
  let reached = new Uint8Array(n);
  reached[0] = 1;
  for (let length = 1; length < 2 * n; length++) {
    const after = new Uint8Array(n);
    for (let s = 0; s < n; s++) if (reached[s] === 1) for (const t of states[s].next) after[t] = 1;
    reached = after;
    if (length < n) continue;
    for (let s = 0; s < n; s++) {
      const label = labels[s];
      if (reached[s] === 1 && label !== undefined) sizes.set(label, "infinite");
    }
  }
  const finite = (s: number) => labels[s] !== undefined && sizes.get(labels[s] as string) !== "infinite";
  const useful = leadingTo(automaton, finite);
  let paths = new Map<number, bigint>(useful[0] === 1 ? [[0, 1n]] : []);
  for (let length = 1; length < n && paths.size > 0; length++) {
    const longer = new Map<number, bigint>();
    for (const [s, count] of paths) {
      states[s].next.forEach((t, letter) => {
        if (useful[t] === 1) longer.set(t, (longer.get(t) ?? 0n) + count * weights[letter]);
      });
    }
    paths = longer;
    for (const [s, count] of paths) {
      if (!finite(s)) continue;
      const label = labels[s] as string;
      sizes.set(label, ((sizes.get(label) ?? 0n) as bigint) + count);
    }
  }
  return sizes;
}

/** How many names of 0, 1, 2, ... letters end in the wanted states; each letter of the automaton counts as one or by its weight. */
export function countsByLength(
  { states, weights }: OracleAutomaton,
  wanted: (state: number) => boolean,
  lengthMax: number,
  weighted: boolean,
): bigint[] {
  const counts: bigint[] = [];
  let paths = new Map<number, bigint>([[0, 1n]]);
  for (let length = 0; length <= lengthMax; length++) {
    let sum = 0n;
    for (const [s, count] of paths) if (wanted(s)) sum += count;
    counts.push(sum);
    const longer = new Map<number, bigint>();
    for (const [s, count] of paths) {
      states[s].next.forEach((t, letter) => longer.set(t, (longer.get(t) ?? 0n) + count * (weighted ? weights[letter] : 1n)));
    }
    paths = longer;
  }
  return counts;
}

/** States from which a wanted state can be reached, themselves included. */
function leadingTo({ states }: OracleAutomaton, wanted: (state: number) => boolean): Uint8Array {
  const leads = Uint8Array.from(states, (_, s) => Number(wanted(s)));
  for (let changed = true; changed; ) {
    changed = false;
    for (let s = states.length - 1; s >= 0; s--) {
      if (leads[s] === 1 || !states[s].next.some((t) => leads[t] === 1)) continue;
      leads[s] = 1;
      changed = true;
    }
  }
  return leads;
}
