import { type Code, diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import type { CallConsumer } from "./consumer.js";
import { type FindingLog, lineSpan } from "./findings.js";
import type { LaneBatch } from "./lane.js";
import { LaneIds } from "./lane-ids.js";
import type { Naming } from "./naming.js";
import type { CallRecord, TraceSeen } from "./reader.js";

/** What an intake finds in one input, in the order of the input. */
export interface IntakeSink {
  trace(format: string, key: string, seen: TraceSeen): void;
  call(format: string, call: CallRecord): void;
  /** Calls of a fast lane, with its number. The columns belong to the sink; bad lines come by `bad`. */
  batch(format: string, batch: LaneBatch, lane: number): void;
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
  private readonly ownIds: LaneIds;

  constructor(
    private readonly consumer: CallConsumer,
    private readonly naming: Naming,
    private readonly log: FindingLog,
    private readonly input: { readonly index: number; readonly name: string },
    /** Lines of the input before the range. */
    private readonly linesBefore = 0,
  ) {
    this.ownIds = new LaneIds(consumer, naming);
  }

  trace(format: string, key: string, seen: TraceSeen): void {
    this.consumer.traceId(format, this.input.index, key, seen);
  }

  call(format: string, call: CallRecord): void {
    this.delivered.format = format;
    this.delivered.calls++;
    const placed = this.linesBefore === 0 ? call : { ...call, line: call.line + this.linesBefore };
    if (!this.naming.deliver(this.consumer, format, this.input.index, placed)) this.repeatedCalls++;
  }

  batch(format: string, batch: LaneBatch, _lane: number, ids = this.ownIds): void {
    ids.learn(format, this.input.index, batch);
    const { length, trace, tool, timeMs, line } = batch;
    this.delivered.format = format;
    this.delivered.calls += length;
    if (length === 0) return;
    ids.translate(batch);
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
}
