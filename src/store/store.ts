import type { ChangeFeed } from "./changes.js";

/**
 * What the registry keeps, over embedded SQLite or PostgreSQL: one schema, one set of queries. Knows texts, bytes and numbers, no
 * policies. Times are epoch milliseconds. Ids are checked by the caller (`registry/ids.ts`); names of tools, traces and sessions are
 * any text at all, also with NUL and unpaired surrogates, and come back as they went in.
 *
 * Every method rejects with `StoreUnavailable` when the database cannot be reached, is full or is locked for too long, and with
 * nothing else that is not named.
 */
export interface Store {
  readonly kind: "sqlite" | "postgres";
  readonly policies: PolicyVersions;
  readonly agents: Agents;
  readonly cards: Cards;
  readonly traces: Traces;
  readonly sightings: ToolSightings;
  readonly transactions: Transactions;
  readonly keys: ApiKeys;
  readonly audit: AuditLog;
  readonly changes: ChangeFeed;
  /** One query that touches the disk or the network: readiness. */
  ping(): Promise<void>;
  /** Safe copy of the whole database while it is in use. @throws StoreUnavailable; TypeError for PostgreSQL, which brings `pg_dump`. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Whose policy: an agent's, or the org's own where `agent` is undefined. */
export interface Owner {
  readonly org: string;
  readonly agent?: string | undefined;
}

export type MediaType = "yaml" | "json";

/** What a history shows of a version. */
export interface VersionSummary {
  /** `pol-` and 20 of a-z0-9; of the owner, the same in all its versions. */
  readonly policyId: string;
  /** From 1, without gaps, never used twice, also across a deletion. */
  readonly version: number;
  readonly name: string;
  readonly description: string | undefined;
  /** SHA-256 of `source`, hex. */
  readonly sourceDigest: string;
  /** SHA-256 of the policy's meaning, alone and without the other layer, hex. */
  readonly digest: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly message: string | undefined;
  /** The version it repeats, where it came about by a rollback. */
  readonly restoredFrom: number | undefined;
  readonly active: boolean;
}

/** A version is immutable: only `active` changes. */
export interface PolicyVersion extends VersionSummary {
  readonly owner: Owner;
  /** As it was sent, comments included. */
  readonly source: string;
  readonly mediaType: MediaType;
  /** The merged policy, compiled when this version was published: with the org's version of then below an agent's. */
  readonly artifact: Uint8Array;
  /** The org version that is in `artifact`; undefined for none, and for org policies. */
  readonly orgVersion: number | undefined;
  /** When the first version of this owner was made. */
  readonly firstCreatedAtMs: number;
}

export interface VersionDraft {
  readonly owner: Owner;
  readonly name: string;
  readonly description: string | undefined;
  readonly source: string;
  readonly mediaType: MediaType;
  readonly sourceDigest: string;
  readonly digest: string;
  readonly artifact: Uint8Array;
  /** The org's active version that this was verified against; undefined for none. For org policies always undefined. */
  readonly orgVersion: number | undefined;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly message: string | undefined;
  readonly restoredFrom: number | undefined;
  /** Used when the owner never had a policy. */
  readonly newPolicyId: string;
}

/** What has to be true of the active version for a write to happen. */
export type Expectation =
  | { readonly kind: "any" }
  /** If-None-Match: * */
  | { readonly kind: "absent" }
  /** If-Match: * */
  | { readonly kind: "present" }
  | { readonly kind: "version"; readonly versions: readonly number[] };

export interface PolicyVersions {
  active(owner: Owner): Promise<PolicyVersion | undefined>;
  /** Both active layers, from one snapshot. */
  layers(org: string, agent: string): Promise<{ readonly org?: PolicyVersion; readonly agent?: PolicyVersion }>;
  version(owner: Owner, version: number): Promise<PolicyVersion | undefined>;
  /** Newest first. */
  history(owner: Owner, page: Page): Promise<Paged<VersionSummary>>;
  /** Every active policy of an org, its own first, then agents by id. */
  list(org: string, page: Page): Promise<Paged<VersionSummary & { readonly owner: Owner }>>;
  /**
   * One transaction, durable when it resolves: the expectation and `draft.orgVersion` are checked, the next number is taken, the
   * version is inserted and becomes the active one, audit log and change feed are written. Agent and org are made when missing.
   * `archived` is the version that was active until then.
   * @throws ExpectationFailed with the active version; LayerMoved when the org's active version is not `draft.orgVersion` any more
   */
  publish(draft: VersionDraft, expected: Expectation): Promise<PolicyVersion & { readonly archived: number | undefined }>;
  /** Nothing is active afterwards; versions stay. The archived version, or undefined when nothing was active. @throws ExpectationFailed */
  remove(owner: Owner, expected: Expectation, by: Actor): Promise<number | undefined>;
}

/** Who did something and when. */
export interface Actor {
  readonly actor: string;
  readonly atMs: number;
}

/** From 1. */
export interface Page {
  readonly page: number;
  readonly perPage: number;
}

export interface Paged<T> {
  readonly items: readonly T[];
  readonly total: number;
}

export interface StoredAgent {
  readonly agent: string;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number | undefined;
  readonly policyVersion: number | undefined;
  readonly cardVersion: number | undefined;
}

export interface Agents {
  list(org: string, page: Page): Promise<Paged<StoredAgent>>;
  get(org: string, agent: string): Promise<StoredAgent | undefined>;
  /** The agents of a team, by id; undefined when there is no such team. */
  team(org: string, team: string): Promise<readonly string[] | undefined>;
  /** Replaces the members. */
  putTeam(org: string, team: string, agents: readonly string[], by: Actor): Promise<void>;
  removeTeam(org: string, team: string, by: Actor): Promise<boolean>;
  teams(org: string, page: Page): Promise<Paged<{ readonly team: string; readonly agents: number }>>;
}

export interface StoredCard {
  readonly agent: string;
  /** From 1, without gaps. */
  readonly version: number;
  readonly cardId: string | undefined;
  readonly source: string;
  readonly mediaType: MediaType;
  readonly sourceDigest: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
}

export interface Cards {
  get(org: string, agent: string): Promise<StoredCard | undefined>;
  /** @throws ExpectationFailed */
  put(org: string, card: Omit<StoredCard, "version">, expected: Expectation): Promise<StoredCard>;
}

/** A recorded run with the calls that one ingestion found in it. */
export interface IngestedTrace {
  readonly agent: string;
  readonly traceId: string;
  /** Format id, such as `ap-trace`. */
  readonly format: string;
  /** Times of what was seen beside calls, where the format has them. */
  readonly seenMs: number | undefined;
  readonly calls: readonly IngestedCall[];
}

export interface IngestedCall {
  /** Undefined: a call of its own, known again by its trace, session, tool, time and place among such calls of the trace. */
  readonly callId: string | undefined;
  readonly session: string;
  readonly tool: string;
  /** Undefined where the format has none: then it is dated by its ingestion, and says so. */
  readonly timeMs: number | undefined;
  readonly subagent: boolean;
  readonly decision: "denied" | "approved" | "escalated" | undefined;
}

export interface StoredCall extends IngestedCall {
  readonly agent: string;
  readonly traceId: string;
  readonly format: string;
  readonly timeMs: number;
  /** False: it had no time, and has that of its ingestion. */
  readonly dated: boolean;
}

export interface StoredTrace {
  readonly agent: string;
  readonly traceId: string;
  readonly format: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly calls: number;
  readonly ingestedAtMs: number;
}

export interface CallRange {
  /** Undefined: every agent of the org. */
  readonly agents: readonly string[] | undefined;
  /** From this time on. */
  readonly sinceMs?: number | undefined;
  /** Before this time. */
  readonly untilMs?: number | undefined;
  /** Only the most recent so many traces; undefined for all. */
  readonly traces?: number | undefined;
}

export interface Ingestion {
  /** That were sent, new or not. */
  readonly traces: number;
  /** New ones. */
  readonly calls: number;
  /** That were there: by their id in their session (R2), or alike where they have none. */
  readonly repeatedCalls: number;
}

/** How many calls without an id looked the same so far: the places of the next ones. */
export type AlikeCalls = Map<string, number>;

export interface Traces {
  /**
   * One transaction; calls also count as sightings at their time. Sending the same again changes nothing. What is sent as one body in
   * several ingestions gives one new `alike` to all of them: without it, calls without id, time and difference are only told apart
   * inside each. Not audited: a trace says when it came.
   */
  ingest(org: string, traces: readonly IngestedTrace[], by: Actor, alike?: AlikeCalls): Promise<Ingestion>;
  /** Most recent first. */
  list(org: string, agent: string | undefined, page: Page): Promise<Paged<StoredTrace>>;
  /** In the order of time, in blocks; memory grows with the runs that were open at one time, not with the calls. */
  calls(org: string, range: CallRange): AsyncIterable<readonly StoredCall[]>;
  /** Traces that lasted into the range, also those without a call (R1), in blocks, by the time they began. */
  inRange(org: string, range: CallRange): AsyncIterable<readonly StoredTrace[]>;
  /** Deletes what ended before. The number of traces. */
  prune(org: string | undefined, beforeMs: number): Promise<number>;
}

export interface Sighting {
  readonly agent: string;
  readonly tool: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface ToolSightings {
  /** The earlier first and the later last time stay. One statement a block; order and repetition mean nothing. */
  observe(org: string, sightings: readonly Sighting[]): Promise<void>;
  /** First-seen times of these tools; absent where there is no record. */
  firstSeen(org: string, agent: string, tools: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Most recently seen first. */
  list(org: string, agent: string, page: Page): Promise<Paged<Sighting>>;
  /** Of an agent, or of several, at most `limit`, most recent first: what a cache begins with. */
  recent(org: string, agents: readonly string[], limit: number): Promise<readonly Sighting[]>;
}

export interface StoredTransaction {
  readonly transactionId: string;
  readonly agent: string;
  readonly description: string;
  readonly actionType: string;
  readonly tools: readonly string[] | undefined;
  readonly allowedCapabilities: readonly string[] | undefined;
  /** The session it binds; undefined until the first call that names it. */
  readonly session: string | undefined;
  /** A further policy that narrows, as it was sent. */
  readonly policySource: string | undefined;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly expiresAtMs: number;
  readonly endedAtMs: number | undefined;
}

export interface Transactions {
  create(org: string, transaction: StoredTransaction): Promise<void>;
  get(org: string, transactionId: string): Promise<StoredTransaction | undefined>;
  /** All that bind the session, ended or not; of more than `limit`, some. */
  ofSession(org: string, agent: string, session: string, limit: number): Promise<readonly StoredTransaction[]>;
  /** The first session to come stays bound. Returns the bound one; undefined when there is no such transaction. */
  bind(org: string, transactionId: string, session: string): Promise<string | undefined>;
  /** False when there is none or it had ended. */
  end(org: string, transactionId: string, by: Actor): Promise<boolean>;
  list(org: string, agent: string | undefined, page: Page): Promise<Paged<StoredTransaction>>;
}

export type Role = "reader" | "writer" | "admin";

export interface StoredKey {
  /** 16 of a-z0-9, shown and logged. */
  readonly keyId: string;
  readonly org: string;
  readonly name: string;
  readonly role: Role;
  /** Undefined: every agent of the org, and the org itself. */
  readonly agents: readonly string[] | undefined;
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
  /** Within some minutes. */
  readonly lastUsedAtMs: number | undefined;
}

export interface ApiKeys {
  create(key: StoredKey): Promise<void>;
  /** Of any org: the key itself says which. */
  find(keyId: string): Promise<StoredKey | undefined>;
  list(org: string, page: Page): Promise<Paged<StoredKey>>;
  /** False when there is none or it was revoked before. */
  revoke(org: string, keyId: string, by: Actor): Promise<boolean>;
  used(keyId: string, atMs: number): Promise<void>;
  /** Keys that are neither revoked nor expired, over all orgs. */
  countLive(nowMs: number): Promise<number>;
}

export interface AuditEntry extends Actor {
  readonly action: string;
  /** Such as `agent/support-1` or `key/ab12…`. */
  readonly subject: string;
  /** JSON object, small. */
  readonly detail: string;
}

export interface AuditLog {
  /** Newest first. What other methods change is entered by them, in the same transaction. */
  list(org: string, page: Page): Promise<Paged<AuditEntry & { readonly id: number }>>;
}
