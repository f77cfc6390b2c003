import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type InjectOptions,
  type LightMyRequestResponse,
} from "fastify";
import { RegistryFailure } from "../registry/failure.js";
import { admit, admitBody, type Gate, receive } from "./admission.js";
import { errorAnswer, jsonType, sendAnswer } from "./answer.js";
import type { Credentials } from "./credentials.js";
import { type Refusal, refusalOf } from "./failures.js";
import type { Health } from "./health.js";
import { errorFields } from "./log.js";
import type { Metrics } from "./metrics.js";
import { addOperations, operationPaths } from "./operations.js";
import { parametersSchema } from "./parameters.js";
import type { ServerParts } from "./parts.js";
import { AskedOverHttp, newPassage, type Passage } from "./passage.js";
import { allowedMethods } from "./paths.js";
import { RateWindows } from "./rate.js";
import type { Answer, Route } from "./route.js";
import { startRequestSpan } from "./tracing.js";

export interface FrameParts extends Omit<ServerParts, "registryOf" | "readings"> {
  readonly credentials: Credentials;
  readonly health: Health;
  readonly metrics: Metrics;
}

const safetyHeaders = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** A client that went away before its answer, as proxies log it. */
const clientGoneStatus = 499;

/** From a request to its answer: fastify finds the route, everything that is refused or bounded is ours. */
export class Frame {
  readonly #app: FastifyInstance;
  readonly #gate: Gate;
  /** Requests of routes of which a credential may have one. */
  readonly #alone = new Set<string>();
  readonly #aborts = new Set<AbortController>();
  readonly #idStart = randomBytes(6).toString("hex");
  #idNext = 0;

