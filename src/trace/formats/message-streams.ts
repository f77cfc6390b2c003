import { conversationLinksMax } from "../../limits.js";
import { asList, asObject, asText, asToolName, type JsonObject } from "../json.js";
import { answersOf } from "./exchange.js";
import type { Complaint, FoundCall } from "./found-call.js";
import { callsOfMessage } from "./message-turns.js";
import { callOfItem } from "./response-items.js";

/** Events of streamed answers: chunks of OpenAI chat, events of the Responses API, events of the Anthropic API. */

export function isChatChunk(record: JsonObject): boolean {
  return record["object"] === "chat.completion.chunk" && asList(record["choices"]) !== undefined;
}

export function isResponseEvent(record: JsonObject): boolean {
  const type = asText(record["type"]);
  return type?.startsWith("response.") === true && eventKeys.some((key) => Object.hasOwn(record, key));
}

const eventKeys = ["response", "item", "item_id", "output_index", "sequence_number"] as const;

export function isAnthropicEvent(record: JsonObject): boolean {
  switch (record["type"]) {
    case "message_start":
      return asObject(record["message"]) !== undefined;
    case "content_block_start":
      return asObject(record["content_block"]) !== undefined;
    case "content_block_delta":
    case "message_delta":
      return asObject(record["delta"]) !== undefined;
    case "content_block_stop":
      return Object.hasOwn(record, "index");
    case "message_stop":
    case "ping":
      return true;
    case "error":
      return asObject(record["error"]) !== undefined;
    default:
      return false;
  }
}

export function isStreamEvent(record: JsonObject): boolean {
  return isChatChunk(record) || isResponseEvent(record) || isAnthropicEvent(record);
}

interface OpenCall {
  readonly id: string;
  readonly name: unknown;
}

/** The calls that events begin, each once. Keeps what is open of the answers at hand, no more. */
export class StreamCalls {
  /** Open calls of chat chunks: by the answer and choice, the call at each index. */
  private readonly open = new Map<string, Map<string, OpenCall>>();
  /** The id of the message that is streamed, where its beginning was logged. */
  private message: string | undefined;
  private count = 0;

  of(event: JsonObject, complain: Complaint): readonly FoundCall[] {
    if (isChatChunk(event)) return this.ofChunk(event);
    return isAnthropicEvent(event) ? this.ofAnthropic(event, complain) : ofResponse(event, complain);
  }

  private ofChunk(chunk: JsonObject): readonly FoundCall[] {
    const calls: FoundCall[] = [];
    for (const item of asList(chunk["choices"]) ?? []) {
      const choice = asObject(item);
      const delta = asObject(choice?.["delta"]);
      if (choice === undefined || delta === undefined) continue;
      const answer = `${asText(chunk["id"]) ?? ""}:${asPosition(choice["index"])}`;
      (asList(delta["tool_calls"]) ?? []).forEach((part, position) => {
        const call = asObject(part);
        if (call === undefined) return;
        const named = asObject(call["function"]) ?? asObject(call["custom"]) ?? call;
        this.begin(calls, answer, asPosition(call["index"] ?? position), named["name"], asText(call["id"]));
      });
      const legacy = asObject(delta["function_call"]);
      if (legacy !== undefined) this.begin(calls, answer, "function_call", legacy["name"], undefined);
      if (typeof choice["finish_reason"] === "string") this.open.delete(answer);
    }
    return calls;
  }

  /**
   * The first part of a call has its name; some servers repeat name and id, some begin a new call at the same index, which
   * has another id or, where there are none, another name.
   */
  private begin(calls: FoundCall[], answer: string, index: string, name: unknown, id: string | undefined): void {
    if (name === undefined || name === null || name === "") return;
    const open = this.open.get(answer) ?? new Map<string, OpenCall>();
    const known = open.get(index);
    if (known !== undefined && known.name === name && (id === undefined || id === known.id)) return;
    // Answers that never finish must not pile up.
    if (this.open.size >= conversationLinksMax) this.open.clear();
    this.open.set(answer, open.set(index, { id: id ?? "", name }));
    calls.push({ tool: asToolName(name), id, place: `${answer}:${index}:${this.count++}` });
  }

  private ofAnthropic(event: JsonObject, complain: Complaint): readonly FoundCall[] {
    if (event["type"] === "message_start") {
      const message = asObject(event["message"])!;
      this.message = asText(message["id"]) ?? `${this.count++}`;
      return callsOfMessage(message, complain);
    }
    if (event["type"] === "message_stop") this.message = undefined;
    const block = asObject(event["content_block"]);
    if (event["type"] !== "content_block_start" || block === undefined) return [];
    const place = this.message === undefined ? `\u0000${this.count++}` : `${this.message}:${asPosition(event["index"])}`;
    return callsOfMessage({ content: [block] }, complain).map((call) => ({ ...call, place }));
  }
}

/** An item is told when it is added, when it is done, and once more when the answer is complete. */
function ofResponse(event: JsonObject, complain: Complaint): readonly FoundCall[] {
  const item = asObject(event["item"]);
  const call = item === undefined ? undefined : callOfItem(item);
  if (call !== undefined) return [call];
  const response = asObject(event["response"]);
  if (response === undefined) return [];
  return answersOf(response, complain)
    .flat()
    .flatMap((turn) => turn.calls);
}

const streamKeys = ["response", "output", "chunks", "events", "body", "body_raw", "response_body", "text"] as const;

/** The calls of an answer that a log kept as it was streamed: event-stream text, or a list of its events. */
export function streamedCalls(record: JsonObject, complain: Complaint): readonly FoundCall[] | undefined {
  for (const place of [record, asObject(record["response"])]) {
    for (const key of place === undefined ? [] : streamKeys) {
      const events = eventsIn(place![key]);
      if (events.length === 0) continue;
      const stream = new StreamCalls();
      const calls = new Map<string, FoundCall>();
      for (const call of events.flatMap((event) => stream.of(event, complain))) {
        const known = `${call.place ?? ""}\u0000${call.id ?? ""}\u0000${call.tool}`;
        if (!calls.has(known)) calls.set(known, call);
      }
      return [...calls.values()];
    }
  }
  return undefined;
}

function eventsIn(value: unknown): readonly JsonObject[] {
  if (typeof value === "string" && !/(?:^|\n)data:/.test(value)) return [];
  const parts = typeof value === "string" ? value.split(/\r?\n/).map(eventOfLine) : (asList(value) ?? []).map(asObject);
  return parts.filter((event) => event !== undefined && event !== null).filter(isStreamEvent);
}

/** A position as a key; text out of an object could be a trap. */
function asPosition(value: unknown): string {
  return typeof value === "number" || typeof value === "string" ? `${value}` : "0";
}

/** The JSON of a line of server-sent events, `undefined` for lines that carry none, `null` for JSON that is broken. */
export function eventOfLine(line: string): JsonObject | null | undefined {
  if (!line.startsWith("data:")) return undefined;
  const text = line.slice("data:".length).trim();
  if (text === "" || text === "[DONE]") return undefined;
  try {
    return asObject(JSON.parse(text)) ?? null;
  } catch {
    return null;
  }
}

/** Fields of server-sent events that carry no data, comments among them. */
export function isEventField(line: string): boolean {
  return /^(?:event|id|retry|data)?:|^\s*$/.test(line);
}
