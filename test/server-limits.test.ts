import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Listener } from "../src/server/listener.js";
import { Overload } from "../src/server/overload.js";
import type { Route } from "../src/server/route.js";
import { routes } from "../src/server/routes/table.js";
import { openStore } from "../src/store/open.js";
import { exchange, head, madeKey, type Served, type ServedOptions, serve } from "./support/served.js";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const open: Served[] = [];
const started = async (options: ServedOptions = {}) => {
  const served = await serve(options);
  open.push(served);
  return served;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

describe("rates", () => {
  test("of each class so many are allowed, and the next one is told when", async () => {
    const limits = { policy_read: 6, policy_write: 3, evaluate: 5, policy_other: 4, recommend: 1, transactions: 2, ingest: 7 };
    const store = await openStore({ path: ":memory:" });
    const first = await madeKey(store, { role: "admin" });
    const second = await madeKey(store, { role: "admin" });
    const now = { ms: 1_000 };
    const fake: readonly Route[] = routes.map((route) => ({
      ...route,
      ...(route.body && { body: { ...route.body, schema: {}, required: false } }),
      parameters: (route.parameters ?? []).map((parameter) => ({ ...parameter, required: false, schema: {} })),
      handle: () => ({ status: 204 }),
    }));
    const served = await started({ store, rates: limits, elapsed: () => now.ms, routes: fake });
    const one = (route: Route, authorization: string) =>
      served.server.inject({
        method: route.method,
        url: route.path.replace("{org_id}", "acme").replace(/\{\w+\}/g, "x"),
        headers: { authorization },
      });
    for (const [rate, limit] of Object.entries(limits)) {
      const ofClass = fake.filter((route) => route.rate === rate);
      expect([rate, ofClass.length > 0]).toEqual([rate, true]);
      const ask = (i: number, key = first) => one(ofClass[i % ofClass.length] as Route, key.header);
      const startMs = now.ms;
      for (let i = 0; i < limit; i++) {
        expect([rate, i, (await ask(i)).statusCode]).toEqual([rate, i, 204]);
        now.ms += 1_000;
      }
      const refused = await ask(limit);
      expect([refused.statusCode, refused.json().error]).toEqual([429, "rate_limited"]);
      expect(refused.headers["retry-after"]).toBe(String(60 - limit));
      // Somebody else's requests are counted apart.
      expect((await ask(0, second)).statusCode).toBe(204);
      now.ms = startMs + 59_999;
      expect([(await ask(0)).statusCode, (await ask(0)).headers["retry-after"]]).toEqual([429, "1"]);
      now.ms = startMs + 60_000;
      for (let i = 0; i < limit; i++) expect((await ask(i)).statusCode).toBe(204);
      expect((await ask(0)).statusCode).toBe(429);
    }
    expect(await metric(served, second.header, 'smoltbot_rate_limited_total{class="recommend"}')).toBeGreaterThan(0);
  });

  test("every class of the table but none has a limit of its own", () => {
    expect([...new Set(routes.map(({ rate }) => rate))].sort()).toEqual(
      ["evaluate", "ingest", "policy_other", "policy_read", "policy_write", "recommend", "transactions"].sort(),
    );
  });

  test("guessing keys ends, and who has a known key goes on", async () => {
    const store = await openStore({ path: ":memory:" });
    const known = await madeKey(store, { role: "reader" });
    let asked = 0;
    const find = store.keys.find.bind(store.keys);
    const counted = { ...store, keys: { ...store.keys, find: (id: string) => find(id).finally(() => asked++) } };
    const served = await started({ store: counted as typeof store });
    const ask = (authorization: string, remoteAddress: string) =>
      served.server.inject({ method: "GET", url: "/v1/policies", headers: { authorization }, remoteAddress });
    expect((await ask(known.header, "192.0.2.1")).statusCode).toBe(200);
    const guess = (i: number) => `Bearer sbk_${String(i).padStart(16, "0")}_${"A".repeat(43)}`;
    const answers: number[] = [];
    for (let i = 0; i < 100; i++) answers.push((await ask(guess(i), "192.0.2.1")).statusCode);
    expect([answers.filter((status) => status === 401).length, answers.indexOf(429)]).toEqual([60, 60]);
    expect(asked).toBe(61);
    expect((await ask(known.header, "192.0.2.1")).statusCode).toBe(200);
    expect((await ask(guess(1), "192.0.2.2")).statusCode).toBe(401);
    // A network of IPv6 is one caller.
    for (let i = 0; i < 60; i++) await ask(guess(i), `2001:db8:1:2::${i.toString(16)}`);
    expect((await ask(guess(1), "2001:db8:1:2:ffff::1")).statusCode).toBe(429);
    expect((await ask(guess(1), "2001:db8:1:3::1")).statusCode).toBe(401);
  });

  test("who asks without a key, or with one wrong key, keeps no neighbour's key from being looked up", async () => {
    const store = await openStore({ path: ":memory:" });
    const { header } = await madeKey(store, { role: "reader" });
    const served = await started({ store });
    const ask = async (headers: Record<string, string>) =>
      (await served.server.inject({ method: "GET", url: "/v1/policies", headers })).statusCode;
    const wrong = { authorization: `Bearer sbk_${"0".repeat(16)}_${"A".repeat(43)}` };
    for (let i = 0; i < 100; i++) await ask(i % 2 === 0 ? {} : wrong);
    expect([await ask({}), await ask(wrong)]).toEqual([429, 429]);
    expect(await ask({ authorization: header })).toBe(200);
  });

  test("an unknown key is looked up once for a while", async () => {
    const store = await openStore({ path: ":memory:" });
    await madeKey(store, { role: "reader" });
    let asked = 0;
    const counted = { ...store, keys: { ...store.keys, find: (id: string) => store.keys.find(id).finally(() => asked++) } };
    const served = await started({ store: counted as typeof store });
    const authorization = `Bearer sbk_${"0".repeat(16)}_${"A".repeat(43)}`;
    const all = await Promise.all(
      Array.from({ length: 20 }, () => served.server.inject({ method: "GET", url: "/v1/policies", headers: { authorization } })),
    );
    expect(all.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 20 }, () => 401));
    expect(asked).toBe(1);
  });
});

