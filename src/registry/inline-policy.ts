import { hasErrors } from "../diagnostics/diagnostic.js";
import { enforcementModes, stricter } from "../policy/lattice.js";
import { documentedDefaults, mergePolicies } from "../policy/merge.js";
import type { EnforcementMode, MergedPolicy, Policy } from "../policy/model.js";
import { orderedJson } from "../report/json/ordered.js";
import { checkedPolicy, failureDetail, policyJson, readPolicy } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import type { PolicyInput } from "./shapes.js";

/** How places in a policy name it that was sent with a question. */
export const inlineLabel = "policy.yaml";

/** A document or its text, as text. Maps inside of a document keep the order of their names. */
export function inlineText(policy: PolicyInput | string): string {
  return typeof policy === "string" ? policy : orderedJson(policy);
}

/** @throws RegistryFailure `invalid_request` for what is no valid policy */
export function inlinePolicy(text: string): Policy {
  return checkedPolicy(readPolicy(text, { label: inlineLabel, mediaType: "yaml" }));
}

/** The same as it is shown. @throws RegistryFailure `invalid_request` */
export function inlineDocument(text: string): object {
  return policyJson(inlinePolicy(text));
}

/** Over the org's where it is an agent's; an org policy stands alone. @throws RegistryFailure `validation_error` */
export function mergedInline(policy: Policy, org: Policy | undefined): MergedPolicy {
  const merged = mergePolicies(policy.meta.scope === "org" ? { org: policy } : { org, agent: policy });
  if (merged.value !== undefined && !hasErrors(merged.diagnostics)) return merged.value;
  const details = merged.diagnostics.filter(({ level }) => level === "error").map(failureDetail);
  throw new RegistryFailure("validation_error", `the policies do not merge: ${details[0]?.message ?? "no reason"}`, { details });
}

/**
 * As a policy judges inside of a transaction: at least in the base's mode, and without grace, which would let new tools in that it is
 * there to keep out.
 */
export function narrowingPolicy(policy: Policy, mode: EnforcementMode): Policy {
  const own = policy.defaults.enforcementMode ?? documentedDefaults.enforcementMode;
  const enforcementMode = stricter(enforcementModes, mode, own);
  return { ...policy, defaults: { ...policy.defaults, enforcementMode, gracePeriodHours: 0 } };
}
