import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { ErrorAnswer } from "../registry/shapes.js";
import type { Refusal } from "./failures.js";
import type { Answer } from "./route.js";

export const jsonType = "application/json; charset=utf-8";

/** Sends what a handler answered. */
export function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status);
  if (headers !== undefined) reply.headers(headers);
  // May be kept, and asked about each time.
  if (headers?.["etag"] !== undefined) reply.header("cache-control", "private, no-cache");
  if (body === undefined) return reply.send();
  if ("json" in body) return reply.type(jsonType).send(compactJson(body.json));
  reply.type(body.type);
  return "text" in body ? reply.send(body.text) : reply.send(Readable.from(body.stream, { objectMode: false }));
}

/** The documented form of every refusal. */
export function errorAnswer({ code, message, details }: Refusal, requestId: string): ErrorAnswer {
  return { error: code, message, ...(details.length === 0 ? {} : { details }), request_id: requestId };
}

/** JSON in which a Map is an object that keeps its order. Most answers have none, and go the short way. */
export function compactJson(value: unknown): string {
  return hasMap(value) ? ordered(value) : (JSON.stringify(value) ?? "null");
}

function hasMap(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Map) return true;
  if (Array.isArray(value)) return value.some(hasMap);
  for (const key in value) if (hasMap((value as Record<string, unknown>)[key])) return true;
  return false;
}

function ordered(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map((item) => ordered(item ?? null)).join(",")}]`;
  const fields = value instanceof Map ? [...(value as Map<string, unknown>)] : Object.entries(value);
  const written = fields
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => `${JSON.stringify(key)}:${ordered(field)}`);
  return `{${written.join(",")}}`;
}
