import { decodeArtifact } from "../artifact/decode.js";
import { type Compiled, compilePolicy } from "../compiler/compile.js";
import { type Engine, openEngine } from "../engine/engine.js";
import { RuleCatalog } from "../engine/rule-catalog.js";
import type { MergedPolicy } from "../policy/model.js";
import type { ReplayEngine } from "../trace/replay-engine.js";

export function compile(policy: MergedPolicy): Compiled {
  return compilePolicy(policy, { clock: () => performance.now() });
}

/** An engine, and what of the policy decides how traces must be walked. */
export interface OpenPolicy {
  readonly engine: Engine;
  /** Some trigger has count tests: calls are judged one by one, in order (semantics E7). */
  readonly hasCountTriggers: boolean;
}

/** Merged policy to engine, through the artifact bytes: a command judges by exactly what a deployment would load. */
export function openPolicy(policy: MergedPolicy): OpenPolicy {
  return {
    engine: openEngine(compile(policy).bytes),
    hasCountTriggers: policy.triggers.some(({ rule }) => rule.condition.terms.some((term) => term.tests.length > 0)),
  };
}

/** The same for a replay, with the list of all rules. */
export function openReplayEngine(policy: MergedPolicy): ReplayEngine {
  const { bytes } = compile(policy);
  const engine = openEngine(bytes);
  const rules = new RuleCatalog(decodeArtifact(bytes));
  return {
    hasCountTriggers: rules.hasCountTests,
    rules,
    evaluate: (tools, context) => engine.evaluate(tools, context),
    openSession: () => engine.openSession(),
  };
}
