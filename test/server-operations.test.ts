import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { context, propagation, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Route } from "../src/server/route.js";
import { StoreUnavailable } from "../src/store/failures.js";
import { openStore } from "../src/store/open.js";
import { scale } from "./support/scale.js";
import { exchange, head, madeKey, type Served, type ServedOptions, serve } from "./support/served.js";

const open: Served[] = [];
const started = async (options: ServedOptions = {}) => {
  const served = await serve(options);
  open.push(served);
  return served;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

const route = (path: string, handle: Route["handle"], more: Partial<Route> = {}): Route => ({
  method: "GET",
  path,
  operation: path.replaceAll("/", "_"),
  summary: "",
  tag: "test",
  role: "reader",
  scope: "any",
  rate: "evaluate",
  answers: {},
  handle,
  ...more,
});

describe("health", () => {
  test("alive and ready; not ready without a store, without its changes, and while stopping", async () => {
    const store = await openStore({ path: ":memory:" });
    const state = { down: false, healthy: true, nowMs: 0 };
    const watched = {
      ...store,
      ping: () => (state.down ? Promise.reject(new StoreUnavailable("away")) : store.ping()),
      changes: {
        listen: store.changes.listen.bind(store.changes),
        get healthy() {
          return state.healthy;
        },
      },
    };
    const served = await started({ store: watched, elapsed: () => state.nowMs });
    const ready = async () => {
      state.nowMs += 1_000;
      const { statusCode, body } = await served.server.inject({ method: "GET", url: "/readyz" });
      return [statusCode, JSON.parse(body)];
    };
    expect((await served.server.inject({ method: "GET", url: "/healthz" })).json()).toEqual({ status: "alive" });
    expect(await ready()).toEqual([200, { status: "ready" }]);
    state.down = true;
    expect(await ready()).toEqual([503, { status: "not_ready", reasons: ["the store does not answer"] }]);
    state.down = false;
    state.healthy = false;
    expect(await ready()).toEqual([503, { status: "not_ready", reasons: ["changes of the store do not arrive"] }]);
    state.healthy = true;
    expect((await ready())[0]).toBe(200);
    expect((await served.server.inject({ method: "GET", url: "/healthz" })).statusCode).toBe(200);
  });
});

describe("metrics", () => {
  test("requests by route and status, evaluations by verdict, and what the registry counts", async () => {
    const served = await started();
    const local = { host: "localhost" };
    await served.server.inject({ method: "GET", url: "/v1/agents/secret-agent/policy", headers: local });
    await served.server.inject({ method: "GET", url: "/nowhere/secret-agent", headers: local });
    const answered = await served.server.inject({
      method: "POST",
      url: "/v1/policies/evaluate",
      headers: { ...local, "content-type": "application/json" },
      payload: JSON.stringify({
        tools: ["rm"],
        policy:
          "meta: {schema_version: '1.0', name: a, scope: agent}\ncapability_mappings: {}\nforbidden: [{pattern: rm, reason: r, severity: high}]\ndefaults: {unmapped_tool_action: allow, unmapped_severity: low, fail_open: false, enforcement_mode: enforce}\n",
      }),
    });
    expect([answered.statusCode, answered.headers["x-policy-verdict"]]).toEqual([200, "fail"]);
    const { body, headers } = await served.server.inject({ method: "GET", url: "/metrics", headers: local });
    expect(headers["content-type"]).toMatch(/^text\/plain/);
    for (const line of [
      'smoltbot_http_requests_total{method="GET",route="/v1/agents/{agent_id}/policy",status="404"} 1',
      'smoltbot_http_requests_total{method="GET",route="unknown",status="404"} 1',
      'smoltbot_http_request_duration_seconds_count{method="POST",route="/v1/policies/evaluate"} 1',
      'smoltbot_evaluations_total{verdict="fail"} 1',
      "smoltbot_reload_failed_total 0",
      "smoltbot_faults_allowed_total 0",
      "smoltbot_policy_age_seconds 0",
      "smoltbot_requests_shed_total 0",
    ])
      expect(body).toContain(`\n${line}\n`);
    expect(body).toMatch(/\nsmoltbot_event_loop_delay_p99_seconds \d/);
    expect(body).not.toContain("secret-agent");
  });

  test("for this machine, and for keys", async () => {
    const store = await openStore({ path: ":memory:" });
    const { header } = await madeKey(store, { role: "reader" });
    const served = await started({ store });
    const ask = async (remoteAddress: string, headers: Record<string, string>) =>
      (await served.server.inject({ method: "GET", url: "/metrics", remoteAddress, headers })).statusCode;
    expect(await ask("127.0.0.1", { host: "127.0.0.1:7400" })).toBe(200);
    expect(await ask("::1", { host: "[::1]:7400" })).toBe(200);
    expect(await ask("127.0.0.1", { host: "rebound.example" })).toBe(401);
    expect(await ask("127.0.0.1", { host: "127.0.0.1", "x-forwarded-for": "192.0.2.7" })).toBe(401);
    expect(await ask("192.0.2.7", { host: "127.0.0.1" })).toBe(401);
    expect(await ask("192.0.2.7", { host: "127.0.0.1", authorization: header })).toBe(200);
  });
});

describe("logs and failures", () => {
  test("a failure of ours says nothing but its number, and the log has the rest without secrets", async () => {
    const secret = "postgres://user:hunter2@db.internal/x";
    const store = await openStore({ path: ":memory:" });
    const { header, keyId } = await madeKey(store, { role: "admin" });
    const broken = route("/v1/broken", () => {
      throw new TypeError(`cannot reach ${secret}`);
    });
    const away = route("/v1/away", () => Promise.reject(new StoreUnavailable("connection to db.internal refused")));
    const served = await started({ store, routes: [broken, away] });
    const ask = (url: string) =>
      served.server.inject({ method: "GET", url, headers: { authorization: header, "x-note": "private" } });
    const failed = await ask("/v1/broken");
    expect(failed.statusCode).toBe(500);
    expect(failed.json()).toEqual({
      error: "internal_error",
      message: expect.stringContaining("log"),
      request_id: expect.any(String),
    });
    const unavailable = await ask("/v1/away");
    expect([unavailable.statusCode, unavailable.json().error, unavailable.headers["retry-after"]]).toEqual([
      503,
      "unavailable",
      "1",
    ]);
    expect(failed.body + unavailable.body).not.toMatch(/hunter2|internal\/|db\.internal|TypeError/);
    const logged = served.logged();
    expect(logged).toContain(failed.json().request_id);
    expect(logged).toContain(keyId);
    expect(logged).toMatch(/TypeError/);
    expect(logged).not.toContain("hunter2");
    expect(logged).not.toContain("private");
    expect(logged).not.toContain(header.slice(28));
  });

  test("names in paths reach the log as patterns", async () => {
    const served = await started();
    await served.server.inject({ method: "GET", url: "/v1/agents/%1b%5b31m/policy?x=%1b" });
    await served.server.inject({ method: "GET", url: "/%1b%5b31m" });
    expect(served.logged()).toContain("/v1/agents/{agent_id}/policy");
    expect(served.logged()).not.toMatch(/31m/);
  });
});

test("spans carry route and status, below the caller's", async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  propagation.setGlobalPropagator({
    inject() {},
    fields: () => ["traceparent"],
    extract: (to, carrier: Record<string, string>) => {
      const [, traceId = "", spanId = ""] = carrier["traceparent"]?.split("-") ?? [];
      return trace.setSpanContext(to, { traceId, spanId, traceFlags: 1, isRemote: true });
    },
  });
  try {
    const served = await started();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await served.server.inject({ method: "GET", url: "/v1/agents/a/policy", headers: { traceparent } });
    const [span] = exporter.getFinishedSpans();
    expect(span?.name).toBe("GET /v1/agents/{agent_id}/policy");
    expect(span?.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    expect(span?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(span?.attributes).toMatchObject({ "http.route": "/v1/agents/{agent_id}/policy", "http.response.status_code": 404 });
  } finally {
    trace.disable();
    propagation.disable();
    context.disable();
  }
});

test("behind a proxy the next hop says who asks, and nobody further away", async () => {
  const store = await openStore({ path: ":memory:" });
  const { header } = await madeKey(store, { role: "reader" });
  const served = await started({ store, trustProxy: true });
  const ask = async (forwarded: string, authorization: string) =>
    (await served.server.inject({ method: "GET", url: "/v1/policies", headers: { authorization, "x-forwarded-for": forwarded } }))
      .statusCode;
  expect(await ask("192.0.2.1", header)).toBe(200);
  for (let i = 0; i < 60; i++) expect(await ask(`198.51.100.${i}, 192.0.2.1`, "Bearer no")).toBe(401);
  expect(await ask("198.51.100.99, 192.0.2.1", "Bearer no")).toBe(429);
  expect(await ask("192.0.2.1, 192.0.2.2", "Bearer no")).toBe(401);
  expect(await ask("192.0.2.1", header)).toBe(200);
  expect((await served.server.inject({ method: "GET", url: "/metrics", headers: { host: "127.0.0.1" } })).statusCode).toBe(401);
});

test("the description of the interface needs no key and may be kept", async () => {
  const store = await openStore({ path: ":memory:" });
  await madeKey(store, { role: "reader" });
  const served = await started({ store });
  const { statusCode, headers, body } = await served.server.inject({ method: "GET", url: "/openapi.json" });
  expect([statusCode, headers["cache-control"], JSON.parse(body).openapi]).toEqual([200, "public, max-age=300", "3.1.0"]);
  expect((await served.server.inject({ method: "HEAD", url: "/openapi.json" })).body).toBe("");
  expect((await served.server.inject({ method: "POST", url: "/openapi.json" })).statusCode).toBe(405);
});

describe("stopping", () => {
  test("what is in flight is finished, watchers hear of it, nothing new is taken", async () => {
    const gate = { open: () => {} };
    const wait = new Promise<void>((resolve) => {
      gate.open = resolve;
    });
    const slow = route("/v1/slow", async () => {
      await wait;
      return { status: 200, body: { json: { done: true } } };
    });
    const served = await started({ routes: [slow], noticeMs: 300 });
    const { port } = await served.server.listen();
    const running = exchange(port, [head("GET /v1/slow")], 8_000);
    await pause(50);
    const closing = served.server.close();
    await pause(50);
    const noticed = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect([noticed.status, await noticed.json()]).toEqual([503, { status: "not_ready", reasons: ["the server is stopping"] }]);
    expect(noticed.headers.get("connection")).toBe("close");
    await pause(400);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    gate.open();
    expect(await running).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{"done":true\}/);
    await closing;
  });

  test("what does not end is told, and cut off", async () => {
    const aborted: unknown[] = [];
    const endless = route("/v1/endless", (asked) => {
      asked.signal.addEventListener("abort", () => aborted.push(asked.signal.reason));
      return new Promise(() => {});
    });
    const served = await started({ routes: [endless], drainMs: 300 });
    const { port } = await served.server.listen();
    const running = exchange(port, [head("GET /v1/endless")], 8_000);
    const half = exchange(port, ["GET /v1/endless HTTP/1.1\r\nHost"], 8_000);
    await pause(50);
    const startMs = performance.now();
    await served.server.close();
    expect(performance.now() - startMs).toBeLessThan(1_500);
    expect([await running, await half, aborted.length]).toEqual(["", "", 1]);
  });

  test("a client that goes away is noticed", async () => {
    let aborted = () => {};
    const gone = new Promise<void>((resolve) => {
      aborted = resolve;
    });
    const waiting = route("/v1/waiting", (asked) => {
      asked.signal.addEventListener("abort", aborted);
      return new Promise(() => {});
    });
    const served = await started({ routes: [waiting], drainMs: 100 });
    const { port } = await served.server.listen();
    await exchange(port, [head("GET /v1/waiting")], 100);
    await gone;
    await pause(20);
    expect(served.logged()).toContain('"status":499');
  });
});

const program = join(import.meta.dirname, "../build/smoltbot.js");

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly out: () => string;
}

