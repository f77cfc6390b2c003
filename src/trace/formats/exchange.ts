import { asList, asObject, asText, type JsonObject } from "../json.js";
import { parseTime } from "../time.js";
import type { Exchange } from "./conversations.js";
import { asJson, type Complaint, firstOf, type Turn } from "./found-call.js";
import { isMessage, turnOfMessage } from "./message-turns.js";
import { isItem, turnOf, turnsOf } from "./response-items.js";

/** One record of a log of model calls, or of a set of conversations. */
export interface LoggedExchange extends Exchange {
  /** False: an answer that stands alone. */
  readonly hasRequest: boolean;
  /** Id of the answer, such as `chatcmpl-...`. */
  readonly answerId?: string | undefined;
  /** The answer this one goes on from. */
  readonly previousId?: string | undefined;
  /** Number or name of the conversation in its data set: for people. */
  readonly label?: string | undefined;
  readonly timeMs?: number | undefined;
  readonly agent?: string | undefined;
}

const historyKeys = [
  "messages",
  "traj",
  "trajectory",
  "conversations",
  "conversation",
  "history",
  "contents",
  "input",
  "prompt",
] as const;
const answerKeys = ["response", "output", "completion", "result", "answer"] as const;
const sessionKeys = [
  "conversation_id",
  "conversationId",
  "session_id",
  "sessionId",
  "thread_id",
  "threadId",
  "chat_id",
  "chatId",
] as const;
const timeKeys = ["timestamp", "created_at", "createdAt", "created", "time", "start_time", "startTime", "ts"] as const;

/** Where a log may keep the request: itself, or an envelope or two deeper. */
export function requestsIn(record: JsonObject): readonly JsonObject[] {
  const request = asObject(asJson(record["request"]));
  const bodies = [request?.["body"], record["body"]].map((body) => asObject(asJson(body)));
  const candidates = [record, request, ...bodies, asObject(record["input"])];
  return candidates.filter((candidate) => candidate !== undefined);
}

/** The messages or items that a record repeats, or undefined when it has no such list. */
export function historyIn(record: JsonObject): readonly unknown[] | undefined {
  for (const request of requestsIn(record)) {
    for (const key of historyKeys) {
      const list = asList(request[key]);
      if (list !== undefined && (isTalk(list) || (list.length === 0 && key === "messages"))) return list;
    }
    if (typeof request["input"] === "string" && typeof request["model"] === "string") {
      return [{ role: "user", content: request["input"] }];
    }
  }
  return undefined;
}

/** Objects that are messages or items. One stray element does not hide the others. */
export function isTalk(list: readonly unknown[]): boolean {
  return list.slice(0, 8).some((value) => {
    const object = asObject(value);
    return object !== undefined && (isMessage(object) || isItem(object));
  });
}

/** The exchange of a record, or undefined when it is neither a request nor an answer. */
export function exchangeOf(record: JsonObject, complain: Complaint): LoggedExchange | undefined {
  const list = historyIn(record);
  const answer = answerIn(record, list);
  if (list === undefined && answer === undefined) return undefined;
  const response = asObject(answer);
  const answers = answer === undefined ? [] : answersOf(answer, complain);
  const previousId = previousOf(record, response);
  const answerId = asText(response?.["id"]);
  // Where the API keeps the history, the request holds only what is new.
  const isKept = [...requestsIn(record), response].some((place) => conversationOf(place) !== undefined);
  return {
    before: previousId ?? (isKept ? answerId : undefined),
    history: list === undefined ? [] : turnsOf(list, complain),
    answers,
    hasRequest: list !== undefined,
    named: sessionOf(record, response),
    answerId,
    previousId,
    label: labelOf(record),
    timeMs: timeOf(record) ?? (response === undefined ? undefined : timeOf(response)),
    agent: asText(firstOf(record, ["agent_id", "agentId", "agent_name", "agentName", "agent"])),
  };
}

