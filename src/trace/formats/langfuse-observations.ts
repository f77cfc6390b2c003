import { exportObservationsOpenMax, exportTracesOpenMax } from "../../limits.js";
import { asList, asObject, asText, asToolName, type JsonObject, parsedJson } from "../json.js";
import type { CallRecord, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";
import { isUnique } from "./conversations.js";

/** An observation that is a tool call, as long as nothing says that it repeats another. */
interface Candidate {
  readonly id: string | undefined;
  readonly typed: boolean;
  readonly call: CallRecord;
}

interface OpenTrace {
  /** Parents of observations, by id. */
  readonly parents: Map<string, string>;
  readonly calls: Candidate[];
  /** What models asked for, as generations list it. */
  readonly asked: CallRecord[];
}

/**
 * Which observations of Langfuse are tool calls. All of type TOOL; and a SPAN that says of itself that it is a tool, as
 * frameworks without observation types write them, unless it lies inside a call of the same tool. In a trace without any of
 * these, what the generations asked for: a call must not be hidden. Traces are held open until enough others were seen
 * after them: parents may come later than their children.
 */
export class LangfuseObservations {
  private readonly open = new Map<string, OpenTrace>();

  constructor(private readonly sink: TraceSink) {}

  /** Takes a row with the names of the API (`traceId`) or of an export (`trace_id`). */
  add(row: JsonObject, line: number, session?: string): void {
    const traceId = asText(row["traceId"]) ?? asText(row["trace_id"]);
    if (traceId === undefined) {
      this.sink.bad(line, "an observation needs a `traceId`");
      return;
    }
    const timeMs = parseTime(row["startTime"] ?? row["start_time"]);
    this.sink.trace(traceId, { timeMs });
    const trace = this.traceOf(traceId);
    const id = asText(row["id"]);
    const parent = asText(row["parentObservationId"]) ?? asText(row["parent_observation_id"]);
    if (id !== undefined && parent !== undefined) trace.parents.set(id, parent);
    const common = { trace: traceId, session: session ?? asText(row["sessionId"]) ?? asText(row["session_id"]), timeMs, line };
    const type = typeOf(row);
    if (type === "GENERATION") trace.asked.push(...askedIn(row).map((asked) => ({ ...common, ...asked })));
    const found = toolOf(row, type);
    if (found === undefined) return;
    const { tool, toolCallId } = found;
    const { input } = row;
    const call = { ...common, callId: id ?? toolCallId, aliases: aliasesOf(toolCallId, tool), tool, args: () => input };
    trace.calls.push({ id, typed: type === "TOOL", call });
  }

  end(): void {
    for (const trace of this.open.values()) this.settle(trace);
    this.open.clear();
  }

  private traceOf(id: string): OpenTrace {
    const known = this.open.get(id);
    const trace = known ?? { parents: new Map<string, string>(), calls: [], asked: [] };
    this.open.delete(id);
    this.open.set(id, trace);
    if (known === undefined && this.open.size > exportTracesOpenMax) {
      const [oldest, settled] = this.open.entries().next().value!;
      this.open.delete(oldest);
      this.settle(settled);
    } else if (trace.parents.size + trace.calls.length + trace.asked.length > exportObservationsOpenMax) {
      this.settle(trace);
      this.open.set(id, { parents: new Map(), calls: [], asked: [] });
      return this.open.get(id)!;
    }
    return trace;
  }

  private settle({ calls, parents, asked }: OpenTrace): void {
    if (calls.length === 0) for (const call of asked) this.sink.call(call);
    const tools = new Map<string, string>();
    for (const { id, call } of calls) if (id !== undefined) tools.set(id, call.tool);
    for (const { id, typed, call } of calls) {
      if (typed || !isInside(id, call.tool, parents, tools)) this.sink.call(call);
    }
  }
}

/** In capitals, whoever wrote it. */
export function typeOf(row: JsonObject): string | undefined {
  return asText(row["type"])?.toUpperCase();
}

/** Frameworks nest a handful of spans; more is a ring of parents, and further up is another call. */
const ancestorsMax = 64;

/** Whether an ancestor is a call of the same tool. */
function isInside(
  id: string | undefined,
  tool: string,
  parents: ReadonlyMap<string, string>,
  tools: ReadonlyMap<string, string>,
): boolean {
  let parent = id === undefined ? undefined : parents.get(id);
  for (let steps = 0; parent !== undefined && parent !== id && steps < ancestorsMax; steps++) {
    if (tools.get(parent) === tool) return true;
    parent = parents.get(parent);
  }
  return false;
}

/** Calls a generation lists, with the ids the model gave them where they are there. */
function askedIn(row: JsonObject): readonly Pick<CallRecord, "tool" | "callId" | "aliases" | "args">[] {
  const names = asList(parsedJson(row["toolCallNames"] ?? row["tool_call_names"])) ?? [];
  const details = asList(parsedJson(row["toolCalls"] ?? row["tool_calls"])) ?? [];
  return names.map((name, index) => {
    const detail = asObject(parsedJson(details[index]));
    const toolCallId = asText(detail?.["id"]);
    const place = asText(row["id"]) === undefined ? undefined : `${row["id"] as string}\u0000${index}`;
    const tool = asToolName(name);
    return { tool, callId: place ?? toolCallId, aliases: aliasesOf(toolCallId, tool), args: () => detail?.["arguments"] };
  });
}

/** Ids that count from 0 in every answer tell no call from the next one. */
function aliasesOf(toolCallId: string | undefined, tool: string): readonly string[] | undefined {
  return toolCallId !== undefined && isUnique(toolCallId, tool) ? [`tool call\u0000${toolCallId}`] : undefined;
}

interface FoundTool {
  readonly tool: string;
  readonly toolCallId: string | undefined;
}

function toolOf(row: JsonObject, type: string | undefined): FoundTool | undefined {
  const typed = type === "TOOL";
  if (!typed && type !== "SPAN") return undefined;
  const attributes = attributesOf(row["metadata"]);
  const named = ["gen_ai.tool.name", "ai.toolCall.name", "tool.name"].map((key) => asText(attributes?.[key]));
  const [genAi, , openInference] = named;
  // `tool.name` alone is also on events around a call; the call itself has its name.
  if (!typed && genAi === undefined && (openInference === undefined || openInference !== row["name"])) return undefined;
  const toolCallId = asText(attributes?.["gen_ai.tool.call.id"]) ?? asText(attributes?.["ai.toolCall.id"]);
  return { tool: named.find((name) => name !== undefined) ?? bareName(row["name"]), toolCallId };
}

/** Span names wrap the tool: `execute_tool add`, `running tool: add`. */
function bareName(value: unknown): string {
  const name = asToolName(value);
  const prefix = ["execute_tool ", "running tool: "].find((each) => name.startsWith(each));
  return prefix === undefined ? name : name.slice(prefix.length);
}

/** OpenTelemetry attributes inside the metadata; both may be JSON text. Text without a word on tools is not parsed. */
function attributesOf(metadata: unknown): JsonObject | undefined {
  if (typeof metadata === "string" && !metadata.includes("tool")) return undefined;
  return asObject(parsedJson(asObject(parsedJson(metadata))?.["attributes"]));
}
