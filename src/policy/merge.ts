import { diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic, Parsed, Span } from "../diagnostics/diagnostic.js";
import { escapeText, quoteText } from "../diagnostics/escape.js";
import type { Glob } from "../glob/parse.js";
import { enforcementModes, severities, stricter, unmappedActions } from "./lattice.js";
import type {
  Defaults,
  DefaultsField,
  ForbiddenRule,
  Layered,
  MergedDefaults,
  MergedPolicy,
  Policy,
  Scope,
  Sourced,
} from "./model.js";

/** What holds when nobody wrote the field (semantics D6). */
export const documentedDefaults = { enforcementMode: "warn", gracePeriodHours: 24, failOn: "low" } as const;

/**
 * The effective policy of up to two layers, with the layer of everything in it (semantics M1-M3). One layer alone keeps
 * its rules as they are; what it omits becomes the documented default. Linear.
 */
export function mergePolicies(layers: {
  readonly org?: Policy | undefined;
  readonly agent?: Policy | undefined;
}): Parsed<MergedPolicy> {
  const { org, agent } = layers;
  const diagnostics = [...wrongScope("org", org), ...wrongScope("agent", agent)];
  if (diagnostics.length > 0) return { diagnostics };
  const present = [org, agent].filter((policy) => policy !== undefined);
  if (present.length === 0) return { diagnostics: [diagnostic("merge_no_policy", { message: "there is no policy to merge" })] };
  const top = present[present.length - 1];
  const description = top.meta.description ?? present[0].meta.description;
  const forbidden = present.flatMap((policy) => layered(policy, policy.forbidden));
  return {
    value: {
      name: present.length === 2 ? `${top.meta.name} (resolved)` : top.meta.name,
      ...(description === undefined ? {} : { description }),
      sources: present.map((policy) => ({ layer: policy.meta.scope, file: policy.file, name: policy.meta.name })),
      capabilities: present.flatMap((policy) => layered(policy, policy.capabilities)),
      forbidden: present.length === 2 ? collapse(forbidden) : forbidden,
      triggers: present.flatMap((policy) => layered(policy, policy.triggers)),
      defaults: mergeDefaults(org?.defaults, agent?.defaults),
    },
    diagnostics: broadMappings(org, agent),
  };
}

/** M4: what an agent adds over an org deny should at least name a server. */
function broadMappings(org: Policy | undefined, agent: Policy | undefined): Diagnostic[] {
  if (org?.defaults.unmappedToolAction !== "deny" || agent === undefined) return [];
  return agent.capabilities.flatMap(({ name, tools }) =>
    tools
      .filter(({ glob }) => glob.tokens.some((token) => token < 0) && !namesServer(glob))
      .map(({ glob, span }) =>
        diagnostic("merge_broad_mapping", {
          span,
          path: `capability_mappings.${escapeText(name)}.tools`,
          message: `the org denies unmapped tools, and ${quoteText(glob.source)} maps tools of any server`,
        }),
      ),
  );
}

/** Whether the glob begins with a literal `mcp__<server>__`. */
export function namesServer({ text }: Glob): boolean {
  const head = text.slice(0, text.search(/[*?]/));
  return head.startsWith("mcp__") && head.indexOf("__", "mcp__".length + 1) > 0;
}

/** M1. */
function wrongScope(layer: Scope, policy: Policy | undefined): Diagnostic[] {
  if (policy === undefined || policy.meta.scope === layer) return [];
  const start: Span = { file: policy.file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return [
    diagnostic("merge_wrong_scope", {
      span: policy.meta.scopeSpan ?? start,
      path: "meta.scope",
      message: `the ${layer} layer has \`scope: ${policy.meta.scope}\``,
    }),
  ];
}

function layered<T>(policy: Policy, rules: readonly T[]): Layered<T>[] {
  return rules.map((rule, index) => ({ layer: policy.meta.scope, index, rule }));
}

/** M2: of rules that say the same byte for byte the first stays, which is org's where org has it. */
function collapse(rules: readonly Layered<ForbiddenRule>[]): Layered<ForbiddenRule>[] {
  const kept = new Map<string, Layered<ForbiddenRule>>();
  for (const entry of rules) {
    const { pattern, reason, severity } = entry.rule;
    const key = JSON.stringify([pattern.glob.source, reason, severity]);
    if (!kept.has(key)) kept.set(key, entry);
  }
  return [...kept.values()];
}

/** A field as one layer wrote it; undefined where it did not. */
type Written<T> = Sourced<T> | undefined;

/** M3, field by field. */
function mergeDefaults(org: Defaults | undefined, agent: Defaults | undefined): MergedDefaults {
  const field = <T>(
    name: DefaultsField,
    scale: readonly T[] | "shorter",
    documented: T,
    of: (defaults: Defaults) => T | undefined,
  ) => {
    const written = (layer: Scope, defaults: Defaults | undefined): Written<T> => {
      const value = defaults && of(defaults);
      if (value === undefined) return undefined;
      const span = defaults?.spans.get(name);
      return { value, layer, ...(span === undefined ? {} : { span }) };
    };
    const floor: Sourced<T> = written("org", org) ?? { value: documented, layer: "default" };
    const own = written("agent", agent);
    // An org that left the field out has decided on the documented default; an agent alone has no floor.
    return org === undefined ? (own ?? floor) : strictest(scale, floor, own);
  };
  return {
    unmappedToolAction: field("unmapped_tool_action", unmappedActions, "deny", (d) => d.unmappedToolAction),
    unmappedSeverity: field("unmapped_severity", severities, "critical", (d) => d.unmappedSeverity),
    failOpen: field("fail_open", [true, false], false, (d) => d.failOpen),
    enforcementMode: field("enforcement_mode", enforcementModes, documentedDefaults.enforcementMode, (d) => d.enforcementMode),
    gracePeriodHours: field<number>(
      "grace_period_hours",
      "shorter",
      documentedDefaults.gracePeriodHours,
      (d) => d.gracePeriodHours,
    ),
    failOn: field("fail_on", [...severities].reverse(), documentedDefaults.failOn, (d) => d.failOn),
  };
}

/** The floor stays where the agent's value is not stricter, unless both say the same and only the agent wrote it down. */
function strictest<T>(scale: readonly T[] | "shorter", floor: Sourced<T>, own: Written<T>): Sourced<T> {
  if (own === undefined) return floor;
  if (own.value === floor.value) return floor.layer === "default" ? own : floor;
  const wins = scale === "shorter" ? own.value < floor.value : stricter(scale, floor.value, own.value) === own.value;
  return wins ? own : floor;
}
