import { placesMax, traceFindingsMax, tracePairsMax } from "../../limits.js";
import { roomFor } from "./columns.js";
import type { CallRows, Knowledge } from "./knowledge.js";
import { actionShift, beforeShift, foundBit, graceBit, type Outcomes, verdictBits } from "./outcomes.js";
import { PairTable, pairCount, pairNumber } from "./pair-table.js";
import { Places } from "./places.js";
import { HourCounts, hourMs } from "./timeline.js";
import type { PolicyViews } from "./views.js";

/** Columns of a trace in `Tally.ofTrace`: calls by verdict, then those of subagents. */
export const traceWords = 4;
export const subagentCalls = 3;

export interface TallyLimits {
  readonly traceFindingsMax?: number | undefined;
  readonly tracePairsMax?: number | undefined;
}

/**
 * Everything counted of the calls judged, in columns: by outcome, by trace, by trace and outcome, by agent and tool, by
 * hour. One call is a few additions to arrays of numbers; nothing is allocated for it.
 */
export class Tally {
  /** Per outcome: calls, and the times of the first and the last. */
  calls = new Float64Array(64);
  firstMs = new Float64Array(64).fill(Infinity);
  lastMs = new Float64Array(64).fill(-Infinity);
  readonly places = new Places();
  /** Per trace: `traceWords` counts; the worst action; the worst verdict before; 1 when findings were not kept. */
  ofTrace = new Uint32Array(64 * traceWords);
  action = new Uint8Array(64);
  before = new Uint8Array(64);
  dropped = new Uint8Array(64);
  /** Per agent and tool: calls judged, those in grace. */
  pairCalls = new Uint32Array(64);
  pairGrace = new Uint32Array(64);
  readonly hours = new HourCounts();
  /** Trace and outcome -> number of the finding's places and calls; and pairs that only have to be told apart. */
  readonly findings = new PairTable();
  readonly findingPlaces = new Places();
  readonly passes = new PairTable();
  /** A decision made turned out to rest on a first time that was not the first (T2). */
  unsettled = false;
  /** Per agent and tool: the latest calls judged in grace, now and before. */
  private graceNowMs = new Float64Array(64).fill(-Infinity);
  private graceThenMs = new Float64Array(64).fill(-Infinity);
  private readonly findingsMax: number;
  private readonly passesMax: number;

  constructor(
    private readonly known: Knowledge,
    readonly outcomes: Outcomes,
    private readonly range: { readonly sinceMs: number; readonly untilMs: number },
    limits: TallyLimits = {},
  ) {
    this.findingsMax = limits.traceFindingsMax ?? traceFindingsMax;
    this.passesMax = limits.tracePairsMax ?? tracePairsMax;
  }

  /** A first time that decisions may rest on became an earlier one. */
  earlier(pair: number, timeMs: number): void {
    if (pair >= this.graceNowMs.length) return;
    const tool = this.known.sightings.tool[pair];
    const { now, then } = this.outcomes;
    const over = (views: PolicyViews | undefined, latestMs: number) =>
      latestMs > -Infinity && !(latestMs < (views as PolicyViews).expiryMs(tool, timeMs));
    if (over(now, this.graceNowMs[pair]) || over(then, this.graceThenMs[pair])) this.unsettled = true;
  }

