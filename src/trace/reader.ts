import type { Diagnostic } from "../diagnostics/diagnostic.js";

/**
 * The contract of every trace format. A reader takes bytes, recognises its own format by content, and reports calls; it
 * never judges, never keeps calls, and never throws for bad input. Names go to the sink as they stand in the file.
 */
export interface TraceFormat {
  /** Stable id, such as `claude-code`. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  /** How sure this format is that the first records are its own: 0 not mine, 1 certain. */
  detect(probe: Probe): number;
  /** A reader for one input; `push` is called per record in file order, `end` once. */
  open(input: InputMeta, sink: TraceSink): RecordReader;
}

/** What detection may look at: the first records of an input, parsed, and how the input is framed. */
export interface Probe {
  readonly framing: "json" | "lines";
  /** Up to 64 parsed records; for framing "json" the one document. */
  readonly records: readonly unknown[];
  readonly name: string;
}

export interface InputMeta {
  /** Label for people: a path as given, or `<stdin>`. */
  readonly name: string;
}

export interface Position {
  readonly input: string;
  /** 1-based line of the record; 1 in a JSON document. */
  readonly line: number;
}

export interface RecordReader {
  /**
   * For framing "lines" readers get the raw line, so that a byte marker can spare the JSON parse; `parse` returns the
   * parsed record or undefined after reporting a bad line.
   */
  push(record: RawRecord): void;
  end(): void;
}

export interface RawRecord {
  readonly line: number;
  /** UTF-8 bytes of the line without its terminator; for framing "json" the whole document. */
  readonly bytes: Uint8Array;
  parse(): unknown;
}

/** One tool call as a reader sees it. */
export interface CallRecord {
  /** Trace key: calls with one key belong to one trace, across inputs (a session, or an AP-Trace id). */
  readonly trace: string;
  /** Calls with the same id inside one `scope` are one call, across records and inputs; undefined: always distinct. */
  readonly callId?: string | undefined;
  /** De-duplication scope; default is the trace key. */
  readonly scope?: string | undefined;
  readonly tool: string;
  /** Epoch milliseconds, or undefined. */
  readonly timeMs?: number | undefined;
  readonly agent?: string | undefined;
  /** The session whose counts this call advances (E7); default is the trace key. */
  readonly session?: string | undefined;
  /** Called by a subagent of the trace. */
  readonly subagent?: boolean | undefined;
  readonly line: number;
}

/** Where readers put what they find. */
export interface TraceSink {
  /** Makes a trace known, also when it never calls a tool (R1: such a trace is `skipped`). */
  trace(key: string, seen: { timeMs?: number | undefined; agent?: string | undefined }): void;
  call(call: CallRecord): void;
  /** A bad record: reported with its place and skipped. */
  bad(line: number, message: string): void;
  note(diagnostic: Diagnostic): void;
}
