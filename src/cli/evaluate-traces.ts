import { quoteText } from "../diagnostics/escape.js";
import type { Context, Evaluation, Session } from "../engine/result.js";
import { callsInOrder } from "../trace/call-order.js";
import type { ReadOptions } from "../trace/io/options.js";
import { type Selection, selectTraces } from "../trace/select.js";
import { InputSightings } from "../trace/sightings.js";
import type { TraceSet } from "../trace/trace-set.js";
import { failure } from "./failure.js";
import { EvaluationJoin } from "./join-evaluations.js";
import { loadTraces } from "./load-traces.js";
import type { OpenPolicy } from "./open-policy.js";
import type { Settings } from "./settings.js";
import type { Terminal } from "./terminal.js";

/** Reads the traces of the settings and judges their calls as one result; each session counts for itself (semantics E7). */
export async function evaluateTraces(
  policy: OpenPolicy,
  settings: Settings,
  reading: ReadOptions,
  context: Context,
  terminal: Terminal,
): Promise<{ evaluation: Evaluation; damaged: boolean }> {
  const { set, damaged } = await loadTraces(settings, reading, terminal);
  const selection = selectTraces(set, { agent: settings.agent });
  if (selection.traces.length === 0) {
    throw failure("usage_no_such_agent", `no trace is of the agent ${quoteText(settings.agent ?? "")}`);
  }
  return { evaluation: evaluateSet(policy, set, selection, context), damaged };
}

/**
 * Judges every selected call at its own time. Without count triggers a name is evaluated once, unless grace may come into
 * it; with them the calls of a session are walked in order, also those that are not selected, because they count.
 */
export function evaluateSet(policy: OpenPolicy, set: TraceSet, selection: Selection, context: Context): Evaluation {
  const { engine, hasCountTriggers } = policy;
  const { calls, names } = set;
  const sightings = new InputSightings(set);
  const join = new EvaluationJoin(engine.evaluate([], context));
  const at = (call: number, session?: Session): Evaluation => {
    const timeMs = calls.timeMs[call];
    const agent = set.traces[calls.trace[call]].agent;
    const nowMs = Number.isNaN(timeMs) ? undefined : timeMs;
    return engine.evaluate([names[calls.tool[call]]], { ...context, nowMs, sightings: sightings.of(agent), session });
  };
  if (hasCountTriggers) {
    let current = -1;
    let session: Session | undefined;
    for (const call of callsInOrder(set)) {
      if (calls.session[call] !== current) {
        current = calls.session[call];
        session = engine.openSession();
      }
      const evaluation = at(call, session);
      if (selection.hasCall(call)) join.add(evaluation, 1);
    }
    return join.result();
  }
  const settled = new Map<number, Evaluation>();
  for (let call = 0; call < calls.length; call++) {
    if (!selection.hasCall(call)) continue;
    let evaluation = settled.get(calls.tool[call]);
    if (evaluation === undefined) {
      evaluation = at(call);
      if (!dependsOnTime(evaluation)) settled.set(calls.tool[call], evaluation);
    }
    join.add(evaluation, 1);
  }
  return join.result();
}

/** Only grace makes the same call come out differently at another time. */
function dependsOnTime({ violations, warnings }: Evaluation): boolean {
  return violations.some((v) => v.type === "unmapped_denied") || warnings.some((w) => w.type === "unmapped_in_grace");
}
