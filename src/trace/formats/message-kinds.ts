import { asList, asObject, asText, type JsonObject } from "../json.js";
import type { Probe } from "../reader.js";
import { historyIn, isAnswer, isTalk } from "./exchange.js";
import { eventOfLine, isAnthropicEvent, isChatChunk, isResponseEvent } from "./message-streams.js";
import { isMessage } from "./message-turns.js";
import { isItem } from "./response-items.js";

/** Which API a message log comes from; its calls are read the same way whatever is decided here. */
export type MessageKind = "chat" | "responses" | "anthropic";

/** Elements of a list that are looked at to tell the API. */
const elementsProbedMax = 64;

/** How sure it is that the first records are of this API. */
export function scoreOfKind(kind: MessageKind, probe: Probe): number {
  let score = 0;
  const see = (found: Found) => {
    if (found !== undefined && found.kind === kind) score = Math.max(score, found.score);
  };
  for (const record of probe.records) {
    if (typeof record === "string") {
      const event = probe.framing === "text" ? eventOfLine(record) : undefined;
      if (event !== undefined && event !== null) see(kindOfRecord(event, 0));
    } else see(kindOf(record, 0));
    if (score === 1) break;
  }
  return score;
}

/** Scores by what tells the API: nothing, a hint, or what no other API has. */
interface Certainty {
  readonly plain: number;
  readonly hint: number;
  readonly own: number;
}

/** Messages in a record or a list of them. */
const listed: Certainty = { plain: 0.6, hint: 0.7, own: 0.9 };
/** A message or an item on a line of its own, which other logs may have, too. */
const alone: Certainty = { plain: 0.5, hint: 0.6, own: 0.8 };
const nothing: Certainty = { plain: 0.4, hint: 0.4, own: 0.4 };

type Found = { readonly kind: MessageKind; readonly score: number } | undefined;

function kindOf(value: unknown, depth: number): Found {
  const list = asList(value);
  if (list === undefined) return kindOfRecord(asObject(value) ?? {}, depth);
  if (isTalk(list)) return kindOfTalk(list, listed);
  let best: Found;
  for (const item of depth < 3 ? list.slice(0, elementsProbedMax) : []) best = surer(best, kindOf(item, depth + 1));
  return best;
}

function surer(one: Found, other: Found): Found {
  return one === undefined || (other !== undefined && other.score > one.score) ? other : one;
}

function kindOfRecord(record: JsonObject, depth: number): Found {
  if (isChatChunk(record)) return { kind: "chat", score: 1 };
  if (isResponseEvent(record)) return { kind: "responses", score: 0.95 };
  if (isAnthropicEvent(record) && record["type"] !== "ping" && record["type"] !== "error")
    return { kind: "anthropic", score: 0.95 };
  const list = historyIn(record);
  const talk = list === undefined ? undefined : kindOfTalk(list, list.length === 0 ? nothing : listed);
  const answers = ["response", "output", "completion", "result", "answer", "body"].map((key) => asObject(record[key]));
  const nested = answers.flatMap((answer) => ["body", "message", "data"].map((key) => asObject(answer?.[key])));
  const answered = [record, ...answers, ...nested].reduce<Found>(
    (sofar, answer) => surer(sofar, answer === undefined ? undefined : kindOfAnswer(answer)),
    undefined,
  );
  const best = surer(talk, answered);
  if (best !== undefined) return fitted(best, record);
  if (isMessage(record) || isItem(record)) return kindOfTalk([record], alone);
  const inner = asList(record["data"]) ?? asList(record["items"]);
  return inner !== undefined && depth < 2 ? kindOf(inner, depth + 1) : undefined;
}

/** Plain talk says little of its API; what surrounds it may say more. */
function fitted(found: NonNullable<Found>, record: JsonObject): Found {
  if (found.score > 0.6) return found;
  const places = [record, asObject(record["request"]), asObject(record["body"]), asObject(record["params"])];
  const isAnthropic = places.some(
    (place) =>
      place !== undefined && (Object.hasOwn(place, "anthropic_version") || asText(place["model"])?.startsWith("claude") === true),
  );
  return isAnthropic && found.kind === "chat" ? { kind: "anthropic", score: 0.65 } : found;
}

function kindOfAnswer(answer: JsonObject): Found {
  const choices = asList(answer["choices"]);
  if (choices !== undefined) {
    const isChat = asText(answer["object"])?.startsWith("chat.completion") === true;
    const hasMessage = choices.some((choice) => asObject(asObject(choice)?.["message"]) !== undefined);
    return isChat || hasMessage ? { kind: "chat", score: isChat ? 1 : 0.9 } : undefined;
  }
  if (!isAnswer(answer)) return undefined;
  if (asList(answer["candidates"]) !== undefined) return { kind: "chat", score: listed.plain };
  const output = asList(answer["output"]);
  if (output !== undefined) return { kind: "responses", score: answer["object"] === "response" ? 1 : 0.8 };
  return kindOfTalk([answer], listed);
}

const anthropicBlocks: ReadonlySet<unknown> = new Set([
  "tool_use",
  "tool_result",
  "server_tool_use",
  "mcp_tool_use",
  "thinking",
  "redacted_thinking",
]);

/** Messages and items by what only one API has. */
function kindOfTalk(list: readonly unknown[], sure: Certainty): Found {
  let responses = false;
  for (const item of list.slice(0, elementsProbedMax)) {
    const message = asObject(item);
    if (message === undefined) continue;
    if (isItem(message)) return { kind: "responses", score: sure.own };
    const isChat =
      asList(message["tool_calls"]) !== undefined ||
      asObject(message["function_call"]) !== undefined ||
      message["role"] === "tool" ||
      message["role"] === "function" ||
      message["from"] === "function_call";
    if (isChat) return { kind: "chat", score: sure.own };
    for (const part of (asList(message["content"]) ?? []).slice(0, elementsProbedMax)) {
      const type = asObject(part)?.["type"];
      if (anthropicBlocks.has(type)) return { kind: "anthropic", score: sure.own };
      if (type === "output_text" || type === "input_text") responses = true;
    }
    if (message["type"] === "message" && asText(message["id"])?.startsWith("msg_") === true && !responses) {
      return { kind: "anthropic", score: sure.hint };
    }
  }
  if (responses) return { kind: "responses", score: sure.hint };
  return { kind: "chat", score: sure.plain };
}
