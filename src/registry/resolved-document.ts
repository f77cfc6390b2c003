import { hexText, policyDigest } from "../compiler/digest.js";
import type { MergedPolicy } from "../policy/model.js";
import { resolvedCapabilities, resolvedJson, resolvedName } from "../report/json/resolved.js";
import { type LayerTexts, storedPolicy } from "./documents.js";
import { mergeLayers } from "./verify.js";

/** The effective policy of stored layers: as a document, and with the layer and place of each field. */
export function resolveLayers({ org, agent }: LayerTexts): {
  readonly document: object;
  readonly fields: object;
  readonly digest: string;
} {
  const { merged } = mergeLayers({ ...(org && { org: storedPolicy(org) }), ...(agent && { agent: storedPolicy(agent) }) });
  const { resolved_policy: fields } = resolvedJson(merged) as { resolved_policy: object };
  return { document: resolvedDocument(merged), fields, digest: hexText(policyDigest(merged)) };
}

/** A merged policy in the shape of a policy document, scope `resolved`; `capability_mappings` is a Map. */
function resolvedDocument(merged: MergedPolicy): object {
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
