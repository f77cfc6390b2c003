import { decodeArtifact } from "../artifact/decode.js";
import { type Compiled, compilePolicy } from "../compiler/compile.js";
import { type Engine, openArtifact } from "../engine/engine.js";
import { RuleCatalog } from "../engine/rule-catalog.js";
import type { MergedPolicy } from "../policy/model.js";
import type { ReplayEngine } from "../trace/replay-engine.js";

export function compile(policy: MergedPolicy): Compiled {
  return compilePolicy(policy, { clock: () => performance.now() });
}

export interface OpenPolicy {
  readonly engine: Engine;
  /** The same for a replay, with the list of all rules. */
  replayEngine(): ReplayEngine;
}

/** Merged policy to engine, through the artifact bytes: a command judges by exactly what a deployment would load. */
export function openPolicy(policy: MergedPolicy): OpenPolicy {
  const artifact = decodeArtifact(compile(policy).bytes);
  const engine = openArtifact(artifact);
  const replayEngine = (): ReplayEngine => {
    const rules = new RuleCatalog(artifact);
    return {
      hasCountTriggers: rules.hasCountTests,
      rules,
      evaluate: (tools, context) => engine.evaluate(tools, context),
      openSession: () => engine.openSession(),
    };
  };
  return { engine, replayEngine };
}

export function openReplayEngine(policy: MergedPolicy): ReplayEngine {
  return openPolicy(policy).replayEngine();
}
