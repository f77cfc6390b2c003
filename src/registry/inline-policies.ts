import { hasErrors } from "../diagnostics/diagnostic.js";
import { inlinePoliciesMax, inlinePolicyUnitsMax } from "../limits.js";
import { mergePolicies } from "../policy/merge.js";
import type { MergedPolicy, Policy } from "../policy/model.js";
import { orderedJson } from "../report/json/ordered.js";
import { type ActivePolicy, type FaultSink, noIds, openMerged } from "./active-policy.js";
import { checkedPolicy, failureDetail, readPolicy } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { Lru } from "./lru.js";
import type { PolicyInput } from "./shapes.js";

/** How places in a policy name it that was sent with a question. */
export const inlineLabel = "policy.yaml";

/** A document or its text, as text. Maps inside of a document keep the order of their names. */
export function inlineText(policy: PolicyInput | string): string {
  return typeof policy === "string" ? policy : orderedJson(policy);
}

/** @throws RegistryFailure `invalid_request` for what is no valid policy */
export function inlinePolicy(policy: PolicyInput | string): Policy {
  return checkedPolicy(readPolicy(inlineText(policy), { label: inlineLabel, mediaType: "yaml" }));
}

/** Over the org's where it is an agent's; an org policy stands alone. @throws RegistryFailure `validation_error` */
export function mergedInline(policy: Policy, org: Policy | undefined): MergedPolicy {
  const merged = mergePolicies(policy.meta.scope === "org" ? { org: policy } : { org, agent: policy });
  if (merged.value !== undefined && !hasErrors(merged.diagnostics)) return merged.value;
  const details = merged.diagnostics.filter(({ level }) => level === "error").map(failureDetail);
  throw new RegistryFailure("validation_error", `the policies do not merge: ${details[0]?.message ?? "no reason"}`, { details });
}

/** Policies that came with a question, compiled and kept for the next question with the same text. */
export class InlinePolicies {
  readonly #opened = new Lru<string, ActivePolicy>(inlinePoliciesMax, inlinePolicyUnitsMax);

  constructor(private readonly onFault: FaultSink) {}

  /** `below`: names what it stands over, such as the org and its version; `merged` is asked when it is not kept. */
  open(below: string, text: string, merged: () => MergedPolicy): ActivePolicy {
    const key = `${below}\u0000${text}`;
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opened = openMerged(merged(), noIds, this.onFault);
    this.#opened.set(key, opened, key.length);
    return opened;
  }
}
