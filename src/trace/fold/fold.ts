import { bufferedCallsMax, unlimitedBufferedCallsMax } from "../../limits.js";
import { CallIdentities } from "../call-identities.js";
import type { SessionCalls } from "../call-order.js";
import type { CallBatch, CallConsumer, NamedCall } from "../consumer.js";
import type { TraceSeen } from "../reader.js";
import type { ReplayEngine } from "../replay-engine.js";
import { isOfAgent, type Selection, select, type TraceFilter } from "../select.js";
import type { CallTable } from "../trace-set.js";
import { CallColumns } from "./call-columns.js";
import { roomFor } from "./columns.js";
import { decideInOrder } from "./in-order.js";
import { type CallRows, isWithin, Knowledge, Numbering, noAgent } from "./knowledge.js";
import { Outcomes, timed } from "./outcomes.js";
import { Tally, type TallyLimits } from "./tally.js";
import { PolicyViews, type ViewOptions } from "./views.js";

export interface FoldOptions extends TraceFilter, ViewOptions, TallyLimits {
  /** The policy to compare with. */
  readonly against?: ReplayEngine | undefined;
  /** Calls kept before the fold counts and forgets. Default `bufferedCallsMax`, or `unlimitedBufferedCallsMax`. */
  readonly bufferedCallsMax?: number | undefined;
  /** The inputs cannot be read again: what needs all calls at once has to keep them. */
  readonly readOnce?: boolean | undefined;
}

/** Calls counted at a time: their columns stay in the first-level cache between the steps. */
const chunkCalls = 2048;
/** Calls that came one by one and wait for the next step. */
const pendingCalls = 4096;

/** All calls at once; a `TraceSet` is one. */
export type KeptCalls = SessionCalls & { readonly calls: CallTable };

/** One to learn whose the traces are, one for when each agent first used each tool, one to judge by it. */
const readingsMax = 3;

/** What a fold knows at its end. */
export interface Folded {
  readonly known: Knowledge;
  readonly tally: Tally;
  readonly selection: Selection;
  /**
   * `changed`: another reading showed something else than the first. `unsettled`: the only reading showed too late what
   * decisions rest on, first uses (T2) or whose a trace is. `unjudged`: reading was stopped before anything was judged.
   */
  readonly doubt: "changed" | "unsettled" | "unjudged" | undefined;
}

/**
 * Counts calls as they come and forgets them. Few calls are kept and judged at the end, when everything is known of them;
 * past `bufferedMax` each is judged at once by what is known so far. Where that may have been too little the fold
 * says so (`wantsRereading`), and judges the same inputs, read once more, by what it learned: the
 * answers are the same on every way. A verdict is a function of the tool and of whether grace is running (T1), so a call
 * costs a few additions to columns; only count triggers (E7) need all calls of a session in order, so they are kept.
 */
export class ReplayFold implements CallConsumer {
  private readonly outcomes: Outcomes;
  private readonly inOrder: boolean;
  private readonly bufferedMax: number;
  private readonly pendingMax: number;
  private readonly sessions = new Numbering();
  private readonly traceSessions: (number | undefined)[] = [];
  private readonly traceKeys: string[] = [];
  /** Traces whose key is the session of the filter. */
  private readonly asSession = new Set<number>();
  private identityKey: readonly [number, number] | undefined;
  private identities = new CallIdentities();
  private buffer = new CallColumns();
  private readonly pairs = new Uint32Array(chunkCalls);
  private way: "keep" | "survey" | "count" = "keep";
  private inputs = 0;
  private sequence = 0;
  private readings = 1;
  private firstReading: { readonly traces: number; readonly calls: number } | undefined;
  private selection: Selection | undefined;
  private wanted = new Uint8Array(64);
  private lateAgent = false;
  private lateSelection = false;
  private tally: Tally;

  constructor(
    engine: ReplayEngine,
    private readonly options: FoldOptions = {},
    private readonly known = new Knowledge(options),
  ) {
    const { names } = known.tools;
    const { against } = options;
    this.outcomes = new Outcomes(new PolicyViews(engine, names, options), against && new PolicyViews(against, names, options));
    this.inOrder = [engine, ...(against === undefined ? [] : [against])].some((each) => each.hasCountTriggers !== false);
    this.tally = this.newTally();
    const needsAll = options.readOnce === true || (options.limit ?? 0) > 0;
    this.bufferedMax = options.bufferedCallsMax ?? (needsAll ? bufferedCallsMax : unlimitedBufferedCallsMax);
    this.pendingMax = Math.min(pendingCalls, this.bufferedMax);
  }