async function metric(served: Served, authorization: string, name: string): Promise<number> {
  const { body } = await served.server.inject({ method: "GET", url: "/metrics", headers: { authorization } });
  const line = body.split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

const slow = (wait: Promise<unknown>, more: Partial<Route> = {}): Route => ({
  method: "POST",
  path: "/v1/slow",
  operation: "slow",
  summary: "",
  tag: "test",
  role: "reader",
  scope: "any",
  rate: "none",
  answers: {},
  handle: async () => {
    await wait;
    return { status: 200, body: { json: { done: true } } };
  },
  ...more,
});

test("what may run once runs once for each key", async () => {
  let release = () => {};
  const wait = new Promise<void>((resolve) => {
    release = resolve;
  });
  const store = await openStore({ path: ":memory:" });
  const [first, second] = [await madeKey(store, { role: "reader" }), await madeKey(store, { role: "reader" })];
  const served = await started({ store, routes: [slow(wait, { oneAtATime: true })] });
  const ask = (key: { header: string }) =>
    served.server.inject({ method: "POST", url: "/v1/slow", headers: { authorization: key.header } });
  const running = ask(first);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const refused = await ask(first);
  expect([refused.statusCode, refused.json().error, refused.headers["retry-after"]]).toEqual([429, "rate_limited", "1"]);
  const beside = ask(second);
  release();
  expect([(await running).statusCode, (await beside).statusCode, (await ask(first)).statusCode]).toEqual([200, 200, 200]);
});

describe("overload", () => {
  test("one turn begins so much work and no more; the next begins anew", async () => {
    let nowMs = 0;
    const overload = new Overload(() => nowMs, { turnWorkMs: 50, inFlight: 2 });
    expect(overload.refuses()).toBe(false);
    nowMs = 50;
    expect(overload.refuses()).toBe(false);
    nowMs = 51;
    expect([overload.refuses(), overload.refuses()]).toEqual([true, true]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(overload.refuses()).toBe(false);
    overload.inFlight = 2;
    expect(overload.refuses()).toBe(true);
    overload.inFlight = 1;
    expect(overload.refuses()).toBe(false);
  });

  test("more requests than a server bears are turned away at once, and it recovers", async () => {
    const work: Route = slow(Promise.resolve(), {
      method: "GET",
      path: "/v1/work",
      handle: () => {
        const end = performance.now() + 20;
        while (performance.now() < end);
        return { status: 204 };
      },
    });
    const served = await started({ routes: [work] });
    const { port } = await served.server.listen();
    const [warm, line] = [head("GET /healthz"), head("GET /v1/work", { Connection: "close" })];
    // Connections are taken one in a turn; requests on open ones all at once.
    const connected = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const socket = connect(port, "127.0.0.1");
        socket.write(warm);
        await once(socket, "data");
        return socket;
      }),
    );
    const all = await Promise.all(
      connected.map(async (socket) => {
        socket.write(line);
        return Buffer.concat(await socket.toArray()).toString("latin1");
      }),
    );
    const statuses = all.map((text) => text.slice(9, 12));
    expect(statuses.filter((status) => status === "204").length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === "503").length).toBeGreaterThan(10);
    expect(statuses.filter((status) => status !== "204" && status !== "503")).toEqual([]);
    const turned = all.find((text) => text.startsWith("HTTP/1.1 503")) as string;
    expect(turned.toLowerCase()).toContain("retry-after: 1");
    expect(JSON.parse(turned.slice(turned.indexOf("{")))).toMatchObject({ error: "unavailable" });
    expect((await exchange(port, [line])).slice(9, 12)).toBe("204");
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toMatch(/smoltbot_requests_shed_total [1-9]/);
  });
});

