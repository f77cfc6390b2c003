/**
 * The compile side: policy text in, artifact bytes out. Runs wherever JavaScript runs; reads no files, asks no clock.
 * The evaluate side is `smoltbot-policy/runtime`, which needs nothing of this.
 *
 * ```js
 * const { value: policy, diagnostics } = parsePolicy(text, { file: "policy.yaml" });
 * if (policy === undefined) throw new Error(renderDiagnostics(diagnostics, { sources: new Map(), color: false }));
 * const { bytes } = compilePolicy(mergePolicies({ agent: policy }).value);
 * ```
 */

export type { Artifact } from "./artifact/artifact.js";
export { decodeArtifact } from "./artifact/decode.js";
export type { DumpOptions } from "./artifact/dump.js";
export { dumpArtifact } from "./artifact/dump.js";
export type { ArtifactErrorCode } from "./artifact/errors.js";
export { ArtifactError } from "./artifact/errors.js";
export type { Compiled, CompileOptions, CompileReport } from "./compiler/compile.js";
export { compilePolicy } from "./compiler/compile.js";
export type { Diagnostic, Level, Parsed, Span } from "./diagnostics/diagnostic.js";
export { hasErrors } from "./diagnostics/diagnostic.js";
export { escapeText } from "./diagnostics/escape.js";
export type { RenderOptions } from "./diagnostics/render.js";
export { renderDiagnostics } from "./diagnostics/render.js";
export { mergePolicies } from "./policy/merge.js";
export type {
  Capability,
  Card,
  Condition,
  Defaults,
  EnforcementMode,
  ForbiddenRule,
  Layer,
  MergedPolicy,
  Policy,
  Scope,
  Severity,
  Trigger,
  TriggerAction,
  UnmappedAction,
} from "./policy/model.js";
export { parseCard } from "./syntax/card.js";
export { parsePolicy } from "./syntax/policy.js";
export { initTemplate, printPolicy } from "./syntax/print.js";
export { version } from "./version.generated.js";
