import type { Span } from "../../diagnostics/diagnostic.js";
import type { Located, MergedPolicy, Scope, Sourced } from "../../policy/model.js";

/** One capability of the resolved document: the union over the layers that name it (semantics M2). */
export interface ResolvedCapability {
  readonly name: string;
  readonly layers: readonly Scope[];
  readonly descriptions: readonly (Located<string> & { readonly layer: Scope })[];
  readonly tools: readonly (Located<string> & { readonly layer: Scope })[];
  readonly cardActions: readonly (Located<string> & { readonly layer: Scope })[];
}

/** Capabilities by name, in the order of their first entry. O(globs). */
export function resolvedCapabilities(policy: MergedPolicy): ResolvedCapability[] {
  type Building = {
    -readonly [K in keyof ResolvedCapability]: ResolvedCapability[K] extends readonly (infer T)[] ? T[] : ResolvedCapability[K];
  };
  const byName = new Map<string, Building>();
  for (const { layer, rule } of policy.capabilities) {
    let entry = byName.get(rule.name);
    if (entry === undefined) {
      entry = { name: rule.name, layers: [], descriptions: [], tools: [], cardActions: [] };
      byName.set(rule.name, entry);
    }
    entry.layers.push(layer);
    if (rule.description !== undefined) entry.descriptions.push({ value: rule.description, span: rule.span, layer });
    for (const { glob, span } of rule.tools) entry.tools.push({ value: glob.source, span, layer });
    for (const action of rule.cardActions) entry.cardActions.push({ ...action, layer });
  }
  return [...byName.values()];
}

/** The effective policy with the layer and place of every field, as `smoltbot policy inspect --format json` prints it. */
export function resolvedJson(policy: MergedPolicy): object {
  const { defaults } = policy;
  return {
    schema: "smoltbot.inspect/1",
    resolved_policy: {
      meta: { schema_version: "1.0", name: resolvedName(policy), description: policy.description, scope: "resolved" },
      capability_mappings: resolvedCapabilities(policy).map((c) => ({
        name: c.name,
        layers: c.layers,
        description: c.descriptions[0]?.value,
        tools: c.tools.map((t) => ({ pattern: t.value, layer: t.layer, ...placeJson(t.span) })),
        card_actions: c.cardActions.map((a) => ({ action: a.value, layer: a.layer, ...placeJson(a.span) })),
      })),
      forbidden: policy.forbidden.map(({ layer, rule }) => ({
        pattern: rule.pattern.glob.source,
        reason: rule.reason,
        severity: rule.severity,
        layer,
        ...placeJson(rule.pattern.span),
      })),
      escalation_triggers: policy.triggers.map(({ layer, rule }) => ({
        condition: rule.condition.text,
        action: rule.action,
        reason: rule.reason,
        layer,
        ...placeJson(rule.span),
      })),
      defaults: {
        unmapped_tool_action: sourcedJson(defaults.unmappedToolAction),
        unmapped_severity: sourcedJson(defaults.unmappedSeverity),
        fail_open: sourcedJson(defaults.failOpen),
        enforcement_mode: sourcedJson(defaults.enforcementMode),
        grace_period_hours: sourcedJson(defaults.gracePeriodHours),
        fail_on: sourcedJson(defaults.failOn),
      },
    },
    sources: policy.sources,
  };
}

/** Two layers carry the word in their merged name already. */
export function resolvedName(policy: MergedPolicy): string {
  return policy.sources.length > 1 ? policy.name : `${policy.name} (resolved)`;
}

function sourcedJson<T>(field: Sourced<T>): object {
  return { value: field.value, layer: field.layer, ...placeJson(field.span) };
}

function placeJson(span: Span | undefined): object {
  return { file: span?.file ?? null, line: span?.line ?? null, column: span?.column ?? null };
}
