import type { FastifyRequest } from "fastify";
import { RegistryFailure } from "../registry/failure.js";
import type { Registry } from "../registry/registry.js";
import { noBody, type ReadBody } from "./body.js";
import type { Credential } from "./credentials.js";
import type { Asked, Route } from "./route.js";
import type { RequestSpan } from "./tracing.js";

/** What the server knows of a request, from its headers to the end of its answer. */
export interface Passage {
  readonly route: Route | undefined;
  /** Pattern, never the path that was sent. */
  readonly pattern: string;
  readonly startMs: number;
  readonly span: RequestSpan;
  credential: Credential | undefined;
  query: ReadonlyMap<string, string>;
  body: ReadBody;
  /** Of the body while it was read in pieces: whoever read it may have called it something else. */
  bodyFailure: unknown;
  /** What went wrong, where that is for the log. */
  fault: unknown;
}

declare module "fastify" {
  interface FastifyRequest {
    passage: Passage | null;
  }
}

export function newPassage(route: Route | undefined, pattern: string, startMs: number, span: RequestSpan): Passage {
  const nothing = { credential: undefined, bodyFailure: undefined, fault: undefined };
  return { route, pattern, startMs, span, query: new Map(), body: noBody, ...nothing };
}

/** A request as handlers see it. */
export class AskedOverHttp implements Asked {
  constructor(
    private readonly request: FastifyRequest,
    private readonly passage: Passage,
    private readonly signalOf: () => AbortSignal,
  ) {}

  get registry(): Registry {
    const { credential } = this.passage;
    if (credential === undefined) throw new TypeError("a route without a role has no registry");
    return credential.registry;
  }

  readonly param = (name: string): string => {
    const value = (this.request.params as Record<string, string | undefined>)[name];
    if (value === undefined) throw new RegistryFailure("internal_error", `the route has no parameter ${name}`);
    return value;
  };

  readonly query = (name: string): string | undefined => this.passage.query.get(name);

  readonly header = (name: string): string | undefined => {
    const value = this.request.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : value;
  };

  get json(): unknown {
    return this.passage.body.json;
  }

  get jsonText(): string {
    return this.passage.body.jsonText;
  }

  get document(): Asked["document"] {
    return this.passage.body.document;
  }

  get bytes(): AsyncIterable<Uint8Array> | undefined {
    const { bytes } = this.passage.body;
    return bytes && rememberingFailure(bytes, this.passage);
  }

  get contentType(): string | undefined {
    return this.request.headers["content-type"];
  }

  get signal(): AbortSignal {
    return this.signalOf();
  }
}

async function* rememberingFailure(bytes: AsyncIterable<Uint8Array>, passage: Passage): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    passage.bodyFailure = error;
    throw error;
  }
}
