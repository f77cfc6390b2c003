import { timeJson } from "../report/json/rule.js";
import { checkedAgent } from "./access.js";
import { textsOf, unitsOf } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { perform } from "./perform.js";
import type { Caller, Services } from "./services.js";
import type { ResolvedPolicy } from "./shapes.js";

/** The effective policy of an agent, with the layer and place of each field. @throws RegistryFailure `not_found` without any layer */
export async function getResolvedPolicy(services: Services, caller: Caller, agentId: string): Promise<ResolvedPolicy> {
  const { store, clock } = services;
  const agent = checkedAgent(caller, agentId);
  const layers = await store.policies.layers(caller.org, agent);
  const top = layers.agent ?? layers.org;
  if (top === undefined) {
    throw new RegistryFailure("not_found", `neither the agent \`${agent}\` nor its org has an active policy`);
  }
  const { document, fields, digest } = await perform(services, "resolveLayers", textsOf(layers), unitsOf(layers));
  return {
    agent_id: agent,
    org_id: caller.org,
    resolved_policy: { id: top.policyId, version: top.version, ...document },
    fields,
    sources: {
      org_policy_version: layers.org?.version ?? null,
      agent_policy_version: layers.agent?.version ?? null,
      merge_strategy: "org_floor",
    },
    digest,
    resolved_at: timeJson(clock()) as string,
  };
}