test("answers that nobody takes are cut, those that take their time are not", async () => {
  const overload = new Overload(() => performance.now());
  const listener = new Listener({
    handle: (request, response) => {
      if (request.url === "/large") response.end(Buffer.alloc(64 * 1024 * 1024));
      else setTimeout(() => response.end("late"), 700);
    },
    overload,
    onShed: () => {},
    sendIdleMs: 200,
  });
  const { port } = await listener.listen("127.0.0.1", 0);
  try {
    const unread = connect(port, "127.0.0.1").pause();
    unread.on("error", () => {});
    unread.write(head("GET /large"));
    const late = exchange(port, [head("GET /late", { Connection: "close" })], 5_000);
    await pause(100);
    expect(overload.inFlight).toBe(2);
    expect(await late).toMatch(/late$/);
    for (let i = 0; i < 200 && overload.inFlight > 0; i++) await pause(20);
    expect(overload.inFlight).toBe(0);
    unread.destroy();
  } finally {
    listener.stopListening();
    listener.closeAll();
  }
});

test("HEAD draws nothing out of a stream", async () => {
  const drawn: number[] = [];
  let ended = 0;
  async function* pieces() {
    try {
      for (let i = 0; i < 50; i++) {
        drawn.push(i);
        yield Buffer.alloc(1024);
      }
    } finally {
      ended++;
    }
  }
  const handle = () => ({ status: 200, body: { stream: pieces(), type: "text/plain" } });
  const served = await started({ routes: [{ ...slow(Promise.resolve(), { handle }), method: "GET" }] });
  const ask = (method: "GET" | "HEAD") => served.server.inject({ method, url: "/v1/slow", headers: { host: "127.0.0.1" } });
  const answer = await ask("HEAD");
  await pause(50);
  expect([answer.statusCode, answer.headers["content-type"], answer.body, drawn.length]).toEqual([200, "text/plain", "", 0]);
  expect((await ask("GET")).body.length).toBe(50 * 1024);
  expect([drawn.length, ended]).toEqual([50, 1]);
});
