import type { Found } from "../recording.js";
import type { LineRange, RangeResult } from "./read-range.js";
import type { ReadConfig, SourceResult, SourceTask } from "./read-source.js";

/** What the reading side and its threads say to each other. Plain values only. */

/** A piece of work: a whole file, or a range of the lines of one. */
export type Unit =
  | { readonly kind: "file"; readonly path: string; readonly isPlainFile: boolean; readonly task: SourceTask }
  | { readonly kind: "range"; readonly range: LineRange };

export type UnitResult = SourceResult | RangeResult;

export interface ThreadStart {
  readonly config: ReadConfig;
}

/** To a thread: work, or how many more of its messages were taken. */
export type ToThread = { readonly kind: "unit"; readonly unit: Unit } | { readonly kind: "taken"; readonly messages: number };

/** From a thread: what it found in the unit at hand, with the bytes read of it so far; at last the result. */
export type FromThread =
  | { readonly kind: "found"; readonly found: Found; readonly bytes: number }
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "done"; readonly result: UnitResult; readonly bytes: number };

/** Messages a thread sends ahead of those that were taken: with 8,192 calls each, about 5 MB. */
export const messagesAheadMax = 32;
/** Messages taken before their thread is told so. */
export const messagesToldAtOnce = 8;
/** Between two messages that say nothing but how far reading is. */
export const progressBytes = 4 * 1024 * 1024;
