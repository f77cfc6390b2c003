import { requestsOpenMax } from "../../limits.js";
import { asList, asObject, asText, asToolName, type JsonObject, recordsIn } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";
import { type McpFrame, mcpFrameOfText, mcpFramesOf, serverOfFile } from "./mcp-frames.js";

/**
 * Logs of the Model Context Protocol: JSON-RPC messages bare, in batches, in a wrapper, or behind the text of a log line
 * (Claude Desktop's `mcp-server-<name>.log`). A call is a `tools/call` request. A trace is the session the wrapper names,
 * else a connection to a server.
 */
export const mcpJsonRpc: TraceFormat = {
  id: "mcp-jsonrpc",
  title: "MCP JSON-RPC log",
  detect,
  open: (input, sink) => new McpReader(input, sink),
};

function detect(probe: Probe): number {
  let score = 0;
  for (const record of probe.records.slice(0, 64)) {
    if (typeof record === "string") {
      const frame = mcpFrameOfText(record);
      if (frame !== undefined && frame.messages.length > 0) return 0.9;
      if (frame !== undefined) score = 0.5;
      continue;
    }
    const frames = recordsIn(record).flatMap(mcpFramesOf);
    for (const { messages, wrapped } of frames) {
      if (messages.some((message) => message["jsonrpc"] === "2.0")) return wrapped ? 0.9 : 1;
      if (messages.length > 0) score = 0.6;
    }
  }
  return score;
}

interface Connection {
  readonly trace: string;
  /** Requests without an answer yet: by id, what was asked and in which directions it was seen. */
  readonly asked: Map<string, { tool: string; directions: Set<string> }>;
  /** Requests at the latest time, counted by id. */
  latest: { readonly time: string | number | undefined; readonly counts: Map<string, number> };
}

class McpReader implements RecordReader {
  private readonly connections = new Map<string, Connection>();
  /** Connections begun, by server: numbers the traces of logs that name no session and no time. */
  private readonly begun = new Map<string, number>();
  private readonly fileServer: string | undefined;

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.fileServer = serverOfFile(input.name);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    if (typeof value === "string") {
      const frame = mcpFrameOfText(value);
      if (frame?.fault !== undefined) this.sink.bad(raw.line, frame.fault);
      else if (frame !== undefined) this.read(frame, raw.line);
      return;
    }
    const records = recordsIn(value);
    if (records.length === 0 && asList(value)?.length !== 0) this.sink.bad(raw.line, "a message is a JSON object");
    for (const record of records) for (const frame of mcpFramesOf(record)) this.read(frame, raw.line);
  }

  end(): void {}

  private read(frame: McpFrame, line: number): void {
    const server = frame.server ?? this.fileServer;
    for (const message of frame.messages) {
      const connection = this.connectionOf(frame, server, message["method"] === "initialize");
      if (message["method"] === "tools/call") this.readCall(message, frame, server, connection, line);
      else if (!Object.hasOwn(message, "method")) connection.asked.delete(idOf(message));
    }
  }

  private readCall(message: JsonObject, frame: McpFrame, server: string | undefined, connection: Connection, line: number): void {
    const params = asObject(message["params"]);
    const tool = asToolName(params?.["name"]);
    const id = idOf(message);
    const direction = frame.direction;
    const asked = connection.asked.get(id);
    // Ids restart with each connection, so an id alone tells nothing. The same request seen on its way in and out is one.
    if (direction !== undefined && asked?.tool === tool && !asked.directions.has(direction)) {
      asked.directions.add(direction);
      return;
    }
    if (direction !== undefined) remember(connection.asked, id, { tool, directions: new Set([direction]) });
    this.sink.call({
      trace: connection.trace,
      callId: frame.time === undefined ? undefined : datedId(connection, frame.time, id),
      scope: `${connection.trace}\u0000${server ?? ""}`,
      tool,
      server,
      args: () => params?.["arguments"],
      timeMs: parseTime(frame.time),
      line,
    });
  }

  private connectionOf(frame: McpFrame, server: string | undefined, begins: boolean): Connection {
    const place = `${frame.session ?? ""}\u0000${server ?? ""}`;
    const known = this.connections.get(place);
    if (known !== undefined && !begins) return known;
    const connection: Connection = {
      trace: this.traceOf(frame, server, begins),
      asked: new Map(),
      latest: { time: undefined, counts: new Map() },
    };
    this.connections.set(place, connection);
    return connection;
  }

  private traceOf(frame: McpFrame, server: string | undefined, begins: boolean): string {
    const timeMs = parseTime(frame.time);
    if (frame.session !== undefined) {
      this.sink.trace(frame.session, { timeMs });
      return frame.session;
    }
    const name = server ?? this.input.name;
    const count = (this.begun.get(name) ?? 0) + 1;
    this.begun.set(name, count);
    // Begun at a time, it is the same connection in every log; else it is one of this input.
    const dated = begins && frame.time !== undefined;
    const key = dated ? `${name}\u0000${frame.time}` : `${this.input.name}\u0000${server ?? ""}\u0000${count}`;
    this.sink.trace(key, { timeMs, id: dated ? `${name} ${frame.time}` : count === 1 ? name : `${name} (${count})` });
    return key;
  }
}

/**
 * A dated request is the same in every log that has it. Two of one id at one time in one log are two: clocks may be coarse,
 * and connections short.
 */
function datedId(connection: Connection, time: string | number, id: string): string {
  if (connection.latest.time !== time) connection.latest = { time, counts: new Map() };
  const { counts } = connection.latest;
  const count = counts.get(id) ?? 0;
  counts.set(id, count + 1);
  return `${time}\u0000${id}\u0000${count}`;
}

/** Adds an open request; beyond the cap the oldest is forgotten, and counts again if it is seen again. */
function remember<Open>(requests: Map<string, Open>, id: string, request: Open): void {
  requests.delete(id);
  requests.set(id, request);
  if (requests.size > requestsOpenMax) requests.delete(requests.keys().next().value!);
}

/** Ids are text or numbers, and `1` is not `"1"`. */
function idOf(message: JsonObject): string {
  const { id } = message;
  return typeof id === "string" || typeof id === "number" ? JSON.stringify(id) : (asText(id) ?? "");
}
