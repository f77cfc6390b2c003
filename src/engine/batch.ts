import type { Calls, NameFacts } from "./calls.js";
import type { Evaluator, PackedNames } from "./evaluator.js";
import { RowFacts } from "./lookup.js";
import type { Context, Decision, Verdict } from "./result.js";
import { isAscii, unpackName } from "./tool-names.js";

/** Decisions of many names: one number a name, one frozen decision a distinct outcome. */
export interface BatchResult {
  readonly count: number;
  /** The decision of name `index`; equal to that of `decide` for the same call. */
  at(index: number): Decision;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Each distinct decision and how many names have it. */
  readonly tally: readonly { readonly decision: Decision; readonly count: number }[];
}

/** Collects decisions as numbers. */
class Tally implements BatchResult {
  readonly decisions: Decision[] = [];
  readonly hits: number[] = [];
  private readonly numbers = new Map<Decision, number>();

  constructor(
    readonly count: number,
    private readonly chosen: Uint32Array,
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
    if (!(index >= 0 && index < this.count)) throw new RangeError(`no name ${index} in a batch of ${this.count}`);
    return this.decisions[this.chosen[index]];
  }

  get counts(): Record<Verdict, number> {
    const counts = { pass: 0, warn: 0, fail: 0 };
    for (const { decision, count } of this.tally) counts[decision.verdict] += count;
    return counts;
  }

  get tally() {
    return this.decisions.map((decision, number) => ({ decision, count: this.hits[number] }));
  }
}

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

/** In a table of rows: not seen yet; to be decided by name. */
const UNSEEN = -1;
const BY_NAME = -2;

/** Decides packed batches row by row: each distinct row is judged once, the rest is counting. */
export class BatchDecider {
  private readonly facts: RowFacts;
  /** Row id -> number in the running tally, and the ids that are set. */
  private numbers = new Int32Array(0);
  private entered: number[] = [];

  constructor(
    private readonly calls: Calls,
    private readonly evaluator: Evaluator,
  ) {
    this.facts = new RowFacts(evaluator, calls.rules.artifact.rowCount);
  }

  /** The context must not hold what ties a call to its place or name: no session, no guardrail. */
  decide(names: PackedNames, context: Context | undefined, byName: (name: string) => Decision): BatchResult {
    const { count } = names;
    const chosen = new Uint32Array(count);
    const tally = new Tally(count, chosen);
    const ascii = isAscii(names.bytes);
    // Deciding by name may join rows and so make row ids invalid: it waits until the ids are read.
    const later: number[] = [];
    this.forget();
    let stuck = false;
    for (let from = 0; from < count; ) {
      const done = this.evaluator.classifyBatch(names, from, chosen);
      if (done === from && stuck) throw new Error("the evaluator makes no progress");
      this.settle(names, ascii, from, done, chosen, tally, later, context);
      stuck = done === from;
      from = done;
      if (from < count) {
        this.evaluator.resetRows();
        this.forget();
      }
    }
    for (const i of later) {
      chosen[i] = tally.number(byName(unpackName(names, i)));
      tally.hits[chosen[i]]++;
    }
    return tally;
  }

  /** Turns row ids into numbers of decisions; names that need more than their row go to `later`. */
  private settle(
    { offsets, bytes }: PackedNames,
    ascii: boolean,
    from: number,
    done: number,
    chosen: Uint32Array,
    tally: Tally,
    later: number[],
    context: Context | undefined,
  ): void {
    const { hits } = tally;
    let { numbers } = this;
    for (let i = from; i < done; i++) {
      const id = chosen[i];
      let number = id < numbers.length ? numbers[id] : UNSEEN;
      if (number === UNSEEN) {
        number = this.enter(id, tally, context);
        numbers = this.numbers;
      }
      const start = offsets[i];
      const end = offsets[i + 1];
      if (number === BY_NAME || start === end || !(ascii || isAsciiName(bytes, start, end))) later.push(i);
      else {
        chosen[i] = number;
        hits[number]++;
      }
    }
  }

  private enter(id: number, tally: Tally, context: Context | undefined): number {
    if (id >= this.numbers.length) {
      const wider = new Int32Array(Math.max(1024, (id + 1) * 2)).fill(UNSEEN);
      wider.set(this.numbers);
      this.numbers = wider;
    }
    const facts = this.facts.of(id);
    const number = this.isByName(facts, context) ? BY_NAME : tally.number(this.decideRow(facts, context));
    this.numbers[id] = number;
    this.entered.push(id);
    return number;
  }

  private forget(): void {
    for (const id of this.entered) this.numbers[id] = UNSEEN;
    this.entered = [];
  }

  private isByName(facts: NameFacts, context: Context | undefined): boolean {
    return facts.guarded || (context?.sightings !== undefined && this.calls.mayHaveGrace(facts));
  }

  private decideRow(facts: NameFacts, context: Context | undefined): Decision {
    if (context !== undefined) return this.calls.decide("", facts, context);
    facts.alone ??= this.calls.decide("", facts, {});
    return facts.alone;
  }
}

function isAsciiName(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] >= 0x80) return false;
  return true;
}
