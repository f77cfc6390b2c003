import { RegistryFailure } from "../../registry/failure.js";
import type { Paging, SourceText } from "../../registry/registry.js";
import type { Asked } from "../route.js";
import { memberText } from "./member-text.js";

export function pagingOf(asked: Asked): Paging {
  return { page: numberOf(asked, "page"), perPage: numberOf(asked, "per_page") };
}

export function numberOf(asked: Asked, name: string): number | undefined {
  const text = asked.query(name);
  return text === undefined ? undefined : Number(text);
}

/** Epoch milliseconds of an ISO 8601 time. @throws RegistryFailure `invalid_request` */
export function timeOf(text: string | undefined, path: string): number | undefined {
  if (text === undefined) return undefined;
  const timeMs = isoTime.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  const message = "a time is written in ISO 8601 with its zone, such as 2026-01-31T08:00:00Z";
  throw new RegistryFailure("invalid_request", `${path} is no time`, { details: [{ path, message }] });
}

const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** What PUT was given. */
export function documentOf(asked: Asked): SourceText {
  const { document } = asked;
  if (document === undefined) throw new RegistryFailure("invalid_request", "the request has no body: send the document");
  return { bytes: document.bytes, mediaType: document.mediaType, file: "body" };
}

/** Somebody else's org looks like one that is not there. */
export function ownOrg(asked: Asked): void {
  if (asked.param("org_id") !== asked.registry.org) throw new RegistryFailure("not_found", "there is no such org");
}

/**
 * The body with the text of the policy at `path` in place of the object: names keep their order. A policy that is text already stays.
 */
export function withPolicyText<T extends { readonly policy?: unknown }>(asked: Asked, body: T, path: readonly string[]): T {
  if (typeof body.policy !== "object" || body.policy === null) return body;
  const text = memberText(asked.jsonText, path);
  return text === undefined ? body : { ...body, policy: text };
}