  /**
   * Counts the calls `from ..< to`; `pairs` are their agents and tools as surveyed, `wanted` says of each trace whether it
   * is looked at, `outcomes` what each call comes to where more than its name and time decide.
   */
  count(
    rows: CallRows,
    from: number,
    to: number,
    sequence: number,
    pairs: Uint32Array,
    wanted: Uint8Array,
    decided?: Int32Array,
  ): void {
    const length = to - from;
    this.reserve(length);
    const { trace, tool, timeMs, line, input, subagent } = rows;
    const { sinceMs, untilMs } = this.range;
    const ranged = sinceMs !== -Infinity || untilMs !== Infinity;
    const { ofTool, bits: bitsOf } = this.outcomes;
    const { calls, firstMs, lastMs, ofTrace, action, before, pairCalls, pairGrace, hours, places } = this;
    let { counts: hourly, firstHour } = hours;
    for (let i = from; i < to; i++) {
      const t = trace[i];
      const ms = timeMs[i];
      if (wanted[t] === 0 || (ranged && !(ms >= sinceMs && ms < untilMs))) continue;
      const pair = pairs[i - from];
      let outcome = decided === undefined ? ofTool[tool[i]] : decided[i];
      if (outcome < 0) outcome = this.outcomeOf(tool[i], pair, ms);
      const bits = bitsOf[outcome];
      const verdict = bits & verdictBits;

      const count = ++calls[outcome];
      if (ms < firstMs[outcome]) firstMs[outcome] = ms;
      if (ms > lastMs[outcome]) lastMs[outcome] = ms;
      ofTrace[t * traceWords + verdict]++;
      const acted = (bits >> actionShift) & 3;
      if (acted > action[t]) action[t] = acted;
      const was = (bits >> beforeShift) & 3;
      if (was > before[t]) before[t] = was;
      pairCalls[pair]++;
      if ((bits & graceBit) !== 0) pairGrace[pair]++;

      const at = (Math.floor(ms / hourMs) - firstHour) * 3;
      if (at >= 0 && at < hourly.length) hourly[at + verdict]++;
      else {
        hours.addSlowly(ms, verdict);
        ({ counts: hourly, firstHour } = hours);
      }

      const sub = subagent === undefined ? 0 : subagent[i];
      if (sub === 1) ofTrace[t * traceWords + subagentCalls]++;
      if (count <= placesMax) {
        places.add(outcome, sequence + i - from, typeof input === "number" ? input : input[i], line[i], ms, sub);
      }
      if ((bits & foundBit) === 0) this.notePass(t, outcome);
      else this.noteFinding(t, outcome, rows, i, sequence + i - from, sub);
    }
  }

  private notePass(trace: number, outcome: number): void {
    const { passes } = this;
    if (passes.size < this.passesMax) passes.place(trace, outcome);
  }

  private noteFinding(trace: number, outcome: number, rows: CallRows, i: number, sequence: number, sub: number): void {
    const { findings } = this;
    const at = findings.size < this.findingsMax ? findings.place(trace, outcome) : findings.find(trace, outcome);
    if (at === -1) {
      this.dropped[trace] = 1;
      return;
    }
    const { cells } = findings;
    if (cells[at + pairCount] === 0) cells[at + pairNumber] = findings.size;
    if (++cells[at + pairCount] > placesMax) return;
    const { input } = rows;
    const from = typeof input === "number" ? input : input[i];
    this.findingPlaces.add(cells[at + pairNumber], sequence, from, rows.line[i], rows.timeMs[i], sub);
  }

  /** The outcome of a tool met for the first time, or of one that grace concerns. */
  private outcomeOf(tool: number, pair: number, timeMs: number): number {
    const outcome = this.outcomes.settle(tool);
    if (outcome >= 0) return outcome;
    if (Number.isNaN(timeMs)) return this.outcomes.inGrace(tool, false, false);
    const firstMs = this.known.sightings.firstMs[pair];
    const { now, then } = this.outcomes;
    const inNow = timeMs < now.expiryMs(tool, firstMs);
    const inThen = then !== undefined && timeMs < then.expiryMs(tool, firstMs);
    if (inNow && timeMs > this.graceNowMs[pair]) this.graceNowMs[pair] = timeMs;
    if (inThen && timeMs > this.graceThenMs[pair]) this.graceThenMs[pair] = timeMs;
    return this.outcomes.inGrace(tool, inNow, inThen);
  }

  /** Room for what so many calls may add, so that no array moves while they are counted. */
  private reserve(more: number): void {
    this.outcomes.reserve(more, this.known.tools.names.length);
    const outcomes = this.outcomes.length + more;
    this.calls = roomFor(this.calls, outcomes);
    this.firstMs = roomFor(this.firstMs, outcomes, Infinity);
    this.lastMs = roomFor(this.lastMs, outcomes, -Infinity);
    this.places.reserve(outcomes);
    const traces = this.known.traces.length;
    this.ofTrace = roomFor(this.ofTrace, traces * traceWords);
    this.action = roomFor(this.action, traces);
    this.before = roomFor(this.before, traces);
    this.dropped = roomFor(this.dropped, traces);
    const pairs = this.known.sightings.length;
    this.pairCalls = roomFor(this.pairCalls, pairs);
    this.pairGrace = roomFor(this.pairGrace, pairs);
    this.graceNowMs = roomFor(this.graceNowMs, pairs, -Infinity);
    this.graceThenMs = roomFor(this.graceThenMs, pairs, -Infinity);
    this.findings.reserve(Math.min(more, Math.max(0, this.findingsMax - this.findings.size)));
    this.findingPlaces.reserve(this.findings.size + 1 + more);
    this.passes.reserve(Math.min(more, Math.max(0, this.passesMax - this.passes.size)));
  }
}
