import { ingestBytesMax, policyBytesMax } from "../../limits.js";
import { RegistryFailure } from "../../registry/failure.js";
import type { Answer, Asked, Route } from "../route.js";
import { documentOf, numberOf, pagingOf, timeOf } from "./asked.js";
import { documentTypes } from "./media.js";
import { dialectOf, exported, refused } from "./otlp.js";
import * as part from "./parts.js";
import { etagOf, expectationOf, isKnown } from "./preconditions.js";

const cards: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/agents/{agent_id}/card",
    operation: "getAgentCard",
    summary: "Get an agent's alignment card",
    tag: "agents",
    role: "reader",
    scope: "agent_id",
    rate: "policy_read",
    parameters: [part.agentId, part.ifNoneMatchRead],
    answers: {
      200: part.answer("The card.", "CardDocument", ["ETag"]),
      304: { description: "The version is known already; no body.", headers: ["ETag"] },
      404: part.missing,
    },
    handle: async (asked) => {
      const card = await asked.registry.getCard(asked.param("agent_id"));
      const headers = { etag: etagOf(card.version) };
      return isKnown(asked, card.version) ? { status: 304, headers } : { status: 200, headers, body: { json: card } };
    },
  },
  {
    method: "PUT",
    path: "/v1/agents/{agent_id}/card",
    operation: "setAgentCard",
    summary: "Set an agent's alignment card",
    description: "JSON or YAML, classic or unified.",
    tag: "agents",
    role: "writer",
    scope: "agent_id",
    rate: "policy_write",
    parameters: [part.agentId, part.ifMatch, part.ifNoneMatch],
    body: { kind: "document", types: documentTypes, bytesMax: policyBytesMax, schema: { type: "object" }, required: true },
    answers: {
      200: part.answer("The saved card.", "CardDocument", ["ETag"]),
      412: part.moved,
    },
    handle: async (asked) => {
      const card = await asked.registry.putCard(asked.param("agent_id"), documentOf(asked), expectationOf(asked));
      return { status: 200, headers: { etag: etagOf(card.version) }, body: { json: card } };
    },
  },
];

const agents: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/agents",
    operation: "listAgents",
    summary: "List the agents",
    tag: "agents",
    role: "reader",
    scope: "any",
    rate: "policy_other",
    parameters: part.paging,
    answers: { 200: part.answer("A page of them.", "AgentList") },
    handle: async (asked) => ({ status: 200, body: { json: await asked.registry.listAgents(pagingOf(asked)) } }),
  },
  {
    method: "GET",
    path: "/v1/agents/{agent_id}/tools",
    operation: "listAgentTools",
    summary: "List the tools an agent was seen to use",
    tag: "agents",
    role: "reader",
    scope: "agent_id",
    rate: "policy_other",
    parameters: [part.agentId, ...part.paging],
    answers: { 200: part.answer("A page of them.", "ToolList"), 404: part.missing },
    handle: async (asked) => ({
      status: 200,
      body: { json: await asked.registry.listTools(asked.param("agent_id"), pagingOf(asked)) },
    }),
  },
  {
    method: "GET",
    path: "/v1/agents/{agent_id}/runs",
    operation: "getAgentRuns",
    summary: "Read an agent's recorded calls",
    description: "As lines of JSON (docs/traces.md, `events`), which everything that reads traces reads.",
    tag: "traces",
    role: "reader",
    scope: "agent_id",
    rate: "policy_other",
    parameters: [
      part.agentId,
      { in: "query", name: "since", description: "From this time on, ISO 8601.", schema: { type: "string", maxLength: 64 } },
      { in: "query", name: "until", description: "Before this time, ISO 8601.", schema: { type: "string", maxLength: 64 } },
      {
        in: "query",
        name: "traces",
        description: "Only so many traces, the most recent ones.",
        schema: { type: "integer", minimum: 1, maximum: 1_000_000_000 },
      },
    ],
    answers: {
      200: { description: "One call a line.", types: ["application/x-ndjson"], schema: { type: "string" } },
      404: part.missing,
    },
    handle: runs,
  },
];

