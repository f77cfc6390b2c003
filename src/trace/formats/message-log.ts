import { conversationLinksMax } from "../../limits.js";
import { asList, asObject, asText, type JsonObject } from "../json.js";
import type { InputMeta, RawRecord, RecordReader, TraceSink } from "../reader.js";
import { Conversations, isUnique, type PlacedCall } from "./conversations.js";
import { exchangeOf, isTalk, type LoggedExchange, sessionOf, timeOf } from "./exchange.js";
import { type Complaint, type FoundCall, firstOf } from "./found-call.js";
import { eventOfLine, isEventField, isStreamEvent, StreamCalls, streamedCalls } from "./message-streams.js";
import { isMessage } from "./message-turns.js";
import { isItem, turnOf, turnsOf } from "./response-items.js";

/** Envelopes in an envelope: `{data: [{response: ...}]}` and the like. */
const nestingMax = 4;

/**
 * Reads everything that holds messages or answers of model APIs, whichever of them: conversations, request logs, single
 * messages, items, answers and streams, as objects, lists or lines. The formats differ in what they take for their own.
 */
export class MessageLogReader implements RecordReader {
  private readonly conversations: Conversations;
  private readonly streams = new StreamCalls();
  /** Conversation by the id of an answer, for `previous_response_id`. */
  private readonly byAnswer = new Map<string, string>();
  private readonly known = new Set<string>();
  private answers = 0;

  constructor(
    private readonly input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.conversations = new Conversations(input.name);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    if (typeof value === "string") this.readLine(value, raw.line);
    else this.read(value, raw.line, 0, undefined);
  }

  end(): void {}

  private readLine(line: string, number: number): void {
    const event = eventOfLine(line);
    if (event === null) this.sink.bad(number, "the data of an event is a JSON object");
    else if (event !== undefined) this.read(event, number, 0, undefined);
    else if (!isEventField(line)) this.sink.bad(number, "a line of an event stream begins with the name of a field");
  }

  private read(value: unknown, line: number, depth: number, position: number | undefined): void {
    const list = asList(value);
    if (list !== undefined && depth < nestingMax) {
      if (isTalk(list)) this.readTalk(list, line, position);
      else list.forEach((item, index) => this.read(item, line, depth + 1, index));
      return;
    }
    const record = asObject(value);
    if (record === undefined) {
      this.sink.bad(line, "a record of a message log is a JSON object");
      return;
    }
    if (isStreamEvent(record)) return this.readEvent(record, line);
    const exchange = exchangeOf(record, this.complaint(line));
    if (exchange !== undefined) return this.readExchange(this.withStream(exchange, record, line), line, position);
    if (isMessage(record) || isItem(record)) return this.readTurn(record, line);
    const inner = innerLists.map((key) => asList(record[key])).find((found) => found !== undefined);
    if (inner !== undefined && depth < nestingMax) inner.forEach((item, index) => this.read(item, line, depth + 1, index));
    else if (!isFailure(record)) this.sink.bad(line, "the record holds no messages and no answer");
  }

  private withStream(exchange: LoggedExchange, record: JsonObject, line: number): LoggedExchange {
    const calls = exchange.answers.length > 0 ? undefined : streamedCalls(record, this.complaint(line));
    return calls === undefined ? exchange : { ...exchange, answers: [[{ role: "assistant", text: "", calls, results: [] }]] };
  }

  private complaint(line: number): Complaint {
    return (what) => this.sink.bad(line, what);
  }

  /** A list of messages is one conversation. */
  private readTalk(list: readonly unknown[], line: number, position: number | undefined): void {
    const history = turnsOf(list, this.complaint(line));
    const first = asObject(list[0]);
    const named = first === undefined ? undefined : sessionOf(first);
    this.readExchange({ history, answers: [], hasRequest: true, named }, line, position);
  }

  private readExchange(exchange: LoggedExchange, line: number, position: number | undefined): void {
    if (!exchange.hasRequest && exchange.previousId === undefined) return this.readAnswer(exchange, line);
    const { previousId } = exchange;
    const previous = previousId === undefined ? undefined : this.byAnswer.get(previousId);
    const named = exchange.named ?? previous ?? previousId;
    const namedWeakly = exchange.named === undefined && previous === undefined;
    const { key, calls } = this.conversations.place({ ...exchange, named, namedWeakly });
    this.rememberAnswer(exchange.answerId, key);
    const label = named ?? this.labelOf(exchange.label, line, position);
    this.know(key, label, exchange.timeMs, exchange.agent);
    for (const placed of calls) this.emit(key, placed, exchange.timeMs, exchange.agent, line);
  }

