import { rowExamplesMax, tracesMax } from "../../limits.js";
import type { TraceFilter } from "../select.js";
import type { TraceSet } from "../trace-set.js";
import { roomFor } from "./columns.js";
import { AgentTools } from "./pair-table.js";

/** Calls as columns; row i of each is call i. */
export interface CallRows {
  readonly trace: Uint32Array;
  readonly tool: Uint32Array;
  /** NaN when not recorded. */
  readonly timeMs: Float64Array;
  readonly line: Uint32Array;
  /** One input for all rows, or a column. */
  readonly input: Uint32Array | number;
  /** Absent: none is a subagent's. */
  readonly subagent?: Uint8Array | undefined;
}

/** Names as numbers, dense from 0 in the order of first mention. */
export class Numbering {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  numberOf(name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) {
      number = this.names.push(name) - 1;
      this.numbers.set(name, number);
    }
    return number;
  }
}

/** Bits of `TraceIndex.met`. */
export const hasCalls = 1;
export const isWithin = 2;

/** No agent: the traces that name none share this number (T1). */
export const noAgent = 0;

/** No key of a reader: what stands for all traces beyond the cap. */
const beyondKey = "\u0000";

/** All traces in columns. Keys of different formats never meet. */
export class TraceIndex {
  length = 0;
  /** What people see. */
  readonly ids: string[] = [];
  readonly formats = new Numbering();
  /** Numbers of `formats`, of `Knowledge.agents`; the input where it was first seen. */
  format = new Uint32Array(64);
  agent = new Uint32Array(64);
  input = new Uint32Array(64);
  /**
   * Two times a trace, infinite without: of its first call, and of its last one negated, so that both are least. They stand
   * side by side, as both are looked at for each call.
   */
  spanMs = new Float64Array(128).fill(Infinity);
  /** Dates a trace whose calls have no time; NaN without. */
  seenMs = new Float64Array(64).fill(Number.NaN);
  /** `hasCalls`, and `isWithin` when one of the calls lies within the time range. */
  met = new Uint8Array(64);
  /** 1: the trace or one of its calls is of the session asked for. */
  inSession = new Uint8Array(64);
  /** Some traces are not told apart. */
  overflowed = false;
  private readonly keys: Map<string, number>[] = [];

  constructor(private readonly max: number) {}

  /** The trace of a key; a new one is made for a new key. */
  open(format: string, input: number, key: string, id: string | undefined): number {
    const formatNumber = this.formats.numberOf(format);
    this.keys[formatNumber] ??= new Map();
    const keys = this.keys[formatNumber];
    let index = keys.get(key);
    if (index === undefined && this.length >= this.max && key !== beyondKey) {
      this.overflowed = true;
      return this.open(format, input, beyondKey, "(further traces)");
    }
    if (index === undefined) {
      index = this.push(id ?? key, formatNumber, input);
      keys.set(key, index);
    }
    return index;
  }

  push(id: string, format: number, input: number): number {
    const index = this.length++;
    if (index >= this.format.length) this.widen(this.length);
    this.ids.push(id);
    this.format[index] = format;
    this.input[index] = input;
    return index;
  }

  /** The latest time known of a trace, or undefined. */
  lastOf(index: number): number | undefined {
    return finite(-this.spanMs[index * 2 + 1]) ?? finite(this.seenMs[index]);
  }

  firstOf(index: number): number | undefined {
    return finite(this.spanMs[index * 2]) ?? finite(this.seenMs[index]);
  }

  private widen(length: number): void {
    this.format = roomFor(this.format, length);
    this.agent = roomFor(this.agent, length);
    this.input = roomFor(this.input, length);
    this.spanMs = roomFor(this.spanMs, length * 2, Infinity);
    this.seenMs = roomFor(this.seenMs, length, Number.NaN);
    this.met = roomFor(this.met, length);
    this.inSession = roomFor(this.inSession, length);
  }
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/**
 * What is known of the whole input before any filter: its traces, its tools, and when each agent first used each tool. A
 * second reading of the same input adds nothing and may rely on it.
 */
export class Knowledge {
  readonly tools = new Numbering();
  readonly rawNames: (string[] | undefined)[] = [];
  /** Number 0 is no agent. */
  readonly agents: (string | undefined)[] = [undefined];
  readonly traces: TraceIndex;
  sightings = new AgentTools();
  private readonly agentNumbers = new Map<string, number>();
  private readonly sinceMs: number;
  private readonly untilMs: number;

