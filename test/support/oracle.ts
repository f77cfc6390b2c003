import type { Outcome } from "../../src/analysis/outcome.js";
import { referenceMatch } from "../../src/reference/evaluate.js";
import { textsUpTo } from "./alphabet.js";
import { type OracleAutomaton, oracleAutomaton } from "./oracle-automaton.js";
import { type OracleCall, type OracleLayers, specificationOf } from "./oracle-verdicts.js";

/** Names written out go to so many letters. */
export const lengthMax = 7;
/** All names over two letters that globs write out and one that stands for all others, shorter ones first. */
export const names = textsUpTo(["a", "b", "c"], lengthMax).slice(1);

const tables = new Map<string, Uint8Array>();

/** By name: whether the specification's matcher says that the glob matches. Kept, since few globs are drawn again and again. */
export function matchesOf(glob: string): Uint8Array {
  let table = tables.get(glob);
  if (table === undefined) {
    table = Uint8Array.from(names, (name) => Number(referenceMatch(glob, name)));
    tables.set(glob, table);
  }
  return table;
}

/** What is true of all names that match the same globs of a list. */
export interface NameClass {
  /** The globs they match, by their places in the list. */
  readonly matched: readonly number[];
  /** A shortest name. */
  readonly name: string;
}

/** All names, as far as a list of globs over `a` and `b` tells them apart. */
export interface NameClasses {
  readonly globs: readonly string[];
  readonly automaton: OracleAutomaton;
  /** Shorter names first. */
  readonly classes: readonly NameClass[];
  /** By state of the automaton, the class of the names that end there; the start has none. */
  readonly classOf: readonly (number | undefined)[];
  /** By name, its class; as far as `enumerated` letters. */
  readonly ofNames: readonly number[];
  /** Names were written out up to so many letters. */
  readonly enumerated: number;
  /** So many letters suffice to meet every class. */
  readonly depth: number;
}

/**
 * Of globs over other letters than `a` and `b` no name is written out: the automaton alone tells the classes.
 * @throws Error when names written out and the naive automaton disagree: then the oracle is wrong.
 */
export function nameClasses(globs: readonly string[]): NameClasses {
  const automaton = oracleAutomaton(globs);
  const { states } = automaton;
  const depth = states[states.length - 1].depth;
  const enumerated = globs.every((glob) => /^[ab*?]*$/.test(glob)) ? Math.min(depth, lengthMax) : 0;
  const ids = new Map<string, number>();
  const classes: NameClass[] = [];
  const meet = (matched: readonly number[], name: string): number => {
    const key = matched.join();
    let id = ids.get(key);
    if (id === undefined) {
      id = classes.length;
      ids.set(key, id);
      classes.push({ matched, name });
    }
    return id;
  };
  const ofNames: number[] = [];
  const matching = globs.map(matchesOf);
  for (let n = 0; n < names.length && names[n].length <= enumerated; n++) {
    const matched: number[] = [];
    for (let g = 0; g < matching.length; g++) if (matching[g][n] === 1) matched.push(g);
    ofNames.push(meet(matched, names[n]));
  }
  const written = classes.length;
  const classOf = states.map(({ matched, name }, s) => (s === 0 ? undefined : meet(matched, name)));
  // The longest of the shortest names are the ones that only the automaton knows.
  const early = states.filter((state, s) => s > 0 && state.depth <= enumerated);
  const met = new Set(early.map(({ matched }) => matched.join()));
  const fresh = classes.slice(written).filter(({ name }) => name.length <= enumerated);
  if (fresh.length > 0 || classes.slice(0, written).some(({ matched }) => !met.has(matched.join()))) {
    throw new Error(`the oracle contradicts itself about ${JSON.stringify(globs)}`);
  }
  return { globs, automaton, classes, classOf, ofNames, enumerated, depth };
}

/** The class of any valid name: a letter that no glob writes out is read as the one that stands for all such. */
export function classAt({ automaton: { letters, states }, classOf }: NameClasses, name: string): number | undefined {
  let state = 0;
  for (const character of name) {
    const letter = letters.indexOf(character);
    state = states[state].next[letter < 0 ? letters.length - 1 : letter];
  }
  return classOf[state];
}

/** What each class gets under some layers, from the specification, asked about its shortest name. */
export function outcomesOf({ classes }: NameClasses, layers: OracleLayers, call: OracleCall): readonly Outcome[] {
  return classes.map(({ name }) => specificationOf(layers, name, call));
}
