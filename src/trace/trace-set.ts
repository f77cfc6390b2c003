import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { CallIdentities } from "./call-identities.js";
import type { CallBatch, CallConsumer, NamedCall } from "./consumer.js";
import type { TraceSeen } from "./reader.js";

/** One recorded run. */
export interface Trace {
  /** As the format names it; for records without an id, the input and line. */
  readonly id: string;
  /** Format id, such as `claude-code`. */
  readonly format: string;
  readonly agent: string | undefined;
  /** Times of the first and the last call; without timed calls, of the records seen; undefined when nothing is dated. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Calls, repetitions left out. */
  readonly calls: number;
  /** Index of the input where it was first seen. */
  readonly input: number;
}

/** One input as it was read. */
export interface TraceInputSummary {
  readonly name: string;
  /** Format id; undefined when none was recognised. */
  readonly format: string | undefined;
  readonly records: number;
  /** Lines that were not JSON and records that lacked what they need. */
  readonly badLines: number;
  /** Calls that had been counted before (R2). */
  readonly repeatedCalls: number;
}

/** Columns of all calls, in the order of the inputs. `length` rows are in use. */
export interface CallTable {
  readonly length: number;
  /** Index into `traces`. */
  readonly trace: Uint32Array;
  /** Index into `names`. */
  readonly tool: Uint32Array;
  /** Epoch milliseconds, NaN when not recorded. */
  readonly timeMs: Float64Array;
  readonly line: Uint32Array;
  /** Index into `inputs`. */
  readonly input: Uint32Array;
  /** Sessions are numbered; counts of triggers run inside one (semantics E7). */
  readonly session: Uint32Array;
  /** 1: called by a subagent. */
  readonly subagent: Uint8Array;
}

/** All traces of all inputs, dictionary-encoded: distinct names once, calls as numbers. */
export interface TraceSet {
  readonly names: readonly string[];
  /** Per name, the names it has in the inputs where those are others; empty for most. */
  readonly rawNames: readonly (readonly string[])[];
  readonly calls: CallTable;
  readonly traces: readonly Trace[];
  readonly inputs: readonly TraceInputSummary[];
  readonly sessions: number;
  /** As the inputs name them; `sessions` of them. */
  readonly sessionNames: readonly string[];
  readonly badLines: number;
  readonly diagnostics: readonly Diagnostic[];
}

type Column = Uint32Array | Float64Array | Uint8Array;

function grown<C extends Column>(column: C, length: number): C {
  const wider = new (column.constructor as new (length: number) => C)(length);
  wider.set(column as never);
  return wider;
}

interface OpenTrace {
  id: string;
  /** With the format: what makes it unique. */
  readonly key: string;
  /** Its own session, once a batch asked for it. */
  session: number | undefined;
  format: string;
  agent: string | undefined;
  firstMs: number | undefined;
  lastMs: number | undefined;
  seenMs: number | undefined;
  calls: number;
  input: number;
}

/** Collects what readers find: columns of everything, so memory grows with the calls. */
export class TraceSetBuilder implements CallConsumer {
  private readonly nameIds = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly rawNames: Set<string>[] = [];
  private readonly traceIds = new Map<string, number>();
  private readonly traces: OpenTrace[] = [];
  private readonly sessionIds = new Map<string, number>();
  private identities = new CallIdentities();
  private length = 0;
  private trace = new Uint32Array(256);
  private tool = new Uint32Array(256);
  private timeMs = new Float64Array(256);
  private line = new Uint32Array(256);
  private input = new Uint32Array(256);
  private session = new Uint32Array(256);
  private subagent = new Uint8Array(256);

  start(key: readonly [number, number]): void {
    this.identities = new CallIdentities(key);
  }

  traceId(format: string, input: number, key: string, seen: TraceSeen): number {
    const id = this.traceOf(format, input, key, seen.id);
    const trace = this.traces[id]!;
    trace.agent ??= seen.agent;
    trace.seenMs ??= seen.timeMs;
    return id;
  }

  toolId(tool: string, rawTool?: string): number {
    const id = idIn(this.nameIds, tool, this.names);
    if (id === this.rawNames.length) this.rawNames.push(new Set());
    if (rawTool !== undefined && rawTool !== tool) this.rawNames[id]!.add(rawTool);
    return id;
  }

