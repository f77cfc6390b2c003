import { conversationLinksMax } from "../../limits.js";
import { asList, asObject, asText, asToolName, firstRecords, type JsonObject } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";
import { Conversations } from "./conversations.js";
import { exchangeOf } from "./exchange.js";
import { asJson, firstOf } from "./found-call.js";
import { type HeldCall, type HeldTrace, HeldTraces } from "./held-traces.js";

/**
 * Logs of the LiteLLM proxy: its standard logging payload, and the rows of its spend log. Calls are what models answer, and
 * the MCP tools that the proxy ran (`call_mcp_tool`); a model call that the proxy then ran in the same trace is one call.
 */
export const liteLlm: TraceFormat = {
  id: "litellm",
  title: "LiteLLM log",
  detect,
  open: (input, sink) => new PayloadReader(input, sink),
};

const payloadKeys = [
  "litellm_call_id",
  "startTime",
  "completionStartTime",
  "hidden_params",
  "model_map_information",
  "response_cost",
  "spend",
] as const;

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    for (const each of firstRecords(asList(record["data"]) ?? [record])) {
      if (asText(each["call_type"]) === undefined) continue;
      const known = payloadKeys.filter((key) => Object.hasOwn(each, key)).length;
      score = Math.max(score, known > 1 ? 1 : known * 0.95);
    }
  }
  return score;
}

class PayloadReader implements RecordReader {
  private readonly held: HeldTraces;
  private readonly conversations: Conversations;
  /** Conversation by the id of a trace, for the tools that the proxy runs apart from the model. */
  private readonly byTrace = new Map<string, string>();

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.held = new HeldTraces(sink, withoutCallsThatRan);
    this.conversations = new Conversations(input.name);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    for (const item of asList(value) ?? [value]) {
      const record = asObject(item);
      if (record === undefined) this.sink.bad(raw.line, "a record of LiteLLM is a JSON object");
      else for (const each of asList(record["data"]) ?? [record]) this.read(each, raw.line);
    }
    this.held.weigh(raw.bytes.length);
  }

  end(): void {
    this.held.end();
  }

  private read(value: unknown, line: number): void {
    const row = asObject(value);
    if (row === undefined || asText(row["call_type"]) === undefined) {
      this.sink.bad(line, "a record of LiteLLM is an object with a `call_type`");
      return;
    }
    const record: JsonObject = { ...row, messages: asJson(row["messages"]), response: asJson(row["response"]) };
    const metadata = asObject(asJson(row["metadata"])) ?? {};
    const named = asText(firstOf(record, ["session_id", "trace_id"])) ?? asText(firstOf(metadata, ["session_id", "trace_id"]));
    const run = asObject(metadata["mcp_tool_call_metadata"]);
    if (run !== undefined || record["call_type"] === "call_mcp_tool") this.readRun(record, run ?? {}, named, line);
    else this.readAnswer(record, named, line);
  }

  private readRun(record: JsonObject, run: JsonObject, named: string | undefined, line: number): void {
    const key = named === undefined ? this.input.name : (this.byTrace.get(named) ?? named);
    const timeMs = parseTime(record["startTime"]);
    const agent = agentOf(record);
    this.sink.trace(key, { timeMs, agent });
    this.held.hold(key, {
      callId: asText(record["id"]) ?? asText(firstOf(record, ["litellm_call_id", "request_id"])),
      tool: asToolName(firstOf(run, ["name", "namespaced_tool_name"]) ?? record["mcp_namespaced_tool_name"]),
      server: asText(run["mcp_server_name"]),
      args: () => run["arguments"],
      timeMs,
      agent,
      line,
    });
  }

  private readAnswer(record: JsonObject, named: string | undefined, line: number): void {
    const exchange = exchangeOf(record, (what) => this.sink.bad(line, what));
    const history = exchange?.history ?? [];
    const answers = exchange?.answers ?? [];
    // A call id that returns shows the conversation better than a trace id, which the proxy may draw for each request.
    const timeMs = parseTime(record["startTime"]);
    const { key, calls } = this.conversations.place({ history, answers, named, namedWeakly: true, timeMs });
    if (named !== undefined) {
      if (this.byTrace.size >= conversationLinksMax) this.byTrace.clear();
      this.byTrace.set(named, key);
    }
    const agent = agentOf(record);
    this.sink.trace(key, { timeMs, agent, id: named ?? this.input.name });
    for (const { call, callId, timeMs: ownMs } of calls) {
      const { tool, server, args } = call;
      this.held.hold(key, { callId, tool, server, args, timeMs: ownMs ?? timeMs, agent, line, isProposal: true });
    }
  }
}

function agentOf(record: JsonObject): string | undefined {
  return asText(firstOf(record, ["agent_id", "agent_name"])) ?? asText(asObject(record["metadata"])?.["agent_id"]);
}

/** A model's call leaves when the proxy ran a tool of that name in the same trace; the run says the server, too. */
function withoutCallsThatRan(trace: HeldTrace): readonly HeldCall[] {
  const gone = new Set<HeldCall>();
  const proposals = new Map<string, HeldCall[]>();
  for (const call of trace.calls) {
    if (call.isProposal !== true) continue;
    const alike = proposals.get(call.tool);
    if (alike === undefined) proposals.set(call.tool, [call]);
    else alike.push(call);
  }
  for (const run of trace.calls) {
    if (run.isProposal === true) continue;
    for (const name of namesOf(run)) {
      const proposal = proposals.get(name)?.shift();
      if (proposal === undefined) continue;
      gone.add(proposal);
      break;
    }
  }
  return trace.calls.filter((call) => !gone.has(call));
}

/** How a model may have been told the name of a tool of a server. */
function namesOf({ tool, server }: HeldCall): readonly string[] {
  if (server === undefined) return [tool];
  return [`${server}-${tool}`, `${server}_${tool}`, `${server}__${tool}`, `mcp__${server}__${tool}`, `${server}/${tool}`, tool];
}
