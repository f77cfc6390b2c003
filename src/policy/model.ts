import type { Span } from "../diagnostics/diagnostic.js";
import type { Glob } from "../glob/parse.js";

export type Scope = "org" | "agent";
/** Where a rule stands; `transaction` rules come from a guardrail (semantics M5). */
export type Layer = Scope | "transaction";
export type Severity = "low" | "medium" | "high" | "critical";
export type UnmappedAction = "allow" | "warn" | "deny";
export type EnforcementMode = "off" | "warn" | "enforce";
export type TriggerAction = "warn" | "escalate" | "deny";

/** Names that must or must not match a rule, checked by `validate` (semantics D6). */
export interface Examples {
  readonly match: readonly Located<string>[];
  readonly notMatch: readonly Located<string>[];
}

export interface Located<T> {
  readonly value: T;
  readonly span: Span;
}

/** A glob as it was written, and where. */
export interface GlobRef {
  readonly glob: Glob;
  readonly span: Span;
}

/** One capability mapping. Declaration order is meaning (semantics D3, E4). */
export interface Capability {
  readonly name: string;
  readonly description?: string;
  readonly tools: readonly GlobRef[];
  readonly cardActions: readonly Located<string>[];
  readonly examples?: Examples;
  readonly span: Span;
}

export interface ForbiddenRule {
  readonly pattern: GlobRef;
  readonly reason: string;
  readonly severity: Severity;
  readonly examples?: Examples;
  readonly span: Span;
}

export type CountName = "tool_count" | "unmapped_tool_count" | "violation_count";
export type Comparison = ">" | ">=" | "<" | "<=" | "==" | "!=";

export interface CountTest {
  readonly count: CountName;
  readonly comparison: Comparison;
  /** A safe integer, may be negative. */
  readonly value: number;
}

/** A conjunction: every glob matches the name and every count test holds. One of the two lists is not empty. */
export interface ConditionTerm {
  readonly globs: readonly Glob[];
  readonly tests: readonly CountTest[];
}

/** A condition in disjunctive form: it holds when one of its terms holds (semantics E7). */
export interface Condition {
  /** As written. */
  readonly text: string;
  readonly terms: readonly ConditionTerm[];
}

export interface Trigger {
  readonly condition: Condition;
  readonly action: TriggerAction;
  readonly reason: string;
  readonly examples?: Examples;
  readonly span: Span;
}

/** `undefined` means the author left it out: the merge inherits or the documented default applies (M3, D6). */
export interface Defaults {
  readonly unmappedToolAction: UnmappedAction;
  readonly unmappedSeverity: Severity;
  readonly failOpen: boolean;
  readonly enforcementMode?: EnforcementMode;
  readonly gracePeriodHours?: number;
  readonly failOn?: Severity;
  /** Spans by field name of the policy file, for those that were written. */
  readonly spans: ReadonlyMap<DefaultsField, Span>;
}

export type DefaultsField =
  | "unmapped_tool_action"
  | "unmapped_severity"
  | "fail_open"
  | "enforcement_mode"
  | "grace_period_hours"
  | "fail_on";

export interface Meta {
  readonly schemaVersion: "1.0";
  readonly name: string;
  readonly description?: string;
  readonly scope: Scope;
  /** Where the scope is written. */
  readonly scopeSpan?: Span;
}

/** One policy file, parsed and checked. */
export interface Policy {
  readonly meta: Meta;
  readonly capabilities: readonly Capability[];
  readonly forbidden: readonly ForbiddenRule[];
  readonly triggers: readonly Trigger[];
  readonly defaults: Defaults;
  /** The label of the file, as diagnostics and provenance show it. */
  readonly file: string;
}

/** What a merged value is and which layer it came from; `default` when no layer wrote it. */
export interface Sourced<T> {
  readonly value: T;
  readonly layer: Layer | "default";
  readonly span?: Span;
}

export interface MergedDefaults {
  readonly unmappedToolAction: Sourced<UnmappedAction>;
  readonly unmappedSeverity: Sourced<Severity>;
  readonly failOpen: Sourced<boolean>;
  readonly enforcementMode: Sourced<EnforcementMode>;
  readonly gracePeriodHours: Sourced<number>;
  readonly failOn: Sourced<Severity>;
}

export interface Layered<T> {
  readonly layer: Scope;
  /** Position in its layer's own list, 0-based. */
  readonly index: number;
  readonly rule: T;
}

/**
 * The effective policy. Capabilities: all of org's, then all of the agent's; the same name in both stays two entries,
 * each with its own card actions (M2). Rules keep their spans.
 */
export interface MergedPolicy {
  readonly name: string;
  readonly description?: string;
  readonly sources: readonly PolicySource[];
  readonly capabilities: readonly Layered<Capability>[];
  readonly forbidden: readonly Layered<ForbiddenRule>[];
  readonly triggers: readonly Layered<Trigger>[];
  readonly defaults: MergedDefaults;
}

export interface PolicySource {
  readonly layer: Scope;
  readonly file: string;
  readonly name: string;
}

/** An alignment card, as far as a policy needs it (semantics C2). `forbidden` wins over `bounded`. */
export interface Card {
  readonly cardId?: string;
  readonly agentId?: string;
  readonly boundedActions: readonly string[];
  readonly forbiddenActions: readonly string[];
  /** Epoch milliseconds; an expired card is a warning, not an error. */
  readonly expiresAtMs?: number;
}
