import { toolsPerRequestMax } from "../../../limits.js";
import { closed, id, list, oneOf, type Schema, text, whole } from "./build.js";

/** What is in it is checked by the reader of policies, which knows places and names. */
const policy: Schema = {
  description: "A policy document (PolicyInput), or its YAML as text.",
  anyOf: [{ type: "object" }, { type: "string" }],
};
const context = oneOf(
  ["cicd", "gateway", "observer", "runtime", "audit"],
  "Default cicd: a question. `gateway` (or `runtime`) is a real call, which counts as a sighting of the tool; `observer` (or `audit`) fills `card_gaps`.",
);
const tools: Schema = { ...list(text()), maxItems: toolsPerRequestMax };
const transactionId: Schema = { type: "string", minLength: 1, maxLength: 256 };
const time = text("ISO 8601 with a zone.");
const version = whole("Of the agent's own policy, or the org's; default the active one.", 1);
const words: Schema = { type: "string", maxLength: 2000 };

const reference = closed(
  "`policy`: a document, with `agent_id` over the org's active policy. Otherwise the published policy of the agent over the org's, or without `agent_id` the org's own.",
  {},
  { policy, agent_id: id, version },
);

/** Schemas of JSON bodies; they stand in the route table as they are, and under these names in openapi.json. */
export const bodySchemas = {
  EvaluateRequest: {
    ...closed("", { tools }, { agent_id: id, policy, context, transaction_id: transactionId, session_id: words }),
    anyOf: [{ required: ["agent_id"] }, { required: ["policy"] }],
    examples: [{ agent_id: "support-1", tools: ["mcp__mail__send", "mcp__files__delete"], context: "cicd" }],
  },
  HistoricalRequest: {
    ...closed(
      "",
      { agent_id: id, time_range: closed("At most 30 days.", { start: time, end: time }) },
      { policy, context, limit: whole("Most recent traces; default all of the range.", 1) },
    ),
    examples: [{ agent_id: "support-1", time_range: { start: "2026-01-01T00:00:00Z", end: "2026-01-31T00:00:00Z" } }],
  },
  ValidateRequest: closed("", { policy }, { agent_id: id }),
  DiffRequest: {
    ...closed("", { old: reference, new: reference }),
    examples: [{ old: { agent_id: "support-1", version: 1 }, new: { agent_id: "support-1" } }],
  },
  PolicyReference: reference,
  ExplainRequest: {
    ...closed("", { tools }, { policy, agent_id: id, version }),
    examples: [{ agent_id: "support-1", tools: ["mcp__mail__send"] }],
  },
  RecommendRequest: {
    ...closed(
      "Exactly one of team_id and agent_id.",
      {},
      {
        team_id: id,
        agent_id: id,
        analysis_window_days: { description: "Default 30.", type: "number", exclusiveMinimum: 0, maximum: 366 },
        strictness: oneOf(["permissive", "balanced", "strict"], "Default balanced."),
      },
    ),
    oneOf: [{ required: ["team_id"] }, { required: ["agent_id"] }],
    examples: [{ team_id: "support", analysis_window_days: 30 }],
  },
  RollbackRequest: {
    ...closed("", { version: whole("The version to repeat.", 1) }, { message: words, confirm_broad: { type: "boolean" } }),
    examples: [{ version: 1, message: "back to what worked" }],
  },
  TeamRequest: { ...closed("", { agents: list(id, "All members.") }), examples: [{ agents: ["support-1", "support-2"] }] },
  TransactionRequest: {
    ...closed(
      "",
      { agent_id: id, description: words, action_type: words },
      {
        tools: { ...tools, description: "The only tools that may be called, as globs." },
        allowed_capabilities: { ...list(text()), maxItems: 10_000 },
        duration_hours: { description: "Default 1.", type: "number", exclusiveMinimum: 0, maximum: 24 },
        session_id: words,
        policy,
      },
    ),
    examples: [
      {
        agent_id: "support-1",
        description: "Refund order 1234",
        action_type: "refund",
        tools: ["mcp__shop__refund"],
        duration_hours: 1,
      },
    ],
  },
  KeyRequest: {
    ...closed(
      "",
      { name: { type: "string", minLength: 1, maxLength: 200 }, role: oneOf(["reader", "writer", "admin"]) },
      { agents: { ...list(id, "Limits the key to these agents."), minItems: 1, maxItems: 1000 }, expires_at: time },
    ),
    examples: [{ name: "gateway", role: "reader" }],
  },
} as const satisfies Readonly<Record<string, Schema>>;
