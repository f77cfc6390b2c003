import type { Artifact, CapabilityEntry, GlobUse, SourcedValue, TermEntry } from "../artifact/artifact.js";
import { severities } from "../policy/lattice.js";
import type { CountTest, EnforcementMode, Layer, Severity, TriggerAction, UnmappedAction } from "../policy/model.js";
import type { RuleRef } from "./result.js";

/** A term with count tests: it fires its trigger when the globs match and the tests hold (semantics E7). */
export interface CountedTerm {
  /** Rank of its trigger. */
  readonly trigger: number;
  readonly globIds: readonly number[];
  readonly tests: readonly CountTest[];
  /** An org trigger counts against org's mappings only (M2). */
  readonly org: boolean;
}

/** The tables of rules. */
export type UseKind = GlobUse["kind"];

/** G2: the rule that a name breaks by being none. */
export const nameRule: RuleRef = Object.freeze({
  kind: "name",
  layer: "default",
  index: -1,
  label: "",
  file: "",
  line: 0,
  column: 0,
});

/** What the judge needs to know of an artifact's rules, in ranks; references are made on first use and shared. */
export class Rules {
  readonly mode: EnforcementMode;
  readonly unmapped: UnmappedAction;
  readonly unmappedSeverity: Severity;
  readonly graceMs: number;
  /** Ranks below this are hard forbidden rules: the table is sorted by severity (E3). */
  readonly hardForbidden: number;
  /** Capabilities of rank below this are org's (M2). */
  readonly orgCapabilities: number;
  /** Terms with several globs and no tests, by trigger rank. */
  readonly nameTerms: readonly TermEntry[];
  /** Terms with globs and tests, by trigger rank. */
  readonly mixedTerms: readonly CountedTerm[];
  /** Terms with tests and no globs, by trigger rank. */
  readonly countTerms: readonly CountedTerm[];
  readonly unmappedRule: RuleRef;

  private readonly refs = {
    forbidden: new Map<number, RuleRef>(),
    trigger: new Map<number, RuleRef>(),
    capability: new Map<number, RuleRef>(),
  };

  constructor(readonly artifact: Artifact) {
    const { defaults, forbidden, capabilities, terms, triggers } = artifact;
    this.mode = defaults.enforcementMode.value;
    this.unmapped = defaults.unmappedToolAction.value;
    this.unmappedSeverity = defaults.unmappedSeverity.value;
    this.graceMs = defaults.graceMs.value;
    const failOn = severities.indexOf(defaults.failOn.value);
    this.hardForbidden = firstRank(forbidden.count, (rank) => severities.indexOf(forbidden.get(rank).severity) < failOn);
    this.orgCapabilities = firstRank(capabilities.count, (rank) => capabilities.get(rank).layer === "agent");
    const nameTerms: TermEntry[] = [];
    const mixedTerms: CountedTerm[] = [];
    const countTerms: CountedTerm[] = [];
    for (let i = 0; i < terms.count; i++) {
      const term = terms.get(i);
      if (term.tests.length === 0) {
        if (term.globIds.length > 1) nameTerms.push(term);
        continue;
      }
      const counted = { ...term, org: triggers.get(term.trigger).layer === "org" };
      (term.globIds.length > 0 ? mixedTerms : countTerms).push(counted);
    }
    const byTrigger = (a: TermEntry, b: TermEntry) => a.trigger - b.trigger;
    this.nameTerms = nameTerms.sort(byTrigger);
    this.mixedTerms = mixedTerms.sort(byTrigger);
    this.countTerms = countTerms.sort(byTrigger);
    this.unmappedRule = defaultRule("unmapped_tool_action", defaults.unmappedToolAction, this.unmapped, this.unmappedSeverity);
  }

  triggerAction(rank: number): TriggerAction {
    return this.artifact.triggers.get(rank).action;
  }

  capability(rank: number): CapabilityEntry {
    return this.artifact.capabilities.get(rank);
  }

  /** The rule behind a rank, without the glob that matched. Frozen, one object a rule. */
  ref(kind: UseKind, rank: number): RuleRef {
    const known = this.refs[kind].get(rank);
    if (known !== undefined) return known;
    const made: RuleRef = Object.freeze(this.make(kind, rank));
    this.refs[kind].set(rank, made);
    return made;
  }

  private make(kind: UseKind, rank: number): RuleRef {
    if (kind === "forbidden") {
      const { layer, index, pattern, reason, severity, file, line, column } = this.artifact.forbidden.get(rank);
      return { kind, layer, index, label: pattern, pattern, reason, severity, file, line, column };
    }
    if (kind === "trigger") {
      const { layer, index, condition, reason, action, file, line, column } = this.artifact.triggers.get(rank);
      return { kind, layer, index, label: condition, reason, action, file, line, column };
    }
    const { layer, index, name, file, line, column } = this.artifact.capabilities.get(rank);
    return { kind, layer, index, label: name, file, line, column };
  }
}

function defaultRule(label: string, at: SourcedValue<unknown>, action: UnmappedAction, severity: Severity): RuleRef {
  const layer: Layer | "default" = at.layer;
  return Object.freeze({
    kind: "default",
    layer,
    index: -1,
    label,
    action,
    severity,
    file: at.file,
    line: at.line,
    column: at.column,
  });
}

/** The first rank at which a condition holds that, once true, stays true; binary search, so few entries are decoded. */
function firstRank(count: number, holds: (rank: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
