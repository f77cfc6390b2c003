import { decisionOf } from "../decided.js";
import { asList, asObject, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { CallDecision, FieldNames, InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";

/**
 * Plain events, as any program writes them: `{"tool": "...", ...}`, one a line, in lists or as documents. Only keys of the
 * record itself count. The fast lane (event-lane.ts) reads the same lines by the same rules; this is the reader it must
 * agree with.
 */
export const events: TraceFormat = {
  id: "events",
  title: "plain events",
  splittable: true,
  detect,
  open: (input, sink) => new EventReader(input, sink),
};

/** Keys by what they hold. The first one that is present counts, in this order. */
export interface EventKeys {
  readonly tool: readonly string[];
  /** A list of names: several calls. Looked at when no key of `tool` is present. */
  readonly tools: readonly string[];
  readonly time: readonly string[];
  readonly session: readonly string[];
  readonly agent: readonly string[];
  readonly callId: readonly string[];
}

const usualKeys: EventKeys = {
  tool: ["tool", "tool_name", "toolName"],
  tools: ["tools"],
  time: ["timestamp", "time", "ts", "created_at", "timestamp_ms"],
  session: ["session_id", "sessionId", "session", "conversation_id", "thread_id", "trace_id", "run_id"],
  agent: ["agent_id", "agentId", "agent", "agent_name"],
  callId: ["call_id", "callId", "tool_call_id", "toolCallId", "tool_use_id"],
};
const argumentKeys = ["args", "arguments", "input", "tool_input", "parameters"];
/** What a call was given and brought back, in the words of any program. */
const contentKeys = [
  ...argumentKeys,
  ...["params", "payload", "data", "metadata", "attributes", "details", "items"],
  ...["output", "result", "results", "response", "answer", "tool_output", "tool_response", "tool_result"],
];

/** The keys of an input: what the user named replaces the usual ones. */
export function eventKeys(fields: FieldNames = {}): EventKeys {
  const only = (name: string | undefined, usual: readonly string[]) => (name === undefined ? usual : [name]);
  return {
    tool: only(fields.tool, usualKeys.tool),
    tools: fields.tool === undefined ? usualKeys.tools : [],
    time: only(fields.time, usualKeys.time),
    session: only(fields.session, usualKeys.session),
    agent: only(fields.agent, usualKeys.agent),
    callId: only(fields.callId, usualKeys.callId),
  };
}

/** Low, so that every format with a shape of its own wins; high when the user said where the name stands. */
function detect(probe: Probe): number {
  const named = probe.fields?.tool;
  const keys = eventKeys(probe.fields);
  for (const record of firstRecords(probe.records)) {
    if (named !== undefined && Object.hasOwn(record, named)) return 0.95;
    if (typeof present(record, keys.tool) === "string") return 0.3;
    const names = asList(present(record, keys.tools));
    // A list of names alone may as well say which tools there are, not which were called.
    const dated = present(record, keys.time) !== undefined || present(record, keys.session) !== undefined;
    if (dated && names !== undefined && names.length > 0 && names.every((name) => typeof name === "string")) return 0.3;
  }
  return 0;
}

/** A plain event without what its call was given and brought back; anything else, lists of events included, as it is. */
export function withoutContents(value: unknown, fields: FieldNames | undefined): unknown {
  const list = asList(value);
  if (list !== undefined) return list.some((each) => isEvent(each, fields)) ? list.map((each) => bare(each, fields)) : list;
  return bare(value, fields);
}

function isEvent(value: unknown, fields: FieldNames | undefined): value is JsonObject {
  const record = asObject(value);
  return record !== undefined && typeof present(record, eventKeys(fields).tool) === "string";
}

/** The keys stay, which tell some formats apart. */
function bare(value: unknown, fields: FieldNames | undefined): unknown {
  if (!isEvent(value, fields)) return value;
  const contents = contentKeys.filter((key) => Object.hasOwn(value, key) && typeof value[key] === "object");
  return contents.length === 0 ? value : { ...value, ...Object.fromEntries(contents.map((key) => [key, null])) };
}

class EventReader implements RecordReader {
  private readonly rules: EventRules;

  constructor(input: InputMeta, sink: TraceSink) {
    this.rules = new EventRules(input, sink);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value !== undefined) this.rules.read(value, raw.line);
  }

  end(): void {}
}

/** What a parsed line says, put into a sink. */
export class EventRules {
  /** Traces the sink knows from this input. */
  private readonly known = new Set<string>();
  private readonly keys: EventKeys;

  constructor(
    private readonly input: InputMeta,
    private readonly sink: Pick<TraceSink, "trace" | "call" | "bad" | "decisions">,
  ) {
    this.keys = eventKeys(input.fields);
  }

  /** `value`: one record, or a list of records. */
  read(value: unknown, line: number): void {
    const records = recordsIn(value);
    const items = asList(value)?.length ?? 1;
    if (records.length < items) this.sink.bad(line, "an event is a JSON object");
    for (const record of records) this.readRecord(record, line);
  }

  private readRecord(record: JsonObject, line: number): void {
    const { keys } = this;
    const agent = firstId(record, keys.agent);
    const session = firstId(record, keys.session);
    const timeMs = firstTime(record, keys.time);
    const tools = this.toolsOf(record, line);
    if (tools.length === 0 && agent === undefined && session === undefined) return;
    const { key, id } = traceOf(agent, session, this.input.name);
    if (!this.known.has(key)) {
      this.known.add(key);
      this.sink.trace(key, { timeMs, agent, id });
    } else if (tools.length === 0 && timeMs !== undefined) this.sink.trace(key, { timeMs });
    const callId = firstId(record, keys.callId);
    const decision = this.sink.decisions === true ? decisionOfEvent(record) : undefined;
    tools.forEach((tool, index) => {
      const ownId = callId === undefined || index === 0 ? callId : `${callId}\u0000${index}`;
      this.sink.call({
        trace: key,
        callId: ownId,
        tool,
        args: () => present(record, argumentKeys),
        timeMs,
        agent,
        decision,
        line,
      });
    });
  }

  /** A name that is no string is an invalid, empty one: odd as it is, something was called. */
  private toolsOf(record: JsonObject, line: number): readonly string[] {
    const tool = present(record, this.keys.tool);
    if (tool !== undefined) return [typeof tool === "string" ? tool : ""];
    const names = asList(present(record, this.keys.tools));
    if (names === undefined) return [];
    const texts = names.filter((name) => typeof name === "string");
    if (texts.length < names.length) this.sink.bad(line, "`tools` of an event is a list of tool names");
    return texts;
  }
}

/** Keys under which logs of decisions say what was decided, in words or as whether it was allowed. */
const decisionKeys = ["decision", "permission_decision", "permissionDecision"];
/** Under these any program may write what became of a call, and only a refusal is certain. */
const outcomeKeys = ["verdict", "action", "result", "outcome", "status"];
const allowedKeys = ["allow", "allowed", "approved", "result"];

function decisionOfEvent(record: JsonObject): CallDecision | undefined {
  for (const key of decisionKeys) {
    const decision = Object.hasOwn(record, key) ? decisionOf(record[key]) : undefined;
    if (decision !== undefined) return decision;
  }
  const nested = asObject(record["result"]) ?? asObject(record["decision"]) ?? {};
  for (const key of decisionKeys) {
    const decision = Object.hasOwn(nested, key) ? decisionOf(nested[key]) : undefined;
    if (decision !== undefined) return decision;
  }
  const refused = (from: JsonObject) => allowedKeys.some((key) => Object.hasOwn(from, key) && from[key] === false);
  const isDenied = (key: string) => Object.hasOwn(record, key) && decisionOf(record[key]) === "denied";
  return refused(record) || refused(nested) || outcomeKeys.some(isDenied) ? "denied" : undefined;
}

/** The trace of an event: its session, apart for each agent; else its agent; else the input. */
export function traceOf(
  agent: string | undefined,
  session: string | undefined,
  input: string,
): { readonly key: string; readonly id: string } {
  if (session !== undefined) return { key: agent === undefined ? session : `${agent}\u0000${session}`, id: session };
  return agent === undefined ? { key: `\u0000${input}`, id: input } : { key: `${agent}\u0000`, id: agent };
}

/** The value of the first key that is there and not null. */
function present(record: JsonObject, keys: readonly string[]): unknown {
  for (const key of keys) if (Object.hasOwn(record, key) && record[key] !== null) return record[key];
  return undefined;
}

/** The first key that holds text or a number. */
function firstId(record: JsonObject, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    if (!Object.hasOwn(record, key)) continue;
    const value = record[key];
    if (typeof value === "number") return String(value);
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** The first key that holds a time. */
function firstTime(record: JsonObject, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const timeMs = Object.hasOwn(record, key) ? parseTime(record[key]) : undefined;
    if (timeMs !== undefined) return timeMs;
  }
  return undefined;
}
