import type { Expectation } from "../store/store.js";
import type {
  AgentList,
  AuditPage,
  CardDocument,
  CreatedKey,
  DiffAnswer,
  DiffRequest,
  EvaluateAnswer,
  EvaluateRequest,
  ExplainAnswer,
  ExplainRequest,
  HistoricalAnswer,
  HistoricalRequest,
  HistoryPage,
  IngestAnswer,
  KeyList,
  LintAnswer,
  PolicyDocument,
  PolicyList,
  PolicyReference,
  PublishedPolicy,
  RecommendAnswer,
  RecommendRequest,
  ResolvedPolicy,
  Role,
  TeamDocument,
  TeamList,
  ToolList,
  TraceList,
  TransactionDocument,
  TransactionList,
  TransactionRequest,
  ValidateAnswer,
  ValidateRequest,
} from "./shapes.js";

/** `{}` is the org's own policy. */
export interface PolicyOwner {
  readonly agent?: string | undefined;
}

/** A document as somebody wrote it. */
export interface SourceText {
  readonly bytes: Uint8Array;
  readonly mediaType: "yaml" | "json";
  /** For places in diagnostics. */
  readonly file: string;
}

export interface Paging {
  readonly page?: number | undefined;
  readonly perPage?: number | undefined;
}

export interface PublishOptions {
  readonly message?: string | undefined;
  /** Default: whatever is active. */
  readonly expected?: Expectation | undefined;
  /** Needed where an agent's glob maps tools of any server over an org deny (M4): `validation_error` without it. */
  readonly confirmBroad?: boolean | undefined;
}

/** The recorded calls of an agent as `events` lines (docs/traces.md), so that everything that reads traces reads these. */
export interface StoredRuns {
  readonly agent: string;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Most recent traces. */
  readonly traces?: number | undefined;
}

/**
 * What can be asked of a registry on behalf of one caller: on the embedded store, or through REST. Both give the same answers, in
 * the documented shapes, and refuse with the same `RegistryFailure`s. Objects keyed by names that users choose are Maps on the embedded
 * store, which keep their order: print answers with `orderedJson`.
 */
export interface Registry {
  /** For people: a path or an address. */
  readonly place: string;
  readonly org: string;

  /** @throws RegistryFailure `not_found` when nothing is active, or there is no such version. */
  getPolicy(owner: PolicyOwner, version?: number): Promise<PolicyDocument>;
  /** As it was published, comments included. */
  getPolicySource(
    owner: PolicyOwner,
    version?: number,
  ): Promise<{ readonly text: string; readonly mediaType: "yaml" | "json"; readonly version: number }>;
  getResolvedPolicy(agent: string): Promise<ResolvedPolicy>;
  /**
   * Validates, compiles, proves the floor, then stores and activates; all of it or nothing. The very bytes that are active already,
   * without a new message, make no new version: the active one is answered, and nothing was archived.
   */
  publish(owner: PolicyOwner, source: SourceText, options?: PublishOptions): Promise<PublishedPolicy>;
  /** A new version with the text of an old one, verified like any other. */
  rollback(owner: PolicyOwner, version: number, options?: PublishOptions): Promise<PublishedPolicy>;
  removePolicy(owner: PolicyOwner, expected?: Expectation): Promise<void>;
  history(owner: PolicyOwner, paging?: Paging): Promise<HistoryPage>;
  list(paging?: Paging): Promise<PolicyList>;

  evaluate(request: EvaluateRequest): Promise<EvaluateAnswer>;
  /** Ends with `signal`: the caller went away. */
  evaluateHistorical(request: HistoricalRequest, signal?: AbortSignal): Promise<HistoricalAnswer>;

  validate(request: ValidateRequest): Promise<ValidateAnswer>;
  diff(request: DiffRequest): Promise<DiffAnswer>;
  lint(request: PolicyReference): Promise<LintAnswer>;
  explain(request: ExplainRequest): Promise<ExplainAnswer>;
  recommend(request: RecommendRequest): Promise<RecommendAnswer>;

  listAgents(paging?: Paging): Promise<AgentList>;
  /** Replaces the members. */
  putTeam(team: string, agents: readonly string[]): Promise<TeamDocument>;
  getTeam(team: string): Promise<TeamDocument>;
  removeTeam(team: string): Promise<void>;
  listTeams(paging?: Paging): Promise<TeamList>;

  getCard(agent: string): Promise<CardDocument>;
  putCard(agent: string, source: SourceText, expected?: Expectation): Promise<CardDocument>;

  /** Traces of any format that `policy test` reads; `agent` for those that name none. */
  ingest(
    bytes: AsyncIterable<Uint8Array> | Uint8Array,
    options: { readonly agent?: string | undefined; readonly name: string },
  ): Promise<IngestAnswer>;
  listTraces(agent: string | undefined, paging?: Paging): Promise<TraceList>;
  runs(request: StoredRuns): AsyncIterable<Uint8Array>;
  listTools(agent: string, paging?: Paging): Promise<ToolList>;

  createTransaction(request: TransactionRequest): Promise<TransactionDocument>;
  getTransaction(id: string): Promise<TransactionDocument>;
  endTransaction(id: string): Promise<void>;
  listTransactions(agent: string | undefined, paging?: Paging): Promise<TransactionList>;

  createKey(request: {
    readonly name: string;
    readonly role: Role;
    readonly agents?: readonly string[] | undefined;
    readonly expiresAtMs?: number | undefined;
  }): Promise<CreatedKey>;
  listKeys(paging?: Paging): Promise<KeyList>;
  revokeKey(id: string): Promise<void>;
  /** Newest first. */
  audit(paging?: Paging): Promise<AuditPage>;

  close(): Promise<void>;
}
