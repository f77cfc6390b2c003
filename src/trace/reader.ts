import type { Diagnostic } from "../diagnostics/diagnostic.js";

/**
 * The contract of every trace format. A reader takes bytes, recognises its own format by content, and reports calls; it
 * never judges, never keeps calls, and never throws for bad input. Names go to the sink as they stand in the file.
 */
export interface TraceFormat {
  /** Stable id, such as `claude-code`: what `--trace-format` takes. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  /** The reader keeps nothing from one line to the next, so that ranges of lines may be read apart. */
  readonly splittable?: boolean | undefined;
  /** How sure this format is that the first records are its own: 0 not mine, 1 certain. */
  detect(probe: Probe): number;
  /** A reader for one input; `push` is called per record in file order, `end` once. */
  open(input: InputMeta, sink: TraceSink): RecordReader;
}

/**
 * How an input falls into records. `lines`: a JSON value a line; `json`: one or several JSON documents over any number
 * of lines; `text`: lines that are no JSON of their own (CSV, logs with a prefix, server-sent events).
 */
export type RecordFraming = "json" | "lines" | "text";

/** What detection may look at: the first records of an input and how the input is framed. At least one record. */
export interface Probe {
  readonly framing: RecordFraming;
  /** Up to 64 parsed records; for framing "json" the document, or the first documents; for "text" the lines as strings. */
  readonly records: readonly unknown[];
  readonly name: string;
  /** As in `InputMeta`: a format whose fields are not fixed looks for these. */
  readonly fields?: FieldNames | undefined;
}

export interface InputMeta {
  /** Label for people: a path as given, or `<stdin>`. */
  readonly name: string;
  /** Column or field names the user gave by option, for formats whose names are not fixed (CSV, Parquet, plain events). */
  readonly fields?: FieldNames | undefined;
}

/** Which column or field holds what; what is absent is looked for under the usual names. */
export interface FieldNames {
  readonly tool?: string | undefined;
  readonly time?: string | undefined;
  readonly session?: string | undefined;
  readonly agent?: string | undefined;
  readonly callId?: string | undefined;
}

export interface RecordReader {
  /**
   * Readers get the raw record, so that a byte marker can spare the JSON parse; `parse` returns the parsed record or
   * undefined after reporting a bad line.
   */
  push(record: RawRecord): void;
  end(): void;
}

export interface RawRecord {
  readonly line: number;
  /** UTF-8 bytes of the line without its terminator; for framing "json" the whole document. Valid during `push` only. */
  readonly bytes: Uint8Array;
  /** The parsed record, or undefined after the bad line was reported; parses once. For framing "text" the line as a string. */
  parse(): unknown;
}

/** Formats that are not text: told by their first bytes, read by position. */
export interface BlobFormat {
  readonly id: string;
  readonly title: string;
  /** `head`: the first 4 KiB, or all there is. 0 not mine, 1 certain. */
  detect(head: Uint8Array, name: string): number;
  /** Reads all of it. Throws nothing for bad content: that goes to `sink.bad`, with the record number as the line. */
  read(blob: BlobSource, input: InputMeta, sink: TraceSink): Promise<void>;
}

/** Bytes by position. Rejects only when the file itself cannot be read. */
export interface BlobSource {
  readonly byteLength: number;
  slice(from: number, to: number): Promise<Uint8Array>;
}

/** One tool call as a reader sees it. */
export interface CallRecord {
  /** Trace key: calls with one key belong to one trace, across inputs (a session, or an AP-Trace id). */
  readonly trace: string;
  /** Calls with the same id inside one `scope` are one call, across records and inputs; undefined: always distinct. */
  readonly callId?: string | undefined;
  /**
   * Other ids of the same call, for records that say one thing twice in different dress: a call whose `callId` or any
   * alias is known in its scope is a repetition.
   */
  readonly aliases?: readonly string[] | undefined;
  /** De-duplication scope; default is the trace key. */
  readonly scope?: string | undefined;
  /** As it stands in the file; empty when the file holds something that is not a string (invalid, semantics G2). */
  readonly tool: string;
  /** The MCP server, where the format names it beside the tool: the call is judged as `mcp__<server>__<tool>`. */
  readonly server?: string | undefined;
  /** The call's arguments, an object or JSON text; asked for only to look through wrapper tools (`--unwrap`). */
  readonly args?: (() => unknown) | undefined;
  /** Epoch milliseconds, or undefined. */
  readonly timeMs?: number | undefined;
  readonly agent?: string | undefined;
  /** The session whose counts this call advances (E7); default is the trace key. */
  readonly session?: string | undefined;
  /** Called by a subagent of the trace. */
  readonly subagent?: boolean | undefined;
  /** What was decided about it, where the format says so; told only to a sink that wants it. */
  readonly decision?: CallDecision | undefined;
  readonly line: number;
}

/**
 * What became of a call before it ran. `denied`: a person, a hook or a policy refused it. `approved`: a person was asked and let it
 * run. `escalated`: somebody was to be asked, and what came of it is not recorded. A call that ran unasked has none.
 */
export type CallDecision = "denied" | "approved" | "escalated";

/** What a reader learns of a trace beside its calls. */
export interface TraceSeen {
  readonly timeMs?: number | undefined;
  readonly agent?: string | undefined;
  /** What people see; default is the key. */
  readonly id?: string | undefined;
}

/** Where readers put what they find. */
export interface TraceSink {
  /**
   * Decisions are wanted. A reader that learns of one after it told of the call tells the call again, with the decision: by its
   * id it is known to be a repetition.
   */
  readonly decisions?: boolean | undefined;
  /**
   * Makes a trace known, also when it never calls a tool (R1: such a trace is `skipped`). `timeMs` dates it only while it
   * has no call with a time.
   */
  trace(key: string, seen: TraceSeen): void;
  call(call: CallRecord): void;
  /** A bad record: reported with its place and skipped. */
  bad(line: number, message: string): void;
  note(diagnostic: Diagnostic): void;
}
