import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer, ServerRefused } from "../src/server/app.js";
import type { Route } from "../src/server/route.js";
import { routes } from "../src/server/routes/table.js";
import { openStore } from "../src/store/open.js";
import { madeKey, type Served, serve } from "./support/served.js";

const rank = { none: 0, reader: 1, writer: 2, admin: 3 };
const reached: string[] = [];

/** The real table, with handlers that only say that they were reached: what a body has to be is not asked here. */
const recording: readonly Route[] = routes.map((route) => ({
  ...route,
  ...(route.body && { body: { ...route.body, schema: {}, required: false } }),
  parameters: (route.parameters ?? []).map((parameter) => ({ ...parameter, required: false, schema: {} })),
  handle: (asked) => {
    reached.push(`${route.operation} ${route.role === "none" ? "" : asked.registry.org}`);
    return { status: 204 };
  },
}));

interface Caller {
  readonly name: string;
  readonly header: string | undefined;
  readonly role?: "reader" | "writer" | "admin";
  readonly org?: string;
  readonly agents?: readonly string[];
}

/** What is declared, said again in other words than the server's. */
function expected(route: Route, { role, org = "acme", agents }: Caller): number {
  if (route.role === "none") return 204;
  if (role === undefined) return 401;
  if (route.path.includes("{org_id}") && org !== "acme") return 404;
  if (rank[role] < rank[route.role]) return 403;
  if (agents === undefined || route.scope === "any") return 204;
  if (route.scope === "org") return 403;
  return agents.includes("support-1") ? 204 : 404;
}

describe("every route with every kind of key", () => {
  let served: Served;
  const callers: Caller[] = [];

  beforeAll(async () => {
    const store = await openStore({ path: ":memory:" });
    const made = async (name: string, more: Parameters<typeof madeKey>[1], known: Partial<Caller> = {}) => {
      const { header } = await madeKey(store, more);
      callers.push({ name, header, ...known });
      return header;
    };
    const admin = await made("admin", { role: "admin" }, { role: "admin" });
    await made("writer", { role: "writer" }, { role: "writer" });
    await made("reader", { role: "reader" }, { role: "reader" });
    await made("admin of another org", { role: "admin", org: "other" }, { role: "admin", org: "other" });
    await made("admin of another agent", { role: "admin", agents: ["sales-1"] }, { role: "admin", agents: ["sales-1"] });
    await made("writer of this agent", { role: "writer", agents: ["a", "support-1"] }, { role: "writer", agents: ["support-1"] });
    await made("reader of this agent", { role: "reader", agents: ["support-1"] }, { role: "reader", agents: ["support-1"] });
    await made("revoked", { role: "admin", revokedAtMs: Date.now() - 1 });
    await made("expired", { role: "admin", expiresAtMs: Date.now() - 1 });
    const [start, secret = ""] = [admin.slice(0, 28), admin.slice(28)];
    callers.push(
      { name: "none", header: undefined },
      { name: "nothing", header: "" },
      { name: "only the scheme", header: "Bearer" },
      { name: "another scheme", header: admin.replace("Bearer", "Basic") },
      { name: "cut short", header: admin.slice(0, -1) },
      { name: "too long", header: `${admin}A` },
      { name: "the key without its scheme", header: admin.slice(7) },
      { name: "two keys", header: `${admin}, ${admin}` },
      { name: "an injection", header: "Bearer sbk_' or 1=1 --_x" },
      { name: "very long", header: `Bearer ${"a".repeat(5_000)}` },
      { name: "an unknown id", header: `Bearer sbk_${"0".repeat(16)}_${secret}` },
      { name: "another secret", header: `${start}${secret.startsWith("A") ? "B" : "A"}${secret.slice(1)}` },
      { name: "other letters of the secret", header: `${start}${secret.toUpperCase()}` },
    );
    served = await serve({ store, routes: recording });
  });
  afterAll(() => served.close());

  test("the table has routes of every role and scope, and none without a key", () => {
    expect(routes.length).toBeGreaterThan(30);
    expect([...new Set(routes.map(({ role }) => role))].sort()).toEqual(["admin", "reader", "writer"]);
    expect([...new Set(routes.map(({ scope }) => scope))].sort()).toEqual(["agent_id", "any", "body.agent_id", "org"]);
    expect(routes.filter(({ path }) => !path.startsWith("/v1/")).map(({ path }) => path)).toEqual([]);
  });

  test("reading never changes anything for a reader", () => {
    const writes = routes.filter(({ method, role }) => method !== "GET" && role === "reader").map(({ operation }) => operation);
    const questions = /^(evaluate|validate|diff|lint|explain|recommend)/;
    expect(writes.filter((operation) => !questions.test(operation))).toEqual([]);
  });

  test.each(recording)("$method $path", async (route) => {
    const url = route.path
      .replace("{org_id}", "acme")
      .replace("{agent_id}", "support-1")
      .replace(/\{\w+\}/g, "some-id");
    for (const caller of callers) {
      reached.length = 0;
      const { header } = caller;
      // Each failure of an address counts: more come than any one address may have.
      const remoteAddress = `10.0.${callers.indexOf(caller)}.${recording.indexOf(route)}`;
      const answer = await served.server.inject({
        method: route.method,
        url,
        remoteAddress,
        headers: {
          ...(header !== undefined && { authorization: header }),
          ...(route.body && { "content-type": route.body.types[0] ?? "" }),
        },
        ...(route.body && { payload: JSON.stringify({ agent_id: "support-1" }) }),
      });
      const status = expected(route, caller);
      expect([caller.name, answer.statusCode, answer.body]).toEqual([
        caller.name,
        status,
        status === 204 ? "" : expect.any(String),
      ]);
      expect([caller.name, ...reached]).toEqual(
        status === 204 ? [caller.name, `${route.operation} ${caller.org ?? "acme"}`] : [caller.name],
      );
      if (status === 401) expect(answer.headers["www-authenticate"]).toBe('Bearer realm="smoltbot"');
      if (header !== undefined && header.length > 60) expect(answer.body + served.logged()).not.toContain(header.slice(28, 60));
    }
  });

  test("a limited key has to name its agent where the body would", async () => {
    const limited = callers.find(({ name }) => name === "reader of this agent")?.header as string;
    const ask = (payload: unknown) =>
      served.server.inject({
        method: "POST",
        url: "/v1/policies/evaluate",
        headers: { authorization: limited, "content-type": "application/json" },
        payload: JSON.stringify(payload),
      });
    expect((await ask({})).statusCode).toBe(403);
    expect((await ask({ agent_id: "a" })).statusCode).toBe(404);
    expect((await ask({ agent_id: ["support-1"] })).statusCode).toBe(404);
    expect((await ask({ agent_id: "support-1" })).statusCode).toBe(204);
  });

  test("keys are checked for HEAD as for GET", async () => {
    expect((await served.server.inject({ method: "HEAD", url: "/v1/policies" })).statusCode).toBe(401);
    const authorization = callers[0]?.header as string;
    expect(
      (await served.server.inject({ method: "HEAD", url: "/v1/keys", headers: { authorization: callers[2]?.header as string } }))
        .statusCode,
    ).toBe(403);
    expect((await served.server.inject({ method: "HEAD", url: "/v1/keys", headers: { authorization } })).statusCode).toBe(204);
  });
});

