import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fencedBlocks } from "./support/console-blocks.js";
import { storeKinds } from "./support/stores.js";
import { RestServer } from "./unit/server/routes/rest-server.js";

/** docs/sdk.md and examples/sdk/, as programs of the package that is built, against a real server. */
const root = join(import.meta.dirname, "..");
let server: RestServer;

beforeAll(async () => {
  const sqlite = storeKinds.find(({ name }) => name === "sqlite");
  if (sqlite === undefined) throw new Error("SQLite is always there");
  server = await RestServer.start(sqlite);
});
afterAll(() => server?.stop());

/** Not spawnSync: the server lives in this process. */
function run(file: string, args: readonly string[] = []): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, SMOLTBOT_URL: server.url, SMOLTBOT_API_KEY: server.adminKey };
  const child = spawn(process.execPath, [file, ...args], { cwd: root, env });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece) => {
    stdout += piece;
  });
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  return new Promise((done) => child.once("close", (status) => done({ status, stdout, stderr })));
}

/** `console.log(...); // what it prints`. */
function promises(program: string): string[] {
  return [...program.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text = ""]) => text);
}

test("docs/sdk.md: the programs print what they say", async () => {
  const blocks = fencedBlocks(readFileSync(join(root, "docs/sdk.md"), "utf8")).filter(({ language }) => language === "js");
  const program = blocks.map(({ body }) => body).join("\n");
  const promised = promises(program);
  expect([blocks.length >= 7, promised.length]).toEqual([true, program.split("console.log(").length - 1]);
  // Inside the package its own name resolves to what it exports.
  const file = join(root, "build", `.sdk-${process.pid}.mjs`);
  writeFileSync(file, program);
  try {
    const { status, stdout, stderr } = await run(file);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.trimEnd().split("\n")).toEqual(promised);
  } finally {
    rmSync(file);
  }
});

describe("examples/sdk", () => {
  test("publish.mjs publishes, and says what a second time would change", async () => {
    const file = join(root, "examples/sdk/publish.mjs");
    const first = await run(file, ["example"]);
    expect(first).toEqual({ status: 0, stdout: "version 1 is active for example\n", stderr: "" });
    const second = await run(file, ["example"]);
    expect(second).toEqual({ status: 0, stdout: "means the same\nversion 1 is active for example\n", stderr: "" });
  });
  test("gate.mjs says what the guardrail and the policy leave, while it lasts", async () => {
    const { status, stdout, stderr } = await run(join(root, "examples/sdk/gate.mjs"), ["example"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.trimEnd().split("\n")).toEqual([
      "mcp__browser__click: allow",
      "mcp__filesystem__read_file: warn",
      "mcp__filesystem__delete_file: warn",
      "mcp__browser__click: deny",
    ]);
  });
  test("every example is run", () => {
    expect(readdirSync(join(root, "examples/sdk")).sort()).toEqual(["gate.mjs", "publish.mjs"]);
  });
});
