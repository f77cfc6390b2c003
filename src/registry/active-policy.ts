import type { Artifact } from "../artifact/artifact.js";
import { decodeArtifact } from "../artifact/decode.js";
import { ArtifactError } from "../artifact/errors.js";
import { compilePolicy } from "../compiler/compile.js";
import { type Engine, type FaultReport, openArtifact } from "../engine/engine.js";
import { RuleCatalog } from "../engine/rule-catalog.js";
import { inPlaceUnitsMax } from "../limits.js";
import type { MergedPolicy } from "../policy/model.js";
import type { PolicyVersion } from "../store/store.js";
import type { ReplayEngine } from "../trace/replay-engine.js";
import { textsOf, unitsOf } from "./documents.js";
import { perform } from "./perform.js";
import type { Effects } from "./surroundings.js";

/** The active versions of an agent and of its org; either may be missing. */
export interface StoredLayers {
  readonly org?: PolicyVersion;
  readonly agent?: PolicyVersion;
}

/** A policy ready to judge with. Immutable: whoever holds one judges by one policy, whatever is published meanwhile. */
export interface ActivePolicy {
  readonly engine: Engine;
  readonly artifact: Artifact;
  /** Of the agent's own policy, else of the org's; null for one that is not stored. */
  readonly policyId: string | null;
  readonly version: number | null;
  readonly orgVersion: number | null;
  /** Some verdict depends on when a tool was first seen (T1). */
  readonly hasGrace: boolean;
  /** Some trigger counts the calls of a session (E7). */
  readonly hasCountTests: boolean;
  replayEngine(): ReplayEngine;
}

export type FaultSink = (fault: FaultReport) => void;

/** Opens the compiled artifact where it is of these layers; compiles again where the org's policy has changed since, or it is damaged. */
export async function openLayers(
  effects: Pick<Effects, "aside" | "pause">,
  layers: StoredLayers,
  onFault: FaultSink,
): Promise<ActivePolicy> {
  const { org, agent } = layers;
  const top = agent ?? org;
  if (top === undefined) throw new TypeError("there is no layer to open");
  const identity = { policyId: top.policyId, version: top.version, orgVersion: org?.version ?? null };
  if (agent === undefined || agent.orgVersion === org?.version) {
    try {
      return await openInSteps(effects, top.artifact, identity, onFault);
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
    }
  }
  const compiled = await perform(effects, "compileLayers", textsOf(layers), unitsOf(layers));
  return openInSteps(effects, compiled, identity, onFault);
}

export interface PolicyIds {
  readonly policyId: string | null;
  readonly version: number | null;
  readonly orgVersion: number | null;
}

export const noIds: PolicyIds = { policyId: null, version: null, orgVersion: null };

/** By way of the bytes, so that everything is judged by what a deployment would load. */
export function openMerged(merged: MergedPolicy, ids: PolicyIds, onFault: FaultSink): ActivePolicy {
  return openCompiled(compilePolicy(merged).bytes, ids, onFault);
}

export function openCompiled(compiled: Uint8Array, ids: PolicyIds, onFault: FaultSink): ActivePolicy {
  return openPolicy(decodeArtifact(compiled), ids, onFault);
}

/** A large one takes a moment to check, one to open, and one to judge by for the first time: others have their turn between. */
async function openInSteps(
  { pause }: Pick<Effects, "pause">,
  compiled: Uint8Array,
  ids: PolicyIds,
  onFault: FaultSink,
): Promise<ActivePolicy> {
  if (compiled.length <= inPlaceUnitsMax) return openCompiled(compiled, ids, onFault);
  await pause();
  const artifact = decodeArtifact(compiled);
  await pause();
  const policy = openPolicy(artifact, ids, onFault);
  await pause();
  return policy;
}

function openPolicy(artifact: Artifact, ids: PolicyIds, onFault: FaultSink): ActivePolicy {
  const engine = openArtifact(artifact, { onFault });
  const { unmappedToolAction, graceMs } = artifact.defaults;
  let hasCountTests = false;
  for (let i = 0; i < artifact.terms.count && !hasCountTests; i++) hasCountTests = artifact.terms.get(i).tests.length > 0;
  return {
    ...ids,
    engine,
    artifact,
    hasGrace: unmappedToolAction.value === "deny" && graceMs.value > 0,
    hasCountTests,
    replayEngine: () => {
      const rules = new RuleCatalog(artifact);
      return {
        hasCountTriggers: rules.hasCountTests,
        rules,
        evaluate: (tools, context) => engine.evaluate(tools, context),
        openSession: () => engine.openSession(),
      };
    },
  };
}
