import { hexText, policyDigest } from "../compiler/digest.js";
import type { MergedPolicy } from "../policy/model.js";
import { resolvedCapabilities, resolvedJson, resolvedName } from "../report/json/resolved.js";
import { timeJson } from "../report/json/rule.js";
import { checkedAgent } from "./access.js";
import { storedPolicy } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import type { Caller, Services } from "./services.js";
import type { ResolvedPolicy } from "./shapes.js";
import { mergeLayers } from "./verify.js";

/** The effective policy of an agent, with the layer and place of each field. @throws RegistryFailure `not_found` without any layer */
export async function getResolvedPolicy({ store, clock }: Services, caller: Caller, agentId: string): Promise<ResolvedPolicy> {
  const agent = checkedAgent(caller, agentId);
  const layers = await store.policies.layers(caller.org, agent);
  const top = layers.agent ?? layers.org;
  if (top === undefined) {
    throw new RegistryFailure("not_found", `neither the agent \`${agent}\` nor its org has an active policy`);
  }
  const { merged } = mergeLayers({
    ...(layers.org && { org: storedPolicy(layers.org) }),
    ...(layers.agent && { agent: storedPolicy(layers.agent) }),
  });
  const { resolved_policy: fields } = resolvedJson(merged) as { resolved_policy: object };
  return {
    agent_id: agent,
    org_id: caller.org,
    resolved_policy: { id: top.policyId, version: top.version, ...resolvedDocument(merged) },
    fields,
    sources: {
      org_policy_version: layers.org?.version ?? null,
      agent_policy_version: layers.agent?.version ?? null,
      merge_strategy: "org_floor",
    },
    digest: hexText(policyDigest(merged)),
    resolved_at: timeJson(clock()) as string,
  };
}

/** A merged policy in the shape of a policy document, scope `resolved`; `capability_mappings` is a Map. */
export function resolvedDocument(merged: MergedPolicy): object {
  const { defaults } = merged;
  return {
    meta: { schema_version: "1.0", name: resolvedName(merged), description: merged.description, scope: "resolved" },
    capability_mappings: new Map(
      resolvedCapabilities(merged).map((c) => [
        c.name,
        {
          description: c.description,
          tools: c.tools.map(({ value }) => value),
          card_actions: c.cardActions.map(({ value }) => value),
        },
      ]),
    ),
    forbidden: merged.forbidden.map(({ rule }) => ({
      pattern: rule.pattern.glob.source,
      reason: rule.reason,
      severity: rule.severity,
    })),
    escalation_triggers: merged.triggers.map(({ rule }) => ({
      condition: rule.condition.text,
      action: rule.action,
      reason: rule.reason,
    })),
    defaults: {
      unmapped_tool_action: defaults.unmappedToolAction.value,
      unmapped_severity: defaults.unmappedSeverity.value,
      fail_open: defaults.failOpen.value,
      enforcement_mode: defaults.enforcementMode.value,
      grace_period_hours: defaults.gracePeriodHours.value,
      fail_on: defaults.failOn.value,
    },
  };
}
