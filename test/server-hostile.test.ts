import { connect } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostilePaths as paths } from "./support/hostile-paths.js";
import { scale } from "./support/scale.js";
import { exchange, head, type Served, serve } from "./support/served.js";

let served: Served;
let port = 0;
beforeAll(async () => {
  served = await serve();
  ({ port } = await served.server.listen());
});
afterAll(() => served.close());

interface Told {
  readonly status: number;
  readonly error: string | undefined;
  readonly text: string;
}

function told(text: string): Told {
  const at = text.indexOf("\r\n\r\n{");
  const body = at === -1 ? undefined : (JSON.parse(text.slice(at + 4)) as { error?: string });
  return { status: Number(text.slice(9, 12)), error: body?.error, text };
}

async function raw(chunks: readonly (string | Uint8Array)[], waitMs?: number): Promise<Told> {
  return told(await exchange(port, chunks, waitMs));
}

const get = (path: string, headers: Record<string, string> = {}) =>
  raw([head(`GET ${path}`, { Connection: "close", ...headers })]);

function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Told> {
  const length = { "Content-Length": String(Buffer.byteLength(body)) };
  return raw([head(`POST ${path}`, { "Content-Type": "application/json", Connection: "close", ...length, ...headers }), body]);
}

async function alive(): Promise<void> {
  const startMs = performance.now();
  expect((await get("/v1/policies")).status).toBe(200);
  expect(performance.now() - startMs).toBeLessThan(1_000);
}

describe("paths", () => {
  test(`${paths.length} that lead nowhere`, async () => {
    expect(paths.length).toBeGreaterThanOrEqual(300);
    const wrong: unknown[] = [];
    for (let i = 0; i < paths.length; i += 20) {
      await Promise.all(
        paths.slice(i, i + 20).map(async (path) => {
          const { status, error, text } = await get(path);
          const fine =
            (status === 400 && error === "invalid_request") || ((status === 404 || status === 405) && error !== undefined);
          const header = text.slice(0, text.indexOf("\r\n\r\n")).toLowerCase();
          if (!fine || header.includes("set-cookie") || text.includes("at /"))
            wrong.push([path.slice(0, 80), text.slice(0, 200)]);
        }),
      );
    }
    expect(wrong).toEqual([]);
    expect(served.logged()).not.toContain("error");
    await alive();
  });

  test.each([
    "/",
    "",
    "*",
    "/v1",
    "/v1/",
    "//v1/policies",
    "/V1/policies",
    "/v1/policies/",
    "/v1//policies",
    "/v1/policies;x=1",
    "/v1/./policies",
  ])("%j is none of ours", async (path) => {
    const { status } = await get(path);
    expect([400, 404]).toContain(status);
  });

  test("what prototypes have is not there", async () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "0", "-1"]) {
      expect([name, (await get(`/v1/agents/${name}/policy`)).status]).toEqual([name, 404]);
      expect([name, (await get(`/${name}`)).status]).toEqual([name, 404]);
      expect([name, (await get(`/v1/policies?${name}=1`)).status]).toEqual([name, 400]);
    }
  });
});

describe("queries", () => {
  test.each([
    "pag=1",
    "page=1&page=2",
    "page=",
    "page=1.0",
    "page=0x1",
    "page=1e1",
    "page=-1",
    "page=0",
    "per_page=101",
    "page[]=1",
    "page=%00",
    "=",
    "page=9".padEnd(60, "9"),
  ])("?%s", async (query) => {
    expect((await get(`/v1/policies?${query}`)).status).toBe(400);
  });

  test("a parameter that is nearly right is named", async () => {
    expect((await get("/v1/policies?per-page=2")).text).toContain("did you mean per_page?");
  });

  test("ten thousand parameters", async () => {
    expect([400, 431]).toContain((await get(`/v1/policies?${"a&".repeat(5_000)}`)).status);
    expect((await get(`/v1/policies?${"a&".repeat(20_000)}`)).status).toBe(431);
  });
});

const evaluate = "/v1/policies/evaluate";

