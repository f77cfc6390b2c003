import type { CallOptions, Outgoing } from "./transport.js";

export interface PageOptions extends CallOptions {
  /** From 1. */
  readonly page?: number | undefined;
  /** At most 100; default 20. */
  readonly perPage?: number | undefined;
}

export type MediaType = "yaml" | "json";

/** What has to be active: a version, one of some, `any`; or `none`. */
export type ExpectedVersion = number | readonly number[] | "any" | "none";

/** A JSON request. */
export function posted(path: string, body: object, safe: boolean): Outgoing {
  return { method: "POST", path, headers: jsonType, body: JSON.stringify(body), safe };
}

export const jsonType: Readonly<Record<string, string>> = { "content-type": "application/json" };

export function asked(path: string, query?: ReadonlyMap<string, string>): Outgoing {
  return { method: "GET", path, ...(query && { query }), safe: true };
}

export function pageQuery(
  options: PageOptions,
  more: readonly (readonly [string, string | undefined])[] = [],
): Map<string, string> {
  const query = new Map<string, string>();
  if (options.page !== undefined) query.set("page", String(options.page));
  if (options.perPage !== undefined) query.set("per_page", String(options.perPage));
  for (const [name, value] of more) if (value !== undefined) query.set(name, value);
  return query;
}

/** A policy or a card as it is sent. @throws TypeError for what is none */
export function documentOf(
  source: object | string | Uint8Array,
  mediaType?: MediaType,
): { readonly body: string | Uint8Array<ArrayBuffer>; readonly type: string } {
  if (source instanceof Uint8Array) {
    return { body: new Uint8Array(source), type: typeOf(mediaType ?? kindOf(new TextDecoder().decode(source))) };
  }
  if (typeof source === "string") return { body: source, type: typeOf(mediaType ?? kindOf(source)) };
  if (typeof source !== "object" || source === null) throw new TypeError("a document is an object, a text or bytes");
  return { body: JSON.stringify(source), type: typeOf("json") };
}

/** YAML may begin like JSON. */
function kindOf(text: string): MediaType {
  if (!text.trimStart().startsWith("{")) return "yaml";
  try {
    JSON.parse(text);
    return "json";
  } catch {
    return "yaml";
  }
}

function typeOf(mediaType: MediaType): string {
  return `application/${mediaType}`;
}

export function precondition(expected: ExpectedVersion | undefined): Record<string, string> {
  if (expected === undefined) return {};
  if (expected === "none") return { "if-none-match": "*" };
  if (expected === "any") return { "if-match": "*" };
  const versions = typeof expected === "number" ? [expected] : expected;
  return { "if-match": versions.map((version) => `"${version}"`).join(", ") };
}

export function timeText(time: Date | string | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time;
}
