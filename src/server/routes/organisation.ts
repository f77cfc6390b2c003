import type { Role, TransactionRequest } from "../../registry/shapes.js";
import type { Parameter, Route } from "../route.js";
import { pagingOf, timeOf, withPolicyText } from "./asked.js";
import * as part from "./parts.js";
import { bodySchemas } from "./schemas/bodies.js";
import { id } from "./schemas/build.js";

const inPath = (name: string, description: string): Parameter => ({
  in: "path",
  name,
  description,
  required: true,
  schema: id,
});
const teamId = inPath("team_id", "The team.");
const transactionId = inPath("transaction_id", "The transaction.");
const keyId = inPath("key_id", "The public part of the key.");

const teams: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/teams",
    operation: "listTeams",
    summary: "List the teams",
    tag: "teams",
    role: "reader",
    scope: "org",
    rate: "policy_other",
    parameters: part.paging,
    answers: { 200: part.answer("A page of them.", "TeamList") },
    handle: async (asked) => ({ status: 200, body: { json: await asked.registry.listTeams(pagingOf(asked)) } }),
  },
  {
    method: "GET",
    path: "/v1/teams/{team_id}",
    operation: "getTeam",
    summary: "Get the agents of a team",
    tag: "teams",
    role: "reader",
    scope: "org",
    rate: "policy_other",
    parameters: [teamId],
    answers: { 200: part.answer("The team.", "TeamDocument"), 404: part.missing },
    handle: async (asked) => ({ status: 200, body: { json: await asked.registry.getTeam(asked.param("team_id")) } }),
  },
  {
    method: "PUT",
    path: "/v1/teams/{team_id}",
    operation: "setTeam",
    summary: "Set the agents of a team",
    description: "Replaces the members; makes the team when it is new.",
    tag: "teams",
    role: "writer",
    scope: "org",
    rate: "policy_write",
    parameters: [teamId],
    body: part.jsonBody(bodySchemas.TeamRequest),
    answers: { 200: part.answer("The team.", "TeamDocument") },
    handle: async (asked) => {
      const { agents } = asked.json as { agents: readonly string[] };
      return { status: 200, body: { json: await asked.registry.putTeam(asked.param("team_id"), agents) } };
    },
  },
  {
    method: "DELETE",
    path: "/v1/teams/{team_id}",
    operation: "deleteTeam",
    summary: "Delete a team; its agents stay",
    tag: "teams",
    role: "writer",
    scope: "org",
    rate: "policy_write",
    parameters: [teamId],
    answers: { 204: part.nothing, 404: part.missing },
    handle: async (asked) => {
      await asked.registry.removeTeam(asked.param("team_id"));
      return { status: 204 };
    },
  },
];

const transactions: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/transactions",
    operation: "createTransaction",
    summary: "Put a guardrail on a task",
    description: "It only narrows what the policy allows, binds one session, and ends by itself.",
    tag: "transactions",
    role: "writer",
    scope: "body.agent_id",
    rate: "transactions",
    body: part.jsonBody(bodySchemas.TransactionRequest),
    answers: { 201: part.answer("The transaction.", "TransactionDocument", ["Location"]), 404: part.missing },
    handle: async (asked) => {
      const request = withPolicyText(asked, asked.json as TransactionRequest, ["policy"]);
      const made = await asked.registry.createTransaction(request);
      const location = `/v1/transactions/${encodeURIComponent(made.transaction_id)}`;
      return { status: 201, headers: { location }, body: { json: made } };
    },
  },
  {
    method: "GET",
    path: "/v1/transactions",
    operation: "listTransactions",
    summary: "List the transactions",
    tag: "transactions",
    role: "reader",
    scope: "any",
    rate: "transactions",
    parameters: [part.ofAgent, ...part.paging],
    answers: { 200: part.answer("A page of them.", "TransactionList") },
    handle: async (asked) => ({
      status: 200,
      body: { json: await asked.registry.listTransactions(asked.query("agent_id"), pagingOf(asked)) },
    }),
  },
  {
    method: "GET",
    path: "/v1/transactions/{transaction_id}",
    operation: "getTransaction",
    summary: "Get a transaction",
    tag: "transactions",
    role: "reader",
    scope: "any",
    rate: "transactions",
    parameters: [transactionId],
    answers: { 200: part.answer("The transaction.", "TransactionDocument"), 404: part.missing },
    handle: async (asked) => ({
      status: 200,
      body: { json: await asked.registry.getTransaction(asked.param("transaction_id")) },
    }),
  },
  {
    method: "DELETE",
    path: "/v1/transactions/{transaction_id}",
    operation: "endTransaction",
    summary: "End a transaction",
    description: "Calls that name it are denied from now on.",
    tag: "transactions",
    role: "writer",
    scope: "any",
    rate: "transactions",
    parameters: [transactionId],
    answers: { 204: part.nothing, 404: part.missing },
    handle: async (asked) => {
      await asked.registry.endTransaction(asked.param("transaction_id"));
      return { status: 204 };
    },
  },
];

interface KeyRequest {
  readonly name: string;
  readonly role: Role;
  readonly agents?: readonly string[];
  readonly expires_at?: string;
}

const keys: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/keys",
    operation: "listKeys",
    summary: "List the API keys",
    tag: "keys",
    role: "admin",
    scope: "org",
    rate: "policy_other",
    parameters: part.paging,
    answers: { 200: part.answer("A page of them.", "KeyList") },
    handle: async (asked) => ({ status: 200, body: { json: await asked.registry.listKeys(pagingOf(asked)) } }),
  },
  {
    method: "POST",
    path: "/v1/keys",
    operation: "createKey",
    summary: "Make an API key",
    description: "The key is in this answer and nowhere else: only a hash of it is kept.",
    tag: "keys",
    role: "admin",
    scope: "org",
    rate: "policy_other",
    body: part.jsonBody(bodySchemas.KeyRequest),
    answers: { 201: part.answer("The key.", "CreatedKey") },
    handle: async (asked) => {
      const { name, role, agents, expires_at } = asked.json as KeyRequest;
      const expiresAtMs = timeOf(expires_at, "expires_at");
      const made = await asked.registry.createKey({ name, role, agents, expiresAtMs });
      return { status: 201, headers: { "cache-control": "no-store" }, body: { json: made } };
    },
  },
  {
    method: "DELETE",
    path: "/v1/keys/{key_id}",
    operation: "revokeKey",
    summary: "Revoke an API key",
    description: "Refused everywhere within a second.",
    tag: "keys",
    role: "admin",
    scope: "org",
    rate: "policy_other",
    parameters: [keyId],
    answers: { 204: part.nothing, 404: part.missing },
    handle: async (asked) => {
      await asked.registry.revokeKey(asked.param("key_id"));
      return { status: 204 };
    },
  },
];

const audit: Route = {
  method: "GET",
  path: "/v1/audit",
  operation: "listAudit",
  summary: "Read who changed what",
  tag: "keys",
  role: "admin",
  scope: "org",
  rate: "policy_other",
  parameters: part.paging,
  answers: { 200: part.answer("Newest first.", "AuditPage") },
  handle: async (asked) => ({ status: 200, body: { json: await asked.registry.audit(pagingOf(asked)) } }),
};

export const organisationRoutes: readonly Route[] = [...teams, ...transactions, ...keys, audit];
