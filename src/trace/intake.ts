import { type Code, diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { traceLineBytesMax } from "../limits.js";
import { decodeUtf8, joinBytes, lineFeed, skipBlanks } from "./bytes.js";
import { type FindingLog, lineSpan } from "./findings.js";
import { detectFormat, recordsProbed } from "./formats/registry.js";
import { type Framer, type Framing, framingOf, LineFramer, linesProbed, ValueFramer } from "./framing.js";
import type { RawRecord, RecordReader, TraceFormat, TraceSink } from "./reader.js";
import type { TraceInputSummary, TraceSetBuilder } from "./trace-set.js";

/** Bytes looked at before framing is decided, unless one line is longer. */
const headBytesMax = 1024 * 1024;
/** Bytes of records kept for detection before it is tried with fewer than `recordsProbed`. */
const probeBytesMax = 4 * 1024 * 1024;

export interface IntakeOptions {
  /** Position of the input in the set. */
  readonly index: number;
  readonly name: string;
  readonly candidates?: readonly TraceFormat[] | undefined;
  /** Found in a folder, not named: what is no trace is left out without a finding of its own. */
  readonly found?: boolean | undefined;
  /** Default `traceLineBytesMax`. */
  readonly lineBytesMax?: number | undefined;
}

/** Why an input was not read as a trace. */
export type Refusal = "text" | "empty" | "unknown" | "damaged";

/**
 * One input from its first byte to its last: byte order mark, framing, format, then record by record into the set.
 * Holds one record, or the first ones until the format is known. Nothing of it throws for bad input.
 */
export class Intake {
  refusal: Refusal | undefined;
  sawTrace = false;
  private head: Uint8Array[] = [];
  private headLength = 0;
  private headLines = 0;
  private framer: Framer | undefined;
  private framing: Framing = "lines";
  private format: TraceFormat | undefined;
  private reader: RecordReader | undefined;
  private probed: OneRecord[] = [];
  private probedBytes = 0;
  /** Bad lines before the format is known: an input that is no trace is reported once, not line by line. */
  private early: Diagnostic[] = [];
  private damaged = false;
  private records = 0;
  private badLines = 0;
  private repeatedCalls = 0;

  constructor(
    private readonly builder: TraceSetBuilder,
    private readonly log: FindingLog,
    private readonly options: IntakeOptions,
  ) {}

  push(chunk: Uint8Array): void {
    if (this.refusal !== undefined || chunk.length === 0) return;
    if (this.framer !== undefined) {
      this.framer.push(chunk);
      return;
    }
    this.head.push(chunk);
    this.headLength += chunk.length;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) this.headLines++;
    const enough = this.headLines > linesProbed || (this.headLines > 0 && this.headLength >= headBytesMax);
    if (enough || this.headLength > this.lineBytesMax) this.begin(false);
  }

  /** `damaged`: the bytes ended too early and that has been reported, so a cut record is not blamed again. */
  end(damaged = false): TraceInputSummary {
    this.damaged = damaged;
    if (this.refusal === undefined && this.framer === undefined) this.begin(true);
    if (this.refusal === undefined) this.framer?.end();
    if (this.refusal === undefined && this.reader === undefined) this.decide(true);
    if (this.refusal === undefined) this.reader?.end();
    if (this.refusal === undefined && !this.sawTrace && !damaged && this.options.found !== true) {
      this.log.add("trace_none", `the input holds no trace of the format ${this.format?.title}`, lineSpan(this.options.name, 1));
    }
    const { records, badLines, repeatedCalls } = this;
    return { name: this.options.name, format: this.format?.id, records, badLines, repeatedCalls };
  }

  private get lineBytesMax(): number {
    return this.options.lineBytesMax ?? traceLineBytesMax;
  }

  private begin(whole: boolean): void {
    const head = joinBytes(this.head, this.headLength);
    this.head = [];
    const body = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head;
    if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
      this.refuse("text", "encoding_utf16", "the input is UTF-16, but traces are UTF-8");
      return;
    }
    this.framing = framingOf(body, whole);
    if (whole && skipBlanks(body) === body.length) this.refuse("empty", "trace_empty", "the input is empty");
    else if (this.framing === "text") this.refuse("text", "trace_not_json", "the input is not JSON");
    if (this.refusal !== undefined) return;
    const frames = {
      record: (bytes: Uint8Array, line: number, cut: boolean) => this.take(bytes, line, cut),
      tooLong: (line: number) => this.bad("trace_line_too_long", line, "is too long and was skipped"),
    };
    this.framer =
      this.framing === "lines" ? new LineFramer(frames, this.lineBytesMax) : new ValueFramer(frames, this.lineBytesMax);
    this.framer.push(body);
  }

  private take(bytes: Uint8Array, line: number, cut: boolean): void {
    if (this.refusal !== undefined) return;
    this.records++;
    if (this.reader !== undefined) {
      this.reader.push(new OneRecord(bytes, line, cut, this.onBadRecord));
      return;
    }
    this.probed.push(new OneRecord(bytes.slice(), line, cut, this.onBadRecord));
    this.probedBytes += bytes.length;
    if (this.probed.length >= recordsProbed) this.decide(true);
    else if (this.probedBytes >= probeBytesMax) this.decide(false);
  }

  /** Finds the format of the records so far; `final`: an input without one is refused. */
  private decide(final: boolean): void {
    const records = this.probed.map((record) => record.parse()).filter((value) => value !== undefined);
    if (records.length > 0) {
      const framing = this.framing === "json" ? "json" : "lines";
      this.format = detectFormat({ framing, records, name: this.options.name }, this.options.candidates);
    }
    if (this.format === undefined) {
      if (final) this.refuseUnknown(records.length > 0);
      else this.probedBytes = 0;
      return;
    }
    for (const finding of this.early) this.log.bad(finding);
    this.early = [];
    this.reader = this.format.open({ name: this.options.name }, this.sinkFor(this.format.id));
    for (const record of this.probed) this.reader.push(record);
    this.probed = [];
  }

  private refuseUnknown(hasRecords: boolean): void {
    if (hasRecords) this.refuse("unknown", "trace_format_unknown", "the input is JSON, but of no trace format that is read here");
    else if (this.damaged) this.refusal = "damaged";
    else if (this.framing === "json" || (this.probed.length === 1 && this.probed[0]!.cut)) {
      // One document, or one line: where it breaks is what helps.
      this.refusal = "damaged";
      for (const finding of this.early.slice(0, 1)) this.log.bad(finding);
    } else this.refuse("text", "trace_not_json", "the input is not JSON");
  }

  private refuse(refusal: Refusal, code: Code, message: string): void {
    this.refusal = refusal;
    this.probed = [];
    this.badLines = 0;
    if (this.options.found !== true && !this.damaged) this.log.add(code, message, lineSpan(this.options.name, 1));
  }

  private sinkFor(format: string): TraceSink {
    const { index } = this.options;
    return {
      trace: (key, seen) => {
        this.sawTrace = true;
        this.builder.know(format, index, key, seen);
      },
      call: (call) => {
        this.sawTrace = true;
        if (!this.builder.add(format, index, call)) this.repeatedCalls++;
      },
      bad: (line, message) => this.bad("trace_bad_record", line, `was skipped: ${message}`),
      note: (finding) => this.log.note(finding),
    };
  }

  private readonly onBadRecord = (record: OneRecord, error: unknown): void => {
    if (record.cut) {
      if (!this.damaged) this.bad("trace_cut", record.line, "is cut: the input ends in the middle of it");
    } else this.bad("trace_bad_line", record.line + lineOfError(record.bytes, error), "is not JSON and was skipped");
  };

  private bad(code: Code, line: number, what: string): void {
    this.badLines++;
    const noun = this.framing === "json" ? "the document at line" : "line";
    const finding = diagnostic(code, {
      message: `${noun} ${line} of ${quoteText(this.options.name, 200)} ${what}`,
      span: lineSpan(this.options.name, line),
    });
    if (this.reader === undefined) this.early.push(finding);
    else this.log.bad(finding);
  }
}

class OneRecord implements RawRecord {
  private value: unknown;
  private tried = false;

  constructor(
    readonly bytes: Uint8Array,
    readonly line: number,
    readonly cut: boolean,
    private readonly onBad: (record: OneRecord, error: unknown) => void,
  ) {}

  parse(): unknown {
    if (this.tried) return this.value;
    this.tried = true;
    try {
      this.value = JSON.parse(decodeUtf8(this.bytes));
    } catch (error) {
      this.onBad(this, error);
    }
    return this.value;
  }
}

/** Lines between the start of a record and the place where the parser gave up, as far as the parser tells. */
function lineOfError(bytes: Uint8Array, error: unknown): number {
  const match = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(error instanceof Error ? error.message : "");
  if (match === null) return 0;
  return decodeUtf8(bytes).slice(0, Number(match[1])).split("\n").length - 1;
}
