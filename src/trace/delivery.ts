import { type Code, diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import type { CallConsumer } from "./consumer.js";
import { type FindingLog, lineSpan } from "./findings.js";
import type { Naming } from "./naming.js";
import type { CallRecord, TraceSeen } from "./reader.js";

/** What an intake finds in one input, in the order of the input. */
export interface IntakeSink {
  trace(format: string, key: string, seen: TraceSeen): void;
  call(format: string, call: CallRecord): void;
  /** A line or document that was skipped; `noun` says which of the two, `what` what is wrong with it. */
  bad(code: Code, line: number, noun: string, what: string): void;
  note(finding: Diagnostic): void;
}

/** From one input to the consumer of all: names become canonical, repetitions are counted, findings get their place. */
export class Delivery implements IntakeSink {
  repeatedCalls = 0;

  constructor(
    private readonly consumer: CallConsumer,
    private readonly naming: Naming,
    private readonly log: FindingLog,
    private readonly input: { readonly index: number; readonly name: string },
  ) {}

  trace(format: string, key: string, seen: TraceSeen): void {
    this.consumer.traceId(format, this.input.index, key, seen);
  }

  call(format: string, call: CallRecord): void {
    if (!this.naming.deliver(this.consumer, format, this.input.index, call)) this.repeatedCalls++;
  }

  bad(code: Code, line: number, noun: string, what: string): void {
    const { name } = this.input;
    const message = `${noun} ${line} of ${quoteText(name, 200)} ${what}`;
    this.log.bad(diagnostic(code, { message, span: lineSpan(name, line) }));
  }

  note(finding: Diagnostic): void {
    this.log.note(finding);
  }
}
