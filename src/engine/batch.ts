import type { Calls, NameFacts } from "./calls.js";
import type { Evaluator, PackedNames } from "./evaluator.js";
import { RowFacts } from "./lookup.js";
import type { Context, Decision, Verdict } from "./result.js";
import { unpackName } from "./tool-names.js";

/** How many names got which decision. */
export interface BatchCounts {
  /** Names decided. */
  readonly count: number;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Decisions and how many names have each; names of different rows may have equal ones. */
  readonly tally: readonly { readonly decision: Decision; readonly count: number }[];
}

/** Decisions of many names: one number a name, one frozen decision a distinct outcome. */
export interface BatchResult extends BatchCounts {
  /** The decision of name `index`; equal to that of `decide` for the same call. */
  at(index: number): Decision;
}

/** Collects decisions as numbers. */
class Tally implements BatchResult {
  readonly decisions: Decision[] = [];
  readonly hits: number[] = [];
  private readonly numbers = new Map<Decision, number>();

  constructor(
    readonly count: number,
    /** The number of each name's decision; empty where only counts are wanted. */
    readonly chosen: Uint32Array,
  ) {}

  /** The number of a decision, its own for each distinct object. */
  number(decision: Decision): number {
    let number = this.numbers.get(decision);
    if (number === undefined) {
      number = this.decisions.push(decision) - 1;
      this.hits.push(0);
      this.numbers.set(decision, number);
    }
    return number;
  }

  at(index: number): Decision {
    if (!(index >= 0 && index < this.chosen.length)) throw new RangeError(`no name ${index} in a batch of ${this.count}`);
    return this.decisions[this.chosen[index]];
  }

  get counts(): Record<Verdict, number> {
    const counts = { pass: 0, warn: 0, fail: 0 };
    for (const { decision, count } of this.tally) counts[decision.verdict] += count;
    return counts;
  }

  get tally() {
    return this.decisions.map((decision, number) => ({ decision, count: this.hits[number] })).filter(({ count }) => count > 0);
  }
}

const noNames = new Uint32Array(0);

/** Decides names one by one. */
export function decideEach(count: number, decideAt: (index: number) => Decision): BatchResult {
  const chosen = new Uint32Array(count);
  const tally = new Tally(count, chosen);
  for (let i = 0; i < count; i++) {
    const number = tally.number(decideAt(i));
    chosen[i] = number;
    tally.hits[number]++;
  }
  return tally;
}

/** The tally of ids from the decisions of their names: `calls[id]` is how often the name of the id was called. */
export function tallyOfIds(count: number, names: BatchResult, calls: Uint32Array): BatchCounts {
  const tally = new Tally(count, noNames);
  for (let id = 0; id < calls.length; id++) tally.hits[tally.number(names.at(id))] += calls[id];
  return tally;
}

/** In a table of rows: not seen yet; to be decided by name. */
const UNSEEN = -1;
const BY_NAME = -2;
/** Names whose rows are settled while they are still in the cache. */
const sliceNames = 8192;

/** Decides packed batches row by row: each distinct row is judged once, the rest is counting. */
export class BatchDecider {
  readonly #facts: RowFacts;
  /** Row id -> number in the running tally, and the ids that are set. */
  #numbers = new Int32Array(0);
  #entered: number[] = [];
  /** Rows of a slice of which only counts are wanted. */
  readonly #rows = new Uint32Array(sliceNames);

  constructor(
    private readonly calls: Calls,
    private readonly evaluator: Evaluator,
  ) {
    this.#facts = new RowFacts(evaluator, calls.rules.artifact.rowCount);
  }

