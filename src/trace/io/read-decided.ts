import { diagnostic } from "../../diagnostics/codes.js";
import { type DecidedCall, DecidedCalls } from "../decided-calls.js";
import type { TraceSet } from "../trace-set.js";
import { feedTraces } from "./feed.js";
import type { ReadOptions, TraceInput } from "./options.js";

export interface DecidedTraces {
  /** Its diagnostics tell of decisions that were not kept. */
  readonly set: TraceSet;
  /** In the order of the inputs. */
  readonly decided: readonly DecidedCall[];
  /** Reading was stopped. */
  readonly partial: boolean;
}

/**
 * Reads every input into one set, with what was decided about calls. Memory is the columns of all calls, 29 bytes each.
 * `decidedMax`: default `decidedCallsMax`.
 */
export async function readDecided(
  inputs: readonly TraceInput[],
  options: ReadOptions = {},
  decidedMax?: number,
): Promise<DecidedTraces> {
  const calls = new DecidedCalls(decidedMax);
  const fed = await feedTraces(inputs, calls, { ...options, decisions: true });
  const { decided, droppedDecisions: dropped } = calls;
  const message = `${dropped.toLocaleString("en-US")} decisions about calls were not looked at`;
  const diagnostics = dropped === 0 ? fed.diagnostics : [...fed.diagnostics, diagnostic("trace_decisions_dropped", { message })];
  return { set: calls.set.finish(fed.inputs, diagnostics), decided, partial: fed.partial !== undefined };
}
