import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { CallRecord } from "./reader.js";

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
  readonly calls: CallTable;
  readonly traces: readonly Trace[];
  readonly inputs: readonly TraceInputSummary[];
  readonly sessions: number;
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
  format: string;
  agent: string | undefined;
  firstMs: number | undefined;
  lastMs: number | undefined;
  seenMs: number | undefined;
  calls: number;
  input: number;
}

/** Collects what readers find. De-duplication state is one set of call ids per scope; everything else is columns. */
export class TraceSetBuilder {
  private readonly nameIds = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly traceIds = new Map<string, number>();
  private readonly traces: OpenTrace[] = [];
  private readonly sessionIds = new Map<string, number>();
  private readonly callIds = new Map<string, Set<string>>();
  private length = 0;
  private trace = new Uint32Array(256);
  private tool = new Uint32Array(256);
  private timeMs = new Float64Array(256);
  private line = new Uint32Array(256);
  private input = new Uint32Array(256);
  private session = new Uint32Array(256);
  private subagent = new Uint8Array(256);

  /** Makes a trace known. Keys of different formats never meet. Returns whether it is new. */
  know(
    format: string,
    input: number,
    key: string,
    seen: { timeMs?: number | undefined; agent?: string | undefined; id?: string | undefined },
  ): boolean {
    const known = this.traces.length;
    const trace = this.traces[this.traceOf(format, input, key, seen.id)]!;
    trace.agent ??= seen.agent;
    trace.seenMs ??= seen.timeMs;
    return this.traces.length > known;
  }

  /** Adds a call; false when it is a repetition (R2). */
  add(format: string, input: number, call: CallRecord): boolean {
    const traceId = this.traceOf(format, input, call.trace, undefined);
    const trace = this.traces[traceId]!;
    trace.agent ??= call.agent;
    if (this.isRepeated(`${format}\u0000${call.scope ?? call.trace}`, call)) return false;
    const at = this.length++;
    if (at === this.trace.length) this.widen(at * 2);
    this.trace[at] = traceId;
    this.tool[at] = idIn(this.nameIds, call.tool, this.names);
    this.timeMs[at] = call.timeMs ?? Number.NaN;
    this.line[at] = call.line;
    this.input[at] = input;
    this.session[at] = idIn(this.sessionIds, `${format}\u0000${call.session ?? call.trace}`);
    this.subagent[at] = call.subagent === true ? 1 : 0;
    trace.calls++;
    if (call.timeMs !== undefined) {
      trace.firstMs = Math.min(trace.firstMs ?? call.timeMs, call.timeMs);
      trace.lastMs = Math.max(trace.lastMs ?? call.timeMs, call.timeMs);
    }
    return true;
  }

  finish(inputs: readonly TraceInputSummary[], diagnostics: readonly Diagnostic[]): TraceSet {
    const { length } = this;
    return {
      names: this.names,
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
      traces: this.traces.map(({ seenMs, ...trace }) => ({
        ...trace,
        firstMs: trace.firstMs ?? seenMs,
        lastMs: trace.lastMs ?? seenMs,
      })),
      inputs,
      sessions: this.sessionIds.size,
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
      const blank = { agent: undefined, firstMs: undefined, lastMs: undefined, seenMs: undefined, calls: 0 };
      this.traces.push({ id: id ?? key, format, input, ...blank });
    }
    return index;
  }

  private isRepeated(scope: string, call: CallRecord): boolean {
    if (call.callId === undefined) return false;
    let ids = this.callIds.get(scope);
    if (ids === undefined) {
      ids = new Set();
      this.callIds.set(scope, ids);
    }
    // The name belongs to the identity: an id that comes again with another name is another call, and must not hide.
    const all = [call.callId, ...(call.aliases ?? [])].map((id) => `${id}\u0000${call.tool}`);
    const repeated = all.some((id) => ids.has(id));
    for (const id of all) ids.add(id);
    return repeated;
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

function idIn(ids: Map<string, number>, key: string, list?: string[]): number {
  let id = ids.get(key);
  if (id === undefined) {
    id = ids.size;
    ids.set(key, id);
    list?.push(key);
  }
  return id;
}
