import { ConnectionError, type ErrorDetail, errorOf, type SmoltbotError } from "./errors.js";
import type { FetchResponse } from "./fetch.js";

/** What the server refused, from its answer. `text` may be anything: proxies answer pages. */
export function refusalOf({ status, headers }: FetchResponse, text: string, uncertain: boolean): SmoltbotError {
  const body = objectOf(text);
  const known = typeof body["error"] === "string";
  const message = known
    ? String(body["message"] ?? "")
    : `the server answered ${status}, and not in its own words: is baseUrl right?`;
  return errorOf(message === "" ? `the server answered ${status}` : message, {
    status,
    code: known ? String(body["error"]) : "unknown",
    details: Array.isArray(body["details"]) ? body["details"].flatMap(detailOf) : [],
    requestId: typeof body["request_id"] === "string" ? body["request_id"] : undefined,
    retryAfterMs: retryAfterMs(headers.get("retry-after")),
    uncertain,
  });
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function detailOf(value: unknown): ErrorDetail[] {
  if (typeof value !== "object" || value === null) return [];
  const { path, message } = value as Partial<ErrorDetail>;
  return typeof path === "string" && typeof message === "string" ? [value as ErrorDetail] : [];
}

/** Seconds or a date. */
export function retryAfterMs(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const untilMs = Date.parse(text);
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - Date.now());
}

/**
 * What fetch throws says the cause beside. Only its code and words are kept: an own fetch may put the request, and so the key, into its
 * errors.
 */
export function connectionErrorOf(error: unknown, secret: string | undefined): ConnectionError {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (inner as { code?: unknown } | null | undefined)?.code;
  const why = typeof code === "string" ? code : inner instanceof Error ? inner.message : "unknown";
  return new ConnectionError(without(secret, `no answer from the server: ${why}`));
}

export function without(secret: string | undefined, text: string): string {
  return secret === undefined ? text : text.replaceAll(secret, "[key]");
}
