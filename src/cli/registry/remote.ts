import { IdError } from "../../client/address.js";
import { SmoltbotClient } from "../../client/client.js";
import { ConnectionError, SmoltbotError } from "../../client/errors.js";
import type { PublishOptions as ClientPublishOptions } from "../../client/owned-policy.js";
import type { ExpectedVersion } from "../../client/request.js";
import { diagnostic } from "../../diagnostics/codes.js";
import { failureDetail } from "../../registry/documents.js";
import { type RegistryCode, RegistryFailure, registryCodes } from "../../registry/failure.js";
import type { Paging, PolicyOwner, PublishOptions, Registry, SourceText, StoredRuns } from "../../registry/registry.js";
import type * as shapes from "../../registry/shapes.js";
import type { Expectation } from "../../store/store.js";
import { unreadable } from "../../trace/io/walk.js";
import { failure } from "../failure.js";
import { placeText, type RegistryPlace, registryOrg } from "./place.js";

/** The largest policies take the server a minute or two. */
const answerMs = 5 * 60_000;
/** For what reads for minutes, and what is sent or answered in pieces. */
const longMs = 30 * 60_000;

/** Asks the server which org the key belongs to, unless SMOLTBOT_ORG says. @throws RegistryFailure, CommandFailure */
export async function connectRegistry(place: RegistryPlace & { readonly kind: "server" }): Promise<Registry> {
  const client = clientOf(place);
  const org = process.env["SMOLTBOT_ORG"] ? registryOrg() : (await told(() => client.policies.list({ perPage: 1 }))).org_id;
  return remoteRegistry(client, placeText(place), org);
}

/** On private networks, such as between containers, there may be no https. */
const insecureVariable = "SMOLTBOT_ALLOW_INSECURE";

function clientOf({ url, apiKey }: { readonly url: string; readonly apiKey: string | undefined }): SmoltbotClient {
  const allowInsecure = process.env[insecureVariable] === "1";
  try {
    return new SmoltbotClient({ baseUrl: url, apiKey, allowInsecure, timeoutMs: answerMs });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = error.message
      .replace("baseUrl", "SMOLTBOT_URL")
      .replace("apiKey", "SMOLTBOT_API_KEY")
      .replace("allowInsecure", `${insecureVariable}=1`);
    throw failure("registry_address", message);
  }
}

/** The registry of a server. Answers and refuses as the one on a store does. */
export function remoteRegistry(client: SmoltbotClient, place: string, org: string): Registry {
  return { place, org, ...policiesOf(client, org), ...questionsOf(client), ...recordsOf(client), ...accountsOf(client) };
}

type Policies = Pick<
  Registry,
  "getPolicy" | "getPolicySource" | "getResolvedPolicy" | "publish" | "rollback" | "removePolicy" | "history" | "list"
>;

function policiesOf(client: SmoltbotClient, org: string): Policies {
  const of = ({ agent }: PolicyOwner) =>
    agent === undefined ? ([client.orgs, org] as const) : ([client.agents, agent] as const);
  return {
    async getPolicy(owner, version) {
      const [owners, id] = of(owner);
      return told(() => owners.getPolicy(id, { version }));
    },
    async getPolicySource(owner, version) {
      const [owners, id] = of(owner);
      return told(() => owners.getPolicyText(id, { version }));
    },
    getResolvedPolicy: (agent) => told(() => client.agents.getResolvedPolicy(agent)),
    async publish(owner, { bytes, mediaType }, options) {
      const [owners, id] = of(owner);
      return told(() => owners.setPolicy(id, bytes, { ...publishing(options), mediaType }));
    },
    async rollback(owner, version, options) {
      const [owners, id] = of(owner);
      return told(() => owners.rollbackPolicy(id, version, publishing(options)));
    },
    async removePolicy(owner, expected) {
      const [owners, id] = of(owner);
      await told(() => owners.deletePolicy(id, { ifVersion: versionsOf(expected) }));
    },
    async history(owner, paging) {
      const [owners, id] = of(owner);
      return told(() => owners.policyHistory(id, paging));
    },
    list: (paging) => told(() => client.policies.list(paging)),
  };
}

type Questions = Pick<Registry, "evaluate" | "evaluateHistorical" | "validate" | "diff" | "lint" | "explain" | "recommend">;

/** The SDK's arguments are the fields of REST in camelCase. */
function questionsOf(client: SmoltbotClient): Questions {
  return {
    evaluate: ({ agent_id: agentId, transaction_id: transactionId, session_id: sessionId, ...request }) =>
      told(() => client.policies.evaluate({ ...request, agentId, transactionId, sessionId })),
    evaluateHistorical: ({ agent_id: agentId, time_range: timeRange, ...request }, signal) =>
      told(() => client.policies.evaluateHistorical({ ...request, agentId, timeRange }, { signal, timeoutMs: longMs })),
    validate: ({ agent_id: agentId, policy }) => told(() => client.policies.validate({ agentId, policy })),
    diff: (request) => told(() => client.policies.diff({ old: referenceOf(request.old), new: referenceOf(request.new) }, slow)),
    lint: (request) => told(() => client.policies.lint(referenceOf(request), slow)),
    explain: ({ tools, ...request }) => told(() => client.policies.explain({ ...referenceOf(request), tools })),
    recommend: ({ team_id: teamId, agent_id: agentId, analysis_window_days: analysisWindowDays, strictness }) =>
      told(() => client.teams.recommendPolicy({ teamId, agentId, analysisWindowDays, strictness }, slow)),
  };
}