  start(key: readonly [number, number]): void {
    this.identityKey = key;
    this.identities = new CallIdentities(key);
  }

  traceId(format: string, input: number, key: string, seen: TraceSeen): number {
    const { traces } = this.known;
    const trace = this.traceOf(format, input, key, seen.id, seen.agent);
    if (Number.isNaN(traces.seenMs[trace]) && seen.timeMs !== undefined) traces.seenMs[trace] = seen.timeMs;
    return trace;
  }

  toolId(tool: string, rawTool?: string): number {
    return this.known.toolNumber(tool, rawTool);
  }

  add(format: string, input: number, call: NamedCall): boolean {
    const trace = this.traceOf(format, input, call.trace, undefined, call.agent);
    if (this.identities.isRepeated(format, call)) return false;
    const session = this.inOrder ? this.sessions.numberOf(`${format}\u0000${call.session ?? call.trace}`) : 0;
    if ((call.session ?? call.trace) === this.options.session) this.enterSession(trace);
    const tool = this.known.toolNumber(call.tool, call.rawTool);
    const { buffer } = this;
    buffer.push(trace, tool, call.timeMs ?? Number.NaN, call.line, input, session, call.subagent === true ? 1 : 0);
    this.inputs = Math.max(this.inputs, input + 1);
    if (buffer.length >= this.pendingMax) this.makeRoom();
    return true;
  }

  addBatch(batch: CallBatch): void {
    const { buffer, asSession } = this;
    this.inputs = Math.max(this.inputs, batch.input + 1);
    for (let i = 0; asSession.size > 0 && i < batch.length; i++) {
      if (asSession.has(batch.trace[i])) this.enterSession(batch.trace[i]);
    }
    if (this.way === "keep") {
      buffer.pushBatch(batch, this.inOrder ? (trace) => this.sessionOf(trace) : undefined);
      this.makeRoom();
    } else {
      this.flush();
      this.take(batch, batch.length);
    }
  }

  /** Whether the same inputs have to come again, in the same order, before there is an answer; `rewind` comes first. */
  get wantsRereading(): boolean {
    this.flushPending();
    if (this.options.readOnce === true || this.readings === readingsMax) return false;
    return this.way === "survey" || (this.way === "count" && this.isUnsettled);
  }

  /** Begins another reading: what was learned stays, nothing has been counted. */
  rewind(): void {
    this.firstReading ??= { traces: this.known.traces.length, calls: this.sequence };
    this.readings++;
    this.choose();
    if (this.lateAgent) this.known.forgetSightings();
    this.way = "count";
    this.sequence = 0;
    this.identities = new CallIdentities(this.identityKey);
    this.lateAgent = false;
    this.lateSelection = false;
    this.tally = this.newTally();
  }

  /** Judges what was kept, or the calls of a set whose knowledge the fold was given; answers. `stopped`: not all was read. */
  finish(kept: KeptCalls = this.kept(), stopped = false): Folded {
    if (this.way === "keep") this.judge(kept);
    else this.flushPending();
    this.tally.sum();
    const doubt = this.doubt(stopped);
    this.selection ??= select(this.selectable(), this.options);
    const selection = doubt === "unjudged" ? { ...this.selection, traces: [] } : this.selection;
    return { known: this.known, tally: this.tally, selection, doubt };
  }

  private kept(): KeptCalls {
    return { calls: this.buffer, sessions: this.sessions.names.length, inputs: { length: this.inputs } };
  }

  private doubt(stopped: boolean): Folded["doubt"] {
    if (this.way === "survey") return "unjudged";
    if (this.firstReading !== undefined) {
      if (stopped) return undefined;
      const { traces, calls } = this.firstReading;
      return traces === this.known.traces.length && calls === this.sequence ? undefined : "changed";
    }
    if (this.way === "keep") return undefined;
    const grace = this.lateAgent && this.outcomes.ofTool.includes(timed);
    return this.tally.unsettled || this.lateSelection || grace ? "unsettled" : undefined;
  }

  private get isUnsettled(): boolean {
    return this.tally.unsettled || this.lateAgent || this.lateSelection;
  }

  private newTally(): Tally {
    const { sinceMs = -Infinity, untilMs = Infinity } = this.options;
    return new Tally(this.known, this.outcomes, { sinceMs, untilMs }, this.options);
  }

  private traceOf(format: string, input: number, key: string, id: string | undefined, agent: string | undefined): number {
    const { traces } = this.known;
    const before = traces.length;
    const trace = traces.open(format, input, key, id);
    if (trace === before) this.opened(trace, format, key);
    if (agent !== undefined && traces.agent[trace] === noAgent) {
      if (trace !== before) this.flushPending();
      traces.agent[trace] = this.known.agentNumber(agent);
      if (traces.met[trace] !== 0) this.lateAgent = true;
      this.rethink(trace);
    }
    return trace;
  }