function answerIn(record: JsonObject, history: readonly unknown[] | undefined): unknown {
  if (isAnswer(record)) return record;
  for (const key of answerKeys) {
    // Observability tools keep inputs and outputs of any step as JSON text; only a response is one of an API.
    const value = key === "response" ? asJson(record[key]) : record[key];
    if (value === history) continue;
    const answer = answerAt(value, 0);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** An answer, or an envelope around one: of batches (`body`, `message`), of loggers (`data`). */
function answerAt(value: unknown, depth: number): unknown {
  const list = asList(value);
  if (list !== undefined) return isTalk(list) ? list : undefined;
  const object = asObject(value);
  if (object === undefined || depth > 3) return undefined;
  if (isAnswer(object) || isMessage(object)) return object;
  for (const key of ["body", "message", "response", "data"]) {
    const inner = answerAt(asJson(object[key]), depth + 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Whether an object is what a model API answers. */
export function isAnswer(value: JsonObject): boolean {
  if (asList(value["choices"]) !== undefined) return true;
  if (asList(value["candidates"])?.some((each) => asObject(asObject(each)?.["content"]) !== undefined) === true) return true;
  if (value["object"] === "response") return asList(value["output"]) !== undefined;
  const output = asList(value["output"]);
  if (output !== undefined && output.length > 0 && isTalk(output)) return true;
  return value["type"] === "message" && value["role"] === "assistant" && asList(value["content"]) !== undefined;
}

/** The turns that an answer adds; several when the model was asked for alternatives. */
export function answersOf(answer: unknown, complain: Complaint): readonly (readonly Turn[])[] {
  const list = asList(answer);
  if (list !== undefined) return [turnsOf(list, complain)];
  const object = asObject(answer);
  if (object === undefined) return [];
  const choices = asList(object["choices"]) ?? asList(object["candidates"]);
  if (choices !== undefined) {
    return choices.map((choice) => {
      const message = asObject(firstOf(asObject(choice) ?? {}, ["message", "delta", "content"]));
      return message === undefined ? [] : [turnOfMessage(message, complain)];
    });
  }
  const output = asList(object["output"]);
  if (output !== undefined) return [turnsOf(output, complain)];
  return [[turnOf(object, complain)]];
}

/** The conversation a record names, in the record, its request or their metadata. */
export function sessionOf(record: JsonObject, response?: JsonObject): string | undefined {
  for (const place of [...requestsIn(record), ...(response === undefined ? [] : [response])]) {
    const metadata = asObject(place["metadata"]);
    const named =
      asText(firstOf(place, sessionKeys)) ?? (metadata === undefined ? undefined : asText(firstOf(metadata, sessionKeys)));
    if (named !== undefined) return named;
    const conversation = conversationOf(place);
    if (conversation !== undefined) return conversation;
    const user = asText(metadata?.["user_id"]);
    const at = user === undefined ? -1 : user.lastIndexOf("_session_");
    if (at !== -1 && user!.length > at + 9) return user!.slice(at + 9);
  }
  return undefined;
}

function conversationOf(place: JsonObject | undefined): string | undefined {
  return asText(place?.["conversation"]) ?? asText(asObject(place?.["conversation"])?.["id"]);
}

function previousOf(record: JsonObject, response: JsonObject | undefined): string | undefined {
  for (const place of [...requestsIn(record), ...(response === undefined ? [] : [response])]) {
    const previous = asText(place["previous_response_id"]);
    if (previous !== undefined) return previous;
  }
  return undefined;
}

function labelOf(record: JsonObject): string | undefined {
  const task = firstOf(record, ["custom_id", "task_id", "instance_id", "question_id"]);
  if (typeof task !== "string" && typeof task !== "number") return undefined;
  const trial = firstOf(record, ["trial", "attempt", "run"]);
  return typeof trial === "string" || typeof trial === "number" ? `${task}/${trial}` : String(task);
}

export function timeOf(record: JsonObject): number | undefined {
  const metadata = asObject(record["metadata"]);
  const request = asObject(record["request"]);
  for (const place of [record, metadata, request]) {
    const timeMs = place === undefined ? undefined : parseTime(firstOf(place, timeKeys));
    if (timeMs !== undefined) return timeMs;
  }
  return undefined;
}
