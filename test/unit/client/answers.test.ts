import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type ClientOptions,
  ConnectionError,
  RequestTimeoutError,
  ServerError,
  SmoltbotClient,
  type SmoltbotError,
  UnexpectedAnswerError,
} from "../../../src/client.js";
import { cutInside, FakeServer, failureOf, json, raw, refused, silent } from "./fake-server.js";

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

const fine = json(200, { version: 3 });

describe("deadlines and signals", () => {
  test("a try that takes too long is ended, and the whole is bounded", async () => {
    server.next(silent);
    const startedMs = performance.now();
    const error = await failureOf(client({ timeoutMs: 80, totalMs: 200, retries: 50 }).agents.list());
    expect(error).toBeInstanceOf(RequestTimeoutError);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(server.received.length).toBeGreaterThan(1);
    expect(server.received.length).toBeLessThan(6);
  });

  test("the last try has what is left of the time", async () => {
    server.next(silent);
    const startedMs = performance.now();
    expect(await failureOf(client({ timeoutMs: 1_000, totalMs: 1_100 }).agents.list())).toBeInstanceOf(RequestTimeoutError);
    expect(performance.now() - startedMs).toBeLessThan(1_800);
    expect(server.received).toHaveLength(2);
  });

  test("an answer that stops in its middle, too", async () => {
    server.next((response) => void response.writeHead(200).write("{"));
    const error = await failureOf(client({ timeoutMs: 100, retries: 0 }).agents.list());
    expect(error).toBeInstanceOf(RequestTimeoutError);
    server.next((response) => void response.writeHead(400).write("{"));
    expect(await failureOf(client({ retries: 0 }).agents.list({ timeoutMs: 100 }))).toBeInstanceOf(RequestTimeoutError);
  });

  test("the caller ends a call, before and while it is under way", async () => {
    server.next(silent);
    expect(await failureOf(client().agents.list({ signal: AbortSignal.abort(new Error("never")) }))).toMatchObject({
      message: "never",
    });
    expect(server.received).toHaveLength(0);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 50);
    expect((await failureOf(client().agents.list({ signal: stop.signal }))).message).toBe("enough");
  });

  test("a fetch that never looks at its signal cannot hold a call", async () => {
    const deaf = () => new Promise<never>(() => {});
    expect(await failureOf(client({ fetch: deaf, timeoutMs: 50, retries: 0 }).agents.list())).toBeInstanceOf(RequestTimeoutError);
  });
});

describe("streamed answers", () => {
  const collect = async (pieces: AsyncIterable<Uint8Array>) => {
    let text = "";
    for await (const piece of pieces) text += new TextDecoder().decode(piece);
    return text;
  };

  test("come in pieces, however long they take together", async () => {
    server.next(async (response) => {
      response.writeHead(200);
      for (let i = 0; i < 6; i++) {
        response.write(`${i}\n`);
        await new Promise((done) => setTimeout(done, 120));
      }
      response.end();
    });
    expect(await collect(client({ timeoutMs: 500 }).agents.runs("a"))).toBe("0\n1\n2\n3\n4\n5\n");
  });

  test("a pause in them is bounded, that of their reader is not", async () => {
    server.next((response) => void response.writeHead(200).write("a"));
    expect(await failureOf(collect(client({ timeoutMs: 100, retries: 0 }).agents.runs("a")))).toBeInstanceOf(RequestTimeoutError);
    server.next(raw(200, "all of it"));
    let text = "";
    for await (const piece of client({ timeoutMs: 100 }).agents.runs("a")) {
      await new Promise((done) => setTimeout(done, 250));
      text += new TextDecoder().decode(piece);
    }
    expect(text).toBe("all of it");
  });

  test("a broken one is an error, and is not begun again", async () => {
    server.next(cutInside, raw(200, "fine"));
    expect(await failureOf(collect(client().agents.runs("a")))).toBeInstanceOf(ConnectionError);
    server.next(refused(503, "unavailable"), raw(200, "fine"));
    expect(await collect(client().agents.runs("a"))).toBe("fine");
  });

  test("left early, the connection ends and no listener stays", async () => {
    const closed = new Promise<void>((done) => {
      server.next((response) => {
        response.on("close", done);
        response.writeHead(200).write("a");
      });
    });
    const { signal } = new AbortController();
    const spies = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")] as const;
    for await (const _ of client().agents.runs("a", { signal })) break;
    await closed;
    expect(spies[1].mock.calls.length).toBe(spies[0].mock.calls.length);
  });

  test("the signal ends them", async () => {
    server.next((response) => void response.writeHead(200).write("a"));
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 80);
    expect((await failureOf(collect(client().agents.runs("a", { signal: stop.signal })))).message).toBe("enough");
  });
});

