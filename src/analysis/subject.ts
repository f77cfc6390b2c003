import type { Artifact, Place, SourcedValue } from "../artifact/artifact.js";
import type { Span } from "../diagnostics/diagnostic.js";
import { type Glob, parseGlob } from "../glob/parse.js";
import { mergePolicies } from "../policy/merge.js";
import type {
  Capability,
  ConditionTerm,
  Defaults,
  ForbiddenRule,
  Layered,
  MergedDefaults,
  MergedPolicy,
  Policy,
  Scope,
  Sourced,
  Trigger,
} from "../policy/model.js";

/** A policy to ask questions about: merged for the analysis, in layers for the specification that re-checks its answers. */
export interface Subject {
  readonly policy: MergedPolicy;
  readonly layers: { readonly org?: Policy; readonly agent?: Policy };
}

/** @throws TypeError for layers that do not merge (M1); callers report that before they ask. */
export function subjectOf(layers: { readonly org?: Policy | undefined; readonly agent?: Policy | undefined }): Subject {
  const { value, diagnostics } = mergePolicies(layers);
  if (value === undefined) throw new TypeError(diagnostics[0]?.message ?? "the layers do not merge");
  const { org, agent } = layers;
  return { policy: value, layers: { ...(org && { org }), ...(agent && { agent }) } };
}

/**
 * The policy an artifact was compiled from, as far as the artifact keeps it: everything that decides, with its places.
 * Globs are in canonical spelling; both layers carry the merged defaults, which merge to themselves. Linear.
 */
export function subjectOfArtifact(artifact: Artifact): Subject {
  const policy: MergedPolicy = {
    name: artifact.name,
    ...(artifact.description === "" ? {} : { description: artifact.description }),
    sources: artifact.sources,
    capabilities: capabilitiesOf(artifact),
    forbidden: byDeclaration(forbiddenOf(artifact)),
    triggers: byDeclaration(triggersOf(artifact)),
    defaults: defaultsOf(artifact),
  };
  return { policy, layers: layersOf(policy) };
}

/** The layers that merge to a policy: what each declares, and the merged defaults in each. */
export function layersOf(policy: MergedPolicy): Subject["layers"] {
  const layer = (scope: Scope): Policy | undefined => {
    const source = policy.sources.find((s) => s.layer === scope);
    if (source === undefined) return undefined;
    const own = <T>(rules: readonly Layered<T>[]) => rules.filter((entry) => entry.layer === scope).map(({ rule }) => rule);
    return {
      meta: { schemaVersion: "1.0", name: source.name, scope },
      capabilities: own(policy.capabilities),
      forbidden: own(policy.forbidden),
      triggers: own(policy.triggers),
      defaults: writtenOut(policy.defaults),
      file: source.file,
    };
  };
  const org = layer("org");
  const agent = layer("agent");
  return { ...(org && { org }), ...(agent && { agent }) };
}

function writtenOut(d: MergedDefaults): Defaults {
  return {
    unmappedToolAction: d.unmappedToolAction.value,
    unmappedSeverity: d.unmappedSeverity.value,
    failOpen: d.failOpen.value,
    enforcementMode: d.enforcementMode.value,
    gracePeriodHours: d.gracePeriodHours.value,
    failOn: d.failOn.value,
    spans: new Map(),
  };
}

function capabilitiesOf({ capabilities, globs }: Artifact): Layered<Capability>[] {
  // Uses of a glob stand in the order of declaration: each is taken once, also where one capability lists a glob twice.
  const left = new Map<
    number,
    { readonly glob: Glob; readonly places: Iterator<{ readonly line: number; readonly column: number }> }
  >();
  const next = (id: number) => {
    let entry = left.get(id);
    if (entry === undefined) {
      const { text, uses } = globs.get(id);
      entry = { glob: globOf(text), places: uses.filter(({ kind }) => kind === "capability").values() };
      left.set(id, entry);
    }
    return { glob: entry.glob, at: entry.places.next().value };
  };
  return Array.from({ length: capabilities.count }, (_, rank) => {
    const entry = capabilities.get(rank);
    const tools = entry.globIds.map((id) => {
      const { glob, at = entry } = next(id);
      return { glob, span: spanOf({ file: entry.file, line: at.line, column: at.column }) };
    });
    const rule: Capability = {
      name: entry.name,
      ...(entry.description === "" ? {} : { description: entry.description }),
      tools,
      cardActions: entry.cardActions.map((value) => ({ value, span: spanOf(entry) })),
      span: spanOf(entry),
    };
    return { layer: entry.layer, index: entry.index, rule };
  });
}

function forbiddenOf({ forbidden }: Artifact): Layered<ForbiddenRule>[] {
  return Array.from({ length: forbidden.count }, (_, rank) => {
    const { layer, index, pattern, reason, severity, ...place } = forbidden.get(rank);
    const span = spanOf(place);
    return { layer, index, rule: { pattern: { glob: globOf(pattern), span }, reason, severity, span } };
  });
}

function triggersOf({ triggers, terms, globs }: Artifact): Layered<Trigger>[] {
  return Array.from({ length: triggers.count }, (_, rank) => {
    const { layer, index, condition, action, reason, termStart, termCount, ...place } = triggers.get(rank);
    const list: ConditionTerm[] = [];
    for (let i = termStart; i < termStart + termCount; i++) {
      const { globIds, tests } = terms.get(i);
      list.push({ globs: globIds.map((id) => globOf(globs.get(id).text)), tests });
    }
    return { layer, index, rule: { condition: { text: condition, terms: list }, action, reason, span: spanOf(place) } };
  });
}

/** Artifacts list rules by rank; people and merges by where they were declared. */
function byDeclaration<T>(rules: Layered<T>[]): Layered<T>[] {
  return rules.sort((a, b) => Number(a.layer === "agent") - Number(b.layer === "agent") || a.index - b.index);
}

function defaultsOf({ defaults: d }: Artifact): MergedDefaults {
  const field = <T>({ value, layer, ...place }: SourcedValue<T>): Sourced<T> =>
    place.line === 0 ? { value, layer } : { value, layer, span: spanOf(place) };
  return {
    unmappedToolAction: field(d.unmappedToolAction),
    unmappedSeverity: field(d.unmappedSeverity),
    failOpen: field(d.failOpen),
    enforcementMode: field(d.enforcementMode),
    gracePeriodHours: field({ ...d.graceMs, value: d.graceMs.value / 3_600_000 }),
    failOn: field(d.failOn),
  };
}

/** A glob that an artifact holds was parsed once already. */
function globOf(text: string): Glob {
  const glob = parseGlob(text);
  if (typeof glob === "string") throw new TypeError(`the artifact holds a glob that is ${glob}`);
  return glob;
}

function spanOf({ file, line, column }: Place): Span {
  return { file, line, column, endLine: line, endColumn: column + 1 };
}