describe("JSON bodies", () => {
  const refused = async (body: string | Uint8Array, status: number, error: string, headers?: Record<string, string>) => {
    const answer = await post(evaluate, body, headers);
    expect([answer.status, answer.error], answer.text).toEqual([status, error]);
    return answer;
  };
  const invalid = (body: string | Uint8Array) => refused(body, 400, "invalid_request");

  test("keys twice, however they are written", async () => {
    expect((await invalid('{"agent_id":"a","tools":["x"],"tools":[]}')).text).toContain("twice");
    expect((await invalid('{"tools":["x"],"agent_id":"a","agent\\u005fid":"b"}')).text).toContain("twice");
    expect((await invalid('{"agent_id":"a","tools":["x"],"policy":{"meta":{"x":1,"x":2}}}')).text).toContain("twice");
  });

  test("names of prototypes are names", async () => {
    expect((await invalid('{"agent_id":"a","tools":["x"],"__proto__":{"admin":true}}')).text).toContain("__proto__");
    expect((await invalid('{"agent_id":"a","tools":["x"],"constructor":{"prototype":{}}}')).text).toContain("constructor");
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  test("what is no JSON says where", async () => {
    expect((await invalid('{"agent_id":"a",\n"tools":}')).text).toMatch(/"line":2/);
    for (const body of [
      "",
      " ",
      "{",
      "nul",
      "NaN",
      "{'a':1}",
      '{"a":1,}',
      "[1 2]",
      '"\u0001"',
      "{}{}",
      "/**/{}",
      "\u00ef\u00bb\u00bf\u00ef\u00bb\u00bf{}",
    ])
      await invalid(body);
    await invalid(new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]));
    await invalid(Buffer.from('{"agent_id":"a"}', "utf16le"));
  });

  test("a million levels, in the time of a glance", async () => {
    for (const unit of ["[", '{"a":', '[{"a":']) {
      const startMs = performance.now();
      expect((await invalid(unit.repeat(Math.floor(400_000 / unit.length)))).text).toContain("nested deeper");
      expect(performance.now() - startMs).toBeLessThan(1_000);
    }
    expect([400, 413]).toContain((await post(evaluate, "[".repeat(1_000_000))).status);
    await alive();
  });

  test("a hundred thousand wrong tools are not a hundred thousand details", async () => {
    const { text } = await invalid(`{"agent_id":"a","tools":[${"1,".repeat(9_000)}1]}`);
    expect(text.length).toBeLessThan(20_000);
  });

  test("texts that are no values here", async () => {
    for (const body of [
      "[]",
      "null",
      "1",
      '"text"',
      '{"agent_id":1,"tools":["x"]}',
      '{"agent_id":"a","tools":"x"}',
      '{"agent_id":"a","tools":{"length":1}}',
    ])
      await invalid(body);
    await invalid('{"agent_id":"../../x","tools":["x"]}');
  });
});

describe("sizes and encodings", () => {
  test("a body larger than allowed is not read", async () => {
    const answer = await raw([
      head(`POST ${evaluate}`, { "Content-Type": "application/json", "Content-Length": "99999999999" }),
      "{",
    ]);
    expect([answer.status, answer.error]).toEqual([413, "payload_too_large"]);
    expect(answer.text.toLowerCase()).toContain("connection: close");
  });

  test("chunks without end are cut off", async () => {
    const chunk = `10000\r\n${"a".repeat(65_536)}\r\n`;
    const answer = await raw([
      head(`POST ${evaluate}`, { "Content-Type": "application/json", "Transfer-Encoding": "chunked" }),
      ...Array.from({ length: 100 }, () => chunk),
    ]);
    // The answer may be lost where the client is still sending into a closed connection.
    expect([413, 0]).toContain(answer.status || 0);
    await alive();
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const)("%s: a bomb is noticed, a body is read", async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
    const headers = { "Content-Encoding": encoding };
    const answer = await post(evaluate, bomb, headers);
    expect([answer.status, answer.error]).toEqual([413, "payload_too_large"]);
    expect((await post(evaluate, compress(Buffer.from('{"agent_id":"a","tools":["x"]}')), headers)).status).toBe(404);
    expect((await post(evaluate, "{}", headers)).error).toBe("invalid_request");
    const cut = compress(Buffer.from(`{"agent_id":"${"a".repeat(100)}","tools":["x"]}`));
    expect((await post(evaluate, cut.subarray(0, cut.length - 5), headers)).error).toBe("invalid_request");
    await alive();
  });

  test.each(["gzip, gzip", "zstd", "compress", "aes128gcm", "gzip;q=1", "../gzip"])(
    "Content-Encoding %s is refused",
    async (encoding) => {
      expect((await post(evaluate, "{}", { "Content-Encoding": encoding })).status).toBe(415);
    },
  );

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "json",
    ";",
    "application/json, text/html",
  ])("Content-Type %s is refused", async (type) => {
    expect((await post(evaluate, '{"agent_id":"a","tools":["x"]}', { "Content-Type": type })).status).toBe(415);
  });

  test.each(["application/json", "APPLICATION/JSON", "application/json; charset=UTF-8", 'application/json;charset="utf-8"'])(
    "Content-Type %s is taken",
    async (type) => {
      expect((await post(evaluate, '{"agent_id":"a","tools":["x"]}', { "Content-Type": type })).status).toBe(404);
    },
  );
});