describe("answers of others", () => {
  test("a page, a list of nothing, an empty answer: no server of ours", async () => {
    for (const text of ["<html>hello", "", "null", "5", '"text"', "{"]) {
      server.next(raw(200, text), fine);
      expect(await failureOf(client().agents.list())).toBeInstanceOf(UnexpectedAnswerError);
      expect(server.received).toHaveLength(1);
    }
  });

  test("errors in other words have a class by their status; their 404 is not ours", async () => {
    const classes = [];
    for (const status of [401, 403, 404, 418, 429, 500, 502]) {
      server.next(raw(status, "<html>".repeat(50)));
      classes.push(((await failureOf(client({ retries: 0 }).agents.list())) as SmoltbotError).name);
    }
    expect(classes).toEqual([
      "UnauthorizedError",
      "ForbiddenError",
      "SmoltbotError",
      "SmoltbotError",
      "RateLimitedError",
      "ServerError",
      "ServerError",
    ]);
    for (const body of ["[]", "null", '{"error":5}', '{"error":"x","details":[null,5,{"path":1}]}', "\u0000"]) {
      server.next(raw(500, body));
      expect(await failureOf(client().agents.list())).toMatchObject({ name: "ServerError", details: [] });
    }
  });

  test("an endless error or answer is not read to its end", async () => {
    let sent = 0;
    const flood = (status: number) => (response: import("node:http").ServerResponse) => {
      response.writeHead(status);
      const more = () => {
        while (!response.destroyed) {
          sent += 65_536;
          if (!response.write("x".repeat(65_536))) return void response.once("drain", more);
        }
      };
      more();
    };
    server.next(flood(500));
    expect(await failureOf(client().agents.list())).toBeInstanceOf(ServerError);
    server.next(flood(200));
    expect(await failureOf(client({ answerBytesMax: 200_000 }).agents.list())).toBeInstanceOf(UnexpectedAnswerError);
    expect(sent).toBeLessThan(20_000_000);
  });

  test("letters on the border of two pieces stay whole", async () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ name: "äöü€𝄞" }));
    server.next(async (response) => {
      response.writeHead(200);
      for (const byte of bytes) {
        response.write(Uint8Array.of(byte));
        await new Promise((done) => setImmediate(done));
      }
      response.end();
    });
    expect(await client().agents.list()).toEqual({ name: "äöü€𝄞" });
  });

  test("a redirect is not followed, and not tried again", async () => {
    const elsewhere = await FakeServer.start();
    try {
      elsewhere.next(fine);
      for (const status of [301, 302, 303, 307, 308]) {
        server.next(raw(status, "", { location: `${elsewhere.url}/v1/agents` }));
        const error = await failureOf(client().agents.list());
        expect(error).toBeInstanceOf(UnexpectedAnswerError);
        expect(error.message).toContain("redirect");
        expect(server.received).toHaveLength(1);
      }
      expect(elsewhere.received).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  test("a version that a proxy made weak is read, one that is missing is missed", async () => {
    server.next(raw(200, "meta: 1", { etag: 'W/"12"', "content-type": "application/yaml" }));
    expect(await client().agents.getPolicyText("a")).toEqual({ text: "meta: 1", mediaType: "yaml", version: 12 });
    server.next(raw(200, "meta: 1"));
    expect(await failureOf(client().agents.getPolicyText("a"))).toBeInstanceOf(UnexpectedAnswerError);
    expect((await client().agents.getPolicyText("a", { version: 4 })).version).toBe(4);
  });

  test("nobody listens", async () => {
    const gone = await FakeServer.start();
    await gone.stop();
    const error = await failureOf(client({ baseUrl: gone.url, retries: 1 }).agents.list());
    expect([error.name, error.message]).toEqual(["ConnectionError", "no answer from the server: ECONNREFUSED"]);
  });
});

describe("the key is shown nowhere", () => {
  const shown = (value: unknown) => `${inspect(value, { depth: 9, showHidden: true })} ${String(value)} ${JSON.stringify(value)}`;

  test("not by the client", () => {
    expect(shown(client())).not.toContain("verysecret");
    expect(shown(client().agents)).not.toContain("verysecret");
  });

  test("not by errors, even when a server or an own fetch tells it", async () => {
    const telling = {
      error: "forbidden",
      message: `Bearer ${apiKey}`,
      details: [{ path: "x", message: apiKey }],
      request_id: apiKey,
    };
    server.next(json(403, telling));
    const refusal = await failureOf(client().agents.list());
    expect(refusal.message).toBe("Bearer [key]");
    const fetch = (_: string, request: { readonly headers: unknown }) => {
      const cause = Object.assign(new Error(`sent ${JSON.stringify(request.headers)}`), { request });
      return Promise.reject(Object.assign(new TypeError("fetch failed", { cause }), { request }));
    };
    const failed = await failureOf(client({ fetch, retries: 0 }).agents.list());
    expect(failed).toBeInstanceOf(ConnectionError);
    for (const error of [refusal, failed]) {
      expect(shown(error)).not.toContain("verysecret");
      expect(error.stack).not.toContain("verysecret");
    }
  });
});

test("an own fetch is called as a function, and may give texts only", async () => {
  const calls: unknown[] = [];
  const fetch = async function (this: unknown, address: string) {
    calls.push([this, address]);
    return { ok: true, status: 200, headers: new Headers(), text: async () => '{"version":1}' };
  };
  expect(await client({ fetch: fetch as never }).agents.getPolicy("a")).toEqual({ version: 1 });
  expect(calls).toEqual([[undefined, `${server.url}/v1/agents/a/policy`]]);
});
