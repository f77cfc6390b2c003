import type { Generated } from "kysely";

/**
 * Columns as both databases have them: text, integers (64 bits, read as numbers) and bytes. Truth values are 0 and 1. Columns of any
 * text hold `toStored` of it; names that are indexed are two columns, `x_key` and `x` (`toName`), the second mostly null.
 */
export interface Tables {
  orgs: { org: string; created_at_ms: number };
  agents: { org: string; agent: string; created_at_ms: number; last_seen_at_ms: number | null };
  teams: { org: string; team: string; created_at_ms: number; created_by: string };
  team_agents: { org: string; team: string; agent: string };
  cards: CardRow;
  policy_owners: PolicyOwnerRow;
  policy_versions: PolicyVersionRow;
  traces: TraceRow;
  trace_calls: TraceCallRow;
  sightings: SightingRow;
  transactions: TransactionRow;
  api_keys: ApiKeyRow;
  audit_log: AuditRow;
  changes: ChangeRow;
}

export interface CardRow {
  org: string;
  agent: string;
  version: number;
  card_id: string | null;
  media_type: string;
  source_digest: string;
  created_at_ms: number;
  created_by: string;
  source: string;
}

/** One for each owner that ever published. `agent` is empty for the org's own policy: ids never are. */
export interface PolicyOwnerRow {
  org: string;
  agent: string;
  policy_id: string;
  /** The highest number ever given. */
  last_version: number;
  active_version: number | null;
  first_created_at_ms: number;
}

/** What a summary shows comes first: the long columns stay unread on pages of their own. */
export interface PolicyVersionRow {
  org: string;
  agent: string;
  version: number;
  name: string;
  description: string | null;
  source_digest: string;
  digest: string;
  org_version: number | null;
  created_at_ms: number;
  created_by: string;
  message: string | null;
  restored_from: number | null;
  media_type: string;
  source: string;
  artifact: Uint8Array;
}

export interface TraceRow {
  trace: Generated<number>;
  org: string;
  agent: string;
  trace_key: string;
  trace_id: string | null;
  format: string;
  first_ms: number;
  last_ms: number;
  calls: number;
  /** Numbers given to calls so far, those of repeated ones too. */
  places: number;
  ingested_at_ms: number;
  ingested_by: string;
}

/** Stands beside the other calls of its trace, in the order of time. */
export interface TraceCallRow {
  trace: number;
  time_ms: number;
  /** In what was sent. */
  place: number;
  /** What makes it the same call in any ingestion, 20 bytes (`call-identity.ts`). */
  identity: Uint8Array;
  /** 0: has the time of its ingestion. */
  dated: number;
  /** Null: its trace's id. */
  session: string | null;
  call_id: string | null;
  tool: string;
  subagent: number;
  decision: string | null;
}

export interface SightingRow {
  org: string;
  agent: string;
  tool_key: string;
  tool: string | null;
  first_ms: number;
  last_ms: number;
}

export interface TransactionRow {
  org: string;
  transaction_id: string;
  agent: string;
  description: string;
  action_type: string;
  /** JSON arrays. */
  tools: string | null;
  allowed_capabilities: string | null;
  session_key: string | null;
  session: string | null;
  created_at_ms: number;
  created_by: string;
  expires_at_ms: number;
  ended_at_ms: number | null;
  policy_source: string | null;
}

export interface ApiKeyRow {
  key_id: string;
  org: string;
  name: string;
  role: string;
  /** JSON array. */
  agents: string | null;
  secret_hash: string;
  created_at_ms: number;
  created_by: string;
  expires_at_ms: number | null;
  revoked_at_ms: number | null;
  last_used_at_ms: number | null;
}

export interface AuditRow {
  id: Generated<number>;
  org: string;
  actor: string;
  at_ms: number;
  action: string;
  subject: string;
  detail: string;
}

export interface ChangeRow {
  seq: Generated<number>;
  org: string;
  agent: string | null;
  kind: string;
  id: string | null;
}