describe("the protocol", () => {
  test("absurd methods and requests", async () => {
    for (const line of [
      "TRACE /v1/policies",
      "PATCH /v1/policies",
      "OPTIONS /v1/policies",
      "PROPFIND /v1/policies",
      "PURGE /v1/policies",
      "LINK /v1/policies",
    ]) {
      const answer = await raw([head(line, { Connection: "close" })]);
      expect([line, answer.status]).toEqual([line, 405]);
      expect(answer.text.toLowerCase()).toContain("allow: get, head");
    }
    for (const text of [
      "BREW /v1/policies HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
      "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
      "GET\r\n\r\n",
      "GET /v1/policies HTTP/9.9\r\n\r\n",
      `${"A".repeat(100_000)}`,
    ])
      expect([400, 431]).toContain((await raw([text])).status);
    expect((await raw(["CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n"])).status).toBe(405);
    await alive();
  });

  test("two lengths, or a length and chunks", async () => {
    const both = { "Content-Type": "application/json", "Content-Length": "4", "Transfer-Encoding": "chunked" };
    expect((await raw([head(`POST ${evaluate}`, both), "0\r\n\r\nGET /v1/keys HTTP/1.1\r\n\r\n"])).status).toBe(400);
    const two = `POST ${evaluate} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}  `;
    expect((await raw([two])).status).toBe(400);
    for (const length of ["-1", "1e3", "0x10", "+4", "4 4", ""])
      expect((await raw([head(`POST ${evaluate}`, { "Content-Length": length }), "{}"], 500)).status).not.toBe(200);
    await alive();
  });

  test("headers: too many, too long, folded, with what ends a line", async () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`X-${i}`, "1"]));
    expect((await get("/v1/policies", many)).status).toBe(431);
    expect((await get("/healthz", many)).status).toBe(431);
    expect((await get("/v1/policies", { "X-Long": "a".repeat(20_000) })).status).toBe(431);
    expect(
      (await raw(["GET /v1/policies HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\nConnection: close\r\n\r\n"])).status,
    ).not.toBe(500);
    expect((await raw(["GET /v1/policies HTTP/1.1\r\nHost: 127.0.0.1\r\nX : a\r\n\r\n"])).status).toBe(400);
    expect((await raw(["GET /v1/policies HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\u0000b\r\n\r\n"])).status).toBe(400);
    expect((await raw(["GET /v1/policies HTTP/1.1\r\nConnection: close\r\n\r\n"])).status).toBe(400);
    expect((await raw(["GET /v1/policies HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n"])).status).toBe(403);
  });

  test("pipelined requests are answered in order, each for itself", async () => {
    const lines = [
      head("GET /v1/agents/a/policy"),
      head("GET /v1/agents/%00/policy"),
      head("GET /healthz"),
      head("DELETE /v1/policies", { Connection: "close" }),
    ];
    const text = await exchange(port, [lines.join("")]);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1])).toEqual(["404", "400", "200", "405"]);
  });

  test("a body where none belongs does not become the next request", async () => {
    const smuggled = head("GET /smuggled", { Connection: "close" });
    const text = await exchange(port, [
      head("GET /v1/policies", { "Content-Length": String(smuggled.length), Connection: "close" }),
      smuggled,
    ]);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1])).toEqual(["200"]);
  });

  test("no answer names the program, and each has the headers that keep browsers from guessing", async () => {
    for (const path of ["/v1/policies", "/nothing", "/healthz", "/v1/agents/%00/policy"]) {
      const { text } = await get(path);
      const lines = text.slice(0, text.indexOf("\r\n\r\n")).toLowerCase();
      expect(lines).toContain("x-content-type-options: nosniff");
      expect(lines).toContain("cache-control: no-store");
      expect(lines).not.toMatch(/^(server|x-powered-by|access-control-allow-origin):/m);
    }
  });
});

test("a body that nobody wanted is not taken in for long", async () => {
  const lengthy = { "Content-Type": "application/json", "Content-Length": "400000" };
  const startMs = performance.now();
  const text = await exchange(port, [head("POST /v1/nowhere", lengthy), "{"], 8_000);
  expect([told(text).status, performance.now() - startMs < 6_000]).toEqual([404, true]);
});

test.runIf(scale >= 20)("headers that come too slowly", async () => {
  const text = await exchange(port, ["GET /v1/policies HTTP/1.1\r\nHost: 127"], 30_000);
  expect(told(text)).toMatchObject({ status: 408, error: "invalid_request" });
});

test("two hundred that send nothing more hold nobody up", async () => {
  const slow = Array.from({ length: 200 }, (_, i) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      i % 2 === 0
        ? "GET /v1/policies HTTP/1.1\r\nHost: 127"
        : head(`POST ${evaluate}`, { "Content-Length": "100", "Content-Type": "application/json" }),
    );
    return socket;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const times: number[] = [];
  for (let i = 0; i < 21; i++) {
    const startMs = performance.now();
    expect((await get("/v1/policies")).status).toBe(200);
    times.push(performance.now() - startMs);
  }
  expect(times.sort((a, b) => a - b)[10]).toBeLessThan(100);
  for (const socket of slow) socket.destroy();
});