  add(format: string, input: number, call: NamedCall): boolean {
    const traceId = this.traceOf(format, input, call.trace, undefined);
    const trace = this.traces[traceId]!;
    trace.agent ??= call.agent;
    if (this.identities.isRepeated(format, call)) return false;
    const at = this.length++;
    if (at === this.trace.length) this.widen(at * 2);
    this.trace[at] = traceId;
    this.tool[at] = this.toolId(call.tool, call.rawTool);
    this.timeMs[at] = call.timeMs ?? Number.NaN;
    this.line[at] = call.line;
    this.input[at] = input;
    this.session[at] = idIn(this.sessionIds, `${format}\u0000${call.session ?? call.trace}`);
    this.subagent[at] = call.subagent === true ? 1 : 0;
    countCall(trace, call.timeMs);
    return true;
  }

  addBatch(batch: CallBatch): void {
    const { length } = batch;
    const start = this.length;
    while (this.trace.length < start + length) this.widen(this.trace.length * 2);
    this.trace.set(batch.trace.subarray(0, length), start);
    this.tool.set(batch.tool.subarray(0, length), start);
    this.timeMs.set(batch.timeMs.subarray(0, length), start);
    this.line.set(batch.line.subarray(0, length), start);
    this.input.fill(batch.input, start, start + length);
    for (let i = 0; i < length; i++) {
      const trace = this.traces[batch.trace[i]!]!;
      trace.session ??= idIn(this.sessionIds, trace.key);
      this.session[start + i] = trace.session;
      const timeMs = batch.timeMs[i]!;
      countCall(trace, Number.isNaN(timeMs) ? undefined : timeMs);
    }
    this.length += length;
  }

  finish(inputs: readonly TraceInputSummary[], diagnostics: readonly Diagnostic[]): TraceSet {
    const { length } = this;
    return {
      names: this.names,
      rawNames: this.rawNames.map((names) => [...names]),
      calls: {
        length,
        trace: this.trace.subarray(0, length),
        tool: this.tool.subarray(0, length),
        timeMs: this.timeMs.subarray(0, length),
        line: this.line.subarray(0, length),
        input: this.input.subarray(0, length),
        session: this.session.subarray(0, length),
        subagent: this.subagent.subarray(0, length),
      },
      traces: this.traces.map(({ seenMs, key: _, session: __, ...trace }) => ({
        ...trace,
        firstMs: trace.firstMs ?? seenMs,
        lastMs: trace.lastMs ?? seenMs,
      })),
      inputs,
      sessions: this.sessionIds.size,
      sessionNames: Array.from(this.sessionIds.keys(), (key) => key.slice(key.indexOf("\u0000") + 1)),
      badLines: inputs.reduce((sum, each) => sum + each.badLines, 0),
      diagnostics,
    };
  }

  private traceOf(format: string, input: number, key: string, id: string | undefined): number {
    const full = `${format}\u0000${key}`;
    let index = this.traceIds.get(full);
    if (index === undefined) {
      index = this.traces.length;
      this.traceIds.set(full, index);
      const blank = { agent: undefined, firstMs: undefined, lastMs: undefined, seenMs: undefined, session: undefined, calls: 0 };
      this.traces.push({ id: id ?? key, key: full, format, input, ...blank });
    }
    return index;
  }

  private widen(length: number): void {
    this.trace = grown(this.trace, length);
    this.tool = grown(this.tool, length);
    this.timeMs = grown(this.timeMs, length);
    this.line = grown(this.line, length);
    this.input = grown(this.input, length);
    this.session = grown(this.session, length);
    this.subagent = grown(this.subagent, length);
  }
}

function countCall(trace: OpenTrace, timeMs: number | undefined): void {
  trace.calls++;
  if (timeMs === undefined) return;
  trace.firstMs = Math.min(trace.firstMs ?? timeMs, timeMs);
  trace.lastMs = Math.max(trace.lastMs ?? timeMs, timeMs);
}

function idIn(ids: Map<string, number>, key: string, list?: string[]): number {
  let id = ids.get(key);
  if (id === undefined) {
    id = ids.size;
    ids.set(key, id);
    list?.push(key);
  }
  return id;
}
