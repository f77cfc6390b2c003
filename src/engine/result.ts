import type { Card, EnforcementMode, Layer, Severity, TriggerAction, UnmappedAction } from "../policy/model.js";

/** Shapes of what the engine answers. In-process names are camelCase; `report/` writes the documented snake_case JSON. */
export type Verdict = "pass" | "warn" | "fail";
export type Action = "allow" | "warn" | "deny" | "escalate";
export type ContextKind = "cicd" | "gateway" | "observer";

/** What decided a tool's verdict, strongest first within its verdict. */
export type Cause =
  // fail
  | "guardrail_missing"
  | "forbidden"
  | "invalid_tool_name"
  | "escalation_denied"
  | "capability_exceeded"
  | "unmapped_denied"
  | "guardrail_denied"
  // warn
  | "escalated"
  | "trigger_warned"
  | "forbidden_soft"
  | "unmapped_in_grace"
  | "unmapped_warned"
  // pass
  | "mapped"
  | "unmapped_allowed"
  // an internal error, answered by fail_open or onFault (F1)
  | "fault";

export type ViolationType =
  | "forbidden"
  | "capability_exceeded"
  | "unmapped_denied"
  | "escalation_denied"
  | "guardrail_denied"
  | "invalid_tool_name";
export type WarningType = "forbidden_soft" | "escalation" | "trigger" | "unmapped" | "unmapped_in_grace" | "notice";

/** A rule and where it stands. */
export interface RuleRef {
  readonly kind: "forbidden" | "trigger" | "capability" | "default" | "guardrail" | "name";
  readonly layer: Layer | "default";
  /** Position in its layer's section, 0-based; -1 for defaults and names. */
  readonly index: number;
  /** Capability name, forbidden pattern or trigger condition as written, or the defaults field. */
  readonly label: string;
  /** The glob that matched, where one did. */
  readonly pattern?: string;
  readonly reason?: string;
  readonly severity?: Severity;
  readonly action?: TriggerAction | UnmappedAction;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The hot path's answer: frozen, shared between names of one row. */
export interface Decision {
  readonly verdict: Verdict;
  readonly action: Action;
  readonly cause: Cause;
  /** The deciding rule; null when a name fell through to nothing that can be cited. */
  readonly rule: RuleRef | null;
}

/** When a tool was first seen, per agent (T1, T2). A throw means the store is down: no grace, and the result says so. */
export interface Sightings {
  /** Epoch milliseconds, or undefined when there is no record (first seen now). */
  firstSeenMs(tool: string): number | undefined;
}

/** Counts over the calls of one session, in order (E7). Opened by `engine.openSession()`, advanced by each decision. */
export interface Session {
  readonly toolCount: number;
  readonly unmappedOrgCount: number;
  readonly unmappedCount: number;
  readonly violationCount: number;
}

/** A transaction guardrail: it only narrows (M5). */
export interface Guardrail {
  readonly id: string;
  readonly expiresAtMs: number;
  /** Globs; a tool outside is `guardrail_denied`. Absent: no such limit. */
  readonly tools?: readonly string[];
  /** Capability names; absent: no such limit. */
  readonly allowedCapabilities?: readonly string[];
}

export interface Context {
  /** Default "gateway". `runtime` and `audit` are accepted spellings; anything else throws a TypeError (E10). */
  readonly kind?: ContextKind | "runtime" | "audit";
  readonly card?: Card | undefined;
  /** Epoch milliseconds of the call; needed for grace and guardrails. */
  readonly nowMs?: number | undefined;
  readonly sightings?: Sightings | undefined;
  readonly session?: Session | undefined;
  /** `null`: an id was given but no guardrail was found, which denies whatever the mode. */
  readonly guardrail?: Guardrail | null | undefined;
}

export interface Violation {
  readonly type: ViolationType;
  readonly tool: string;
  readonly reason: string;
  readonly severity: Severity;
  readonly rule: RuleRef;
  /** capability_exceeded: the actions the card does not grant. */
  readonly missingCardActions?: readonly string[];
}

export interface Warning {
  readonly type: WarningType;
  readonly tool: string;
  readonly reason: string;
  readonly severity?: Severity;
  readonly rule: RuleRef;
  readonly graceExpiresAtMs?: number;
}

export interface Escalation {
  readonly tool: string;
  readonly reason: string;
  readonly rule: RuleRef;
}

export interface ToolOutcome {
  readonly tool: string;
  /** Calls of this tool in the evaluated list. */
  readonly calls: number;
  readonly verdict: Verdict;
  readonly action: Action;
  readonly cause: Cause;
  readonly rule: RuleRef | null;
  /** The capability that maps it (the first), or null. */
  readonly capability: RuleRef | null;
  readonly alsoMatches: readonly RuleRef[];
  /** Every matching forbidden rule, worst first. */
  readonly forbidden: readonly RuleRef[];
  /** Every trigger that fired for it. */
  readonly triggers: readonly RuleRef[];
}

export interface CardGap {
  readonly tool: string;
  readonly capability: string;
  readonly missingCardActions: readonly string[];
  readonly reason: string;
}

export interface Coverage {
  readonly totalCardActions: number;
  readonly mappedCardActions: readonly string[];
  readonly unmappedCardActions: readonly string[];
  /** 0 to 100, two decimals; 0 without a card or without actions (C1). */
  readonly coveragePct: number;
  /** For each mapped action, in the card's order, the capabilities that map it. */
  readonly mappedBy: readonly { readonly action: string; readonly capabilities: readonly string[] }[];
}

/** The result object of semantics E9. `evaluatedAt` and `durationMs` are added by the caller that owns a clock. */
export interface Evaluation {
  readonly verdict: Verdict;
  readonly action: Action;
  readonly mode: EnforcementMode;
  readonly tools: readonly ToolOutcome[];
  readonly violations: readonly Violation[];
  readonly warnings: readonly Warning[];
  readonly escalations: readonly Escalation[];
  readonly cardGaps: readonly CardGap[];
  readonly coverage: Coverage;
  readonly context: ContextKind;
  /** false: no card was given, so card actions were not checked (E4). */
  readonly cardChecked: boolean;
  /** Why grace could not be given, when it could not (T2). */
  readonly grace: "applied" | "disabled" | "no_store" | "store_down" | "no_clock";
  readonly policy: PolicyIdentity;
}

export interface PolicyIdentity {
  readonly name: string;
  /** SHA-256 of the policy's meaning, hex. */
  readonly digest: string;
  readonly sources: readonly { readonly layer: string; readonly file: string; readonly name: string }[];
}
