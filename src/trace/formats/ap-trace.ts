import { decisionOf } from "../decided.js";
import { asList, asObject, asText, asToolName, firstRecords, type JsonObject } from "../json.js";
import type { CallDecision, InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";
import { isUnique } from "./conversations.js";

/**
 * AP-Trace: one record per step of an agent, as JSON lines, a list, the answer of the traces API (`{traces: [...]}`), or
 * the flat rows of a command line. A trace is a record; the session in its context carries the counts (semantics E7).
 */
export const apTrace: TraceFormat = {
  id: "ap-trace",
  title: "AP-Trace",
  detect,
  open: (input, sink) => new ApTraceReader(input, sink),
};

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    const wrapped = asList(record["traces"]);
    if (wrapped?.length === 0) score = Math.max(score, 0.5);
    for (const each of wrapped === undefined ? [record] : firstRecords(wrapped)) score = Math.max(score, scoreOf(each));
  }
  return score;
}

function scoreOf(record: JsonObject): number {
  if (idOf(record) === undefined) return 0;
  const action = asObject(record["action"]);
  const owned = asText(record["agent_id"]) !== undefined || asText(record["card_id"]) !== undefined;
  if (action !== undefined && ["name", "type", "parameters", "tool_calls"].some((key) => Object.hasOwn(action, key)))
    return owned || Object.hasOwn(record, "decision") ? 1 : 0.6;
  const flat =
    typeof record["action"] === "string" || Object.hasOwn(record, "tool_name") || asList(record["tool_calls"]) !== undefined;
  return flat && owned ? 0.9 : 0;
}

function idOf(record: JsonObject): string | undefined {
  return asText(record["trace_id"]) ?? asText(record["id"]);
}

class ApTraceReader implements RecordReader {
  private anonymous = 0;

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {}

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    if (asObject(value) === undefined && asList(value) === undefined) {
      this.sink.bad(raw.line, "an AP-Trace record is a JSON object");
      return;
    }
    for (const item of asList(value) ?? [value]) {
      const wrapped = asList(asObject(item)?.["traces"]);
      for (const each of wrapped ?? [item]) this.readItem(each, raw.line);
    }
  }

  end(): void {}

  private readItem(item: unknown, line: number): void {
    const record = asObject(item);
    if (record === undefined) this.sink.bad(line, "an AP-Trace record is a JSON object");
    else if (!["action", "tool_name", "tool_calls"].some((key) => Object.hasOwn(record, key))) {
      this.sink.bad(line, "an AP-Trace record needs an `action`");
    } else this.read(record, line);
  }

  private read(record: JsonObject, line: number): void {
    const id = idOf(record);
    // Records without an id are all different; the key cannot meet an id, which has no NUL at its start.
    const trace = id ?? `\u0000${this.input.name}\u0000${line}\u0000${this.anonymous++}`;
    const agent = asText(record["agent_id"]);
    const { timestamp } = record;
    const timeMs = parseTime(timestamp);
    // Text out of an object could be a trap.
    const time = typeof timestamp === "string" || typeof timestamp === "number" ? timestamp : "";
    const session = asText(asObject(record["context"])?.["session_id"]) ?? asText(record["session_id"]);
    this.sink.trace(trace, { timeMs, agent, id: id ?? `${this.input.name}:${line}` });
    const seen = new Set<string>();
    const decision = this.sink.decisions === true ? decisionOfRecord(record) : undefined;
    toolsOf(record).forEach((call, index) => {
      // A record is found twice when two exports hold it, with call ids in one and bare names in the other.
      const place = `${trace}\u0000${time}\u0000${index}\u0000${call.tool}`;
      const known = `${call.id}\u0000${call.tool}`;
      if (call.id !== undefined && seen.has(known)) return;
      seen.add(known);
      // Ids that start anew with each step say nothing of other records.
      const own = call.id === undefined || isUnique(call.id, call.tool) ? call.id : `${trace}\u0000${call.id}`;
      const ids = own === undefined ? { callId: place } : { callId: own, aliases: [place] };
      this.sink.call({
        trace,
        ...ids,
        scope: session,
        session,
        tool: call.tool,
        args: () => call.args,
        timeMs,
        agent,
        decision,
        line,
      });
    });
  }
}

/** An escalation that was required, with the answer where there is one; or a step that says of itself that it was refused. */
function decisionOfRecord(record: JsonObject): CallDecision | undefined {
  const type = asObject(record["action"])?.["type"];
  const escalation = asObject(record["escalation"]);
  const answer = decisionOf(escalation?.["escalation_status"] ?? escalation?.["status"]);
  if (type === "deny") return "denied";
  if (escalation?.["required"] === true) return answer ?? "escalated";
  return type === "escalate" ? "escalated" : undefined;
}

interface FoundCall {
  readonly tool: string;
  readonly id?: string | undefined;
  readonly args?: unknown;
}

/**
 * The calls of a record. Names may stand in five places; the first place that holds any decides, so that a record that
 * repeats itself is counted once: `action.parameters.tools`, `action.tool_calls`, top-level `tool_calls` or `tool_name`,
 * `action.name` alone, `action.name` as a list joined by ", ".
 */
export function toolsOf(record: JsonObject): readonly FoundCall[] {
  const action = asObject(record["action"]);
  const places = [
    () => callsIn(asObject(action?.["parameters"])?.["tools"]),
    () => callsIn(action?.["tool_calls"]),
    () => callsIn(record["tool_calls"]),
    () => callOf(record["tool_name"], record),
    () => (action === undefined ? [] : namedIn(action)),
  ];
  for (const place of places) {
    const calls = place();
    if (calls.length > 0) return calls;
  }
  return [];
}

function callsIn(value: unknown): readonly FoundCall[] {
  return (asList(value) ?? []).map((item) => {
    const call = asObject(item);
    if (call === undefined) return { tool: asToolName(item) };
    const inner = asObject(call["function"]);
    const name = call["tool_name"] ?? call["name"] ?? inner?.["name"];
    const id = asText(call["id"]) ?? asText(call["tool_call_id"]) ?? asText(call["call_id"]);
    return { tool: asToolName(name), id, args: argsOf(call) ?? inner?.["arguments"] };
  });
}

/** A flat row: an absent or null name is a row without a call, anything else is one, however odd. */
function callOf(name: unknown, row: JsonObject): readonly FoundCall[] {
  if (name === undefined || name === null) return [];
  return [{ tool: asToolName(name), id: asText(row["tool_call_id"]) ?? asText(row["tool_use_id"]), args: argsOf(row) }];
}

function argsOf(call: JsonObject): unknown {
  return call["tool_input"] ?? call["arguments"] ?? call["input"] ?? call["args"];
}

/** Steps that are not calls: what was advised, handed on or refused did not run. */
const notCalls: ReadonlySet<unknown> = new Set(["recommend", "escalate", "deny"]);

function namedIn(action: JsonObject): readonly FoundCall[] {
  const name = asText(action["name"]);
  if (name === undefined || name === "inference") return [];
  if (name.includes(", ")) return name.split(", ").map((tool) => ({ tool }));
  return notCalls.has(action["type"]) ? [] : [{ tool: name }];
}