  private opened(trace: number, format: string, key: string): void {
    const { session } = this.options;
    if (this.inOrder) this.traceKeys[trace] = `${format}\u0000${key}`;
    this.wanted = roomFor(this.wanted, trace + 1);
    if (session !== undefined && key === session) this.asSession.add(trace);
    if (session !== undefined && this.known.traces.ids[trace] === session) this.known.traces.inSession[trace] = 1;
    this.rethink(trace);
  }

  private sessionOf(trace: number): number {
    this.traceSessions[trace] ??= this.sessions.numberOf(this.traceKeys[trace]);
    return this.traceSessions[trace];
  }

  private enterSession(trace: number): void {
    const { inSession } = this.known.traces;
    if (inSession[trace] === 1) return;
    this.flushPending();
    inSession[trace] = 1;
    this.rethink(trace);
  }

  /** Whether a trace is looked at may change with what is learned of it; calls that have been counted do not come back. */
  private rethink(trace: number): void {
    if (this.selection !== undefined) return;
    const { traces, agents } = this.known;
    const ofSession = this.options.session === undefined || traces.inSession[trace] === 1;
    const wanted = ofSession && isOfAgent(agents[traces.agent[trace]], this.options) ? 1 : 0;
    if (wanted !== this.wanted[trace] && traces.met[trace] !== 0) this.lateSelection = true;
    this.wanted[trace] = wanted;
  }

  private makeRoom(): void {
    if (this.way !== "keep") this.flush();
    else if (this.buffer.length >= this.bufferedMax) this.stopKeeping();
  }

  private stopKeeping(): void {
    const limited = (this.options.limit ?? 0) > 0;
    if (this.inOrder || (limited && this.options.readOnce === true)) return;
    this.way = limited ? "survey" : "count";
    this.flush();
    this.buffer = new CallColumns();
  }

  private flushPending(): void {
    if (this.way !== "keep") this.flush();
  }

  private flush(): void {
    const { buffer } = this;
    if (buffer.length === 0) return;
    const { length } = buffer;
    buffer.length = 0;
    this.take(buffer, length);
  }

  /** Surveys calls, and counts them unless all that is wanted is the survey. */
  private take(rows: CallRows, length: number): void {
    const { known, tally, pairs } = this;
    const onEarlier = (pair: number, timeMs: number) => tally.earlier(pair, timeMs);
    for (let from = 0; from < length; from += chunkCalls) {
      const to = Math.min(length, from + chunkCalls);
      known.survey(rows, from, to, pairs, onEarlier);
      if (this.way === "count") tally.count(rows, from, to, this.sequence, pairs, this.looked);
      this.sequence += to - from;
    }
  }

  /** Everything is known of calls that are all there, so nothing is ever unsettled. */
  private judge(kept: KeptCalls): void {
    const { calls } = kept;
    const { length } = calls;
    const pairs = new Uint32Array(length);
    this.known.survey(calls, 0, length, pairs, () => {});
    this.choose();
    const decided = this.inOrder ? decideInOrder(this.outcomes, this.known, kept, pairs, this.wanted) : undefined;
    for (let from = 0; from < length; from += chunkCalls) {
      const to = Math.min(length, from + chunkCalls);
      this.tally.count(calls, from, to, from, pairs.subarray(from, to), this.looked, decided);
    }
  }

  private choose(): void {
    this.selection = select(this.selectable(), this.options);
    this.wanted = new Uint8Array(Math.max(64, this.known.traces.length));
    for (const trace of this.selection.traces) this.wanted[trace] = 1;
  }

  /** Which traces are looked at; undefined: all, and no column has to be asked. */
  private get looked(): Uint8Array | undefined {
    const { agent, session, limit = 0 } = this.options;
    const all = agent === undefined && session === undefined && limit === 0;
    // A trace that only another reading has shows that the input changed; it is left out.
    return all && this.firstReading === undefined ? undefined : this.wanted;
  }

  private selectable() {
    const { traces, agents } = this.known;
    return {
      length: traces.length,
      agentOf: (index: number) => agents[traces.agent[index]],
      isInSession: (index: number) => traces.inSession[index] === 1,
      lastOf: (index: number) => traces.lastOf(index),
      hasCalls: (index: number) => traces.met[index] !== 0,
      isWithin: (index: number) => (traces.met[index] & isWithin) !== 0,
    };
  }
}
