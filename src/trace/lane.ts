import type { CallRecord, InputMeta, TraceSeen } from "./reader.js";

/**
 * The contract of fast lanes: a lane takes the raw bytes of JSON lines of one format and answers in columns, without a
 * string or an object per line. It finds exactly the calls that the record reader of its format finds on every well-formed
 * line; of a malformed line it may find the calls without reporting the line. What a lane cannot say in columns (a call
 * with an id, which wants de-duplication) it passes on as a record, in its place.
 */
export interface LaneFormat {
  /** Id of the `TraceFormat` whose lines these are. */
  readonly id: string;
  /** A lane for one input, or for one range of lines of it; undefined where the host lacks what it needs (WASM with SIMD). */
  open(input: InputMeta, sink: LaneSink, options: LaneOptions): Lane | undefined;
}

export interface LaneOptions {
  /** 32 random bits per process, so that nobody can choose names that collide. Any value gives the same answers. */
  readonly seed: number;
  /** Number of the first line; default 1. A range that starts somewhere inside has its numbers put right by the caller. */
  readonly firstLine?: number | undefined;
  /** Tools whose calls are passed on as records with their arguments (wrappers, to look through them). Asked once a name. */
  readonly asRecord?: ((tool: string) => boolean) | undefined;
}

/**
 * Takes bytes in chunks of any size, cut anywhere. Two ways in: `push` copies; `space` and `filled` let the caller read a
 * file straight into the lane's memory. Holds one buffer, the distinct names and traces of a generation, and one batch.
 */
export interface Lane {
  push(chunk: Uint8Array): void;
  /** Free space of at least 64 KiB to read into, valid until the next call of any method; then say how much was `filled`. */
  space(): Uint8Array;
  filled(byteLength: number): void;
  /** The bytes so far end with a line end, and more may come later: gives out what was found in them. */
  flush(): void;
  /** The bytes are over: what is left is the last line, and the last batch goes out. */
  end(): void;
}

/** Where a lane puts what it finds, in the order of the lines. */
export interface LaneSink {
  batch(batch: LaneBatch): void;
  /** A call that columns cannot hold; all before it has been given out. Its trace was made known by a batch, by its key. */
  call(call: CallRecord): void;
}

/**
 * What some lines held. Ids are local: position in all `newTools` (`newTraces`) of the lane since its start, or since the
 * last batch that starts a generation. The columns are copies and belong to the receiver, who may transfer them.
 */
export interface LaneBatch {
  /** Ids start over at 0 with this batch: the lane forgot its names to stay bounded. */
  readonly newGeneration: boolean;
  /** Rows, that is calls, of the columns; all of them are in use. */
  readonly length: number;
  /** Local id of each call's trace, tool; epoch milliseconds or NaN; line number. */
  readonly trace: Uint32Array;
  readonly tool: Uint32Array;
  readonly timeMs: Float64Array;
  readonly line: Uint32Array;
  /** Names as they stand in the input, empty for what is no string. Two entries may be the same name. */
  readonly newTools: readonly string[];
  readonly newTraces: readonly LaneTrace[];
  /** For `TraceSeen.timeMs`, in this order: times of traces from their first records, and from records without a call. */
  readonly seen: readonly { readonly trace: number; readonly timeMs: number }[];
  readonly bad: readonly LaneBad[];
  /** Lines, and those of them that are not blank, since the last batch. */
  readonly lines: number;
  readonly records: number;
}

/** A trace as `TraceSink.trace` takes it, its time apart. Two entries may have one key. */
export interface LaneTrace extends Omit<TraceSeen, "timeMs"> {
  readonly key: string;
}

export interface LaneBad {
  readonly line: number;
  /** `line`: not JSON. `cut`: the same, and the input ended without a line end. `record`: JSON, but not what is needed. `long`: too long. */
  readonly kind: "line" | "cut" | "record" | "long";
  /** For `record`: what is wrong, as readers say it. */
  readonly message: string;
}
