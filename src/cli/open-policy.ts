import type { Artifact } from "../artifact/artifact.js";
import { decodeArtifact } from "../artifact/decode.js";
import { type Compiled, compilePolicy } from "../compiler/compile.js";
import { type Engine, openArtifact } from "../engine/engine.js";
import { RuleCatalog } from "../engine/rule-catalog.js";
import type { MergedPolicy } from "../policy/model.js";
import type { ReplayEngine } from "../trace/replay.js";

export function compile(policy: MergedPolicy): Compiled {
  return compilePolicy(policy, { clock: () => performance.now() });
}

/** An engine, and what of the policy decides how traces must be walked. */
export interface OpenPolicy {
  readonly engine: Engine;
  /** Some trigger has count tests: calls are judged one by one, in order (semantics E7). */
  readonly hasCountTriggers: boolean;
  readonly artifact: Artifact;
}

/** Merged policy to engine, through the artifact bytes: a command judges by exactly what a deployment would load. */
export function openPolicy(policy: MergedPolicy): OpenPolicy {
  const artifact = decodeArtifact(compile(policy).bytes);
  return {
    engine: openArtifact(artifact),
    artifact,
    hasCountTriggers: policy.triggers.some(({ rule }) => rule.condition.terms.some((term) => term.tests.length > 0)),
  };
}

/** What a replay asks of a policy. */
export function replayEngineOf({ engine, artifact }: OpenPolicy): ReplayEngine {
  const rules = new RuleCatalog(artifact);
  return {
    rules,
    hasCountTriggers: rules.hasCountTests,
    evaluate: (tools, context) => engine.evaluate(tools, context),
    openSession: () => engine.openSession(),
  };
}
