import { asList, asObject, type JsonObject } from "../../json.js";

/**
 * The attributes that say something about tools, agents or sessions, in the conventions people use: OpenTelemetry GenAI
 * and MCP, OpenInference, Vercel AI, Traceloop, Logfire, Genkit, Langfuse, LangSmith, Spring AI, Mastra, Claude Code.
 * All others are passed over without a look at their values.
 */

const slots = new Map<string, number>();

/** Several keys of one meaning, the best first. */
export type Field = readonly number[];

function keys(...names: readonly string[]): Field {
  return names.map((name) => {
    const slot = slots.get(name) ?? slots.size;
    slots.set(name, slot);
    return slot;
  });
}

export const fields = {
  operation: keys("gen_ai.operation.name"),
  openInferenceKind: keys("openinference.span.kind"),
  traceloopKind: keys("traceloop.span.kind"),
  /** Kinds that others write, each with `tool` or `tool_call` among its values. */
  otherKind: keys("langfuse.observation.type", "langsmith.span.kind", "spring.ai.kind", "mastra.span.type"),
  genkitKind: keys("genkit:metadata:subtype", "genkit:type"),
  vercelOperation: keys("ai.operationId"),
  mcpMethod: keys("mcp.method.name"),
  toolName: keys("gen_ai.tool.name"),
  genkitName: keys("genkit:name"),
  logfireMessage: keys("logfire.msg"),
  otherToolName: keys("ai.toolCall.name", "tool.name", "mcp.tool.name", "spring.ai.tool.definition.name"),
  callId: keys("gen_ai.tool.call.id", "gen_ai.tool.call_id", "ai.toolCall.id", "tool_call.id"),
  /** Keys that make a span a tool span whatever else it says. */
  toolMark: keys("gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.call_id", "ai.toolCall.name"),
  mcpServer: keys("mcp.server.name", "mcp_server_name"),
  agentName: keys("gen_ai.agent.name", "agent.name", "agent_name"),
  agentId: keys("gen_ai.agent.id"),
  functionId: keys("ai.telemetry.functionId"),
  arguments: keys("gen_ai.tool.call.arguments", "ai.toolCall.args", "ai.toolCall.input", "tool.parameters"),
  outputs: keys("gen_ai.output.messages", "ai.response.toolCalls", "gen_ai.completion"),
  logfireEvents: keys("events"),
  model: keys("llm.request.type", "gen_ai.request.model", "llm.model_name"),
  provider: keys("gen_ai.system", "gen_ai.provider.name"),
  conversation: keys(
    ...["gen_ai.conversation.id", "ai.telemetry.metadata.sessionId", "langfuse.session.id"],
    ...["traceloop.association.properties.session_id", "langsmith.trace.session_id", "genkit:sessionId"],
  ),
} as const;

/** Slots below this one are written by nobody but programs around agents: they make a trace one of an agent. */
const ownSlots = slots.size;

export const plainFields = {
  session: keys("session.id", "conversation.id", "session_id", "thread_id"),
  service: keys("service.name"),
  entityName: keys("traceloop.entity.name"),
  /** Claude Code's spans and events, Codex' and Gemini's events. */
  eventTool: keys("tool_name", "function_name"),
  eventCallId: keys("tool_use_id", "call_id", "tool_call_id"),
  eventName: keys("event.name"),
  eventSequence: keys("event.sequence"),
  eventTime: keys("event.timestamp"),
  decision: keys("decision", "decision_type"),
  eventParameters: keys("tool_parameters"),
  subagentId: keys("agent_id"),
  arguments: keys("gcp.vertex.agent.tool_call_args", "tool_arguments", "tool_input", "function_args", "arguments"),
  input: keys("traceloop.entity.input", "input.value", "input"),
} as const;

/** All known keys in the order of their slots. */
export const knownKeys: readonly string[] = [...slots.keys()];

/** Keys whose values are as many as there are calls, or long: ids of calls, arguments, answers. */
export const ownValues: ReadonlySet<number> = new Set([
  ...[...fields.callId, ...fields.arguments, ...fields.outputs, ...fields.logfireEvents],
  ...[...plainFields.eventCallId, ...plainFields.eventSequence, ...plainFields.eventTime, ...plainFields.eventParameters],
  ...[...plainFields.arguments, ...plainFields.input],
]);

/** Keys of sessions: as many as there are traces, or nearly. */
export const sessionValues: ReadonlySet<number> = new Set([...fields.conversation, ...plainFields.session]);

/** Flattened messages of a model's answer: `gen_ai.completion.0.tool_calls.0.name` and the like. */
function isFlatOutput(key: string): boolean {
  return key.startsWith("gen_ai.completion.") || key.startsWith("llm.output_messages.");
}

/** The known attributes of one span or event; made once, cleared for the next. No allocation per attribute. */
export class KnownAttributes {
  private readonly values: unknown[] = new Array(slots.size).fill(undefined);
  private readonly used: number[] = [];
  /** Parts of flattened answers: keys and values in turn. */
  readonly flat: unknown[] = [];
  /** Answers of a model that stand elsewhere than in attributes. */
  readonly answers: unknown[] = [];
  /** Holds an attribute that only programs around agents write. */
  concernsAgents = false;