  /**
   * The context must not hold what ties a call to its place or name: no session, no guardrail. With `countsOnly` the answer has
   * no decision of a single name, and the memory does not grow with the names.
   */
  decide(names: PackedNames, context: Context | undefined, byName: (name: string) => Decision, countsOnly: boolean): BatchResult {
    const { bytes, count, offsets } = names;
    const chosen = countsOnly ? noNames : new Uint32Array(count);
    const tally = new Tally(count, chosen);
    // Deciding by name may join rows and so make row ids invalid: it waits until the ids are read.
    const later: number[] = [];
    this.#forget();
    for (let base = 0; base < count; base += sliceNames) {
      const size = Math.min(sliceNames, count - base);
      const slice = { count: size, offsets: offsets.subarray(base, base + size + 1), bytes };
      if (countsOnly && this.#addRows(this.evaluator.countBatch?.(slice), tally, context)) continue;
      const rows = countsOnly ? this.#rows : chosen.subarray(base, base + size);
      this.#decideSlice(slice, rows, tally, (i) => later.push(base + i), context);
    }
    for (const i of later) {
      const number = tally.number(byName(unpackName(names, i)));
      if (!countsOnly) chosen[i] = number;
      tally.hits[number]++;
    }
    return tally;
  }

  #decideSlice(
    names: PackedNames,
    rows: Uint32Array,
    tally: Tally,
    byName: (index: number) => void,
    context: Context | undefined,
  ): void {
    let stuck = false;
    for (let from = 0; from < names.count; ) {
      const done = this.evaluator.classifyBatch(names, from, rows);
      if (done === from && stuck) throw new Error("the evaluator makes no progress");
      this.#settle(names, from, done, rows, tally, byName, context);
      stuck = done === from;
      from = done;
      if (from < names.count) {
        this.evaluator.resetRows();
        this.#forget();
      }
    }
  }

  /** Turns row ids into numbers of decisions, and counts them; names that need more than their row go to `byName`. */
  #settle(
    { offsets, bytes }: PackedNames,
    from: number,
    done: number,
    rows: Uint32Array,
    tally: Tally,
    byName: (index: number) => void,
    context: Context | undefined,
  ): void {
    const { hits } = tally;
    const { wide } = this.evaluator;
    this.evaluator.wide = false;
    let numbers = this.#numbers;
    for (let i = from; i < done; i++) {
      const id = rows[i];
      let number = id < numbers.length ? numbers[id] : UNSEEN;
      if (number === UNSEEN) {
        number = this.#enter(id, tally, context);
        numbers = this.#numbers;
      }
      if (number === BY_NAME || (wide && !isAsciiName(bytes, offsets[i], offsets[i + 1]))) byName(i);
      else {
        rows[i] = number;
        hits[number]++;
      }
    }
  }

  /** Adds whole rows to the tally; false, and nothing added, when names have to be looked at. */
  #addRows(pairs: Uint32Array | undefined, tally: Tally, context: Context | undefined): boolean {
    if (pairs === undefined) return false;
    for (let i = 0; i < pairs.length; i += 2) if (this.#numberOf(pairs[i], tally, context) === BY_NAME) return false;
    for (let i = 0; i < pairs.length; i += 2) tally.hits[this.#numbers[pairs[i]]] += pairs[i + 1];
    return true;
  }

  #numberOf(id: number, tally: Tally, context: Context | undefined): number {
    const number = id < this.#numbers.length ? this.#numbers[id] : UNSEEN;
    return number === UNSEEN ? this.#enter(id, tally, context) : number;
  }

  #enter(id: number, tally: Tally, context: Context | undefined): number {
    if (id >= this.#numbers.length) {
      const wider = new Int32Array(Math.max(1024, (id + 1) * 2)).fill(UNSEEN);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    const facts = this.#facts.of(id);
    const number = this.#isByName(facts, context) ? BY_NAME : tally.number(this.#decideRow(facts, context));
    this.#numbers[id] = number;
    this.#entered.push(id);
    return number;
  }

  #forget(): void {
    for (const id of this.#entered) this.#numbers[id] = UNSEEN;
    this.#entered = [];
  }

  #isByName(facts: NameFacts, context: Context | undefined): boolean {
    return facts.guarded || (context?.sightings !== undefined && this.calls.mayHaveGrace(facts));
  }

  #decideRow(facts: NameFacts, context: Context | undefined): Decision {
    if (context !== undefined) return this.calls.decide("", facts, context);
    facts.alone ??= this.calls.decide("", facts, {});
    return facts.alone;
  }
}

/** Not empty and all ASCII: never invalid. */
function isAsciiName(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] >= 0x80) return false;
  return from < to;
}
