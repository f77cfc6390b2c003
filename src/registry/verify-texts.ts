import { textDigest } from "../compiler/digest.js";
import type { MediaType, Owner } from "../store/store.js";
import { checkedPolicy, findingShape, type LayerTexts, policyJson, policyLabel, readPolicy, storedPolicy } from "./documents.js";
import { keepParsed } from "./parsed-texts.js";
import type { FindingShape } from "./shapes.js";
import { mergeLayers, ownDigest, verifyPolicy } from "./verify.js";

/** What was sent to be published, by itself. */
export interface ReadForPublishing {
  readonly text: string;
  readonly mediaType: MediaType;
  readonly name: string;
  readonly description: string | undefined;
  /** Of the text. */
  readonly sourceDigest: string;
  /** Of what the policy means by itself. */
  readonly digest: string;
  /** Of `policyJson`. */
  readonly shown: object;
  readonly warnings: readonly FindingShape[];
}

/** @throws RegistryFailure for what is no policy, or one for another scope */
export function readForPublishing(sent: {
  readonly owner: Owner;
  readonly source: string | Uint8Array;
  readonly mediaType: MediaType;
}): ReadForPublishing {
  const { owner } = sent;
  const read = readPolicy(sent.source, { label: policyLabel(owner.org, owner, sent.mediaType), mediaType: sent.mediaType });
  const policy = checkedPolicy(read);
  const { text, mediaType } = read;
  // The layer is known before any other is read: a wrong scope is no matter of the org's policy.
  mergeLayers(owner.agent === undefined ? { org: policy } : { agent: policy });
  keepParsed(text, policyLabel(owner.org, owner, mediaType), policy);
  const { name, description } = policy.meta;
  const warnings = read.diagnostics.map(findingShape);
  return {
    text,
    mediaType,
    name,
    description,
    sourceDigest: textDigest(text),
    digest: ownDigest(policy),
    shown: policyJson(policy),
    warnings,
  };
}

/** @throws RegistryFailure `validation_error` */
export function verifyTexts({ layers, confirmBroad }: { readonly layers: LayerTexts; readonly confirmBroad: boolean }): {
  readonly artifact: Uint8Array;
  readonly warnings: readonly FindingShape[];
} {
  const { org, agent } = layers;
  const read = { org: org && storedPolicy(org), agent: agent && storedPolicy(agent) };
  const { artifact, warnings } = verifyPolicy(read, { confirmBroad });
  return { artifact, warnings: warnings.map(findingShape) };
}
