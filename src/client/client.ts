import type {
  AgentList,
  AuditPage,
  CardDocument,
  ContextName,
  CreatedKey,
  DiffAnswer,
  EvaluateAnswer,
  ExplainAnswer,
  HistoricalAnswer,
  HistoryPage,
  IngestAnswer,
  KeyList,
  LintAnswer,
  PolicyDocument,
  PolicyInput,
  PolicyList,
  PublishedPolicy,
  RecommendAnswer,
  ResolvedPolicy,
  Role,
  TeamDocument,
  TeamList,
  ToolList,
  TraceList,
  TransactionDocument,
  TransactionList,
  ValidateAnswer,
} from "../registry/shapes.js";
import {
  type DocumentText,
  documentOf,
  OwnedPolicy,
  type PageOptions,
  type PolicySource,
  type PublishOptions,
  pageQuery,
  posted,
  precondition,
  segment,
} from "./owned-policy.js";
import { type CallOptions, type ClientOptions, Transport } from "./transport.js";

type Versioned = CallOptions & { readonly version?: number | undefined };
type Removal = CallOptions & { readonly ifVersion?: number | undefined };

/**
 * A server of the registry, typed. Runs wherever `fetch` does: Node, browsers, Workers. Arguments are camelCase, answers are the documented JSON as it
 * is (docs/rest.md). Refusals are `SmoltbotError`s by code; what was not answered is a `ConnectionError`.
 */
export class SmoltbotClient {
  readonly agents: AgentOperations;
  readonly orgs: OrgOperations;
  readonly policies: PolicyOperations;
  readonly teams: TeamOperations;
  readonly transactions: TransactionOperations;
  readonly traces: TraceOperations;
  readonly keys: KeyOperations;
  readonly audit: AuditOperations;

  /** @throws TypeError for an address or a key that cannot be used */
  constructor(options: ClientOptions) {
    const transport = new Transport(options);
    this.agents = new AgentOperations(transport);
    this.orgs = new OrgOperations(transport);
    this.policies = new PolicyOperations(transport);
    this.teams = new TeamOperations(transport);
    this.transactions = new TransactionOperations(transport);
    this.traces = new TraceOperations(transport);
    this.keys = new KeyOperations(transport);
    this.audit = new AuditOperations(transport);
  }
}

/** What agents and orgs have in common. */
class PolicyOwners {
  readonly #transport: Transport;
  readonly #prefix: string;

  constructor(transport: Transport, prefix: string) {
    this.#transport = transport;
    this.#prefix = prefix;
  }

  /** Validated, compiled, proved not to weaken the org's policy, and only then active. */
  setPolicy(id: string, policy: PolicySource, options?: PublishOptions): Promise<PublishedPolicy> {
    return this.#of(id).put(policy, options);
  }

  getPolicy(id: string, options?: Versioned): Promise<PolicyDocument> {
    return this.#of(id).get(options);
  }

  /** As it was published, comments included. */
  getPolicyText(id: string, options?: Versioned): Promise<DocumentText> {
    return this.#of(id).text(options);
  }

  deletePolicy(id: string, options?: Removal): Promise<void> {
    return this.#of(id).remove(options);
  }

  policyHistory(id: string, options?: PageOptions): Promise<HistoryPage> {
    return this.#of(id).history(options);
  }

  rollbackPolicy(id: string, version: number, options?: PublishOptions): Promise<PublishedPolicy> {
    return this.#of(id).rollback(version, options);
  }

  #of(id: string): OwnedPolicy {
    return new OwnedPolicy(this.#transport, `${this.#prefix}/${segment(id)}/policy`);
  }
}

class OrgOperations extends PolicyOwners {
  constructor(transport: Transport) {
    super(transport, "/v1/orgs");
  }
}

class AgentOperations extends PolicyOwners {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    super(transport, "/v1/agents");
    this.#transport = transport;
  }

  /** The policy in force: the org's and the agent's, merged, with the layer of each field. */
  getResolvedPolicy(id: string, options: CallOptions = {}): Promise<ResolvedPolicy> {
    return this.#transport.json({ method: "GET", path: `/v1/agents/${segment(id)}/policy/resolved`, safe: true }, options);
  }

  getCard(id: string, options: CallOptions = {}): Promise<CardDocument> {
    return this.#transport.json({ method: "GET", path: `/v1/agents/${segment(id)}/card`, safe: true }, options);
  }

  setCard(
    id: string,
    card: object | string | Uint8Array,
    options: CallOptions & Pick<PublishOptions, "ifVersion"> = {},
  ): Promise<CardDocument> {
    const { body, type } = documentOf(card);
    const headers = { "content-type": type, ...precondition(options.ifVersion) };
    return this.#transport.json({ method: "PUT", path: `/v1/agents/${segment(id)}/card`, headers, body, safe: false }, options);
  }

  /** The tools an agent was seen to use, and since when. */
  listTools(id: string, options: PageOptions = {}): Promise<ToolList> {
    return this.#transport.json(
      { method: "GET", path: `/v1/agents/${segment(id)}/tools`, query: pageQuery(options), safe: true },
      options,
    );
  }

  list(options: PageOptions = {}): Promise<AgentList> {
    return this.#transport.json({ method: "GET", path: "/v1/agents", query: pageQuery(options), safe: true }, options);
  }

  /** Stored calls as lines of JSON (docs/traces.md, `events`). */
  runs(
    id: string,
    options: CallOptions & {
      readonly since?: Date | string | undefined;
      readonly until?: Date | string | undefined;
      readonly traces?: number | undefined;
    } = {},
  ): AsyncGenerator<Uint8Array> {
    const query = pageQuery({}, [
      ["since", timeText(options.since)],
      ["until", timeText(options.until)],
      ["traces", options.traces?.toString()],
    ]);
    const path = `/v1/agents/${segment(id)}/runs`;
    return this.#transport.pieces({ method: "GET", path, query, safe: true }, options, "application/x-ndjson");
  }
}