  constructor(private readonly parts: FrameParts) {
    const { credentials, elapsed, options, metrics } = parts;
    this.#gate = { credentials, windows: new RateWindows(elapsed), rates: options.rates, metrics };
    this.#app = fastify({
      logger: false,
      // The next hop only: whoever asks it can write any further ones.
      trustProxy: options.trustProxy ? (_address: string, hop: number) => hop === 0 : false,
      genReqId: () => `${this.#idStart}-${(this.#idNext++).toString(36)}`,
      exposeHeadRoutes: true,
      return503OnClosing: false,
      // The defaults edit what was sent: they cut fields, turn texts into numbers and fill in what is missing.
      ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true, strict: false } },
      frameworkErrors: (error, request, reply) => {
        this.#begin(request, reply);
        this.#refuse(error, request, reply);
      },
      routerOptions: { maxParamLength: 1024, querystringParser: () => ({}) },
    });
    this.#build();
  }

  async ready(): Promise<void> {
    await this.#app.ready();
  }

  route(request: IncomingMessage, response: ServerResponse): void {
    this.#app.routing(request, response);
  }

  inject(request: InjectOptions): Promise<LightMyRequestResponse> {
    return this.#app.inject(request);
  }

  abortAll(reason: Error): void {
    for (const abort of this.#aborts) abort.abort(reason);
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  #build(): void {
    const app = this.#app;
    const { health, metrics, credentials, openapi, options, routes } = this.parts;
    app.removeAllContentTypeParsers();
    // The body stays a stream until `receive`.
    app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    app.decorateRequest("passage", null);
    app.addHook("onRequest", (request, reply, done) => {
      this.#begin(request, reply);
      done();
    });
    app.setErrorHandler((error, request, reply) => this.#refuse(error, request, reply));
    app.setNotFoundHandler((request, reply) => this.#refuse(notThere(request, reply, routes), request, reply));
    addOperations(app, { health, metrics, credentials, openapi, trustProxy: options.trustProxy });
    for (const route of routes) this.#addRoute(route);
  }

  #addRoute(route: Route): void {
    this.#app.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ":$1"),
      config: { route },
      schema: this.#schemaOf(route),
      onRequest: (request) => admit(request, passageOf(request), this.#gate),
      preValidation: (request, reply) => receive(request, reply, passageOf(request)),
      handler: async (request, reply) => {
        const passage = passageOf(request);
        admitBody(passage);
        const answer = await this.#answered(route, request, reply, passage);
        const verdict = route.rate === "evaluate" ? answer.headers?.["x-policy-verdict"] : undefined;
        if (verdict !== undefined) this.parts.metrics.evaluated(verdict);
        // This process need not wait to hear of it.
        if (route.path.startsWith("/v1/keys") && route.method !== "GET") await this.parts.credentials.heard(undefined);
        if (request.method === "HEAD") await unread(answer);
        return sendAnswer(reply, answer);
      },
    });
  }

  #schemaOf(route: Route): object {
    const components = { components: { schemas: this.parts.schemas } };
    const of = (place: "path" | "query" | "header") => {
      const schema = parametersSchema(route, place);
      return schema && { ...schema, ...components };
    };
    const [params, querystring, headers] = [of("path"), of("query"), of("header")];
    const json = route.body?.kind === "json" ? route.body : undefined;
    // A body that may be left out is checked where there is one.
    const body =
      json && (json.required ? { ...json.schema, ...components } : { anyOf: [{ type: "null" }, json.schema], ...components });
    return { ...(params && { params }), ...(querystring && { querystring }), ...(headers && { headers }), ...(body && { body }) };
  }

  /** Runs the handler, in its span, and where it must be alone, alone. */
  async #answered(route: Route, request: FastifyRequest, reply: FastifyReply, passage: Passage): Promise<Answer> {
    const place = route.oneAtATime === true ? `${route.operation} ${passage.credential?.id}` : undefined;
    if (place !== undefined && this.#alone.has(place)) {
      throw new RegistryFailure("rate_limited", "such a request of this key is still being answered", { retryAfterS: 1 });
    }
    if (place !== undefined) this.#alone.add(place);
    const asked = new AskedOverHttp(request, passage, () => this.#signal(reply));
    try {
      return await passage.span.within(() => route.handle(asked));
    } catch (error) {
      throw passage.bodyFailure ?? error;
    } finally {
      if (place !== undefined) this.#alone.delete(place);
    }
  }

  /** Aborted when the client goes away or the server stops. */
  #signal(reply: FastifyReply): AbortSignal {
    const abort = new AbortController();
    const gone = () => {
      this.#aborts.delete(abort);
      if (!reply.raw.writableEnded) abort.abort();
    };
    if (reply.raw.destroyed) abort.abort();
    else {
      this.#aborts.add(abort);
      reply.raw.once("close", gone);
    }
    return abort.signal;
  }

  #begin(request: FastifyRequest, reply: FastifyReply): void {
    const route = (request.routeOptions.config as { readonly route?: Route } | undefined)?.route;
    const pattern = route?.path ?? (request.is404 ? "unknown" : (request.routeOptions.url ?? "unknown"));
    const method = request.method;
    const passage = newPassage(route, pattern, this.parts.elapsed(), startRequestSpan(method, pattern, request.headers));
    request.passage = passage;
    reply.headers(safetyHeaders);
    if (this.parts.health.draining) reply.header("connection", "close");
    reply.raw.once("close", () => this.#end(request, reply, passage));
  }

  #end(request: FastifyRequest, reply: FastifyReply, { pattern, startMs, span, credential, fault }: Passage): void {
    const status = reply.raw.writableEnded ? reply.raw.statusCode : clientGoneStatus;
    const durationMs = this.parts.elapsed() - startMs;
    const { method, id } = request;
    this.parts.metrics.answered(method, pattern, status, durationMs / 1000);
    span.end(status, credential?.org);
    const { keyId, org } = credential ?? {};
    const fields = {
      requestId: id,
      method,
      route: pattern,
      status,
      durationMs: Math.round(durationMs * 1000) / 1000,
      keyId,
      org,
    };
    const { log } = this.parts;
    if (fault !== undefined) log.error({ ...fields, ...errorFields(fault) }, "request failed");
    else if (credential === undefined && status < 400) log.debug(fields, "request");
    else log.info(fields, "request");
  }

  #refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const refusal = refusalOf(error);
    if (refusal.status >= 500 && request.passage !== null) request.passage.fault = error;
    return answerRefusal(refusal, request, reply);
  }
}

function passageOf(request: FastifyRequest): Passage {
  if (request.passage === null) throw new TypeError("a request was not begun");
  return request.passage;
}

/** Who asks with HEAD reads nothing: a stream would be drawn to its end for nobody. */
async function unread({ body }: Answer): Promise<void> {
  if (body !== undefined && "stream" in body) await body.stream[Symbol.asyncIterator]().return?.();
}

/** Why no route takes a request. */
function notThere({ raw, method }: FastifyRequest, reply: FastifyReply, routes: readonly Route[]): RegistryFailure {
  const path = (raw.url ?? "").split("?")[0]!;
  const methods = allowedMethods([...routes, ...operationPaths], path);
  if (methods.length === 0 || methods.includes(method)) return new RegistryFailure("not_found", "there is no such path");
  reply.header("allow", methods.join(", "));
  return new RegistryFailure("method_not_allowed", `this path takes ${methods.join(", ")}`);
}

function answerRefusal(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, code, retryAfterS } = refusal;
  if (retryAfterS !== undefined) reply.header("retry-after", String(retryAfterS));
  if (code === "unauthorized") reply.header("www-authenticate", 'Bearer realm="smoltbot"');
  if (status === 413 || status === 408 || status === 431) reply.header("connection", "close");
  return reply
    .code(status)
    .type(jsonType)
    .send(JSON.stringify(errorAnswer(refusal, request.id)));
}
