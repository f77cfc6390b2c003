/** The evaluate side: nothing but compiled policies and names goes in, and no dependency comes along. */
export type { Artifact } from "./artifact/artifact.js";
export { decodeArtifact } from "./artifact/decode.js";
export { ArtifactError, type ArtifactErrorCode } from "./artifact/errors.js";
export type { BatchCounts, BatchResult } from "./engine/batch.js";
export { type Engine, type EngineInfo, type EngineOptions, type FaultReport, openEngine } from "./engine/engine.js";
export type { PackedNames } from "./engine/evaluator.js";
export type { ExplainedRule, Explanation, MatchedGlob } from "./engine/explain.js";
export { packNames } from "./engine/names.js";
export type * from "./engine/result.js";
export { decideOnFault, type Fault, type FaultDecision } from "./policy/fault.js";
export type { Card, EnforcementMode, Layer, Severity, TriggerAction, UnmappedAction } from "./policy/model.js";
