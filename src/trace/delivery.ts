import { type Code, diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import type { CallConsumer } from "./consumer.js";
import { type FindingLog, lineSpan } from "./findings.js";
import type { LaneBatch } from "./lane.js";
import type { Naming } from "./naming.js";
import type { CallRecord, TraceSeen } from "./reader.js";

/** What an intake finds in one input, in the order of the input. */
export interface IntakeSink {
  trace(format: string, key: string, seen: TraceSeen): void;
  call(format: string, call: CallRecord): void;
  /** Calls of a fast lane. Its columns belong to the sink; its bad lines come by `bad`. */
  batch(format: string, batch: LaneBatch): void;
  /** A line or document that was skipped; `noun` says which of the two, `what` what is wrong with it. */
  bad(code: Code, line: number, noun: string, what: string): void;
  note(finding: Diagnostic): void;
}

/**
 * From one input, or one range of its lines, to the consumer of all: names become canonical, ids of lanes become those of
 * the consumer, repetitions are counted, findings get their place.
 */
export class Delivery implements IntakeSink {
  repeatedCalls = 0;
  /** What came through so far, repetitions included. */
  readonly delivered = { format: undefined as string | undefined, calls: 0, badLines: 0 };
  private tools = new IdTable();
  private traces = new IdTable();
  private traceKeys: string[] = [];
  /** Local ids of wrappers among the tools of the lane. */
  private wrappers = new Map<number, string>();

  constructor(
    private readonly consumer: CallConsumer,
    private readonly naming: Naming,
    private readonly log: FindingLog,
    private readonly input: { readonly index: number; readonly name: string },
    /** Lines of the input before the range. */
    private readonly linesBefore = 0,
  ) {}

  trace(format: string, key: string, seen: TraceSeen): void {
    this.consumer.traceId(format, this.input.index, key, seen);
  }

  call(format: string, call: CallRecord): void {
    this.delivered.format = format;
    this.delivered.calls++;
    const placed = this.linesBefore === 0 ? call : { ...call, line: call.line + this.linesBefore };
    if (!this.naming.deliver(this.consumer, format, this.input.index, placed)) this.repeatedCalls++;
  }

  batch(format: string, batch: LaneBatch): void {
    if (batch.newGeneration) this.forgetLane();
    this.learn(format, batch);
    const { length, trace, tool, timeMs, line } = batch;
    this.delivered.format = format;
    this.delivered.calls += length;
    if (length === 0) return;
    if (this.wrappers.size > 0) this.countWrappers(tool);
    this.tools.translate(tool);
    this.traces.translate(trace);
    const { linesBefore } = this;
    if (linesBefore > 0) for (let i = 0; i < length; i++) line[i]! += linesBefore;
    this.naming.calls += length;
    this.consumer.addBatch({ input: this.input.index, length, trace, tool, timeMs, line });
  }

  bad(code: Code, line: number, noun: string, what: string): void {
    this.delivered.badLines++;
    const { name } = this.input;
    const place = line + this.linesBefore;
    const message = `${noun} ${place} of ${quoteText(name, 200)} ${what}`;
    this.log.bad(diagnostic(code, { message, span: lineSpan(name, place) }));
  }

  note(finding: Diagnostic): void {
    const { span } = finding;
    const { linesBefore } = this;
    if (span === undefined || linesBefore === 0) this.log.note(finding);
    else {
      const moved = { ...span, line: span.line + linesBefore, endLine: span.endLine + linesBefore };
      this.log.note({ ...finding, span: moved });
    }
  }

  /** A lane starts its ids over: it forgot its names, or another one reads the same lines again. */
  forgetLane(): void {
    this.tools = new IdTable();
    this.traces = new IdTable();
    this.traceKeys = [];
    this.wrappers = new Map();
  }

  /** Gives the names and traces that are new in a batch their ids. */
  private learn(format: string, batch: LaneBatch): void {
    const { consumer, input, naming } = this;
    for (const raw of batch.newTools) {
      const tool = naming.canonical(raw);
      if (naming.isCountedWrapper(raw)) this.wrappers.set(this.tools.length, raw);
      this.tools.add(consumer.toolId(tool, tool === raw ? undefined : raw));
    }
    for (const { key, ...seen } of batch.newTraces) {
      this.traces.add(consumer.traceId(format, input.index, key, seen));
      this.traceKeys.push(key);
    }
    for (const { trace, timeMs } of batch.seen) consumer.traceId(format, input.index, this.traceKeys[trace]!, { timeMs });
  }

  private countWrappers(tools: Uint32Array): void {
    for (let i = 0; i < tools.length; i++) {
      const wrapper = this.wrappers.get(tools[i]!);
      if (wrapper !== undefined) this.naming.countWrapper(wrapper, 1);
    }
  }
}

/** Ids of a lane, which are positions, to ids of the consumer. */
class IdTable {
  length = 0;
  private ids = new Uint32Array(256);

  add(id: number): void {
    if (this.length === this.ids.length) {
      const wider = new Uint32Array(this.length * 2);
      wider.set(this.ids);
      this.ids = wider;
    }
    this.ids[this.length++] = id;
  }

  /** In place. */
  translate(column: Uint32Array): void {
    const { ids } = this;
    for (let i = 0; i < column.length; i++) column[i] = ids[column[i]!]!;
  }
}
