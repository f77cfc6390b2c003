import { stat } from "node:fs/promises";
import { replayReport } from "../fold/answer.js";
import { type Folded, type FoldOptions, ReplayFold } from "../fold/fold.js";
import type { ReplayEngine, ReplayOptions } from "../replay-engine.js";
import type { ReplayReport } from "../replay-report.js";
import { type Fed, feedTraces } from "./feed.js";
import type { ReadOptions, TraceInput } from "./options.js";

/** What a fold of some inputs knows at its end, and what reading them said. */
export interface FoldedInputs {
  readonly folded: Folded;
  readonly fed: Fed;
}

/**
 * Reads every input and judges its calls as `replay` does, in memory that does not grow with the calls: about 60 MB of
 * columns, then some bytes per trace, per tool, and per trace and tool with findings. Inputs of more than
 * `bufferedCallsMax` calls (`unlimitedBufferedCallsMax` without `limit`) are read a second time where `limit` has to know
 * all traces first, or where the order of the inputs is so far from the order of time that a decision rested on what was
 * not yet known; a third time where traces also name their agents late. Policies with count triggers need the calls of each session in order, and keep 29 bytes a call.
 */
export async function foldInputs(
  engine: ReplayEngine,
  inputs: readonly TraceInput[],
  readOptions: ReadOptions = {},
  options: Omit<FoldOptions, "readOnce"> = {},
): Promise<FoldedInputs> {
  const readOnce = !(await canReadAgain(inputs));
  const fold = new ReplayFold(engine, { ...options, readOnce });
  let fed = await feedTraces(inputs, fold, readOptions);
  const stopped = () => fed.partial !== undefined || readOptions.signal?.aborted === true;
  for (let reading = 2; fold.wantsRereading && !stopped(); reading++) {
    fold.rewind();
    fed = await feedTraces(inputs, fold, again(readOptions, reading));
  }
  return { folded: fold.finish(undefined, stopped()), fed };
}

/** `foldInputs`, and what it found put into words. */
export async function replayInputs(
  engine: ReplayEngine,
  inputs: readonly TraceInput[],
  readOptions: ReadOptions = {},
  options: ReplayOptions & Omit<FoldOptions, "readOnce" | "keepEvaluations"> = {},
): Promise<ReplayReport> {
  const { folded, fed } = await foldInputs(engine, inputs, readOptions, options);
  const wrappers = { unwrapped: readOptions.unwrap === true, ...fed.wrappers };
  return replayReport(folded, { ...fed, wrappers }, options.noGrace === true);
}

function again(readOptions: ReadOptions, reading: number): ReadOptions {
  const { onProgress } = readOptions;
  return onProgress === undefined
    ? readOptions
    : { ...readOptions, onProgress: (progress) => onProgress({ ...progress, reading }) };
}

/** Streams, and paths of pipes and devices, give their bytes once. */
async function canReadAgain(inputs: readonly TraceInput[]): Promise<boolean> {
  for (const input of inputs) {
    if (typeof input !== "string") {
      if (!(input.bytes instanceof Uint8Array)) return false;
    } else if (input === "-") return false;
    else {
      const found = await stat(input).catch(() => undefined);
      if (found !== undefined && !found.isFile() && !found.isDirectory()) return false;
    }
  }
  return true;
}
