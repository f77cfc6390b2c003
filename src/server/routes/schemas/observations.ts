import { closed, id, list, nullable, oneOf, open, page, ref, type Schema, text, time, toolName, whole } from "./build.js";

const transactionFields = {
  transaction_id: text(),
  agent_id: id,
  status: oneOf(["active", "expired", "ended"]),
  description: text(),
  action_type: text(),
  tools: list(text()),
  allowed_capabilities: nullable(list(text())),
  session_id: nullable(text("The session it is bound to.")),
  created_at: time,
  expires_at: time,
  ended_at: nullable(time),
};

const keyFields = {
  id,
  name: text(),
  role: oneOf(["reader", "writer", "admin"]),
  agents: nullable(list(id, "null: every agent, and the org itself.")),
  created_at: time,
  created_by: text(),
  expires_at: nullable(time),
  revoked_at: nullable(time),
  last_used_at: nullable(time),
};

export const observationSchemas: Readonly<Record<string, Schema>> = {
  CardDocument: closed("An alignment card.", {
    agent_id: id,
    version: whole("", 1),
    card: { description: "As it was sent.", type: "object" },
    updated_at: time,
    updated_by: text(),
    warnings: list(ref("Finding")),
  }),
  AgentList: page(
    "",
    "agents",
    closed("", {
      agent_id: id,
      policy_version: nullable(whole("", 1)),
      card_version: nullable(whole("", 1)),
      created_at: time,
      last_seen_at: nullable(time),
    }),
  ),
  ToolList: page(
    "Tools an agent was seen to use, most recent first.",
    "tools",
    closed("", {
      tool: toolName,
      first_seen_at: time,
      last_seen_at: time,
      grace_expires_at: nullable({ ...time, description: "null: nothing that grace could soften." }),
    }),
    { agent_id: id },
  ),
  TraceList: page(
    "Most recent first.",
    "traces",
    closed("", {
      agent_id: id,
      trace_id: text(),
      format: text(),
      calls: whole(),
      first_at: time,
      last_at: time,
      ingested_at: time,
    }),
  ),
  IngestAnswer: closed(
    "What was new. For OTLP it is an ExportTraceServiceResponse with these fields beside.",
    {
      traces: whole(),
      calls: whole(),
      repeated_calls: whole("Known already."),
      skipped_records: whole("Could not be read."),
      warnings: list(ref("Finding")),
    },
    {
      partialSuccess: closed("OTLP only, where something was skipped.", {
        rejectedSpans: text("A decimal number."),
        errorMessage: text(),
      }),
    },
  ),
  TeamDocument: closed("", { team_id: id, agents: list(id) }),
  TeamList: page("", "teams", closed("", { team_id: id, agents: whole() })),
  TransactionDocument: closed("A guardrail: it only narrows.", {
    ...transactionFields,
    merged_policy: open("The resolved policy and what narrows it.", {}),
  }),
  TransactionList: page("Newest first.", "transactions", closed("", transactionFields)),
  KeyDocument: closed("", keyFields),
  CreatedKey: closed("The only time the whole key is shown.", {
    ...keyFields,
    key: { type: "string", pattern: "^sbk_[a-z0-9]{16}_[A-Za-z0-9_-]{43}$" },
  }),
  KeyList: page("Newest first; secrets are not kept.", "keys", ref("KeyDocument")),
  AuditPage: page(
    "Newest first.",
    "entries",
    closed("", { id: whole(), at: time, actor: text(), action: text(), subject: text(), detail: { type: "object" } }),
  ),
  ErrorAnswer: closed(
    "What is wrong, and where.",
    { error: text("A stable code."), message: text() },
    {
      details: list(closed("", { path: text(), message: text() }, { code: text(), fix: text(), line: whole(), column: whole() })),
      request_id: text("To find it in the server's log."),
    },
  ),
};
