import { asList, asObject } from "../../json.js";
import { type KnownAttributes, plainValue } from "./attributes.js";

/** Attributes of span events that hold a model's answer. */
const answerKeys: ReadonlySet<unknown> = new Set([
  "gen_ai.event.content",
  "gen_ai.completion",
  "message",
  "gen_ai.output.messages",
]);
const answerEvents: ReadonlySet<unknown> = new Set([
  "gen_ai.choice",
  "gen_ai.content.completion",
  "gen_ai.client.inference.operation.details",
]);

export function isAnswerEvent(name: unknown): boolean {
  return answerEvents.has(name);
}

/** Puts answers that stand in the events of a span among its attributes. */
export function readAnswers(attributes: KnownAttributes, events: readonly unknown[]): void {
  for (const item of events) {
    const event = asObject(item);
    if (event === undefined || !isAnswerEvent(event["name"])) continue;
    const list = asList(event["attributes"]);
    const entries =
      list?.map(asObject) ?? Object.entries(asObject(event["attributes"]) ?? {}).map(([key, value]) => ({ key, value }));
    const values = entries.filter((entry) => answerKeys.has(entry?.["key"])).map((entry) => plainValue(entry?.["value"]));
    for (const value of values) attributes.addAnswer(value);
  }
}
