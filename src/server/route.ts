import type { Registry } from "../registry/registry.js";
import type { Role } from "../registry/shapes.js";

/**
 * One route of the REST interface. The table of all routes (`routes/table.ts`) is the only truth: fastify's routes, openapi.json, the
 * checks of role and rate, and the tests that try every route with every kind of key are made from it.
 */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** OpenAPI style: `/v1/agents/{agent_id}/policy`. */
  readonly path: string;
  /** `getAgentPolicy`: operationId. */
  readonly operation: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** The least role; `none` for what needs no key. Writers may read, admins may everything. */
  readonly role: Role | "none";
  /**
   * What a key that is limited to some agents must name: a path parameter (`agent_id`), a field of the body (`body.agent_id`), or
   * `org`, which such a key may not touch at all; `any` for what names nobody.
   */
  readonly scope: "agent_id" | "body.agent_id" | "org" | "any";
  readonly rate: RateClass;
  /** A credential may have only one such request in flight; a second one gets 429. For what reads for seconds. */
  readonly oneAtATime?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly body?: BodyContract;
  /** Status -> answer; the errors that every route can give are added. */
  readonly answers: Readonly<Record<number, AnswerContract>>;
  readonly handle: (asked: Asked) => Promise<Answer> | Answer;
}

/** Requests per minute and credential are counted by class. */
export type RateClass =
  | "policy_read"
  | "policy_write"
  | "evaluate"
  | "policy_other"
  | "recommend"
  | "transactions"
  | "ingest"
  | "none";

/** In the path, the query or a header; values are checked against `schema` before `handle`. */
export interface Parameter {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly schema: object;
}

export interface BodyContract {
  /**
   * `json`: parsed (no duplicate keys, no `__proto__`, depth and size bounded) and checked against `schema`. `document`: the raw
   * bytes of a policy or card, JSON or YAML, which our own parser reads. `bytes`: a stream.
   */
  readonly kind: "json" | "document" | "bytes";
  readonly types: readonly string[];
  readonly bytesMax: number;
  /** Of the JSON; for documents and bytes what openapi.json says of them. */
  readonly schema: object;
  readonly required: boolean;
}

export interface AnswerContract {
  readonly description: string;
  /** `$ref`s name `components/schemas`. Absent: no body. */
  readonly schema?: object;
  readonly types?: readonly string[];
  readonly headers?: readonly string[];
}

/** A request that passed: key, role, scope, rate, parameters and body. */
export interface Asked {
  /** On behalf of the caller. */
  readonly registry: Registry;
  readonly param: (name: string) => string;
  readonly query: (name: string) => string | undefined;
  readonly header: (name: string) => string | undefined;
  /** For `json` bodies, as the schema says. */
  readonly json: unknown;
  /** The text of the same: policies inside keep the order of their names, which objects lose (`0` before `a`). */
  readonly jsonText: string;
  /** For `document` bodies. */
  readonly document: { readonly bytes: Uint8Array; readonly mediaType: "yaml" | "json" } | undefined;
  /** For `bytes` bodies: decompressed, bounded. */
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
  readonly contentType: string | undefined;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A value is written as JSON in which a Map keeps its order; text and bytes go out as they are, a stream in pieces. */
  readonly body?:
    | { readonly json: unknown }
    | { readonly text: string; readonly type: string }
    | { readonly stream: AsyncIterable<Uint8Array>; readonly type: string };
}
