import { requestsOpenMax } from "../limits.js";
import { asList, asObject, asText } from "./json.js";
import type { CallDecision, CallRecord } from "./reader.js";

/** The words that logs use. A plain "allow" is no decision of a person, and none that a policy has to learn from. */
const words: ReadonlyMap<string, CallDecision> = new Map<string, CallDecision>([
  ["deny", "denied"],
  ["denied", "denied"],
  ["block", "denied"],
  ["blocked", "denied"],
  ["reject", "denied"],
  ["rejected", "denied"],
  ["refuse", "denied"],
  ["refused", "denied"],
  ["forbidden", "denied"],
  ["permission_denied", "denied"],
  ["ask", "escalated"],
  ["escalate", "escalated"],
  ["escalated", "escalated"],
  ["approve", "approved"],
  ["approved", "approved"],
]);

/** A decision in the words of a log; undefined for anything else. */
export function decisionOf(word: unknown): CallDecision | undefined {
  return typeof word === "string" && word.length <= 32 ? words.get(word.toLowerCase()) : undefined;
}

/** How results begin that coding agents write in the place of a call that was refused. */
const refusals: readonly RegExp[] = [
  /^the user doesn't want to (?:proceed with this tool use|take this action)/,
  /^(?:exec command |patch |tool call )?rejected by user/,
  /^permission to use \S+ (?:has been|was) denied/,
  /^claude requested permissions? to (?:use|read|write|edit) .{0,400}?haven't granted/s,
  /^pretooluse:\S+ (?:hook (?:blocking )?error|\[.{0,400}?\] blocked)/s,
  /^(?:the )?tool (?:use|call) (?:was )?(?:denied|rejected|blocked) by (?:the )?(?:user|hook|policy)/,
];

/** Whether the text of a result says that the call was refused. Looks at its beginning only: what a tool prints may say anything. */
export function isRefusal(text: string): boolean {
  const head = text.slice(0, 600).trimStart().toLowerCase();
  return refusals.some((refusal) => refusal.test(head));
}

/** The text of a result: itself, or the first text of a list of contents, or the `output` of a wrapped one. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  for (const item of asList(content) ?? []) {
    const text = asText(asObject(item)?.["text"]);
    if (text !== undefined) return text;
  }
  const object = asObject(content);
  return asText(object?.["content"]) ?? asText(object?.["output"]) ?? "";
}

/** Calls that may still be decided about, by trace and id. Beyond `requestsOpenMax` the oldest is forgotten. */
export class OpenCalls {
  readonly #calls = new Map<string, CallRecord>();

  add(call: CallRecord): void {
    if (call.callId === undefined) return;
    const key = JSON.stringify([call.trace, call.callId]);
    this.#calls.delete(key);
    this.#calls.set(key, call);
    if (this.#calls.size <= requestsOpenMax) return;
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined) this.#calls.delete(oldest);
  }

  take(trace: string, callId: string): CallRecord | undefined {
    const key = JSON.stringify([trace, callId]);
    const call = this.#calls.get(key);
    this.#calls.delete(key);
    return call;
  }
}