describe("what is not yours is not there", () => {
  let served: Served;
  let [mine, theirs] = ["", ""];
  beforeAll(async () => {
    const store = await openStore({ path: ":memory:" });
    mine = (await madeKey(store, { role: "admin" })).header;
    theirs = (await madeKey(store, { role: "admin", org: "other" })).header;
    served = await serve({ store });
    const theirRegistry = served.service.as({ org: "other", actor: "tester" });
    await theirRegistry.putTeam("team-1", ["agent-1"]);
    const { id } = await theirRegistry.createKey({ name: "k", role: "reader" });
    theirKey = id;
  });
  let theirKey = "";
  afterAll(() => served.close());

  const answer = async (authorization: string, method: "GET" | "DELETE", url: string) => {
    const { statusCode, body } = await served.server.inject({ method, url, headers: { authorization } });
    return [statusCode, body.replace(/"request_id":"[^"]*"/, "")];
  };

  test("another org and one that does not exist are answered alike", async () => {
    expect(await answer(mine, "GET", "/v1/orgs/other/policy")).toEqual(await answer(mine, "GET", "/v1/orgs/nobody/policy"));
    expect((await answer(mine, "GET", "/v1/orgs/other/policy"))[0]).toBe(404);
  });

  test.each([
    ["GET", "/v1/teams/team-1", "/v1/teams/team-2"],
    ["DELETE", "/v1/teams/team-1", "/v1/teams/team-2"],
  ] as const)("%s %s", async (method, url, missing) => {
    const [status, body] = await answer(mine, method, url);
    expect([status, String(body).replace("team-1", "team-2")]).toEqual(await answer(mine, method, missing));
    expect(status).toBe(404);
    expect((await answer(theirs, "GET", url))[0]).toBe(200);
  });

  test("keys of another org can neither be seen nor revoked", async () => {
    const [status] = await answer(mine, "DELETE", `/v1/keys/${theirKey}`);
    expect(status).toBe(404);
    expect((await answer(mine, "GET", "/v1/keys"))[1]).not.toContain(theirKey);
    expect((await answer(theirs, "GET", "/v1/keys"))[1]).toContain(theirKey);
  });
});

describe("without keys", () => {
  const local = { host: "127.0.0.1:7400" };

  test("only this machine is served, until there is a key", async () => {
    const served = await serve({ org: "mine" });
    const ask = (headers: Record<string, string>) => served.server.inject({ method: "GET", url: "/v1/policies", headers });
    expect(served.server.open).toBe(true);
    expect((await ask(local)).json()).toMatchObject({ org_id: "mine" });
    expect((await ask({ host: "localhost:7400" })).statusCode).toBe(200);
    expect((await ask({ host: "[::1]:7400" })).statusCode).toBe(200);
    for (const headers of [
      { host: "rebound.example:7400" },
      { host: "127.0.0.1.rebound.example" },
      { host: "127.0.0.1@rebound.example" },
      { host: "0x7f000001" },
      { ...local, origin: "https://page.example" },
      { ...local, origin: "null" },
      { ...local, origin: "http://127.0.0.1:3000" },
      { ...local, "sec-fetch-site": "cross-site" },
      { ...local, "x-forwarded-for": "203.0.113.9" },
      { ...local, forwarded: "for=203.0.113.9" },
      { ...local, via: "1.1 proxy" },
      { ...local, "x-real-ip": "203.0.113.9" },
    ]) {
      expect([headers, (await ask(headers)).statusCode]).toEqual([headers, 403]);
    }
    expect((await ask({ ...local, origin: "http://127.0.0.1:7400" })).statusCode).toBe(200);

    const made = await served.server.inject({
      method: "POST",
      url: "/v1/keys",
      headers: { ...local, "content-type": "application/json" },
      payload: JSON.stringify({ name: "first", role: "admin" }),
    });
    expect(made.statusCode).toBe(201);
    expect(served.server.open).toBe(false);
    expect((await ask(local)).statusCode).toBe(401);
    const { key, id } = made.json();
    expect((await ask({ ...local, authorization: `Bearer ${key}` })).statusCode).toBe(200);
    expect(served.logged()).not.toContain(key.slice(21));
    // The last key's end does not open the door again.
    const authorization = `Bearer ${key}`;
    expect(
      (await served.server.inject({ method: "DELETE", url: `/v1/keys/${id}`, headers: { ...local, authorization } })).statusCode,
    ).toBe(204);
    expect((await ask({ ...local, authorization })).statusCode).toBe(401);
    expect((await ask(local)).statusCode).toBe(401);
    await served.close();
  });

  test.each(["0.0.0.0", "::", "10.1.2.3", "192.0.2.1", "example.org", "127.0.0.1.example.org", "1270.0.0.1"])(
    "no start on %s",
    async (host) => {
      await expect(serve({ host })).rejects.toThrow(new ServerRefused("public_without_keys"));
    },
  );

  test("no start behind a proxy", async () => {
    await expect(serve({ trustProxy: true })).rejects.toThrow(new ServerRefused("proxy_without_keys"));
    expect(typeof createServer).toBe("function");
  });

  test("an expired or revoked key is none", async () => {
    const store = await openStore({ path: ":memory:" });
    await madeKey(store, { role: "admin", expiresAtMs: Date.now() - 1 });
    await madeKey(store, { role: "admin", revokedAtMs: Date.now() - 1 });
    await expect(serve({ store, host: "0.0.0.0" })).rejects.toThrow(ServerRefused);
    await madeKey(store, { role: "reader" });
    const served = await serve({ store, host: "0.0.0.0" });
    expect(served.server.open).toBe(false);
    await served.close();
  });
});

test("a revocation by another process is seen within a second or two, also while nobody tells", async () => {
  const store = await openStore({ path: ":memory:" });
  const { keyId, header } = await madeKey(store, { role: "reader" });
  const served = await serve({ store });
  const ask = async () =>
    (await served.server.inject({ method: "GET", url: "/v1/policies", headers: { authorization: header } })).statusCode;
  expect(await ask()).toBe(200);
  await store.keys.revoke("acme", keyId, { actor: "elsewhere", atMs: Date.now() });
  const startMs = performance.now();
  while ((await ask()) === 200 && performance.now() - startMs < 5_000) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await ask()).toBe(401);
  expect(performance.now() - startMs).toBeLessThan(1_500);
  await served.close();
});
