import { isRefusal, OpenCalls, textOf } from "../decided.js";
import { asList, asObject, asText, asToolName, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { CallRecord, InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";

/**
 * Codex rollouts: one session a file, `{timestamp, type, payload}` a line; older ones have the items bare on the lines,
 * or one document `{session, items}`. Calls are the items the model asked with; `event_msg` records tell the same again.
 */
export const codex: TraceFormat = {
  id: "codex",
  title: "Codex rollout",
  detect,
  open: (input, sink) => new RolloutReader(input, sink),
};

const recordTypes: ReadonlySet<unknown> = new Set(["session_meta", "response_item", "turn_context", "compacted", "event_msg"]);

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) score = Math.max(score, scoreOf(record));
  return score;
}

function scoreOf(record: JsonObject): number {
  if (recordTypes.has(record["type"]) && asObject(record["payload"]) !== undefined) return 1;
  if (record["record_type"] === "state") return 0.8;
  return isFlatMeta(record) || isDocument(record) ? 0.9 : 0;
}

/** First line of an older rollout: the session, without a type. */
function isFlatMeta(record: JsonObject): boolean {
  const named = asText(record["id"]) !== undefined && asText(record["timestamp"]) !== undefined;
  return named && Object.hasOwn(record, "instructions") && !Object.hasOwn(record, "type") && !Object.hasOwn(record, "payload");
}

function isDocument(record: JsonObject): boolean {
  return asText(asObject(record["session"])?.["id"]) !== undefined && asList(record["items"]) !== undefined;
}

class RolloutReader implements RecordReader {
  private session: string;
  /** Where ids of calls are told apart: a fork copies the items of its origin, so both share the origin's. */
  private scope: string;
  private group: string | undefined;
  private subagent = false;
  /** Where decisions are wanted: calls whose results are still to come. */
  private readonly open = new OpenCalls();
  /** Nothing but session records so far, since the session began. */
  private atStart = false;

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.session = input.name;
    this.scope = input.name;
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    const records = recordsIn(value);
    if (records.length === 0) this.sink.bad(raw.line, "a rollout record is a JSON object");
    for (const record of records) this.read(record, raw.line);
  }

  end(): void {}

  private read(record: JsonObject, line: number): void {
    const timeMs = parseTime(record["timestamp"]);
    if (isDocument(record)) {
      const session = asObject(record["session"])!;
      this.begin(session, parseTime(session["timestamp"]));
      for (const item of asList(record["items"])!) this.readItem(asObject(item) ?? {}, undefined, line);
    } else if (isFlatMeta(record)) this.begin(record, timeMs);
    else if (!recordTypes.has(record["type"])) this.readItem(record, timeMs, line);
    else {
      const payload = asObject(record["payload"]);
      if (payload === undefined) this.sink.bad(line, "a rollout record needs a `payload`");
      else if (record["type"] === "session_meta") this.begin(payload, timeMs);
      else if (record["type"] === "response_item") this.readItem(payload, timeMs, line);
    }
  }

  /** A session record right behind another one is the origin a fork was made from; later it begins a session. */
  private begin(meta: JsonObject, timeMs: number | undefined): void {
    const id = asText(meta["id"]);
    if (id === undefined) return;
    if (this.atStart) {
      this.scope = id;
      return;
    }
    this.atStart = true;
    this.session = id;
    this.scope = asText(meta["forked_from_id"]) ?? id;
    this.group = asText(meta["session_id"]);
    this.subagent = asObject(asObject(meta["source"])?.["subagent"]) !== undefined || meta["thread_source"] === "subagent";
    this.sink.trace(id, { timeMs: parseTime(meta["timestamp"]) ?? timeMs });
  }

  private readItem(item: JsonObject, timeMs: number | undefined, line: number): void {
    this.atStart = false;
    const type = asText(item["type"]);
    if (this.sink.decisions === true && type?.endsWith("_call_output") === true) this.readOutput(item);
    if (type?.endsWith("_call") !== true) return;
    const call: CallRecord = {
      trace: this.session,
      callId: asText(item["call_id"]) ?? asText(item["id"]),
      scope: this.scope,
      session: this.group,
      tool: nameOf(item, type),
      server: asText(item["server_label"]),
      args: () => item["arguments"] ?? item["input"] ?? item["action"],
      timeMs,
      subagent: this.subagent,
      line,
    };
    this.sink.call(call);
    if (this.sink.decisions === true) this.open.add(call);
  }

  private readOutput(item: JsonObject): void {
    const call = this.open.take(this.session, asText(item["call_id"]) ?? "");
    if (call !== undefined && isRefusal(textOf(item["output"]))) this.sink.call({ ...call, decision: "denied" });
  }
}

/** Items with a name of their own; every other `<tool>_call` is a built-in tool of that name. */
const namedTypes: ReadonlySet<string> = new Set(["function_call", "custom_tool_call", "mcp_call"]);

/** A namespace such as `mcp__deepwiki` is joined with the name; a name that brings an underscore brings the separator. */
function nameOf(item: JsonObject, type: string): string {
  if (!namedTypes.has(type) && !Object.hasOwn(item, "name")) return type.slice(0, -"_call".length);
  const name = asToolName(item["name"]);
  const namespace = asText(item["namespace"]);
  if (namespace === undefined || name === "") return name;
  return name.startsWith("_") || namespace.endsWith("__") ? namespace + name : `${namespace}__${name}`;
}
