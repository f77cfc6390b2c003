import { specified } from "../analysis/confirm.js";
import type { FloorReport } from "../analysis/floor.js";
import { floorOf } from "../analysis/floor.js";
import { subjectOf } from "../analysis/subject.js";
import type { Artifact } from "../artifact/artifact.js";
import { decodeArtifact } from "../artifact/decode.js";
import { ArtifactError } from "../artifact/errors.js";
import { compilePolicy } from "../compiler/compile.js";
import { hexText, policyDigest } from "../compiler/digest.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import { openArtifact } from "../engine/engine.js";
import { artifactBytesMax, verifiedNamesMax, verifiedWorkMax } from "../limits.js";
import { mergePolicies } from "../policy/merge.js";
import type { MergedPolicy, Policy } from "../policy/model.js";
import { failureDetail } from "./documents.js";
import { type FailureDetail, RegistryFailure } from "./failure.js";

/** The layers of one agent, or an org's policy alone. */
export interface Layers {
  readonly org?: Policy | undefined;
  readonly agent?: Policy | undefined;
}

export interface VerifiedPolicy {
  readonly artifact: Uint8Array;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Everything that has to hold before a policy becomes active: the layers merge, the floor holds for every name (M4), and the compiled
 * artifact loads and answers as the specification does. Seconds for policies of 100,000 globs.
 *
 * @throws RegistryFailure `validation_error`; Error for an artifact that answers otherwise, which is a fault of this program
 */
export function verifyPolicy(layers: Layers, { confirmBroad }: { readonly confirmBroad: boolean }): VerifiedPolicy {
  const { merged, warnings } = mergeLayers(layers);
  const broad = warnings.filter(({ code }) => code === "merge_broad_mapping");
  if (broad.length > 0 && !confirmBroad) throw unconfirmedBroad(broad);
  const { org, agent } = layers;
  const floor = org !== undefined && agent !== undefined ? floorOf(org, agent) : undefined;
  if (floor !== undefined) checkFloor(floor);
  const compiled = compiledArtifact(merged);
  const exceptions = floor?.exceptions.map(({ witness }) => witness) ?? [];
  checkArtifact(layers, compiled.artifact, namesOf(merged, exceptions));
  return { artifact: compiled.bytes, warnings };
}

/** SHA-256 of what a policy means by itself, hex. */
export function ownDigest(policy: Policy): string {
  return hexText(policyDigest(mergeLayers(policy.meta.scope === "org" ? { org: policy } : { agent: policy }).merged));
}

/** @throws RegistryFailure `validation_error` */
export function mergeLayers(layers: Layers): { readonly merged: MergedPolicy; readonly warnings: readonly Diagnostic[] } {
  const { value, diagnostics } = mergePolicies(layers);
  if (value !== undefined) return { merged: value, warnings: diagnostics };
  const [first] = diagnostics;
  throw new RegistryFailure("validation_error", `the policy cannot stand here: ${first?.message ?? "the layers do not merge"}`, {
    details: diagnostics.map(failureDetail),
  });
}

function unconfirmedBroad(broad: readonly Diagnostic[]): RegistryFailure {
  const message = `the org denies unmapped tools, and ${broad.length === 1 ? "a glob maps" : `${broad.length} globs map`} tools of any server; confirm that this is meant`;
  return new RegistryFailure("validation_error", message, { details: broad.map(failureDetail) });
}

/** @throws RegistryFailure `validation_error` unless the floor is proven for every name */
export function checkFloor({ broken, undecided }: FloorReport): void {
  if (broken.length > 0) {
    const details = broken.map(({ witness, before, after }) =>
      floorDetail(
        `${quoteText(witness)} would be judged ${after.verdict} (${after.cause}), below the org's ${before.verdict} (${before.cause})`,
      ),
    );
    throw new RegistryFailure("validation_error", "the policy is below the floor of its org; this is a bug in this program", {
      details,
    });
  }
  if (undecided.length === 0) return;
  const details = undecided.map(({ question, reason }) => floorDetail(`not decided: ${question}; ${reason}`));
  throw new RegistryFailure("validation_error", "it is not proven for every name that the policy keeps to the floor of its org", {
    details,
  });
}

function floorDetail(message: string): FailureDetail {
  return { path: "", message };
}

/** @throws RegistryFailure `validation_error` for a policy whose artifact is too large to be loaded */
export function compiledArtifact(merged: MergedPolicy): { readonly bytes: Uint8Array; readonly artifact: Artifact } {
  const { bytes } = compilePolicy(merged);
  if (bytes.length > artifactBytesMax) {
    const message = `compiled, the policy has ${bytes.length} bytes, and more than ${artifactBytesMax} are not loaded`;
    throw new RegistryFailure("validation_error", message, {
      details: [{ path: "", message, fix: "use fewer or shorter globs" }],
    });
  }
  try {
    return { bytes, artifact: decodeArtifact(bytes) };
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new Error(`the compiled policy does not load: ${error.message}`, { cause: error });
  }
}

/**
 * Names to compare the artifact and the specification by: of rules all over the policy, taken evenly, and some that no rule speaks of.
 * Fewer for larger policies, since the specification looks at every rule for each.
 */
function namesOf({ forbidden, triggers, capabilities }: MergedPolicy, first: readonly string[]): string[] {
  const globs = [
    ...forbidden.map(({ rule }) => rule.pattern.glob.text),
    ...triggers.flatMap(({ rule }) => rule.condition.terms.flatMap((term) => term.globs.map((glob) => glob.text))),
    ...capabilities.flatMap(({ rule }) => rule.tools.map(({ glob }) => glob.text)),
  ];
  const wanted = Math.max(4, Math.min(verifiedNamesMax, Math.floor(verifiedWorkMax / (globs.length + 1))));
  const names = new Set([...first.slice(0, wanted), "", "no such tool"]);
  const step = Math.max(1, Math.ceil(globs.length / wanted));
  for (let at = 0; at < globs.length; at += step) {
    names.add(globs[at].replaceAll("*", "").replaceAll("?", "x"));
    names.add(globs[at].replaceAll("*", "a_b").replaceAll("?", "é"));
  }
  return [...names];
}

/** @throws Error where the artifact answers otherwise than the specification does for the layers */
export function checkArtifact(layers: Layers, artifact: Artifact, names: readonly string[]): void {
  const engine = openArtifact(artifact);
  const told = specified(subjectOf(layers), names);
  for (const name of names) {
    const [own, said] = [engine.decide(name), told.get(name)];
    if (own.verdict === said?.verdict && own.action === said.action && own.cause === said.cause) continue;
    throw new Error(`the compiled policy and the specification disagree about ${quoteText(name)}`);
  }
}
