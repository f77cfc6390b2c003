import { asList, asObject, asText, asToolName, type JsonObject } from "../json.js";
import { parseTime } from "../time.js";
import { type Complaint, type FoundCall, firstOf, sampleOf, type Turn } from "./found-call.js";

/**
 * Messages of chat APIs, as OpenAI, Anthropic, LangChain, the Vercel AI SDK and ShareGPT data sets write them: one reading
 * of all of them, because logs mix them. A call is one wherever a message structure holds it, whatever the role.
 */

/** A sample of a message takes this many parts of its content. */
const partsSampledMax = 32;

const resultKeys = ["tool_call_id", "toolCallId", "tool_use_id", "call_id"] as const;

/** LangChain wraps a message as `{lc, id, kwargs}` or as `{type, data}`. */
function unwrapped(message: JsonObject): JsonObject {
  const kwargs = message["role"] === undefined ? asObject(message["kwargs"]) : undefined;
  if (kwargs !== undefined) return { ...kwargs, type: kwargs["type"] ?? asList(message["id"])?.at(-1) };
  const inner = message["role"] === undefined ? asObject(message["data"]) : undefined;
  return inner !== undefined && Object.hasOwn(inner, "content") ? { type: message["type"], ...inner } : message;
}

export function turnOfMessage(outer: JsonObject, complain: Complaint): Turn {
  const message = unwrapped(outer);
  return {
    role: asText(message["role"]) ?? asText(message["from"]) ?? asText(message["type"]) ?? "",
    text: textOf(message),
    calls: callsOfMessage(message, complain),
    results: resultsOf(message),
    timeMs: parseTime(firstOf(message, ["timestamp", "created_at", "createdAt", "time"])),
  };
}

/** Calls of one message, each once: frameworks write the same call into `tool_calls` and into a content block. */
export function callsOfMessage(message: JsonObject, complain: Complaint): readonly FoundCall[] {
  const calls = listedCalls(message, complain);
  if (calls.length === 0) calls.push(...listedCalls(asObject(message["additional_kwargs"]) ?? {}, complain));
  if (message["from"] === "function_call") calls.push(...callsInText(message["value"]));
  for (const content of [message["content"], message["parts"]]) {
    const known = [...calls];
    for (const item of asList(content) ?? [content]) {
      const call = callOfBlock(asObject(item) ?? {});
      if (call !== undefined && !known.some((each) => isSame(each, call))) calls.push(call);
    }
  }
  return calls;
}

function isSame(known: FoundCall, call: FoundCall): boolean {
  return known.tool === call.tool && known.server === call.server && known.id === call.id && call.id !== undefined;
}

const listKeys = ["tool_calls", "toolCalls", "toolInvocations"] as const;

function listedCalls(message: JsonObject, complain: Complaint): FoundCall[] {
  const lists = listKeys.map((key) => message[key]).filter((list) => list !== undefined && list !== null);
  const listed = lists.find((list) => asList(list)?.length !== 0);
  if (listed !== undefined && asList(listed) === undefined) complain("`tool_calls` is a list");
  const calls = (asList(listed) ?? []).map(listedCall);
  const single = message["function_call"];
  if (single === undefined || single === null) return calls;
  const call = asObject(single);
  if (call === undefined) complain("`function_call` is an object");
  else {
    const tool = asToolName(call["name"]);
    if (!calls.some((known) => known.tool === tool)) calls.push({ tool, args: () => call["arguments"] });
  }
  return calls;
}

/** `{id, type, function: {name, arguments}}`, `{type: "custom", custom: {name, input}}`, or `{id, name, args}`. */
export function listedCall(item: unknown): FoundCall {
  const call = asObject(item);
  if (call === undefined) return { tool: asToolName(item) };
  const inner = asObject(call["function"]) ?? asObject(call["custom"]);
  const named = inner ?? call;
  const name = firstOf(named, ["name", "tool_name", "toolName"]);
  const type = asText(call["type"]);
  // Built-in tools of hosted assistants have a type and no name.
  const isBuiltIn = name === undefined && inner === undefined && type !== undefined && !namedTypes.has(type);
  return {
    tool: isBuiltIn ? type : asToolName(name),
    id: asText(call["id"]) ?? asText(call["toolCallId"]) ?? asText(call["call_id"]),
    args: () => firstOf(named, ["arguments", "input", "args"]),
  };
}

