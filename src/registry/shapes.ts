/**
 * The documented JSON of the REST interface, as the server writes it and the SDK reads it: types only. Times are ISO 8601 in UTC.
 * Objects keyed by names that users choose are written in order (`report/json/ordered.ts`); in a JavaScript reader whole-number
 * keys come first all the same, so whoever needs the order asks for YAML or for `capabilities`.
 */
export type Severity = "low" | "medium" | "high" | "critical";
export type Verdict = "pass" | "warn" | "fail";
export type Decision = "allow" | "warn" | "deny" | "escalate";
export type ContextName = "cicd" | "gateway" | "observer" | "runtime" | "audit";
export type Role = "reader" | "writer" | "admin";

/** What people write, and what PUT takes as JSON. */
export interface PolicyInput {
  readonly meta: {
    readonly schema_version: "1.0";
    readonly name: string;
    readonly description?: string;
    readonly scope: "org" | "agent";
  };
  readonly capability_mappings: Readonly<
    Record<string, { readonly description?: string; readonly tools: readonly string[]; readonly card_actions: readonly string[] }>
  >;
  readonly forbidden: readonly {
    readonly pattern: string;
    readonly reason: string;
    readonly severity: Severity;
    readonly examples?: { readonly match?: readonly string[]; readonly not_match?: readonly string[] };
  }[];
  readonly escalation_triggers?: readonly {
    readonly condition: string;
    readonly action: "escalate" | "warn" | "deny";
    readonly reason: string;
  }[];
  readonly defaults: {
    readonly unmapped_tool_action: "allow" | "warn" | "deny";
    readonly unmapped_severity: Severity;
    readonly fail_open: boolean;
    readonly enforcement_mode?: "off" | "warn" | "enforce";
    readonly grace_period_hours?: number;
    readonly fail_on?: Severity;
  };
}

export interface PolicyDocument extends PolicyInput {
  readonly id: string;
  readonly version: number;
  /** SHA-256 of the meaning, hex. */
  readonly digest: string;
  readonly message?: string;
  /** Of the first version. */
  readonly created_at: string;
  readonly updated_at: string;
  readonly updated_by: string;
}

/** PUT and rollback answer the saved document and what the change means. */
export interface PublishedPolicy extends PolicyDocument {
  /** The version that was active before; null for the first. */
  readonly archived_version: number | null;
  readonly warnings: readonly FindingShape[];
}

export interface FindingShape {
  readonly code: string;
  readonly level: "error" | "warning" | "notice";
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  readonly line?: number;
  readonly column?: number;
}

export interface ResolvedPolicy {
  readonly agent_id: string;
  readonly org_id: string;
  /** `meta.scope` is `resolved`; otherwise a policy document. */
  readonly resolved_policy: object;
  /** Every field with the layer and place it comes from, as `policy inspect --format json` prints it. */
  readonly fields: object;
  readonly sources: {
    readonly org_policy_version: number | null;
    readonly agent_policy_version: number | null;
    readonly merge_strategy: "org_floor";
  };
  readonly digest: string;
  readonly resolved_at: string;
}

