import type { FastifyReply, FastifyRequest } from "fastify";
import { requestHeadersMax } from "../limits.js";
import { RegistryFailure } from "../registry/failure.js";
import { checkAccess, checkBodyAgent } from "./access.js";
import { readBody } from "./body.js";
import type { Credentials } from "./credentials.js";
import { RequestRefused } from "./failures.js";
import type { Metrics } from "./metrics.js";
import type { Rates } from "./options.js";
import { checkIds, parseQuery, typed } from "./parameters.js";
import type { Passage } from "./passage.js";
import type { RateWindows } from "./rate.js";
import type { Route } from "./route.js";

export interface Gate {
  readonly credentials: Credentials;
  readonly windows: RateWindows;
  readonly rates: Rates;
  readonly metrics: Metrics;
}

/** Everything that can be refused before a byte of the body is read. */
export async function admit(request: FastifyRequest, passage: Passage, gate: Gate): Promise<void> {
  const { route } = passage;
  if (route === undefined) return;
  checkHeaderCount(request);
  const params = request.params as Record<string, string>;
  if (route.role !== "none") {
    const credential = await gate.credentials.of({ headers: request.headers, address: request.ip });
    passage.credential = credential;
    checkAccess(credential, route, params);
    checkRate(credential.id, route, gate);
  }
  checkIds(params);
  const asked = request.raw.url ?? "";
  const mark = asked.indexOf("?");
  passage.query = parseQuery(mark === -1 ? "" : asked.slice(mark + 1), route);
  request.query = typed(passage.query, route);
}

export function checkHeaderCount(request: FastifyRequest): void {
  if (request.raw.rawHeaders.length <= 2 * requestHeadersMax) return;
  throw new RequestRefused(431, "invalid_request", `a request may have ${requestHeadersMax} header lines`);
}

function checkRate(id: string, { rate }: Route, { rates, windows, metrics }: Gate): void {
  if (rate === "none") return;
  const retryAfterS = windows.take(`${rate} ${id}`, rates[rate]);
  if (retryAfterS === 0) return;
  metrics.rateLimited(rate);
  const message = `more than ${rates[rate]} requests of this kind in a minute`;
  throw new RegistryFailure("rate_limited", message, { retryAfterS });
}

/** Reads the body, for the schema to be checked next. */
export async function receive(request: FastifyRequest, reply: FastifyReply, passage: Passage): Promise<void> {
  const contract = passage.route?.body;
  if (contract === undefined) {
    request.body = undefined;
    return;
  }
  try {
    passage.body = await readBody(request.raw, contract);
  } catch (error) {
    // What is left of it is not waited for.
    reply.header("connection", "close");
    throw error;
  }
  request.body = contract.kind === "json" ? passage.body.json : undefined;
}

/** After the schema has been checked. */
export function admitBody({ credential, route, body }: Passage): void {
  if (credential !== undefined && route !== undefined) checkBodyAgent(credential, route, body.json);
}
