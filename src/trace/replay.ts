import { placesMax } from "../limits.js";
import { callsInOrder } from "./call-order.js";
import { replayReport } from "./fold/answer.js";
import { ReplayFold } from "./fold/fold.js";
import { Knowledge } from "./fold/knowledge.js";
import type { ReplayEngine, ReplayOptions } from "./replay-engine.js";
import type { ReplayReport } from "./replay-report.js";
import type { TraceSet } from "./trace-set.js";

export type { ReplayEngine, ReplayOptions };
export { callsInOrder, placesMax };

/**
 * Judges recorded calls as the live check would have: each call at its own time, each session's counts in call order
 * (E7), grace from the first time the whole input saw a tool (T2). Distinct names are evaluated once and calls counted.
 * Linear in the calls, but for ordering them where triggers count. For traces that need not be kept: `replayInputs`.
 */
export function replay(engine: ReplayEngine, set: TraceSet, options: ReplayOptions = {}): ReplayReport {
  const fold = new ReplayFold(engine, options, Knowledge.of(set, options));
  return replayReport(fold.finish(set), set, options.noGrace === true);
}
