import type { Span } from "../../diagnostics/diagnostic.js";
import type { Located, MergedPolicy, Scope, Sourced } from "../../policy/model.js";

/** A text and the first layer that wrote it. */
type Item = Located<string> & { readonly layer: Scope };

/** One capability of the resolved document: the union over the layers that name it (semantics M2). */
export interface ResolvedCapability {
  readonly name: string;
  readonly layers: readonly Scope[];
  readonly description: string | undefined;
  readonly tools: readonly Item[];
  readonly cardActions: readonly Item[];
}

/** Capabilities by name, in the order of their first entry; the engine keeps the entries apart. O(globs). */
export function resolvedCapabilities(policy: MergedPolicy): ResolvedCapability[] {
  const byName = new Map<string, MergedPolicy["capabilities"][number][]>();
  for (const entry of policy.capabilities) {
    const same = byName.get(entry.rule.name);
    if (same === undefined) byName.set(entry.rule.name, [entry]);
    else same.push(entry);
  }
  return [...byName].map(([name, entries]) => {
    const tools = new Map<string, Item>();
    const actions = new Map<string, Item>();
    for (const { layer, rule } of entries) {
      for (const { glob, span } of rule.tools) addNew(tools, { value: glob.source, span, layer });
      for (const action of rule.cardActions) addNew(actions, { ...action, layer });
    }
    const description = entries.find(({ rule }) => rule.description !== undefined)?.rule.description;
    const layers = entries.map(({ layer }) => layer);
    return { name, layers, description, tools: [...tools.values()], cardActions: [...actions.values()] };
  });
}

function addNew(items: Map<string, Item>, item: Item): void {
  if (!items.has(item.value)) items.set(item.value, item);
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
        description: c.description,
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
