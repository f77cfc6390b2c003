import type { CallRecord, TraceSeen } from "./reader.js";

/** A call on its way from a reader to who counts it, with the name it is judged by. */
export interface NamedCall extends Omit<CallRecord, "server" | "args"> {
  /** The canonical name (`mcp__server__tool` where a rule of the name map applies). */
  readonly tool: string;
  /** As it stands in the input, where that is another name. */
  readonly rawTool?: string | undefined;
}

/** Columns of calls that need no de-duplication, with the ids the consumer gave out. `length` rows are in use. */
export interface CallBatch {
  readonly input: number;
  readonly length: number;
  /** From `traceId`. */
  readonly trace: Uint32Array;
  /** From `toolId`. */
  readonly tool: Uint32Array;
  /** Epoch milliseconds, NaN when not recorded. */
  readonly timeMs: Float64Array;
  readonly line: Uint32Array;
}

/**
 * Takes the calls of all inputs, in the order of the inputs, whatever read them and on whatever thread. Either it keeps
 * them (`TraceSetBuilder`) or it counts them and forgets (`ReplayFold`).
 */
export interface CallConsumer {
  /**
   * Called before anything else of a reading: random bits for its hashes (`CallIdentities`), so that nobody can choose ids
   * that collide. Answers do not depend on them.
   */
  start?(key: readonly [number, number]): void;
  /** Makes a trace known. Keys of different formats never meet. Returns its id; `seen` adds what was not known. */
  traceId(format: string, input: number, key: string, seen: TraceSeen): number;
  /** The id of a canonical name. Ids are dense from 0, in the order of first mention. */
  toolId(tool: string, rawTool?: string): number;
  /** Adds a call; false when it is a repetition (R2). */
  add(format: string, input: number, call: NamedCall): boolean;
  /** Adds many: one loop over numbers, no string per call. A trace is its own session here. */
  addBatch(batch: CallBatch): void;
}
