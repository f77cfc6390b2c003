import { requestsOpenMax } from "../../limits.js";
import { decisionOf, OpenCalls } from "../decided.js";
import { asList, asObject, asText, asToolName, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { CallRecord, InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";

/**
 * Events of the Copilot CLI: `{type, data, id, timestamp, parentId}` a line. A call is `tool.execution_start`; what an
 * `assistant.message` asked for and nothing started is a call as well, or a refused one would be hidden.
 */
export const copilotCli: TraceFormat = {
  id: "copilot-cli",
  title: "Copilot CLI events",
  detect,
  open: (input, sink) => new EventReader(input, sink),
};

const families: ReadonlySet<string> = new Set([
  "session",
  "tool",
  "assistant",
  "user",
  "hook",
  "system",
  "permission",
  "subagent",
]);

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) score = Math.max(score, scoreOf(record));
  return score;
}

function scoreOf(record: JsonObject): number {
  const type = asText(record["type"]) ?? "";
  const data = asObject(record["data"]);
  const family = type.slice(0, Math.max(0, type.indexOf(".")));
  if (data === undefined || !families.has(family)) return 0;
  if (type === "session.start" && asText(data["sessionId"]) !== undefined) return 1;
  return Object.hasOwn(record, "parentId") && asText(record["id"]) !== undefined ? 0.9 : 0;
}

class EventReader implements RecordReader {
  private session: string;
  /** Asked for and not started yet, by session, call id and name. */
  private readonly requested = new Map<string, CallRecord>();
  /** Where decisions are wanted: calls somebody may still be asked about. */
  private readonly open = new OpenCalls();

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.session = input.name;
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    const records = recordsIn(value);
    if (records.length === 0) this.sink.bad(raw.line, "an event is a JSON object");
    for (const record of records) this.read(record, raw.line);
  }

  end(): void {
    for (const call of this.requested.values()) this.sink.call(call);
    this.requested.clear();
  }

  private read(record: JsonObject, line: number): void {
    const data = asObject(record["data"]) ?? {};
    const timeMs = parseTime(record["timestamp"]);
    const type = record["type"];
    if (type === "session.start" || type === "session.resume") {
      this.session = asText(data["sessionId"]) ?? this.session;
      this.sink.trace(this.session, { timeMs: parseTime(data["startTime"]) ?? timeMs });
    } else if (type === "tool.execution_start") {
      const call = this.callOf(data, data["toolName"], timeMs, line);
      this.requested.delete(keyOf(call, data["toolName"]));
      this.sink.call(call);
      if (this.sink.decisions === true) this.open.add(call);
    } else if (type === "permission.completed" && this.sink.decisions === true) {
      const call = this.open.take(this.session, asText(data["toolCallId"]) ?? "");
      const decision = decisionOf(asText(asObject(data["result"])?.["kind"])?.split("-", 1)[0]);
      if (call !== undefined && decision !== undefined) this.sink.call({ ...call, decision });
    } else if (type === "assistant.message") {
      for (const each of asList(data["toolRequests"]) ?? []) {
        const request = asObject(each) ?? {};
        const call = this.callOf({ parentToolCallId: data["parentToolCallId"], ...request }, request["name"], timeMs, line);
        if (call.callId === undefined) this.sink.call(call);
        else this.request(keyOf(call, request["name"]), call);
      }
    }
  }

  /** Beyond the cap the oldest request counts at once: it will hardly start any more, and must not be lost. */
  private request(key: string, call: CallRecord): void {
    this.requested.set(key, call);
    if (this.sink.decisions === true) this.open.add(call);
    if (this.requested.size <= requestsOpenMax) return;
    const [first, oldest] = this.requested.entries().next().value!;
    this.requested.delete(first);
    this.sink.call(oldest);
  }

  /** Of an MCP tool the events name the server and the tool beside the joined name. */
  private callOf(data: JsonObject, name: unknown, timeMs: number | undefined, line: number): CallRecord {
    const server = asText(data["mcpServerName"]);
    const mcpTool = asText(data["mcpToolName"]);
    const named = server !== undefined && mcpTool !== undefined ? { tool: mcpTool, server } : { tool: asToolName(name) };
    return {
      trace: this.session,
      callId: asText(data["toolCallId"]),
      ...named,
      args: () => data["arguments"],
      timeMs,
      subagent: asText(data["parentToolCallId"]) !== undefined,
      line,
    };
  }
}

/** With the name as both events have it: an id that comes with another name is another call (R2). */
function keyOf({ trace, callId }: CallRecord, name: unknown): string {
  return JSON.stringify([trace, callId, asToolName(name)]);
}
