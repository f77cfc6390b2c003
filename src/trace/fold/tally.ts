import { placesMax, traceFindingsMax, tracePairsMax } from "../../limits.js";
import { roomFor } from "./columns.js";
import type { CallRows, Knowledge } from "./knowledge.js";
import { actionShift, beforeShift, foundBit, graceBit, type Outcomes, timed, verdictBits } from "./outcomes.js";
import { PairTable, pairCount, pairNumber, pairWords } from "./pair-table.js";
import { Places } from "./places.js";
import { HourCounts, hourMs } from "./timeline.js";
import type { PolicyViews } from "./views.js";

/** Words of a trace in `Tally.ofTrace`: calls by verdict, those of subagents, the worst action, the worst verdict before. */
export const traceWords = 8;
export const subagentCalls = 3;
export const worstAction = 4;
export const worstBefore = 5;
/** 1: findings were not kept. */
export const dropped = 6;

export interface TallyLimits {
  readonly traceFindingsMax?: number | undefined;
  readonly tracePairsMax?: number | undefined;
}

/**
 * Everything counted of the calls judged, in columns of numbers. One call is counted at three places, by outcome, by trace
 * and outcome, and by hour; what is counted by trace, or by agent and tool, is summed up from these at the end.
 */
export class Tally {
  /** Per outcome: calls, and the times of the first and the last. */
  calls = new Float64Array(64);
  firstMs = new Float64Array(64).fill(Infinity);
  lastMs = new Float64Array(64).fill(-Infinity);
  readonly places = new Places();
  /** Per trace: `traceWords`, complete after `sum`. */
  ofTrace = new Uint32Array(64 * traceWords);
  /** Per agent and tool, complete after `sum`: calls judged, those in grace. */
  pairCalls = new Uint32Array(64);
  pairGrace = new Uint32Array(64);
  readonly hours = new HourCounts();
  /** Trace and outcome -> calls; with findings also the number of their places. */
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
   * is looked at, `decided` what each call comes to where more than its name and time decide.
   */
  count(
    rows: CallRows,
    from: number,
    to: number,
    sequence: number,
    pairs: Uint32Array,
    wanted: Uint8Array | undefined,
    decided?: Int32Array,
  ): void {
    this.reserve(to - from);
    const { trace, tool, timeMs, subagent } = rows;
    const { sinceMs, untilMs } = this.range;
    const ranged = sinceMs !== -Infinity || untilMs !== Infinity;
    const { ofTool, bits: bitsOf } = this.outcomes;
    const { calls, firstMs, lastMs, hours, passes } = this;
    let { counts: hourly, firstHour } = hours;
    for (let i = from; i < to; i++) {
      const t = trace[i];
      const ms = timeMs[i];
      if (wanted !== undefined && wanted[t] === 0) continue;
      if (ranged && !(ms >= sinceMs && ms < untilMs)) continue;
      let outcome = decided === undefined ? ofTool[tool[i]] : decided[i];
      if (outcome < 0) outcome = this.outcomeOf(tool[i], pairs[i - from], ms);
      const bits = bitsOf[outcome];
      const verdict = bits & verdictBits;

      const count = ++calls[outcome];
      if (ms < firstMs[outcome]) firstMs[outcome] = ms;
      if (ms > lastMs[outcome]) lastMs[outcome] = ms;
      if (count <= placesMax) keep(this.places, outcome, rows, i, sequence + i - from);

      const at = (Math.floor(ms / hourMs) - firstHour) * 3;
      if (at >= 0 && at < hourly.length) hourly[at + verdict]++;
      else {
        hours.addSlowly(ms, verdict);
        ({ counts: hourly, firstHour } = hours);
      }

      if (subagent !== undefined && subagent[i] === 1) this.ofTrace[t * traceWords + subagentCalls]++;
      if ((bits & foundBit) !== 0) this.noteFinding(t, outcome, rows, i, sequence + i - from);
      else if (passes.size < this.passesMax) passes.cells[passes.place(t, outcome) + pairCount]++;
      else this.notePass(t, outcome);
    }
  }

  /** Sums up what was counted by trace and outcome. Linear in the pairs of those. */
  sum(): void {
    this.reserve(0);
    for (const { cells } of [this.passes, this.findings]) {
      for (let at = 0; at < cells.length; at += pairWords) {
        if (cells[at] !== 0) this.add(cells[at] - 1, cells[at + 1], cells[at + pairCount]);
      }
    }
  }

  /** Adds calls of one trace and outcome to what is counted by trace, and by agent and tool. */
  private add(trace: number, outcome: number, calls: number): void {
    const bits = this.outcomes.bits[outcome];
    const { ofTrace } = this;
    const at = trace * traceWords;
    ofTrace[at + (bits & verdictBits)] += calls;
    ofTrace[at + worstAction] = Math.max(ofTrace[at + worstAction], (bits >> actionShift) & 3);
    ofTrace[at + worstBefore] = Math.max(ofTrace[at + worstBefore], (bits >> beforeShift) & 3);
    const pair = this.known.sightings.find(this.known.traces.agent[trace], this.outcomes.view(outcome).tool);
    if (pair === undefined) return;
    this.pairCalls[pair] += calls;
    if ((bits & graceBit) !== 0) this.pairGrace[pair] += calls;
  }

  /** A call of a trace and outcome when no more pairs are kept: those that are there count on. */
  private notePass(trace: number, outcome: number): void {
    const at = this.passes.find(trace, outcome);
    if (at === -1) this.add(trace, outcome, 1);
    else this.passes.cells[at + pairCount]++;
  }

  private noteFinding(trace: number, outcome: number, rows: CallRows, i: number, sequence: number): void {
    const { findings } = this;
    const at = findings.size < this.findingsMax ? findings.place(trace, outcome) : findings.find(trace, outcome);
    if (at === -1) {
      this.ofTrace[trace * traceWords + dropped] = 1;
      this.add(trace, outcome, 1);
      return;
    }
    const { cells } = findings;
    if (cells[at + pairCount] === 0) cells[at + pairNumber] = findings.size;
    if (++cells[at + pairCount] <= placesMax) keep(this.findingPlaces, cells[at + pairNumber], rows, i, sequence);
  }

  /** The outcome of a tool met for the first time, or of one that grace concerns. */
  private outcomeOf(tool: number, pair: number, timeMs: number): number {
    if (this.outcomes.ofTool[tool] !== timed) {
      const outcome = this.outcomes.settle(tool);
      if (outcome >= 0) return outcome;
    }
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
    this.ofTrace = roomFor(this.ofTrace, this.known.traces.length * traceWords);
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

function keep(places: Places, owner: number, rows: CallRows, i: number, sequence: number): void {
  const { input, line, timeMs, subagent } = rows;
  const from = typeof input === "number" ? input : input[i];
  places.add(owner, sequence, from, line[i], timeMs[i], subagent === undefined ? 0 : subagent[i]);
}
