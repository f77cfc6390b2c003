import { type Code, diagnostic } from "../diagnostics/codes.js";
import { traceLineBytesMax } from "../limits.js";
import { decodeUtf8, joinBytes, lineFeed, skipBlanks } from "./bytes.js";
import type { IntakeSink } from "./delivery.js";
import { lineSpan } from "./findings.js";
import { detectFormat, recordsProbed } from "./formats/registry.js";
import {
  beginsLikeLog,
  type Framer,
  type Framing,
  framingOf,
  LineFramer,
  linesProbed,
  textLines,
  ValueFramer,
} from "./framing.js";
import type { Lane, LaneBad, LaneFormat, LaneOptions, LaneSink } from "./lane.js";
import type { KeptLane, LaneKeeper } from "./lane-keeper.js";
import { lineOfError, OneRecord, TextRecord } from "./raw-records.js";
import type { FieldNames, Probe, RecordFraming, RecordReader, TraceFormat, TraceSink } from "./reader.js";

/** Bytes looked at before framing is decided, unless one line is longer. */
const headBytesMax = 1024 * 1024;
/** A lane brings tables of its own, which a short input does not pay back. */
const laneBytesMin = 64 * 1024;
/** Bytes of records kept for detection before it is tried with fewer than `recordsProbed`. */
const probeBytesMax = 1024 * 1024;
/** Bytes of records after which a format that is certain is believed: what is probed is parsed, whatever reads it later. */
const certainBytesMin = 64 * 1024;

export interface IntakeOptions {
  readonly name: string;
  readonly fields?: FieldNames | undefined;
  readonly candidates?: readonly TraceFormat[] | undefined;
  /** Found in a folder, not named: what is no trace is left out without a finding of its own. */
  readonly found?: boolean | undefined;
  /** Default `traceLineBytesMax`. */
  readonly lineBytesMax?: number | undefined;
  /** Absent: every record goes to a reader. */
  readonly lanes?: LaneChoice | undefined;
  /** Lines of this format out of the middle of an input, whole: nothing is detected, and no trace is missed. */
  readonly known?: TraceFormat | undefined;
  /** Readers tell what was decided about calls. */
  readonly decisions?: boolean | undefined;
  /** More lines of the input follow, in another intake with the same keeper. */
  readonly goesOn?: boolean | undefined;
}

/** Which fast lanes there are and what they are opened with. */
export interface LaneChoice extends LaneOptions {
  readonly formats: readonly LaneFormat[];
  readonly keeper: LaneKeeper;
}

/** What became of an input; whether calls were repetitions is not known here. */
export interface IntakeSummary {
  /** Format id; undefined when none was recognised. */
  readonly format: string | undefined;
  readonly records: number;
  readonly badLines: number;
  /** Line ends met; 0 for what is not lines. */
  readonly lines: number;
}

interface BadLine {
  /** Where the record begins; `line` is where it breaks. */
  readonly recordLine: number;
  readonly code: Code;
  readonly line: number;
  readonly noun: string;
  readonly what: string;
}

/** Why an input was not read as a trace. */
export type Refusal = "text" | "empty" | "unknown" | "damaged";

