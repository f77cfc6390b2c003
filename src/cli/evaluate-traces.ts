import { hasErrors } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import type { Context, Evaluation } from "../engine/result.js";
import { doubts, graceState } from "../trace/fold/answer.js";
import type { Folded } from "../trace/fold/fold.js";
import type { ReadOptions, TraceInput } from "../trace/io/options.js";
import { foldInputs } from "../trace/io/replay-inputs.js";
import { CommandFailure, failure } from "./failure.js";
import { EvaluationJoin } from "./join-evaluations.js";
import { warn } from "./load-policy.js";
import { watched } from "./load-traces.js";
import type { OpenPolicy } from "./open-policy.js";
import type { Settings } from "./settings.js";
import type { Terminal } from "./terminal.js";

/** Reads the traces of the settings and judges their calls as one result; each session counts for itself (semantics E7). */
export async function evaluateTraces(
  policy: OpenPolicy,
  settings: Settings,
  inputs: readonly TraceInput[],
  reading: ReadOptions,
  context: Context,
  terminal: Terminal,
): Promise<{ evaluation: Evaluation; damaged: boolean }> {
  const { agent } = settings;
  const options = {
    agent,
    card: context.card,
    context: context.kind ?? "gateway",
    sightings: context.sightings,
    keepEvaluations: true,
  };
  const { folded, fed } = await watched("Reading traces", terminal, (watch) =>
    foldInputs(policy.replayEngine(), inputs, { ...reading, ...watch }, options),
  );
  if (folded.known.traces.length === 0) throw new CommandFailure(fed.diagnostics);
  const diagnostics = [...fed.diagnostics, ...doubts(folded)];
  warn(diagnostics, new Map(), terminal);
  if (folded.selection.traces.length === 0) {
    throw failure("usage_no_such_agent", `no trace is of the agent ${quoteText(agent ?? "")}`);
  }
  const evaluation = evaluationOf(policy.engine.evaluate([], context), folded);
  return { evaluation, damaged: hasErrors(diagnostics) || fed.partial !== undefined };
}

/**
 * All calls of a fold as one result: each tool and each thing found once, in the order in which they first came up. Of a
 * tool in grace for several agents the first end is told. `base`: the evaluation of no calls.
 */
export function evaluationOf(base: Evaluation, folded: Folded): Evaluation {
  const { outcomes, calls, places } = folded.tally;
  const join = new EvaluationJoin(base);
  const met = Array.from({ length: outcomes.length }, (_, outcome) => outcome).filter((outcome) => calls[outcome] > 0);
  const first = (outcome: number) => places.of(outcome)[0].sequence;
  for (const outcome of met.sort((a, b) => first(a) - first(b))) {
    const { evaluation, says, tool } = outcomes.view(outcome);
    if (evaluation !== undefined)
      join.add(says.inGrace ? endingAt(evaluation, firstEnd(folded, tool)) : evaluation, calls[outcome]);
  }
  return { ...join.result(), grace: graceState(folded) };
}

function firstEnd({ known, tally }: Folded, tool: number): number {
  const { sightings } = known;
  let endMs = Infinity;
  for (let pair = 0; pair < sightings.length; pair++) {
    if (sightings.tool[pair] !== tool || !(tally.pairGrace[pair] > 0)) continue;
    endMs = Math.min(endMs, tally.outcomes.now.expiryMs(tool, sightings.firstMs[pair]));
  }
  return endMs;
}

/** Views in grace are of a tool seen at time 0. */
function endingAt(evaluation: Evaluation, graceExpiresAtMs: number): Evaluation {
  const warnings = evaluation.warnings.map((warning) =>
    warning.graceExpiresAtMs === undefined ? warning : { ...warning, graceExpiresAtMs },
  );
  return { ...evaluation, warnings };
}
