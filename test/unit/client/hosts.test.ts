import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { build as bundle } from "esbuild";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeServer, json, raw, refused } from "./fake-server.js";

/** The bundle that is published, where other hosts than Node run it. */
const root = join(import.meta.dirname, "..", "..", "..");
const built = join(root, "build", "client.js");
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const absent = !existsSync(executablePath);
if (absent) console.warn(`SDK: not run in a browser, because ${executablePath} is absent (CHROMIUM names another)`);

/** A retry, an error by its class, a stream, an upload: the same in every host. `SmoltbotClient` and the rest are in scope. */
const program = `
  const client = new SmoltbotClient({ baseUrl, apiKey: "sbk_a_b" });
  const outcome = [(await client.agents.getPolicy("a b")).version];
  outcome.push(await client.agents.getPolicy("none").catch((error) => [error.name, error.code, error instanceof NotFoundError]));
  let text = "";
  for await (const piece of client.agents.runs("a")) text += new TextDecoder().decode(piece);
  outcome.push(text, (await client.traces.ingest(new Blob(["{}"]))).calls);
  const stop = new AbortController();
  stop.abort(new TypeError("stopped"));
  outcome.push(await client.agents.list({ signal: stop.signal }).catch((error) => error.message));
`;
const outcome = [7, ["NotFoundError", "not_found", true], "1\n2\n", 4, "stopped"];
const requests = [
  "GET /v1/agents/a%20b/policy",
  "GET /v1/agents/a%20b/policy",
  "GET /v1/agents/none/policy",
  "GET /v1/agents/a/runs",
  "POST /v1/traces",
];

let server: FakeServer;
beforeAll(async () => {
  server = await FakeServer.start();
});
afterAll(() => server.stop());

function script(): void {
  server.next(
    refused(503, "unavailable"),
    json(200, { version: 7 }),
    refused(404, "not_found"),
    raw(200, "1\n2\n"),
    json(200, { calls: 4 }),
  );
}

function sent(): string[] {
  expect(new Set(server.received.map(({ headers }) => headers["authorization"]))).toEqual(new Set(["Bearer sbk_a_b"]));
  return server.lines;
}

/** Node's own fetch needs Node's globals, so that one is given: it takes the answers of the script one by one. */
test("a thread in which Node's own globals are missing", async () => {
  const source = `
    const { parentPort, workerData } = await import("node:worker_threads");
    for (const name of ["process", "Buffer", "require", "global", "setImmediate", "fetch"]) delete globalThis[name];
    const { answers, built } = workerData;
    const baseUrl = "https://policies.example.com";
    const lines = [];
    const fetch = async (address, { method, headers }) => {
      lines.push([method + " " + new URL(address).pathname, headers.authorization]);
      const [status, text] = answers.shift();
      const body = new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      });
      return { status, ok: status < 300, headers: { get: () => null }, body };
    };
    const { SmoltbotClient: Client, NotFoundError } = await import(built);
    class SmoltbotClient extends Client {
      constructor(options) {
        super({ ...options, fetch });
      }
    }
    ${program}
    parentPort.postMessage({ outcome, lines });`;
  const refusal = (error: string) => JSON.stringify({ error, message: "no" });
  const answers = [
    ...[503, 200, 404].map((status, i) => [status, [refusal("unavailable"), '{"version":7}', refusal("not_found")][i]]),
    ...[
      [200, "1\n2\n"],
      [200, '{"calls":4}'],
    ],
  ];
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: { answers, built: new URL(`file://${built}`).href },
  });
  const answer = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  expect(answer).toEqual({ outcome, lines: requests.map((line) => [line, "Bearer sbk_a_b"]) });
});

test("a place with a page's globals and no others", async () => {
  script();
  const { outputFiles } = await bundle({ entryPoints: [built], bundle: true, format: "iife", globalName: "sdk", write: false });
  const web = { AbortController, Blob, ReadableStream, TextDecoder, URL, clearTimeout, fetch, setTimeout };
  const context = createContext({ ...web, baseUrl: server.url });
  runInContext(outputFiles[0]?.text ?? "", context);
  const names = runInContext("Object.getOwnPropertyNames(globalThis).includes('process')", context);
  expect(names).toBe(false);
  const answer = await runInContext(
    `(async () => { const { SmoltbotClient, NotFoundError } = sdk; ${program}; return outcome; })()`,
    context,
  );
  expect(JSON.parse(JSON.stringify(answer))).toEqual(outcome);
  expect(sent()).toEqual(requests);
});

describe.skipIf(absent)("Chromium", () => {
  test("a page of the same origin", async () => {
    const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--no-first-run"] });
    try {
      const page = await browser.newPage();
      await page.route("**/page", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
      await page.goto(`${server.url}/page`);
      script();
      // As text: the test runner rewrites `import()` in functions.
      const answer = await page.evaluate(`(async () => {
        const baseUrl = ${JSON.stringify(server.url)};
        const code = new Blob([${JSON.stringify(readFileSync(built, "utf8"))}], { type: "text/javascript" });
        const { SmoltbotClient, NotFoundError } = await import(URL.createObjectURL(code));
        ${program};
        return outcome;
      })()`);
      expect(answer).toEqual(outcome);
      expect(sent()).toEqual(requests);
    } finally {
      await browser.close();
    }
  });
});

test("the types stand without those of Node", () => {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-sdk-types-"));
  try {
    symlinkSync(root, join(folder, "smoltbot-policy"), "dir");
    writeFileSync(
      join(folder, "page.ts"),
      `import { type EvaluateAnswer, NotFoundError, SmoltbotClient } from "./smoltbot-policy/build/client.js";
       const client = new SmoltbotClient({ baseUrl: "https://policies.example.com", apiKey: "k", fetch: window.fetch });
       const answer: EvaluateAnswer = await client.policies.evaluate({ agentId: "a", tools: ["t"] });
       export const verdict: "pass" | "warn" | "fail" = answer.verdict;
       export const isMissing = (error: unknown): boolean => error instanceof NotFoundError;
       // @ts-expect-error a policy is no number
       client.agents.setPolicy("a", 5);
       // @ts-expect-error a role is one of three
       client.keys.create({ name: "n", role: "owner" });`,
    );
    const options = [
      "--noEmit",
      "--strict",
      "--moduleResolution",
      "bundler",
      "--types",
      "",
      "--lib",
      "es2022,dom",
      "--target",
      "es2022",
      "--module",
      "esnext",
    ];
    const tsc = join(root, "node_modules", ".bin", "tsc");
    expect(execFileSync(tsc, [...options, join(folder, "page.ts")], { encoding: "utf8", cwd: folder })).toBe("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
