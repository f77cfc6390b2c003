import type { FastifyInstance, FastifyRequest } from "fastify";
import { checkHeaderCount } from "./admission.js";
import { compactJson, jsonType } from "./answer.js";
import type { Credentials } from "./credentials.js";
import type { Health } from "./health.js";
import { foreign, isLoopback } from "./local.js";
import type { Metrics } from "./metrics.js";

export interface Operations {
  readonly health: Health;
  readonly metrics: Metrics;
  readonly credentials: Credentials;
  readonly openapi: () => object;
  /** A peer on this machine may be a proxy that brings anybody. */
  readonly trustProxy: boolean;
}

/** Paths beside those of the table. */
export const operationPaths = ["/healthz", "/readyz", "/metrics", "/openapi.json"].map((path) => ({ method: "GET", path }));

/** For those who run the server. Nothing in the answers names an org, an agent or a key. */
export function addOperations(app: FastifyInstance, { health, metrics, credentials, openapi, trustProxy }: Operations): void {
  const onRequest = async (request: FastifyRequest) => checkHeaderCount(request);
  app.get("/healthz", { onRequest }, (_request, reply) => reply.type(jsonType).send('{"status":"alive"}'));
  app.get("/readyz", { onRequest }, async (_request, reply) => {
    const { ready, reasons } = await health.readiness();
    const body = compactJson({ status: ready ? "ready" : "not_ready", ...(ready ? {} : { reasons }) });
    return reply
      .code(ready ? 200 : 503)
      .type(jsonType)
      .send(body);
  });
  app.get("/metrics", { onRequest }, async (request, reply) => {
    const here = !trustProxy && isLoopback(request.raw.socket.remoteAddress ?? "") && foreign(request.headers) === undefined;
    if (!here) await credentials.of({ headers: request.headers, address: request.ip });
    return reply.type(metrics.type).send(await metrics.text());
  });
  let document: string | undefined;
  app.get("/openapi.json", { onRequest }, (_request, reply) => {
    document ??= JSON.stringify(openapi());
    return reply.type(jsonType).header("cache-control", "public, max-age=300").send(document);
  });
}