  constructor({ sinceMs = -Infinity, untilMs = Infinity }: TraceFilter, max = tracesMax) {
    this.traces = new TraceIndex(max);
    this.sinceMs = sinceMs;
    this.untilMs = untilMs;
  }

  /** Of a set: its numbers of traces and tools stay what they are. */
  static of(set: TraceSet, filter: TraceFilter): Knowledge {
    const known = new Knowledge(filter, Infinity);
    const { traces } = known;
    for (const [number, name] of set.names.entries()) {
      known.tools.numberOf(name);
      known.rawNames[number] = set.rawNames[number].slice(0, rowExamplesMax);
    }
    for (const { id, format, input, agent, calls, firstMs, lastMs } of set.traces) {
      const index = traces.push(id, traces.formats.numberOf(format), input);
      traces.agent[index] = known.agentNumber(agent);
      if (calls === 0) traces.seenMs[index] = lastMs ?? Number.NaN;
      traces.spanMs.set([firstMs ?? Infinity, -(lastMs ?? -Infinity)], index * 2);
      if (filter.session === id) traces.inSession[index] = 1;
    }
    if (filter.session !== undefined) {
      const { session, trace, length } = set.calls;
      for (let i = 0; i < length; i++) {
        if (set.sessionNames[session[i]] === filter.session) traces.inSession[trace[i]] = 1;
      }
    }
    return known;
  }

  /** Before another reading, when calls were noted before it was known whose they are. */
  forgetSightings(): void {
    this.sightings = new AgentTools();
  }

  agentNumber(agent: string | undefined): number {
    if (agent === undefined) return noAgent;
    let number = this.agentNumbers.get(agent);
    if (number === undefined) {
      number = this.agents.push(agent) - 1;
      this.agentNumbers.set(agent, number);
    }
    return number;
  }

  toolNumber(tool: string, rawTool: string | undefined): number {
    const number = this.tools.numberOf(tool);
    if (rawTool === undefined || rawTool === tool) return number;
    this.rawNames[number] ??= [];
    const raw = this.rawNames[number];
    if (raw.length < rowExamplesMax && !raw.includes(rawTool)) raw.push(rawTool);
    return number;
  }

  /**
   * Takes note of the calls `from ..< to`: times of traces and first uses of tools. Writes the number of each call's agent
   * and tool to `pairs[i - from]`; calls `onEarlier` before a first time that was known becomes an earlier one.
   */
  survey(rows: CallRows, from: number, to: number, pairs: Uint32Array, onEarlier: (pair: number, timeMs: number) => void): void {
    const { sightings, sinceMs, untilMs } = this;
    const { trace, tool, timeMs } = rows;
    sightings.reserve(to - from);
    const { agent, spanMs, met } = this.traces;
    const seenFirst = sightings.firstMs;
    for (let i = from; i < to; i++) {
      const t = trace[i];
      const ms = timeMs[i];
      met[t] |= ms >= sinceMs && ms < untilMs ? hasCalls | isWithin : hasCalls;
      if (ms < spanMs[t * 2]) spanMs[t * 2] = ms;
      if (-ms < spanMs[t * 2 + 1]) spanMs[t * 2 + 1] = -ms;
      const pair = sightings.numberOf(agent[t], tool[i]);
      pairs[i - from] = pair;
      if (ms < seenFirst[pair]) {
        if (seenFirst[pair] !== Infinity) onEarlier(pair, ms);
        seenFirst[pair] = ms;
      }
    }
  }
}