describe("smoltbot serve", () => {
  let home = "";
  const children: ChildProcess[] = [];
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "smoltbot-serve-"));
  });
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });

  const environment = (more: NodeJS.ProcessEnv = {}) => {
    const { DATABASE_URL: _, SMOLTBOT_URL: __, SMOLTBOT_ORG: ___, ...rest } = process.env;
    return { ...rest, SMOLTBOT_HOME: home, ...more };
  };
  const run = (args: readonly string[], more?: NodeJS.ProcessEnv) => {
    const child = spawn(process.execPath, [program, "serve", ...args], {
      env: environment(more),
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let [out, err] = ["", ""];
    child.stdout.on("data", (text) => {
      out += text;
    });
    child.stderr.on("data", (text) => {
      err += text;
    });
    return { child, out: () => out, err: () => err };
  };
  const start = async (...args: string[]): Promise<Running> => {
    const { child, out, err } = run(["--port", "0", ...args]);
    for (let i = 0; i < 500; i++) {
      const url = /at (http:\S+)/.exec(err())?.[1];
      if (url !== undefined) return { child, url, out };
      await pause(20);
    }
    throw new Error(`no start: ${err()}`);
  };
  const ended = async (child: ChildProcess) => (child.exitCode ?? (await once(child, "close"))[0]) as number | null;
  const refused = async (args: readonly string[], more?: NodeJS.ProcessEnv) => {
    const { child, err } = run(args, more);
    const code = await ended(child);
    return [code, /^error (\w+)/m.exec(err())?.[1]];
  };

  test("why it does not start", async () => {
    const taken = createTcpServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const usage = [
      ["--port", "70000"],
      ["--rate", "nothing=1"],
      ["--rate", "evaluate=-1"],
      ["--org", "../x"],
      ["--log-level", "loud"],
    ];
    const all = await Promise.all([
      refused(["--host", "0.0.0.0", "--port", "0"]),
      refused(["--trust-proxy", "--port", "0"]),
      refused([], { SMOLTBOT_URL: "http://127.0.0.1:1" }),
      refused(["--port", String(port)]),
      refused(["--port", "0"], { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" }),
      ...usage.map((args) => refused(args)),
    ]);
    taken.close();
    expect(all.slice(0, 5)).toEqual([
      [1, "serve_public_without_keys"],
      [1, "serve_proxy_without_keys"],
      [1, "serve_needs_database"],
      [1, "serve_address"],
      [1, "registry_unavailable"],
    ]);
    expect(all.slice(5).map(([code]) => code)).toEqual(usage.map(() => 1));
  });

  test(`SIGTERM: what was acknowledged is there, and it ends with 0 (${scale >= 20 ? 100 : 2} times)`, async () => {
    let published = 0;
    for (let round = 0; round < (scale >= 20 ? 100 : 2); round++) {
      const { child, url, out } = await start("--rate", "policy_write=0", "--rate", "policy_read=0");
      const body =
        "meta: {schema_version: '1.0', name: n, scope: agent}\ncapability_mappings: {}\nforbidden: []\ndefaults: {unmapped_tool_action: allow, unmapped_severity: low, fail_open: false}\n";
      const first = await fetch(`${url}/v1/agents/a/policy`);
      const before = first.status === 404 ? 0 : ((await first.json()) as { version: number }).version;
      expect(before).toBeGreaterThanOrEqual(published);
      const writers = Array.from({ length: 4 }, async (_, i) => {
        for (let n = 0; ; n++) {
          try {
            const answer = await fetch(`${url}/v1/agents/a/policy?message=${round}-${i}-${n}`, {
              method: "PUT",
              body,
              headers: { "content-type": "application/yaml" },
            });
            const { version } = (await answer.json()) as { version: number };
            if (answer.status === 200) published = Math.max(published, version);
          } catch {
            return;
          }
        }
      });
      await pause(100 + ((round * 37) % 200));
      child.kill("SIGTERM");
      const startMs = performance.now();
      expect(await ended(child)).toBe(0);
      expect(performance.now() - startMs).toBeLessThan(10_000);
      await Promise.all(writers);
      expect(out()).toContain('"msg":"stopped"');
    }
    expect(published).toBeGreaterThan(0);
  });

  test("bombs and depths cost little memory", async () => {
    const { child, url } = await start("--rate", "evaluate=0", "--rate", "ingest=0", "--log-level", "silent");
    const rssKb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]);
    const post = (path: string, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string> = {}) =>
      fetch(`${url}${path}`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } }).catch(
        () => undefined,
      );
    await post("/v1/policies/evaluate", '{"agent_id":"a","tools":["x"]}');
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(128 * 1024 * 1024)));
    await post("/v1/policies/evaluate", bomb, { "content-encoding": "gzip" });
    const beforeKb = rssKb();
    for (let i = 0; i < 3; i++) {
      expect((await post("/v1/policies/evaluate", bomb, { "content-encoding": "gzip" }))?.status).toBe(413);
      expect((await post("/v1/policies/evaluate", "[".repeat(400_000)))?.status).toBe(400);
      expect([400, 413, undefined]).toContain((await post("/v1/policies/evaluate", '{"a":'.repeat(200_000)))?.status);
    }
    expect(rssKb() - beforeKb).toBeLessThan(64 * 1024);
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
  });

  test("a second signal ends it at once", async () => {
    const { child, url } = await start("--notice-seconds", "30");
    child.kill("SIGTERM");
    for (let i = 0; i < 100 && (await fetch(`${url}/readyz`)).status !== 503; i++) await pause(20);
    const startMs = performance.now();
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(1);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});
