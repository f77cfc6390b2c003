import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type ClientOptions,
  ConnectionError,
  IdError,
  RateLimitedError,
  ServerError,
  SmoltbotClient,
} from "../../../src/client.js";
import { cut, cutInside, FakeServer, failureOf, json, raw, refused } from "./fake-server.js";

const apiKey = "sbk_abc_verysecret";
let server: FakeServer;
beforeAll(async () => {
  server = await FakeServer.start();
});
afterAll(() => server.stop());
// Pauses are as short as jitter allows, unless a test wants them.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));
afterEach(() => void vi.restoreAllMocks());

function client(options: Partial<ClientOptions> = {}): SmoltbotClient {
  return new SmoltbotClient({ baseUrl: server.url, apiKey, ...options });
}

const policy = { meta: {} } as never;
const fine = json(200, { version: 3 });
const create = (made: SmoltbotClient) => made.transactions.create({ agentId: "a", description: "d", actionType: "t" });

describe("what is sent", () => {
  test("one request, with the key as a bearer token", async () => {
    server.next(fine);
    await client().agents.setPolicy("a/b ü%", "meta: 1 # kept\n", { message: "a&b", ifVersion: 2, confirmBroad: true });
    const [got] = server.received;
    expect(got?.line).toBe("PUT /v1/agents/a%2Fb%20%C3%BC%25/policy?message=a%26b&confirm_broad=true");
    expect(got?.body).toBe("meta: 1 # kept\n");
    expect(got?.headers).toMatchObject({
      ...{ authorization: `Bearer ${apiKey}`, "content-type": "application/yaml", "if-match": '"2"' },
      accept: "application/json",
    });
  });

  test("the path of baseUrl is kept, with and without a slash at its end", async () => {
    server.next(fine);
    for (const path of ["", "/", "/base", "/base/", "/a%2Fb/c/", "/base?x=1#y"]) {
      await client({ baseUrl: server.url + path }).agents.list({ page: 2, perPage: 7 });
    }
    const prefixes = ["", "", "/base", "/base", "/a%2Fb/c", "/base"];
    expect(server.lines).toEqual(prefixes.map((prefix) => `GET ${prefix}/v1/agents?page=2&per_page=7`));
  });

  test.each(["", ".", "..", "\ud800", undefined, 5])("%j is no id, and nothing is sent", async (id) => {
    server.next(fine);
    // Refused as everything is: by the promise.
    expect(await failureOf(client().agents.deletePolicy(id as string))).toBeInstanceOf(IdError);
    expect(await failureOf(client().teams.get(id as string))).toBeInstanceOf(IdError);
    expect(server.received).toEqual([]);
  });

  test("a message that no address can hold, and a document that is none, are refused before", async () => {
    server.next(fine);
    const message = "漢".repeat(1366);
    expect(await failureOf(client().agents.setPolicy("a", policy, { message }))).toBeInstanceOf(TypeError);
    await client().agents.setPolicy("a", policy, { message: message.slice(1) });
    for (const nothing of [undefined, null, 5]) {
      expect(await failureOf(client().agents.setPolicy("a", nothing as never))).toBeInstanceOf(TypeError);
    }
    expect(server.received).toHaveLength(1);
  });

  test("without a key no authorization", async () => {
    server.next(fine);
    await new SmoltbotClient({ baseUrl: server.url }).agents.list();
    expect(server.received[0]?.headers["authorization"]).toBeUndefined();
  });

  test("fields that were not given are not sent, names are those of the interface", async () => {
    server.next(fine);
    await client().policies.evaluate({ agentId: "a", tools: ["t"], transactionId: "x" });
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({ agent_id: "a", tools: ["t"], transaction_id: "x" });
  });

  test.each([
    [{ baseUrl: "policies.example.com" }],
    [{ baseUrl: "ftp://example.com" }],
    [{ baseUrl: "https://user:pass@example.com" }],
    [{ baseUrl: "http://example.com", apiKey }],
    [{ baseUrl: "http://127.0.0.1.example.com", apiKey }],
    [{ baseUrl: "https://example.com", apiKey: "a b" }],
    [{ baseUrl: "https://example.com", apiKey: "a\r\nx: y" }],
    [{ baseUrl: "https://example.com", apiKey: "" }],
    [{ baseUrl: "https://example.com", timeoutMs: 0 }],
    [{ baseUrl: "https://example.com", totalMs: Number.NaN }],
    [{ baseUrl: "https://example.com", retries: -1 }],
  ])("%j is refused", (options) => {
    expect(() => new SmoltbotClient(options)).toThrow(TypeError);
  });

  test.each(["http://localhost:1", "http://[::1]:1", "http://127.8.9.1", "https://example.com", "http://x.localhost"])(
    "a key may be sent to %s",
    (baseUrl) => expect(new SmoltbotClient({ baseUrl, apiKey })).toBeDefined(),
  );

  test("and afar over http where that is allowed", () => {
    expect(new SmoltbotClient({ baseUrl: "http://example.com", apiKey, allowInsecure: true })).toBeDefined();
  });
});

