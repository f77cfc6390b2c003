import { compilePolicy } from "../compiler/compile.js";
import { hasErrors } from "../diagnostics/diagnostic.js";
import { mergePolicies } from "../policy/merge.js";
import type { EnforcementMode, MergedPolicy } from "../policy/model.js";
import { type LayerTexts, type StoredText, storedPolicy } from "./documents.js";
import { inlinePolicy, mergedInline, narrowingPolicy } from "./inline-policy.js";

/** Stored layers as one compiled policy. @throws Error where the store holds what no publication lets in */
export function compileLayers(layers: LayerTexts): Uint8Array {
  return compilePolicy(mergedOf(layers)).bytes;
}

function mergedOf({ org, agent }: LayerTexts): MergedPolicy {
  const merged = mergePolicies({ org: org && storedPolicy(org), agent: agent && storedPolicy(agent) });
  if (merged.value !== undefined && !hasErrors(merged.diagnostics)) return merged.value;
  throw new TypeError(`stored policies do not merge: ${merged.diagnostics[0]?.message}`);
}

/** A policy that came with a question, and the org's below it. */
export interface InlineLayers {
  readonly text: string;
  readonly org?: StoredText | undefined;
  /** For the policy of a transaction: the mode of what it narrows. */
  readonly mode?: EnforcementMode | undefined;
}

/** @throws RegistryFailure for what is no policy, or does not merge */
export function compileInline({ text, org, mode }: InlineLayers): Uint8Array {
  const policy = inlinePolicy(text);
  const narrowed = mode === undefined ? policy : narrowingPolicy(policy, mode);
  return compilePolicy(mergedInline(narrowed, org && storedPolicy(org))).bytes;
}