const namedTypes: ReadonlySet<string> = new Set(["function", "custom", "tool_call"]);

/** Content blocks that are calls: of Anthropic, of the Vercel AI SDK, of OpenTelemetry's messages, of Bedrock, of Gemini. */
export function callOfBlock(block: JsonObject): FoundCall | undefined {
  switch (block["type"]) {
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return {
        tool: asToolName(block["name"]),
        id: asText(block["id"]),
        server: block["type"] === "mcp_tool_use" ? asText(block["server_name"]) : undefined,
        args: () => block["input"],
      };
    case "tool-call":
      return {
        tool: asToolName(block["toolName"]),
        id: asText(block["toolCallId"]),
        args: () => block["input"] ?? block["args"],
      };
    case "tool_call":
      return { tool: asToolName(block["name"]), id: asText(block["id"]), args: () => block["arguments"] };
    default: {
      const call = asObject(block["toolUse"]) ?? asObject(block["functionCall"]);
      if (call === undefined) return callOfPart(block);
      const id = asText(call["toolUseId"]) ?? asText(call["id"]);
      return { tool: asToolName(call["name"]), id, args: () => call["input"] ?? call["args"] };
    }
  }
}

/** Parts of the messages that the Vercel AI SDK keeps for its interface: a call with its state, named beside or in its type. */
function callOfPart(part: JsonObject): FoundCall | undefined {
  const type = asText(part["type"]);
  const invocation = type === "tool-invocation" ? asObject(part["toolInvocation"]) : undefined;
  if (invocation !== undefined) return listedCall(invocation);
  if (type === undefined || asText(part["toolCallId"]) === undefined || asText(part["state"]) === undefined) return undefined;
  const isNamed = type === "dynamic-tool";
  if (!isNamed && !type.startsWith("tool-")) return undefined;
  return {
    tool: isNamed ? asToolName(part["toolName"]) : type.slice("tool-".length),
    id: asText(part["toolCallId"]),
    args: () => part["input"],
  };
}

/** ShareGPT turns hold calls as JSON text. Text that is none was still meant as a call, of no name. */
function callsInText(value: unknown): readonly FoundCall[] {
  try {
    const parsed: unknown = typeof value === "string" ? JSON.parse(value) : value;
    return (asList(parsed) ?? [parsed]).map(listedCall);
  } catch {
    return [{ tool: "" }];
  }
}

function resultsOf(message: JsonObject): readonly string[] {
  const results: string[] = [];
  const own = asText(firstOf(message, resultKeys));
  if (own !== undefined) results.push(own);
  for (const item of asList(message["content"]) ?? []) {
    const block = asObject(item);
    const id = block === undefined ? undefined : asText(firstOf(block, resultKeys));
    if (id !== undefined) results.push(id);
  }
  return results;
}

function textOf(message: JsonObject): string {
  const said = firstOf(message, ["content", "parts", "value", "text"]);
  if (typeof said === "string") return sampleOf(said.trim());
  const parts = (asList(said) ?? []).slice(0, partsSampledMax).map((item) => {
    const text = typeof item === "string" ? item : asObject(item)?.["text"];
    return typeof text === "string" ? sampleOf(text.trim()) : "";
  });
  return sampleOf(parts.join(""));
}

const roles: ReadonlySet<unknown> = new Set(["system", "developer", "user", "assistant", "tool", "function", "model"]);
const speakers: ReadonlySet<unknown> = new Set([
  "human",
  "gpt",
  "system",
  "function_call",
  "observation",
  "tool",
  "assistant",
  "user",
]);

/** Whether an object is a message of one of the dialects. */
export function isMessage(value: JsonObject): boolean {
  if (roles.has(value["role"])) return messageKeys.some((key) => Object.hasOwn(value, key));
  if (speakers.has(value["from"])) return Object.hasOwn(value, "value");
  if (value["lc"] === 1 && asObject(value["kwargs"]) !== undefined) return true;
  return (
    (value["type"] === "ai" || value["type"] === "human") &&
    (Object.hasOwn(value, "content") || asObject(value["data"]) !== undefined)
  );
}

const messageKeys = ["content", "tool_calls", "function_call", "tool_call_id", "parts"] as const;
