import { asList, asObject, asText, asToolName, type JsonObject } from "../../json.js";
import { parsedText } from "./attributes.js";

/** A call that a model asked for, as spans and events of model calls record it. */
export interface ProposedCall {
  readonly tool: string;
  readonly callId: string | undefined;
}

/**
 * Calls in the messages of a model's answer, whatever convention wrote them: `parts` of type `tool_call` (GenAI),
 * `tool_calls` (OpenAI), `content` blocks of type `tool_use` (Anthropic) or with `toolUse` (Bedrock), and the
 * `{toolCallId, toolName}` of Vercel AI. `value` is JSON or JSON text; what is neither holds no call. Linear.
 */
export function callsInMessages(value: unknown): readonly ProposedCall[] {
  const messages = typeof value === "string" ? parsedText(value) : value;
  const found: ProposedCall[] = [];
  for (const item of asList(messages) ?? [messages]) {
    const outer = asObject(item);
    if (outer === undefined) continue;
    const message = asObject(outer["message"]) ?? asObject(parsedText(outer["message"])) ?? outer;
    if (typeof outer["toolName"] === "string") found.push({ tool: outer["toolName"], callId: asText(outer["toolCallId"]) });
    for (const call of objectsIn(message["tool_calls"])) {
      const inner = asObject(call["function"]) ?? call;
      found.push({ tool: asToolName(inner["name"]), callId: asText(call["id"]) });
    }
    for (const block of [...objectsIn(message["parts"]), ...objectsIn(message["content"]), ...blocksOf(message, outer)]) {
      const call = callOfBlock(block);
      if (call !== undefined) found.push(call);
    }
  }
  return found;
}

/** A message that is itself a list of blocks. */
function blocksOf(message: JsonObject, outer: JsonObject): readonly JsonObject[] {
  const text = typeof outer["message"] === "string" ? outer["message"] : undefined;
  const list = asList(outer["message"]) ?? asList(parsedText(text));
  return list === undefined ? (message === outer ? [outer] : []) : objectsIn(list);
}

function callOfBlock(block: JsonObject): ProposedCall | undefined {
  if (block["type"] === "tool_call" || block["type"] === "tool_use") {
    return { tool: asToolName(block["name"]), callId: asText(block["id"]) };
  }
  const bedrock = asObject(block["toolUse"]);
  if (bedrock !== undefined) return { tool: asToolName(bedrock["name"]), callId: asText(bedrock["toolUseId"]) };
  return undefined;
}

function objectsIn(value: unknown): readonly JsonObject[] {
  return (asList(value) ?? []).map(asObject).filter((item) => item !== undefined);
}

/** Endings of flattened keys, the longest first. What stands before them names the call. */
const nameEndings = [".tool_call.function.name", ".function.name", ".name", "_name"] as const;
const idEndings = [".tool_call.id", ".id"] as const;

/** Calls in flattened messages, given as keys and values in turn, such as `gen_ai.completion.0.tool_calls.0.name`. */
export function callsInFlatKeys(flat: readonly unknown[]): readonly ProposedCall[] {
  const calls = new Map<string, { tool: string | undefined; callId: string | undefined }>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const key = flat[i] as string;
    const from = Math.max(key.indexOf(".tool_calls."), key.indexOf(".function_call"));
    if (from === -1) continue;
    const name = nameEndings.find((ending) => key.endsWith(ending));
    const ending = name ?? idEndings.find((each) => key.endsWith(each));
    if (ending === undefined) continue;
    const place = key.slice(0, key.length - ending.length);
    const call = calls.get(place) ?? { tool: undefined, callId: undefined };
    calls.set(place, call);
    if (name === undefined) call.callId = asText(flat[i + 1]);
    else call.tool = asToolName(flat[i + 1]);
  }
  return [...calls.values()].flatMap(({ tool, callId }) => (tool === undefined ? [] : [{ tool, callId }]));
}

/** The answers among the events that Logfire keeps in one attribute. */
export function answersAmong(events: unknown): readonly unknown[] {
  const list = asList(events) ?? asList(parsedText(events)) ?? [];
  return list.filter((item) => asObject(item)?.["event.name"] === "gen_ai.choice");
}