  /** Answers without their requests have nothing that says where they belong: those of an input are one trace. */
  private readAnswer(exchange: LoggedExchange, line: number): void {
    const key = exchange.named ?? this.input.name;
    const { timeMs, agent } = exchange;
    this.rememberAnswer(exchange.answerId, key);
    this.know(key, undefined, timeMs, agent);
    const answer = this.nameOf(exchange);
    exchange.answers.forEach((turns, choice) => {
      turns
        .flatMap((turn) => turn.calls)
        .forEach((call, index) => this.emit(key, this.placed(call, `${answer}:${choice}:${index}`), timeMs, agent, line));
    });
  }

  /** Some servers give all answers one id, or count them from 0: then the time tells them apart, or nothing does. */
  private nameOf({ answerId, timeMs }: LoggedExchange): string {
    if (answerId !== undefined && isUnique(answerId, "")) return answerId;
    return answerId === undefined || timeMs === undefined ? `\u0000${this.answers++}` : `${answerId}@${timeMs}`;
  }

  /** A message or an item on a line of its own goes on with the conversation of the input. */
  private readTurn(record: JsonObject, line: number): void {
    const turn = turnOf(record, this.complaint(line));
    const key = sessionOf(record) ?? this.input.name;
    const timeMs = turn.timeMs ?? timeOf(record);
    this.know(key, undefined, timeMs, undefined);
    for (const call of turn.calls) this.emit(key, this.placed(call, undefined), timeMs, undefined, line);
  }

  private readEvent(event: JsonObject, line: number): void {
    const response = asObject(event["response"]) ?? asObject(event["message"]);
    const key = sessionOf(event, response) ?? this.input.name;
    const timeMs = timeOf(event) ?? (response === undefined ? undefined : timeOf(response));
    this.know(key, undefined, timeMs, undefined);
    for (const call of this.streams.of(event, this.complaint(line))) {
      this.emit(key, this.placed(call, call.place), timeMs, undefined, line);
    }
  }

  private placed(call: FoundCall, place: string | undefined): Omit<PlacedCall, "callId"> & { callId: string | undefined } {
    const isOwn = call.id !== undefined && isUnique(call.id, call.tool);
    return { call, callId: isOwn ? call.id : place, timeMs: undefined };
  }

  private emit(
    trace: string,
    placed: Omit<PlacedCall, "callId"> & { callId: string | undefined },
    timeMs: number | undefined,
    agent: string | undefined,
    line: number,
  ): void {
    const { tool, server, args } = placed.call;
    this.sink.call({ trace, callId: placed.callId, tool, server, args, timeMs: placed.timeMs ?? timeMs, agent, line });
  }

  private know(key: string, id: string | undefined, timeMs: number | undefined, agent: string | undefined): void {
    if (this.known.has(key)) return;
    if (this.known.size >= conversationLinksMax) this.known.clear();
    this.known.add(key);
    this.sink.trace(key, { timeMs, agent, id });
  }

  private rememberAnswer(id: string | undefined, key: string): void {
    if (id === undefined) return;
    if (this.byAnswer.size >= conversationLinksMax) this.byAnswer.clear();
    this.byAnswer.set(id, key);
  }

  /** What people see of a conversation without a name: the input, and where in it when it holds several. */
  private labelOf(label: string | undefined, line: number, position: number | undefined): string {
    const { name } = this.input;
    if (label !== undefined) return `${name}#${label}`;
    if (position !== undefined) return `${name}#${position + 1}`;
    return line > 1 ? `${name}:${line}` : name;
  }
}

/** Lists of records under a key: pages of an API, batches. */
const innerLists = ["data", "items", "records", "rows", "results", "requests"] as const;

/** A request that failed, as batches and loggers keep it. */
function isFailure(record: JsonObject): boolean {
  const outcome = asObject(record["result"]) ?? asObject(record["response"]) ?? record;
  if (["errored", "canceled", "expired"].includes(asText(outcome["type"]) ?? "")) return true;
  return [record, outcome, asObject(outcome["body"])].some(
    (place) => place !== undefined && firstOf(place, ["error"]) !== undefined,
  );
}