/**
 * One input from its first byte to its last: byte order mark, framing, format, then record by record into the sink.
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
  private lane: Lane | undefined;
  private laneNumber = 0;
  private laneLinesBefore = 0;
  private probed: OneRecord[] = [];
  private probedBytes = 0;
  /** Bad lines before the format is known: an input that is no trace is reported once, not line by line. */
  private early: BadLine[] = [];
  private damaged = false;
  private records = 0;
  private badLines = 0;
  private laneLines = 0;
  /** All bytes since the start, until the format is known: a lane starts over with them. */
  private raw: Uint8Array[] | undefined;
  private rawLength = 0;

  constructor(
    private readonly sink: IntakeSink,
    private readonly options: IntakeOptions,
  ) {
    const { known } = options;
    if (known === undefined) return;
    this.framer = this.newFramer();
    this.raw = [];
    this.rawLength = laneBytesMin;
    this.choose(known);
    this.startLane();
  }

  /** What was detected, once it was. */
  get detected(): { readonly format: TraceFormat; readonly framing: Framing } | undefined {
    return this.format === undefined ? undefined : { format: this.format, framing: this.framing };
  }

  /** Bytes may be put straight into it, once it is there; `push` is for all other times. */
  get directLane(): Lane | undefined {
    return this.raw === undefined ? this.lane : undefined;
  }

  push(chunk: Uint8Array): void {
    if (this.refusal !== undefined || chunk.length === 0) return;
    if (this.framer !== undefined || this.lane !== undefined) {
      this.pass(chunk);
      return;
    }
    this.head.push(chunk);
    this.headLength += chunk.length;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) this.headLines++;
    const enough = this.headLines > linesProbed || (this.headLines > 0 && this.headLength >= headBytesMax);
    if (enough || this.headLength > this.lineBytesMax) this.begin(false);
  }

  /** `damaged`: the bytes ended too early and that has been reported, so a cut record is not blamed again. */
  end(damaged = false): IntakeSummary {
    this.damaged = damaged;
    if (this.refusal === undefined && this.framer === undefined && this.lane === undefined) this.begin(true);
    if (this.refusal === undefined && this.lane === undefined) this.framer?.end();
    if (this.refusal === undefined && this.format === undefined) this.decide(true);
    this.startLane();
    if (this.lane !== undefined) this.endLane(damaged);
    if (this.refusal === undefined) this.reader?.end();
    const { found, known } = this.options;
    if (this.refusal === undefined && !this.sawTrace && !damaged && found !== true && known === undefined) {
      this.note("trace_none", noTraceOf(this.format));
    }
    const { records, badLines, laneLines, framer } = this;
    const lines = laneLines + (framer instanceof LineFramer ? framer.lines : 0);
    return { format: this.format?.id, records, badLines, lines };
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
    this.framing = this.framingOf(body, whole);
    if (whole && skipBlanks(body) === body.length) this.refuse("empty", "trace_empty", "the input is empty");
    else if (this.framing === "text" && this.format === undefined) this.refuse("text", "trace_not_json", "the input is not JSON");
    if (this.refusal !== undefined) return;
    this.framer = this.newFramer();
    this.raw = this.framing === "lines" && this.options.lanes !== undefined ? [] : undefined;
    this.pass(body);
  }

  private newFramer(): Framer {
    const frames = {
      record: (bytes: Uint8Array, line: number, cut: boolean) => this.take(bytes, line, cut),
      tooLong: (line: number) => this.bad("trace_line_too_long", line, "is too long and was skipped"),
    };
    if (this.framing === "json") return new ValueFramer(frames, this.lineBytesMax);
    return new LineFramer(frames, this.lineBytesMax, this.framing === "text");
  }

  private pass(chunk: Uint8Array): void {
    if (this.lane !== undefined && this.raw === undefined) {
      this.lane.push(chunk);
      return;
    }
    this.raw?.push(chunk);
    this.rawLength += chunk.length;
    this.framer?.push(chunk);
    this.startLane();
  }

  /** The lane takes over from the first byte, not in the middle of what the framer was given. */
  private startLane(): void {
    const { lane, raw } = this;
    if (lane === undefined || raw === undefined) return;
    this.raw = undefined;
    this.framer = undefined;
    for (const chunk of raw) lane.push(chunk);
  }

  /** Where the head is no JSON, the formats of text are asked; with their answer the format is known. */
  private framingOf(head: Uint8Array, whole: boolean): Framing {
    const framing = framingOf(head, whole);
    if (framing === "lines" || (framing === "json" && !beginsLikeLog(head))) return framing;
    const records = textLines(head, whole);
    const format = records.length === 0 ? undefined : this.detect("text", records);
    if (format === undefined) return framing;
    this.open(format);
    return "text";
  }

  private detect(framing: RecordFraming, records: readonly unknown[]): TraceFormat | undefined {
    return detectFormat(this.probe(framing, records), this.options.candidates);
  }

  private probe(framing: RecordFraming, records: readonly unknown[]): Probe {
    const { name, fields } = this.options;
    return { framing, records, name, fields };
  }

  /** Reads with this format from here on: in its lane from the first byte, or with its reader. */
  private choose(format: TraceFormat): void {
    const kept = this.openLane(format);
    if (kept !== undefined) {
      this.lane = kept.lane;
      this.laneNumber = kept.number;
      this.laneLinesBefore = kept.linesBefore;
      this.format = format;
      this.records = 0;
      this.badLines = 0;
      this.probed = [];
      this.early = [];
      return;
    }
    this.raw = undefined;
    this.open(format);
  }

  private openLane(format: TraceFormat): KeptLane | undefined {
    const { lanes, name, fields } = this.options;
    if (lanes === undefined || this.raw === undefined || this.rawLength < laneBytesMin) return undefined;
    const choice = lanes.formats.find(({ id }) => id === format.id);
    return choice && lanes.keeper.open(choice, { name, fields }, this.laneSink(format.id), lanes);
  }

  private laneSink(format: string): LaneSink {
    return {
      batch: (batch) => {
        this.sawTrace ||= batch.newTraces.length > 0 || batch.length > 0;
        this.records += batch.records;
        this.laneLines += batch.lines;
        const before = this.laneLinesBefore;
        if (before > 0) for (let i = 0; i < batch.length; i++) batch.line[i]! -= before;
        this.sink.batch(format, batch, this.laneNumber);
        for (const bad of batch.bad) this.badInLane({ ...bad, line: bad.line - before });
      },
      call: (call) => this.sink.call(format, { ...call, line: call.line - this.laneLinesBefore }),
    };
  }

  /** Of a range that is not the last one, the lane goes on with the next. */
  private endLane(damaged: boolean): void {
    if (this.options.goesOn === true && !damaged) this.lane?.flush();
    else this.options.lanes?.keeper.release();
  }

  private badInLane({ kind, line, message }: LaneBad): void {
    if (kind === "record") this.bad("trace_bad_record", line, `was skipped: ${message}`);
    else if (kind === "long") this.bad("trace_line_too_long", line, "is too long and was skipped");
    else if (kind === "line") this.bad("trace_bad_line", line, "is not JSON and was skipped");
    else if (!this.damaged) this.bad("trace_cut", line, cutLine);
  }

  private open(format: TraceFormat): void {
    const { name, fields } = this.options;
    this.format = format;
    this.reader = format.open({ name, fields }, this.sinkFor(format.id));
  }

  private take(bytes: Uint8Array, line: number, cut: boolean): void {
    if (this.refusal !== undefined || this.lane !== undefined) return;
    this.records++;
    if (this.reader !== undefined) {
      this.reader.push(this.framing === "text" ? new TextRecord(bytes, line) : new OneRecord(bytes, line, cut, this.onBadRecord));
      return;
    }
    this.probed.push(new OneRecord(bytes.slice(), line, cut, this.onBadRecord));
    const bytesBefore = this.probedBytes;
    this.probedBytes += bytes.length;
    if (this.probed.length >= recordsProbed) this.decide(true);
    else if (this.probedBytes >= probeBytesMax) this.decide(false);
    else if (bytesBefore < certainBytesMin && this.probedBytes >= certainBytesMin) this.decide(false, 1);
  }

  /** Finds the format of the records so far; `final`: an input without one is refused. `scoreMin`: how sure it has to be. */
  private decide(final: boolean, scoreMin = 0): void {
    const records = this.probed.map((record) => record.parse()).filter((value) => value !== undefined);
    const format = records.length > 0 ? this.detect(this.framing, records) : undefined;
    if (scoreMin > 0 && (format?.detect(this.probe(this.framing, records)) ?? 0) < scoreMin) return;
    if (format === undefined) {
      if (final && !this.turnToText()) this.refuseUnknown(records.length > 0);
      else this.probedBytes = 0;
      return;
    }
    this.choose(format);
    const { probed } = this;
    this.probed = [];
    this.early.sort((a, b) => a.recordLine - b.recordLine);
    for (const record of probed) {
      this.reportEarly(record.line);
      this.reader?.push(record);
    }
    this.reportEarly(Number.POSITIVE_INFINITY);
  }

  private reportEarly(lastLine: number): void {
    const later = this.early.findIndex(({ recordLine }) => recordLine > lastLine);
    for (const bad of this.early.splice(0, later === -1 ? this.early.length : later)) this.report(bad);
  }

  /** A log of text may hold whole lines of JSON between the others; asked when no format of JSON claims those. */
  private turnToText(): boolean {
    if (!(this.framer instanceof LineFramer) || this.early.length === 0) return false;
    const format = this.detect(
      "text",
      this.probed.map(({ bytes }) => decodeUtf8(bytes)),
    );
    if (format === undefined) return false;
    this.framing = "text";
    this.framer.turnToText();
    this.early = [];
    this.badLines = 0;
    this.open(format);
    for (const { bytes, line } of this.probed) this.reader?.push(new TextRecord(bytes, line));
    this.probed = [];
    return true;
  }

  private refuseUnknown(hasRecords: boolean): void {
    if (hasRecords) this.refuse("unknown", "trace_format_unknown", "the input is JSON, but of no trace format that is read here");
    else if (this.damaged) this.refusal = "damaged";
    else if (this.framing === "json" || (this.probed.length === 1 && this.probed[0]!.cut)) {
      // One document, or one line: where it breaks is what helps.
      this.refusal = "damaged";
      for (const early of this.early.slice(0, 1)) this.report(early);
    } else this.refuse("text", "trace_not_json", "the input is not JSON");
  }

  private refuse(refusal: Refusal, code: Code, message: string): void {
    this.refusal = refusal;
    this.probed = [];
    this.badLines = 0;
    if (this.options.found !== true && !this.damaged) this.note(code, message);
  }

  private note(code: Code, message: string): void {
    this.sink.note(diagnostic(code, { message, span: lineSpan(this.options.name, 1) }));
  }

  private report({ code, line, noun, what }: BadLine): void {
    this.sink.bad(code, line, noun, what);
  }

  private sinkFor(format: string): TraceSink {
    const { sink } = this;
    return {
      decisions: this.options.decisions,
      trace: (key, seen) => {
        this.sawTrace = true;
        sink.trace(format, key, seen);
      },
      call: (call) => {
        this.sawTrace = true;
        sink.call(format, call);
      },
      bad: (line, message) => this.bad("trace_bad_record", line, `was skipped: ${message}`),
      note: (finding) => sink.note(finding),
    };
  }

  private readonly onBadRecord = (record: OneRecord, error: unknown): void => {
    if (record.cut) {
      if (!this.damaged) this.bad("trace_cut", record.line, cutLine);
    } else {
      const line = record.line + lineOfError(record.bytes, error);
      this.bad("trace_bad_line", line, "is not JSON and was skipped", record.line);
    }
  };

  private bad(code: Code, line: number, what: string, recordLine = line): void {
    this.badLines++;
    const noun = this.framing === "json" ? "the document at line" : "line";
    const found: BadLine = { recordLine, code, line, noun, what };
    if (this.format === undefined) this.early.push(found);
    else this.report(found);
  }
}

const cutLine = "is cut: the input ends in the middle of it";

/** For an input whose format is known, but that holds nothing to judge. */
export function noTraceOf(format: { readonly title: string } | undefined): string {
  return `the input holds no trace of the format ${format?.title}`;
}
