import type { CallBatch } from "../consumer.js";
import type { CallTable } from "../trace-set.js";
import { roomFor } from "./columns.js";

/** Calls kept for a while: a table that grows, and can be emptied. */
export class CallColumns implements CallTable {
  length = 0;
  trace = new Uint32Array(256);
  tool = new Uint32Array(256);
  timeMs = new Float64Array(256);
  line = new Uint32Array(256);
  input = new Uint32Array(256);
  session = new Uint32Array(256);
  subagent = new Uint8Array(256);

  push(trace: number, tool: number, timeMs: number, line: number, input: number, session: number, subagent: number): void {
    const at = this.length++;
    if (at >= this.trace.length) this.widen(this.length);
    this.trace[at] = trace;
    this.tool[at] = tool;
    this.timeMs[at] = timeMs;
    this.line[at] = line;
    this.input[at] = input;
    this.session[at] = session;
    this.subagent[at] = subagent;
  }

  /** Adds a batch; `sessionOf` is asked for the session of each call's trace. */
  pushBatch(batch: CallBatch, sessionOf: ((trace: number) => number) | undefined): void {
    const { length } = batch;
    const start = this.length;
    this.length += length;
    this.widen(this.length);
    this.trace.set(batch.trace.subarray(0, length), start);
    this.tool.set(batch.tool.subarray(0, length), start);
    this.timeMs.set(batch.timeMs.subarray(0, length), start);
    this.line.set(batch.line.subarray(0, length), start);
    this.input.fill(batch.input, start, this.length);
    this.subagent.fill(0, start, this.length);
    for (let i = 0; sessionOf !== undefined && i < length; i++) this.session[start + i] = sessionOf(batch.trace[i]);
  }

  private widen(length: number): void {
    this.trace = roomFor(this.trace, length);
    this.tool = roomFor(this.tool, length);
    this.timeMs = roomFor(this.timeMs, length);
    this.line = roomFor(this.line, length);
    this.input = roomFor(this.input, length);
    this.session = roomFor(this.session, length);
    this.subagent = roomFor(this.subagent, length);
  }
}