describe("what is tried again", () => {
  test("429 and 503 of everything: nothing was done", async () => {
    for (const call of [
      (made: SmoltbotClient) => made.agents.list(),
      (made: SmoltbotClient) => made.agents.setPolicy("a", policy),
      create,
      (made: SmoltbotClient) => made.keys.create({ name: "n", role: "reader" }),
    ]) {
      server.next(refused(429, "rate_limited", { "retry-after": "0" }), refused(503, "unavailable"), fine);
      expect(await call(client())).toEqual({ version: 3 });
      expect(server.received).toHaveLength(3);
    }
  });

  test("what may have been done is not done twice", async () => {
    for (const fault of [cut, cutInside, refused(502, "x"), refused(504, "x"), refused(500, "internal_error")]) {
      for (const call of [
        create,
        (made: SmoltbotClient) => made.agents.setPolicy("a", policy),
        (made: SmoltbotClient) => made.agents.rollbackPolicy("a", 1),
        (made: SmoltbotClient) => made.agents.deletePolicy("a"),
        (made: SmoltbotClient) => made.keys.create({ name: "n", role: "reader" }),
        (made: SmoltbotClient) => made.policies.evaluate({ agentId: "a", tools: [], sessionId: "s" }),
      ]) {
        server.next(fault, fine);
        expect(await failureOf(call(client()))).toBeInstanceOf(Error);
        expect(server.received).toHaveLength(1);
      }
    }
  });

  test("what changes nothing more is, whatever was lost", async () => {
    for (const fault of [cut, cutInside, refused(502, "x"), raw(504, "<html>")]) {
      for (const call of [
        (made: SmoltbotClient) => made.agents.getPolicy("a"),
        (made: SmoltbotClient) => made.agents.setPolicy("a", policy, { ifVersion: 2 }),
        (made: SmoltbotClient) => made.policies.evaluate({ agentId: "a", tools: [] }),
        (made: SmoltbotClient) => made.teams.put("t", []),
        (made: SmoltbotClient) => made.traces.ingest("{}"),
      ]) {
        server.next(fault, fault, fine);
        expect(await call(client())).toEqual({ version: 3 });
        expect(server.received).toHaveLength(3);
        expect(new Set(server.received.map(({ body }) => body)).size).toBe(1);
      }
    }
  });

  test("a refusal is not", async () => {
    for (const status of [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500]) {
      server.next(refused(status, "any"), fine);
      expect(await failureOf(client().agents.list())).toMatchObject({
        status,
        code: "any",
        message: "no: any",
        requestId: "r-1",
      });
      expect(server.received).toHaveLength(1);
    }
  });

  test("as often as asked for", async () => {
    for (const retries of [0, 2]) {
      server.next(refused(429, "rate_limited"));
      expect(await failureOf(client({ retries }).agents.list())).toBeInstanceOf(RateLimitedError);
      expect(server.received).toHaveLength(retries + 1);
      server.next(cut);
      expect(await failureOf(client({ retries }).agents.list())).toBeInstanceOf(ConnectionError);
      expect(server.received).toHaveLength(retries + 1);
    }
  });

  test("a refusal after a lost answer says so, and a deletion is done when nothing is left", async () => {
    server.next(cut, refused(412, "precondition_failed"));
    expect(await failureOf(client().agents.setPolicy("a", policy, { ifVersion: 2 }))).toMatchObject({
      status: 412,
      uncertain: true,
    });
    server.next(refused(429, "rate_limited"), refused(412, "precondition_failed"));
    expect(await failureOf(client().agents.setPolicy("a", policy, { ifVersion: 2 }))).toMatchObject({ uncertain: false });
    server.next(cut, refused(404, "not_found"));
    expect(await client().keys.revoke("k")).toBeUndefined();
    expect(await failureOf(client().agents.list())).toMatchObject({ status: 404, uncertain: false });
    server.next(refused(404, "not_found"));
    expect(await failureOf(client().keys.revoke("k"))).toMatchObject({ status: 404 });
  });

  test("a stream has been read: it is sent once, and what is told is what was answered", async () => {
    for (const [fault, kind] of [
      [refused(503, "unavailable"), ServerError],
      [cut, ConnectionError],
    ] as const) {
      server.next(fault, fine);
      expect(await failureOf(client().traces.ingest(new Blob(["{}"]).stream()))).toBeInstanceOf(kind);
      expect(server.received).toHaveLength(1);
    }
  });
});

