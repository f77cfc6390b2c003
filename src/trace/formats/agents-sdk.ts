import { asList, asObject, asText, asToolName, firstRecords, type JsonObject } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";
import { type HeldCall, type HeldTrace, HeldTraces, proposalsOf, withoutRepeatedProposals } from "./held-traces.js";
import { callOfItem } from "./response-items.js";

/**
 * Traces and spans of the OpenAI Agents SDK, as its exporters write them. Calls are function spans; hosted tools are items
 * of response spans. A trace is a trace of the SDK, its session the `group_id`. Handing on to another agent is no call.
 */
export const agentsSdk: TraceFormat = {
  id: "agents-sdk",
  title: "OpenAI Agents SDK spans",
  detect,
  open: (input, sink) => new SpanReader(input, sink),
};

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    for (const each of firstRecords(asList(record["data"]) ?? [record])) score = Math.max(score, scoreOf(each));
  }
  return score;
}

function scoreOf(record: JsonObject): number {
  if (record["object"] === "trace.span") return asObject(record["span_data"]) === undefined ? 0 : 1;
  const isNamed = Object.hasOwn(record, "workflow_name") || Object.hasOwn(record, "group_id");
  return record["object"] === "trace" && isNamed ? 0.9 : 0;
}

class SpanReader implements RecordReader {
  private readonly held: HeldTraces;

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.held = new HeldTraces(sink, callsThatCount);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    for (const item of asList(value) ?? [value]) {
      for (const each of asList(asObject(item)?.["data"]) ?? [item]) this.read(each, raw.line);
    }
    this.held.weigh(raw.bytes.length);
  }

  end(): void {
    this.held.end();
  }

  private read(value: unknown, line: number): void {
    const record = asObject(value);
    if (record?.["object"] === "trace") this.readTrace(record);
    else if (record?.["object"] === "trace.span") this.readSpan(record, line);
    else this.sink.bad(line, "a record of the Agents SDK is a `trace` or a `trace.span`");
  }

  private readTrace(record: JsonObject): void {
    const key = asText(record["id"]) ?? this.input.name;
    this.sink.trace(key, { timeMs: parseTime(record["started_at"]) });
    this.held.of(key).session ??= asText(record["group_id"]);
  }

  private readSpan(span: JsonObject, line: number): void {
    const content = asObject(span["span_data"]);
    if (content === undefined) {
      this.sink.bad(line, "a span needs its `span_data`");
      return;
    }
    const key = asText(span["trace_id"]) ?? this.input.name;
    const timeMs = parseTime(span["started_at"]);
    this.sink.trace(key, { timeMs });
    const id = asText(span["id"]);
    const parent = asText(span["parent_id"]);
    const agent = content["type"] === "agent" ? asText(content["name"]) : undefined;
    if (id !== undefined) this.held.of(key).spans.set(id, { parent, agent });
    const place = { timeMs, parent, line };
    switch (content["type"]) {
      case "function":
        this.held.hold(key, {
          ...place,
          callId: id,
          tool: asToolName(content["name"]),
          server: asText(asObject(content["mcp_data"])?.["server"]),
          args: () => content["input"],
        });
        break;
      case "handoff":
        this.held.of(key).handoffs.add(handoffTo(content["to_agent"]));
        break;
      case "generation":
        for (const { call, callId } of proposalsOf(asList(content["output"]) ?? [], id, (what) => this.sink.bad(line, what))) {
          this.held.hold(key, { ...place, callId, tool: call.tool, args: call.args, isProposal: true });
        }
        break;
      case "response":
        this.readResponse(key, content, place);
        break;
    }
  }

  /** Hosted tools have no span of their own; functions have. */
  private readResponse(
    key: string,
    content: JsonObject,
    place: { timeMs: number | undefined; parent: string | undefined; line: number },
  ): void {
    const hadRuns = this.held.of(key).hasRuns;
    for (const value of asList(asObject(content["response"])?.["output"]) ?? []) {
      const item = asObject(value);
      const call = item === undefined ? undefined : callOfItem(item);
      if (item === undefined || call === undefined) continue;
      const { tool, id: callId, server, args } = call;
      const isProposal = item["type"] === "function_call" || item["type"] === "custom_tool_call";
      this.held.hold(key, { ...place, callId, tool, server, args, isProposal });
    }
    // A hosted tool does not show that functions were traced.
    this.held.of(key).hasRuns = hadRuns;
  }
}

/** What the SDK calls the handing on to an agent, but for the case of its letters. */
function handoffTo(agent: unknown): string {
  return `transfer_to_${asToolName(agent)
    .replaceAll(/[^A-Za-z0-9]/g, "_")
    .toLowerCase()}`;
}

/** The model hands on to another agent by a call, which is none of a tool. */
function callsThatCount(trace: HeldTrace): readonly HeldCall[] {
  const calls = withoutRepeatedProposals(trace);
  return calls.filter((call) => call.isProposal !== true || !trace.handoffs.has(call.tool.toLowerCase()));
}