export interface HistoryPage {
  readonly versions: readonly {
    readonly version: number;
    readonly id: string;
    readonly meta: { readonly name: string; readonly description?: string };
    readonly digest: string;
    readonly message: string | null;
    readonly restored_from: number | null;
    readonly active: boolean;
    readonly updated_at: string;
    readonly updated_by: string;
  }[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface PolicyList {
  readonly policies: readonly {
    readonly scope: "org" | "agent";
    readonly agent_id: string | null;
    readonly id: string;
    readonly name: string;
    readonly version: number;
    readonly updated_at: string;
    readonly updated_by: string;
  }[];
  readonly org_id: string;
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface EvaluateRequest {
  readonly agent_id?: string;
  /** In place of the agent's active policy: a document, or its YAML as text. With `agent_id` the org's policy stands below it. */
  readonly policy?: PolicyInput | string;
  readonly tools: readonly string[];
  readonly context?: ContextName;
  readonly transaction_id?: string;
  readonly session_id?: string;
}

/** Documented fields, and all of semantics E9 (the shape of `policy evaluate --format json`). */
export interface EvaluateAnswer {
  readonly verdict: Verdict;
  readonly decision: Decision;
  readonly mode: "off" | "warn" | "enforce";
  readonly tools: readonly object[];
  readonly violations: readonly object[];
  readonly warnings: readonly object[];
  readonly escalations: readonly object[];
  readonly card_gaps: readonly object[];
  readonly coverage: object;
  readonly card_checked: boolean;
  readonly grace: string;
  readonly policy: object;
  readonly policy_id: string | null;
  readonly policy_version: number | null;
  readonly transaction_id?: string;
  readonly context: string;
  readonly evaluated_at: string;
  readonly duration_ms: number;
}

export interface HistoricalRequest {
  readonly agent_id: string;
  readonly time_range: { readonly start: string; readonly end: string };
  readonly policy?: PolicyInput | string;
  readonly context?: ContextName;
  /** Most recent traces; default all of the range. */
  readonly limit?: number;
}

export interface HistoricalAnswer {
  readonly agent_id: string;
  readonly traces_evaluated: number;
  readonly calls_evaluated: number;
  readonly verdict: Verdict;
  readonly violation_count: number;
  /** At most `historicalViolationsMax`, first of each tool and trace. */
  readonly violations: readonly object[];
  readonly summary: { readonly pass: number; readonly warn: number; readonly fail: number; readonly skipped: number };
  readonly policy_id: string | null;
  readonly policy_version: number | null;
  readonly evaluated_at: string;
  readonly duration_ms: number;
}

export interface CardDocument {
  readonly agent_id: string;
  readonly version: number;
  /** As it was sent. */
  readonly card: object;
  readonly updated_at: string;
  readonly updated_by: string;
  /** Such as that it has expired. */
  readonly warnings: readonly FindingShape[];
}

export interface IngestAnswer {
  readonly traces: number;
  readonly calls: number;
  readonly repeated_calls: number;
  readonly skipped_records: number;
  readonly warnings: readonly FindingShape[];
}

export interface TraceList {
  readonly traces: readonly {
    readonly agent_id: string;
    readonly trace_id: string;
    readonly format: string;
    readonly calls: number;
    readonly first_at: string;
    readonly last_at: string;
    readonly ingested_at: string;
  }[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface ToolList {
  readonly agent_id: string;
  readonly tools: readonly {
    readonly tool: string;
    readonly first_seen_at: string;
    readonly last_seen_at: string;
    /** null: nothing that grace could soften. */
    readonly grace_expires_at: string | null;
  }[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface TransactionRequest {
  readonly agent_id: string;
  readonly description: string;
  readonly action_type: string;
  readonly tools?: readonly string[];
  readonly allowed_capabilities?: readonly string[];
  readonly duration_hours?: number;
  readonly session_id?: string;
  readonly policy?: PolicyInput | string;
}

export interface TransactionDocument {
  readonly transaction_id: string;
  readonly agent_id: string;
  readonly status: "active" | "expired" | "ended";
  readonly description: string;
  readonly action_type: string;
  readonly tools: readonly string[];
  readonly allowed_capabilities: readonly string[] | null;
  readonly session_id: string | null;
  readonly merged_policy: object;
  readonly created_at: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
}

export interface KeyDocument {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly agents: readonly string[] | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

/** The only time the whole key is shown. */
export interface CreatedKey extends KeyDocument {
  readonly key: string;
}

/**
 * A policy in a question: `policy` is a document or its YAML as text, over the org's active policy where `agent_id` is given; without
 * it the active policy (or `version`) of the agent over the org's, or without `agent_id` the org's own.
 */
export interface PolicyReference {
  readonly policy?: PolicyInput | string;
  readonly agent_id?: string;
  /** Of the agent's own policy, or the org's. */
  readonly version?: number;
}

export interface ValidateRequest {
  readonly policy: PolicyInput | string;
  /** Whether it could be published for this agent: scope and merging are checked, too. */
  readonly agent_id?: string;
}

/** 200 also when the policy is not valid: that was the question. */
export interface ValidateAnswer {
  readonly valid: boolean;
  readonly diagnostics: readonly FindingShape[];
  /** Of `policy validate --format json`; null when not valid. */
  readonly summary: object | null;
}

export interface DiffRequest {
  readonly old: PolicyReference;
  readonly new: PolicyReference;
}

/** Fields of `policy diff --format json` (docs/diff.md). */
export interface DiffAnswer {
  readonly old: object;
  readonly new: object;
  readonly equal: boolean;
  /** false: some answers are not decided, see `undecided`. */
  readonly complete: boolean;
  readonly card_checked: boolean;
  readonly summary: { readonly weaker: number; readonly stricter: number; readonly other: number; readonly undecided: number };
  readonly defaults: readonly object[];
  readonly rules: readonly object[];
  readonly changes: readonly object[];
  readonly undecided: readonly object[];
}

export interface LintAnswer {
  readonly summary: { readonly errors: number; readonly warnings: number; readonly notices: number };
  /** Of `policy lint --format json` (docs/lint.md). */
  readonly findings: readonly object[];
  readonly undecided: readonly object[];
}

export interface ExplainRequest extends PolicyReference {
  readonly tools: readonly string[];
}

/** Fields of `policy explain --format json`. */
export interface ExplainAnswer {
  readonly tools: readonly object[];
  readonly policy: object | null;
}

export interface AgentList {
  readonly agents: readonly {
    readonly agent_id: string;
    readonly policy_version: number | null;
    readonly card_version: number | null;
    readonly created_at: string;
    readonly last_seen_at: string | null;
  }[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface TeamDocument {
  readonly team_id: string;
  readonly agents: readonly string[];
}

export interface TeamList {
  readonly teams: readonly { readonly team_id: string; readonly agents: number }[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface TransactionList {
  readonly transactions: readonly Omit<TransactionDocument, "merged_policy">[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface KeyList {
  readonly keys: readonly KeyDocument[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

export interface AuditPage {
  readonly entries: readonly {
    readonly id: number;
    readonly at: string;
    readonly actor: string;
    /** Such as `policy.publish`. */
    readonly action: string;
    /** Such as `agent/support-1`. */
    readonly subject: string;
    readonly detail: object;
  }[];
  readonly total: number;
  readonly page: number;
  readonly per_page: number;
}

/** From the stored traces of a team or of an agent: exactly one of both. */
export interface RecommendRequest {
  readonly team_id?: string;
  readonly agent_id?: string;
  /** Default 30. */
  readonly analysis_window_days?: number;
  readonly strictness?: "permissive" | "balanced" | "strict";
}

/** Documented fields; whatever else `policy recommend --format json` prints may stand beside them (docs/recommend.md). */
export interface RecommendAnswer {
  readonly recommendation_id: string;
  readonly policy: object;
  readonly recommendation: object;
  readonly reasoning_chain: readonly { readonly step: number; readonly action: string; readonly rationale: string }[];
  readonly confidence: number;
  readonly validation: {
    readonly valid: boolean;
    readonly errors: readonly { readonly path: string; readonly message: string }[];
  };
}

export interface ErrorAnswer {
  readonly error: string;
  readonly message: string;
  readonly details?: readonly { readonly path: string; readonly message: string }[];
  /** To find it in the server's log. */
  readonly request_id?: string;
}