/** Asks for the first piece before it answers, so that what is missing is a 404 and no broken stream. */
async function runs(asked: Asked): Promise<Answer> {
  const lines = asked.registry
    .runs({
      agent: asked.param("agent_id"),
      sinceMs: timeOf(asked.query("since"), "since"),
      untilMs: timeOf(asked.query("until"), "until"),
      traces: numberOf(asked, "traces"),
    })
    [Symbol.asyncIterator]();
  const first = await lines.next();
  return { status: 200, body: { stream: resumed(first, lines, asked.signal), type: "application/x-ndjson" } };
}

async function* resumed(
  first: IteratorResult<Uint8Array>,
  lines: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  try {
    for (let next = first; next.done !== true && !signal.aborted; next = await lines.next()) yield next.value;
  } finally {
    await lines.return?.();
  }
}

const traceTypes = [
  "application/json",
  "application/x-ndjson",
  "application/jsonl",
  "application/x-protobuf",
  "application/protobuf",
  "application/vnd.apache.parquet",
  "application/octet-stream",
  "application/gzip",
  "application/zstd",
  "text/csv",
  "text/plain",
];

const traces: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/traces",
    operation: "listTraces",
    summary: "List the stored traces",
    tag: "traces",
    role: "reader",
    scope: "any",
    rate: "policy_other",
    parameters: [part.ofAgent, ...part.paging],
    answers: { 200: part.answer("A page of them.", "TraceList") },
    handle: async (asked) => ({
      status: 200,
      body: { json: await asked.registry.listTraces(asked.query("agent_id"), pagingOf(asked)) },
    }),
  },
  {
    method: "POST",
    path: "/v1/traces",
    operation: "ingestTraces",
    summary: "Store traces",
    description:
      "AP-Trace and every other format that `policy test` reads (docs/traces.md), told by content. This is also the standard path of OTLP/HTTP: `application/x-protobuf`, or JSON that begins with `resourceSpans`, is answered as OTLP does. Sending the same again changes nothing.",
    tag: "traces",
    role: "writer",
    scope: "any",
    rate: "ingest",
    parameters: [
      { ...part.ofAgent, description: "The agent of traces that name none." },
      {
        in: "header",
        name: "X-Agent-Id",
        description: "The same, for exporters that cannot change the path.",
        schema: part.agentId.schema,
      },
    ],
    body: {
      kind: "bytes",
      types: traceTypes,
      bytesMax: ingestBytesMax,
      schema: { description: "Traces in any format of docs/traces.md." },
      // An exporter may have nothing to say; for others nothing is an error all the same.
      required: false,
    },
    answers: {
      200: { ...part.answer("What was new.", "IngestAnswer"), types: ["application/json", "application/x-protobuf"] },
    },
    handle: ingest,
  },
];

async function ingest(asked: Asked): Promise<Answer> {
  const { dialect, bytes } = await dialectOf(asked.contentType, asked.bytes ?? noBytes());
  const agent = asked.query("agent_id") ?? asked.header("x-agent-id");
  try {
    return exported(dialect, await asked.registry.ingest(bytes, { agent, name: "body" }));
  } catch (error) {
    if (dialect === "ours" || !(error instanceof RegistryFailure)) throw error;
    if (isOfOther(error)) return exported(dialect, { traces: 0, calls: 0, repeated_calls: 0, skipped_records: 0, warnings: [] });
    if (dialect === "otlp-protobuf") return refused(error);
    throw error;
  }
}

/** Exporters send whatever their program does: a request without a trace of an agent is nothing wrong. */
function isOfOther({ code, details }: RegistryFailure): boolean {
  const none = new Set<unknown>(["trace_none", "trace_empty"]);
  return code === "invalid_request" && details.length > 0 && details.every((detail) => none.has(detail.code));
}

async function* noBytes(): AsyncIterable<Uint8Array> {}

export const observationRoutes: readonly Route[] = [...cards, ...agents, ...traces];
