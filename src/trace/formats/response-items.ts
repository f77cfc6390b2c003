import { asObject, asText, asToolName, type JsonObject } from "../json.js";
import { parseTime } from "../time.js";
import { type Complaint, type FoundCall, firstOf, type Turn } from "./found-call.js";
import { isMessage, turnOfMessage } from "./message-turns.js";

/** Items of the OpenAI Responses API: what `output` holds, and what `input` repeats of it. */

const argumentKeys = ["arguments", "input", "action", "operation", "queries", "code"] as const;

/**
 * The call of an item: `function_call`, `custom_tool_call`, `mcp_call` by their name, and every other `*_call` (built-in
 * tools such as `web_search_call`) by its type without `_call`, which is the documented name of the tool.
 */
export function callOfItem(item: JsonObject): FoundCall | undefined {
  const type = asText(item["type"]);
  if (type === undefined || !type.endsWith("_call")) return undefined;
  const isNamed = namedItems.has(type) || (item["name"] !== undefined && item["name"] !== null);
  const id = asText(item["id"]);
  return {
    tool: isNamed ? namespacedName(item) : type.slice(0, -"_call".length),
    id: asText(item["call_id"]) ?? id,
    server: type === "mcp_call" ? asText(item["server_label"]) : undefined,
    args: () => firstOf(item, argumentKeys),
    place: id ?? asText(item["call_id"]),
  };
}

const namedItems: ReadonlySet<string> = new Set(["function_call", "custom_tool_call", "mcp_call"]);

/** A namespace is part of the name, as hosts show it: `mcp__deepwiki` and `ask` are `mcp__deepwiki__ask`. */
function namespacedName(item: JsonObject): string {
  const name = asToolName(item["name"]);
  const namespace = asText(item["namespace"]);
  if (namespace === undefined) return name;
  return name.startsWith("_") ? `${namespace}${name}` : `${namespace}__${name}`;
}

export function isItem(value: JsonObject): boolean {
  const type = asText(value["type"]);
  if (type === undefined || isMessage(value)) return false;
  if (type.endsWith("_call")) return ["id", "call_id", "name"].some((key) => Object.hasOwn(value, key));
  if (type.endsWith("_call_output")) return Object.hasOwn(value, "call_id") || Object.hasOwn(value, "output");
  if (type === "reasoning") return Object.hasOwn(value, "summary");
  return type === "mcp_list_tools" || type === "mcp_approval_request" || type === "mcp_approval_response";
}

/** A message or an item as a turn; what is neither says nothing. */
export function turnOf(value: JsonObject, complain: Complaint): Turn {
  const call = callOfItem(value);
  if (call === undefined) return turnOfMessage(value, complain);
  return { role: "assistant", text: "", calls: [call], results: [], timeMs: parseTime(value["timestamp"]) };
}

/** The turns of a list of messages and items. What is no object is reported. */
export function turnsOf(list: readonly unknown[], complain: Complaint): readonly Turn[] {
  const turns: Turn[] = [];
  for (const value of list) {
    const message = asObject(value);
    if (message !== undefined) turns.push(turnOf(message, complain));
    else if (typeof value !== "string") complain("a message is an object");
  }
  return turns;
}
