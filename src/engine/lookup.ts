import { NONE } from "../artifact/layout.js";
import { NameFacts } from "./calls.js";
import type { Evaluator } from "./evaluator.js";
import type { CountedTerm, Rules } from "./rules.js";
import { isInvalidName } from "./tool-names.js";

const noTerms: readonly CountedTerm[] = [];

/** The facts of an evaluator's rows, made on first use. Facts outlive the row ids that joined rows lose (`resetRows`). */
export class RowFacts {
  private facts: (NameFacts | undefined)[] = [];
  private generation: number;

  constructor(
    private readonly evaluator: Evaluator,
    private readonly staticRows: number,
  ) {
    this.generation = evaluator.generation;
  }

  /** The facts that all names of the row share; `guarded` ones still depend on the name. */
  of(id: number): NameFacts {
    if (this.evaluator.generation !== this.generation) {
      this.generation = this.evaluator.generation;
      if (this.facts.length > this.staticRows) this.facts.length = this.staticRows;
    }
    return this.facts[id] ?? this.make(id);
  }

  private make(id: number): NameFacts {
    const { forbidden, trigger, capability, guarded } = this.evaluator.row(id);
    // A dense array stays fast to index; rows are asked for in any order.
    while (this.facts.length <= id) this.facts.push(undefined);
    const facts = new NameFacts(forbidden, trigger, capability, false, noTerms, guarded !== NONE);
    this.facts[id] = facts;
    return facts;
  }
}

/** Names kept: a power of two sets of four; their tables fit the second-level cache next to the automaton. */
const setBits = 11;
/** Longer names are looked up each time, so that hostile names cannot fill the memory. */
const keptUnitsMax = 256;

/**
 * From a name to its facts, through a small four-way cache: a name seen lately costs a few character reads and one string
 * comparison, whatever the size of the policy. What it keeps never goes stale, because facts depend on the name alone.
 * A name is kept from its second time on, so that a stream of names seen once costs two numbers each and keeps nothing.
 */
export class NameLookup {
  /** Hashes of the kept names, so that a name is compared only with one that is almost surely equal. */
  private readonly tags = new Int32Array(4 << setBits);
  private readonly names: string[] = new Array(4 << setBits).fill("");
  private readonly kept: NameFacts[] = new Array(4 << setBits).fill(new NameFacts(NONE, NONE, NONE, true, noTerms, false));
  /** Hashes of names seen once, in sets of the same shape. */
  private readonly once = new Int32Array(4 << setBits);
  private readonly rows: RowFacts;
  private turn = 0;

  constructor(
    private readonly rules: Rules,
    private readonly evaluator: Evaluator,
  ) {
    this.rows = new RowFacts(evaluator, rules.artifact.rowCount);
  }

  factsOf(name: string): NameFacts {
    const { tags, names } = this;
    const hash = sampledHash(name);
    const at = (hash >>> (32 - setBits)) << 2;
    if (tags[at] === hash && names[at] === name) return this.kept[at];
    if (tags[at + 1] === hash && names[at + 1] === name) return this.kept[at + 1];
    if (tags[at + 2] === hash && names[at + 2] === name) return this.kept[at + 2];
    if (tags[at + 3] === hash && names[at + 3] === name) return this.kept[at + 3];
    const facts = this.ask(name);
    const { once } = this;
    const place = at + (this.turn++ & 3);
    if (once[at] !== hash && once[at + 1] !== hash && once[at + 2] !== hash && once[at + 3] !== hash) once[place] = hash;
    else if (name.length <= keptUnitsMax) this.keep(place, hash, name, facts);
    return facts;
  }

  private keep(place: number, hash: number, name: string, facts: NameFacts): void {
    this.tags[place] = hash;
    this.names[place] = name;
    this.kept[place] = facts;
  }

  private ask(name: string): NameFacts {
    const { evaluator } = this;
    const facts = this.rows.of(evaluator.classify(name));
    // Only names that are empty or not all ASCII can be invalid.
    if (!facts.guarded && !evaluator.wide && name.length > 0) return facts;
    evaluator.wide = false;
    return facts.guarded || isInvalidName(name) ? this.refine(name, facts) : facts;
  }

  /** Facts that depend on more than the row: guarded terms (E7), and names that are none (G2). */
  private refine(name: string, facts: NameFacts): NameFacts {
    const holds = (globId: number) => this.evaluator.matchGlob(globId, name);
    let { trigger } = facts;
    let counted = noTerms;
    if (facts.guarded) {
      const fired = this.rules.nameTerms.find((term) => term.globIds.every(holds));
      if (fired !== undefined && fired.trigger < trigger) trigger = fired.trigger;
      counted = this.rules.mixedTerms.filter((term) => term.globIds.every(holds));
    }
    const invalid = isInvalidName(name);
    return new NameFacts(facts.forbidden, trigger, invalid ? NONE : facts.capability, invalid, counted, false);
  }
}

/** Length and eight characters, which tell most tool names apart; a collision costs a lookup, never a wrong answer. Not zero. */
function sampledHash(name: string): number {
  const n = name.length;
  let h: number;
  if (n < 8) {
    h = n;
    for (let i = 0; i < n; i++) h = Math.imul(h, 0x9e3779b1) ^ name.charCodeAt(i);
  } else {
    h = name.charCodeAt(n - 1) | (name.charCodeAt(n - 2) << 7) | (name.charCodeAt(n - 4) << 14) | (name.charCodeAt(n - 6) << 21);
    h = Math.imul(h, 0x9e3779b1);
    h ^= name.charCodeAt(n >> 1) | (name.charCodeAt((n * 5) >> 3) << 7) | (n << 14) | (name.charCodeAt((n * 3) >> 2) << 20);
  }
  return Math.imul(h, 0x85ebca6b) | 1;
}