describe("pauses", () => {
  const pausesMs = () => server.received.slice(1).map(({ atMs }, i) => atMs - (server.received[i]?.atMs ?? 0));

  test("grow, and are random", async () => {
    vi.spyOn(Math, "random").mockReturnValueOnce(0.5).mockReturnValueOnce(0.5).mockReturnValueOnce(0.1);
    server.next(refused(503, "unavailable"), refused(503, "unavailable"), refused(503, "unavailable"), fine);
    await client().agents.list();
    const [first = 0, second = 0, third = 0] = pausesMs();
    expect([first >= 98, second >= 198, third >= 78]).toEqual([true, true, true]);
    expect(Math.random).toHaveBeenCalledTimes(3);
  });

  test("are as long as the server asks for, in seconds or until a date", async () => {
    server.next(refused(429, "rate_limited", { "retry-after": "1" }), fine);
    await client().agents.list();
    expect(pausesMs()[0]).toBeGreaterThanOrEqual(990);
    // Dates have whole seconds.
    const date = new Date(Date.now() + 1_900).toUTCString();
    server.next(refused(503, "unavailable", { "retry-after": date }), fine);
    const startedMs = Date.now();
    await client().agents.list();
    expect(Date.now()).toBeGreaterThanOrEqual(Math.max(startedMs, Date.parse(date) - 5));
  });

  test("are not begun when they would take too long", async () => {
    server.next(refused(429, "rate_limited", { "retry-after": "3600" }), fine);
    const error = await failureOf(client().agents.list());
    expect(error).toMatchObject({ name: "RateLimitedError", retryAfterMs: 3_600_000 });
    expect(server.received).toHaveLength(1);
    for (const nonsense of ["soon", "-5", "1e9", ""]) {
      server.next(refused(429, "rate_limited", { "retry-after": nonsense }), fine);
      expect(await client().agents.list()).toEqual({ version: 3 });
    }
  });

  test("end with the signal, and leave no listener", async () => {
    const stop = new AbortController();
    const [added, removed] = [vi.spyOn(stop.signal, "addEventListener"), vi.spyOn(stop.signal, "removeEventListener")];
    server.next(refused(429, "rate_limited", { "retry-after": "30" }));
    const work = failureOf(client().agents.list({ signal: stop.signal }));
    setTimeout(() => stop.abort(new Error("enough")), 100);
    const startedMs = performance.now();
    expect((await work).message).toBe("enough");
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    const calm = new AbortController();
    const spies = [vi.spyOn(calm.signal, "addEventListener"), vi.spyOn(calm.signal, "removeEventListener")] as const;
    server.next(refused(503, "unavailable"), cut, fine);
    await client().agents.list({ signal: calm.signal });
    expect(spies[0].mock.calls.length).toBeGreaterThan(0);
    expect(spies[1].mock.calls.length).toBe(spies[0].mock.calls.length);
    expect(added.mock.calls.length).toBeGreaterThanOrEqual(removed.mock.calls.length);
  });
});