/** A policy in a question: inline (over the org's policy where an agent is named), or the active one. */
export interface PolicyReference {
  readonly agentId?: string | undefined;
  readonly policy?: PolicyInput | string | undefined;
  readonly version?: number | undefined;
}

export interface EvaluateRequest {
  readonly agentId?: string | undefined;
  readonly policy?: PolicyInput | string | undefined;
  readonly tools: readonly string[];
  /** Default `cicd`: a dry run. In `gateway` the tools count as called. */
  readonly context?: ContextName | undefined;
  readonly transactionId?: string | undefined;
  readonly sessionId?: string | undefined;
}

export interface HistoricalRequest {
  readonly agentId: string;
  readonly timeRange: { readonly start: Date | string; readonly end: Date | string };
  readonly policy?: PolicyInput | string | undefined;
  readonly context?: ContextName | undefined;
  readonly limit?: number | undefined;
}

class PolicyOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  evaluate(request: EvaluateRequest, options: CallOptions = {}): Promise<EvaluateAnswer> {
    const { agentId, policy, tools, context, transactionId, sessionId } = request;
    const body = { agent_id: agentId, policy, tools, context, transaction_id: transactionId, session_id: sessionId };
    // In a session every call counts, so it is not asked twice.
    return this.#transport.json(posted("/v1/policies/evaluate", body, sessionId === undefined), options);
  }

  evaluateHistorical(request: HistoricalRequest, options: CallOptions = {}): Promise<HistoricalAnswer> {
    const { agentId, timeRange, policy, context, limit } = request;
    const range = { start: timeText(timeRange.start), end: timeText(timeRange.end) };
    const body = { agent_id: agentId, time_range: range, policy, context, limit };
    return this.#transport.json(posted("/v1/policies/evaluate/historical", body, true), options);
  }

  validate(
    request: { readonly policy: PolicyInput | string; readonly agentId?: string | undefined },
    options: CallOptions = {},
  ): Promise<ValidateAnswer> {
    return this.#ask("validate", { policy: request.policy, agent_id: request.agentId }, options);
  }

  diff(
    request: { readonly old: PolicyReference; readonly new: PolicyReference },
    options: CallOptions = {},
  ): Promise<DiffAnswer> {
    return this.#ask("diff", { old: referenceOf(request.old), new: referenceOf(request.new) }, options);
  }

  lint(request: PolicyReference, options: CallOptions = {}): Promise<LintAnswer> {
    return this.#ask("lint", referenceOf(request), options);
  }

  explain(request: PolicyReference & { readonly tools: readonly string[] }, options: CallOptions = {}): Promise<ExplainAnswer> {
    return this.#ask("explain", { ...referenceOf(request), tools: request.tools }, options);
  }

  /** The active policies of the org. */
  list(options: PageOptions = {}): Promise<PolicyList> {
    return this.#transport.json({ method: "GET", path: "/v1/policies", query: pageQuery(options), safe: true }, options);
  }

  #ask<T>(question: string, body: object, options: CallOptions): Promise<T> {
    return this.#transport.json(posted(`/v1/policies/${question}`, body, true), options);
  }
}

class TeamOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A draft from the stored traces of a team, or of one agent. */
  recommendPolicy(
    request: {
      readonly teamId?: string | undefined;
      readonly agentId?: string | undefined;
      readonly analysisWindowDays?: number | undefined;
      readonly strictness?: "permissive" | "balanced" | "strict" | undefined;
    },
    options: CallOptions = {},
  ): Promise<RecommendAnswer> {
    const { teamId, agentId, analysisWindowDays, strictness } = request;
    const body = { team_id: teamId, agent_id: agentId, analysis_window_days: analysisWindowDays, strictness };
    return this.#transport.json(posted("/v1/teams/recommend-policy", body, true), options);
  }

  list(options: PageOptions = {}): Promise<TeamList> {
    return this.#transport.json({ method: "GET", path: "/v1/teams", query: pageQuery(options), safe: true }, options);
  }

  get(id: string, options: CallOptions = {}): Promise<TeamDocument> {
    return this.#transport.json({ method: "GET", path: `/v1/teams/${segment(id)}`, safe: true }, options);
  }

  /** Replaces the members. */
  put(id: string, agents: readonly string[], options: CallOptions = {}): Promise<TeamDocument> {
    const headers = { "content-type": "application/json" };
    const request = {
      method: "PUT",
      path: `/v1/teams/${segment(id)}`,
      headers,
      body: JSON.stringify({ agents }),
      safe: true,
    } as const;
    return this.#transport.json(request, options);
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.json({ method: "DELETE", path: `/v1/teams/${segment(id)}`, safe: false }, options);
  }
}

class TransactionOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A guardrail: it only narrows what the agent's policy allows, for a while. */
  create(
    request: {
      readonly agentId: string;
      readonly description: string;
      readonly actionType: string;
      readonly tools?: readonly string[] | undefined;
      readonly allowedCapabilities?: readonly string[] | undefined;
      readonly durationHours?: number | undefined;
      readonly sessionId?: string | undefined;
      readonly policy?: PolicyInput | string | undefined;
    },
    options: CallOptions = {},
  ): Promise<TransactionDocument> {
    const { agentId, description, actionType, tools, allowedCapabilities, durationHours, sessionId, policy } = request;
    const body = {
      agent_id: agentId,
      description,
      action_type: actionType,
      tools,
      allowed_capabilities: allowedCapabilities,
      duration_hours: durationHours,
      session_id: sessionId,
      policy,
    };
    return this.#transport.json(posted("/v1/transactions", body, false), options);
  }

  get(id: string, options: CallOptions = {}): Promise<TransactionDocument> {
    return this.#transport.json({ method: "GET", path: `/v1/transactions/${segment(id)}`, safe: true }, options);
  }

  list(options: PageOptions & { readonly agentId?: string | undefined } = {}): Promise<TransactionList> {
    const query = pageQuery(options, [["agent_id", options.agentId]]);
    return this.#transport.json({ method: "GET", path: "/v1/transactions", query, safe: true }, options);
  }

  async end(id: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.json({ method: "DELETE", path: `/v1/transactions/${segment(id)}`, safe: false }, options);
  }
}

class TraceOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Traces of any format that `policy test` reads. Sending the same again changes nothing, so it is tried again. */
  ingest(
    traces: string | Uint8Array | ReadableStream<Uint8Array> | object,
    options: CallOptions & { readonly agentId?: string | undefined; readonly contentType?: string | undefined } = {},
  ): Promise<IngestAnswer> {
    const isText = typeof traces === "string" || traces instanceof Uint8Array || traces instanceof ReadableStream;
    const body = isText ? (traces instanceof Uint8Array ? new Uint8Array(traces) : traces) : JSON.stringify(traces);
    const type = options.contentType ?? (isText ? "application/octet-stream" : "application/json");
    const query = pageQuery({}, [["agent_id", options.agentId]]);
    return this.#transport.json(
      { method: "POST", path: "/v1/traces", query, headers: { "content-type": type }, body, safe: true },
      options,
    );
  }

  list(options: PageOptions & { readonly agentId?: string | undefined } = {}): Promise<TraceList> {
    const query = pageQuery(options, [["agent_id", options.agentId]]);
    return this.#transport.json({ method: "GET", path: "/v1/traces", query, safe: true }, options);
  }
}

class KeyOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The answer holds the key: it is shown this once. */
  create(
    request: {
      readonly name: string;
      readonly role: Role;
      readonly agents?: readonly string[] | undefined;
      readonly expiresAt?: Date | string | undefined;
    },
    options: CallOptions = {},
  ): Promise<CreatedKey> {
    const { name, role, agents, expiresAt } = request;
    return this.#transport.json(posted("/v1/keys", { name, role, agents, expires_at: timeText(expiresAt) }, false), options);
  }

  list(options: PageOptions = {}): Promise<KeyList> {
    return this.#transport.json({ method: "GET", path: "/v1/keys", query: pageQuery(options), safe: true }, options);
  }

  async revoke(id: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.json({ method: "DELETE", path: `/v1/keys/${segment(id)}`, safe: false }, options);
  }
}

class AuditOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(options: PageOptions = {}): Promise<AuditPage> {
    return this.#transport.json({ method: "GET", path: "/v1/audit", query: pageQuery(options), safe: true }, options);
  }
}

/** Every item of a paged list, page after page: `for await (const t of everyItem((page) => client.agents.listTools(id, { page }), (p) => p.tools))`. */
export async function* everyItem<P extends { readonly total: number }, T>(
  read: (page: number) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): AsyncGenerator<T> {
  let met = 0;
  for (let page = 1; ; page++) {
    const answer = await read(page);
    const items = itemsOf(answer);
    yield* items;
    met += items.length;
    if (items.length === 0 || met >= answer.total) return;
  }
}

function referenceOf({ agentId, policy, version }: PolicyReference): object {
  return { agent_id: agentId, policy, version };
}

function timeText(time: Date | string | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time;
}