  clear(): void {
    for (const slot of this.used) this.values[slot] = undefined;
    this.used.length = 0;
    this.flat.length = 0;
    this.answers.length = 0;
    this.concernsAgents = false;
  }

  /** Takes `{key, value}` entries, as OTLP and Jaeger have them, or a map, flat or nested; false when it is neither. */
  read(attributes: unknown): boolean {
    if (attributes === undefined || attributes === null) return true;
    const list = asList(attributes);
    if (list !== undefined) {
      for (const item of list) {
        const entry = asObject(item);
        if (entry !== undefined && typeof entry["key"] === "string") this.set(entry["key"], entry["value"]);
      }
      return true;
    }
    const map = asObject(attributes) ?? asObject(parsedText(attributes));
    if (map !== undefined) this.readMap(map, "", 0);
    return map !== undefined;
  }

  /** Whether `set` would keep a value: what it takes to decode one may be spared. */
  knows(key: string): boolean {
    return slots.has(key) || isFlatOutput(key);
  }

  set(key: string, value: unknown): void {
    const slot = slots.get(key);
    if (slot === undefined) {
      if (isFlatOutput(key)) this.setFlat(key, value);
      return;
    }
    this.setSlot(slot, plainValue(value));
  }

  /** `set` for a key by its place among `knownKeys`, with a plain value. */
  setSlot(slot: number, value: unknown): void {
    if (this.values[slot] === undefined) this.used.push(slot);
    this.values[slot] = value;
    if (slot < ownSlots) this.concernsAgents = true;
  }

  /** The first value there is, as plain JSON. */
  first(field: Field): unknown {
    for (let i = 0; i < field.length; i++) {
      const value = this.values[field[i]!];
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  }

  /** The first value that is a string with at least one character. */
  text(field: Field): string | undefined {
    for (let i = 0; i < field.length; i++) {
      const value = this.values[field[i]!];
      if (typeof value === "string" && value !== "") return value;
    }
    return undefined;
  }

  has(field: Field): boolean {
    return this.first(field) !== undefined;
  }

  addAnswer(messages: unknown): void {
    this.answers.push(messages);
    this.concernsAgents = true;
  }

  /** For a key of flattened answers. */
  setFlat(key: string, value: unknown): void {
    this.concernsAgents = true;
    if (!(key.endsWith("name") || key.endsWith("id"))) return;
    this.flat.push(key, plainValue(value));
  }

  /** Some exports nest what others write with dots. */
  private readMap(map: JsonObject, prefix: string, depth: number): void {
    for (const name of Object.keys(map)) {
      const key = prefix + name;
      const value = map[name];
      const inner = depth < nestingMax && !slots.has(key) ? nested(value) : undefined;
      if (inner === undefined) this.set(key, value);
      else this.readMap(inner, `${key}.`, depth + 1);
    }
  }
}

/** The longest known key has six parts; flattened messages have nine. */
const nestingMax = 9;

/** Lists count as maps from their positions, since flattened keys hold positions; the first will do for long ones. */
function nested(value: unknown): JsonObject | undefined {
  const list = asList(value);
  if (list !== undefined) return typeof list[0] === "object" ? ({ ...list.slice(0, 256) } as JsonObject) : undefined;
  const map = asObject(value);
  return map === undefined || anyValueKind(map) !== undefined ? undefined : map;
}

const anyValueKinds: ReadonlyMap<string, "text" | "number" | "plain" | "list" | "map"> = new Map([
  ["stringValue", "text"],
  ["string_value", "text"],
  ["boolValue", "plain"],
  ["bool_value", "plain"],
  ["intValue", "number"],
  ["int_value", "number"],
  ["doubleValue", "number"],
  ["double_value", "number"],
  ["arrayValue", "list"],
  ["array_value", "list"],
  ["kvlistValue", "map"],
  ["kvlist_value", "map"],
  ["bytesValue", "plain"],
  ["bytes_value", "plain"],
] as const);

function anyValueKind(map: JsonObject): string | undefined {
  for (const key in map) return anyValueKinds.has(key) ? key : undefined;
  return undefined;
}

const valueDepthMax = 32;

/** An OTLP `AnyValue` as plain JSON; what is none is returned as it is. Beyond 32 levels it is undefined. */
export function plainValue(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  const text = (value as JsonObject)["stringValue"];
  if (typeof text === "string") return text;
  const map = asObject(value);
  const key = map === undefined ? undefined : anyValueKind(map);
  if (map === undefined || key === undefined) return value;
  if (depth > valueDepthMax) return undefined;
  const inner = map[key];
  const kind = anyValueKinds.get(key);
  if (kind === "text") return typeof inner === "string" ? inner : undefined;
  if (kind === "number") return Number(inner);
  if (kind === "plain") return inner;
  const items = asList(asObject(inner)?.["values"]) ?? [];
  if (kind === "list") return items.map((item) => plainValue(item, depth + 1));
  const entries = items.map(asObject).filter((entry) => typeof entry?.["key"] === "string");
  return Object.fromEntries(entries.map((entry) => [entry!["key"] as string, plainValue(entry!["value"], depth + 1)]));
}

/** JSON in a string, or undefined. */
export function parsedText(value: unknown): unknown {
  if (typeof value !== "string") return undefined;
  const first = value.trimStart()[0];
  if (first !== "{" && first !== "[") return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
