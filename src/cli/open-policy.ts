import { type Compiled, compilePolicy } from "../compiler/compile.js";
import { type Engine, openEngine } from "../engine/engine.js";
import type { MergedPolicy } from "../policy/model.js";

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