const slow = { timeoutMs: longMs };

function referenceOf({ agent_id: agentId, policy, version }: shapes.PolicyReference) {
  return { agentId, policy, version };
}

type Records = Pick<
  Registry,
  "listAgents" | "getCard" | "putCard" | "ingest" | "listTraces" | "runs" | "listTools" | "putTeam" | "getTeam"
> &
  Pick<Registry, "removeTeam" | "listTeams">;

function recordsOf(client: SmoltbotClient): Records {
  return {
    listAgents: (paging) => told(() => client.agents.list(paging)),
    putTeam: (team, agents) => told(() => client.teams.put(team, agents)),
    getTeam: (team) => told(() => client.teams.get(team)),
    removeTeam: (team) => told(() => client.teams.delete(team)),
    listTeams: (paging) => told(() => client.teams.list(paging)),
    getCard: (agent) => told(() => client.agents.getCard(agent)),
    putCard: (agent: string, { bytes, mediaType }: SourceText, expected?: Expectation) =>
      told(() => client.agents.setCard(agent, bytes, { mediaType, ifVersion: versionsOf(expected) })),
    ingest: (bytes, options) => ingest(client, bytes, options),
    listTraces: (agentId: string | undefined, paging?: Paging) => told(() => client.traces.list({ ...paging, agentId })),
    runs: (request) => runs(client, request),
    listTools: (agent, paging) => told(() => client.agents.listTools(agent, paging)),
  };
}

/** That the source cannot be read is said as the registry on a store says it. */
async function ingest(
  client: SmoltbotClient,
  bytes: AsyncIterable<Uint8Array> | Uint8Array,
  { agent: agentId, name }: { readonly agent?: string | undefined; readonly name: string },
): Promise<shapes.IngestAnswer> {
  let fault: { readonly error: unknown } | undefined;
  async function* watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      fault = { error };
      throw error;
    }
  }
  const traces = bytes instanceof Uint8Array ? bytes : watched(bytes);
  return told(async () => {
    try {
      return await client.traces.ingest(traces, { agentId, timeoutMs: longMs });
    } catch (error) {
      throw fault === undefined ? error : unreadSource(name, fault.error);
    }
  });
}

function unreadSource(name: string, error: unknown): RegistryFailure {
  const { code, message } = unreadable(name, error);
  return new RegistryFailure("invalid_request", message, { details: [failureDetail(diagnostic(code, { message }))] });
}

async function* runs(client: SmoltbotClient, { agent, sinceMs, untilMs, traces }: StoredRuns): AsyncGenerator<Uint8Array> {
  const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms));
  try {
    yield* client.agents.runs(agent, { since: time(sinceMs), until: time(untilMs), traces, timeoutMs: longMs });
  } catch (error) {
    throw failureOf(error);
  }
}

type Accounts = Pick<
  Registry,
  "createTransaction" | "getTransaction" | "endTransaction" | "listTransactions" | "createKey" | "listKeys" | "revokeKey"
> &
  Pick<Registry, "audit" | "close">;

function accountsOf(client: SmoltbotClient): Accounts {
  return {
    createTransaction: ({ agent_id: agentId, description, tools, policy, ...request }) =>
      told(() =>
        client.transactions.create({
          ...{ agentId, description, tools, policy },
          actionType: request.action_type,
          allowedCapabilities: request.allowed_capabilities,
          durationHours: request.duration_hours,
          sessionId: request.session_id,
        }),
      ),
    getTransaction: (id) => told(() => client.transactions.get(id)),
    endTransaction: (id) => told(() => client.transactions.end(id)),
    listTransactions: (agentId, paging) => told(() => client.transactions.list({ ...paging, agentId })),
    createKey: ({ expiresAtMs, ...request }) =>
      told(() => client.keys.create({ ...request, expiresAt: expiresAtMs === undefined ? undefined : new Date(expiresAtMs) })),
    listKeys: (paging) => told(() => client.keys.list(paging)),
    revokeKey: (id) => told(() => client.keys.revoke(id)),
    audit: (paging) => told(() => client.audit.list(paging)),
    async close() {},
  };
}

function publishing({ message, confirmBroad, expected }: PublishOptions = {}): ClientPublishOptions {
  return { message, confirmBroad, ifVersion: versionsOf(expected) };
}

function versionsOf(expected: Expectation | undefined): ExpectedVersion | undefined {
  switch (expected?.kind) {
    case "absent":
      return "none";
    case "present":
      return "any";
    case "version":
      return expected.versions;
    default:
      return undefined;
  }
}

/** The answer, or a refusal as every registry says it. */
async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw failureOf(error);
  }
}

function failureOf(error: unknown): unknown {
  if (error instanceof ConnectionError) return new RegistryFailure("unavailable", error.message);
  if (error instanceof IdError) return new RegistryFailure("invalid_request", error.message);
  if (!(error instanceof SmoltbotError)) return error;
  const { code, message, details, retryAfterMs, uncertain } = error;
  const words = uncertain ? `${message} (an earlier try was not answered, and may have done it)` : message;
  if (!isRegistryCode(code)) return new RegistryFailure("unavailable", words);
  const retryAfterS = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000);
  return new RegistryFailure(code, words, { details, ...(retryAfterS !== undefined && { retryAfterS }) });
}

function isRegistryCode(code: string): code is RegistryCode {
  return Object.hasOwn(registryCodes, code);
}
