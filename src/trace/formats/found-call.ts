import type { JsonObject } from "../json.js";

/** A tool call as a message, an item or a run names it, before it has a place in a trace. */
export interface FoundCall {
  readonly tool: string;
  readonly id?: string | undefined;
  readonly server?: string | undefined;
  readonly args?: (() => unknown) | undefined;
  /** Tells it from others of its answer or stream, where the id may come again or is missing. */
  readonly place?: string | undefined;
}

/** One step of a conversation: a message, or an item of the Responses API. */
export interface Turn {
  readonly role: string;
  /** A sample of what is said, enough to know the turn again. */
  readonly text: string;
  readonly calls: readonly FoundCall[];
  /** Ids of the calls whose results it brings. */
  readonly results: readonly string[];
  readonly timeMs?: number | undefined;
}

/** Told what is wrong with a part of a record; the rest of it is read. */
export type Complaint = (what: string) => void;

/** The first of some keys that holds anything. */
export function firstOf(record: JsonObject, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = record[key];
    if (value !== undefined && value !== null && Object.hasOwn(record, key)) return value;
  }
  return undefined;
}

/** Tables keep objects as JSON text. Text that is none stays what it is. */
export function asJson(value: unknown): unknown {
  if (typeof value !== "string" || (value[0] !== "{" && value[0] !== "[")) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

const sampleEndChars = 1024;

/** Both ends of a text, and its length when something is left out: as much as is needed to know it again. */
export function sampleOf(text: string): string {
  if (text.length <= 2 * sampleEndChars) return text;
  return `${text.slice(0, sampleEndChars)}${text.length}${text.slice(-sampleEndChars)}`;
}
