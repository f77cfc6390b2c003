import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Block, fencedBlocks } from "../../../support/console-blocks.js";

/**
 * Every curl line of docs/rest.md is typed against `smoltbot serve`, in order. A JSON block after one shows some fields of the answer,
 * `"..."` for any value; a YAML block is the whole answer.
 */
const blocks = fencedBlocks(readFileSync("docs/rest.md", "utf8"));
const typed = blocks.flatMap((block, i) =>
  block.language === "sh" && block.body.includes("curl ") ? [[block, blocks[i + 1]] as const] : [],
);
const smoltbot = join(process.cwd(), "build", "smoltbot.js");

describe("docs/rest.md", () => {
  let folder = "";
  let server: ChildProcess;
  let address = "";
  let key = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "smoltbot-rest-"));
    const env = { ...process.env, SMOLTBOT_HOME: folder, DATABASE_URL: "", SMOLTBOT_URL: "", SMOLTBOT_ORG: "" };
    server = spawn(process.execPath, [smoltbot, "serve", "--port", "0", "--log-level", "silent"], { env, cwd: folder });
    address = await addressOf(server);
    const made = spawnSync(
      "curl",
      ["-sS", `${address}/v1/keys`, "-H", "Content-Type: application/json", "-d", '{"name":"page","role":"admin"}'],
      {
        encoding: "utf8",
      },
    );
    key = (JSON.parse(made.stdout) as { key: string }).key;
  });

  afterAll(async () => {
    if (server.exitCode === null) {
      server.kill("SIGTERM");
      await once(server, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(typed.map(([block, shown]) => [block.line, block, shown] as const))("line %i", (_, { body }, shown) => {
    const env = { ...process.env, URL: address, AUTH: `Authorization: Bearer ${key}` };
    const { stdout, stderr } = spawnSync("bash", ["-c", body], { cwd: folder, env, encoding: "utf8" });
    expect(stderr).toBe("");
    if (shown?.language === "yaml") expect(stdout.trimEnd()).toBe(shown.body);
    else expect(shown?.language).toBe("json");
    if (shown?.language === "json") expect(JSON.parse(stdout), stdout).toMatchObject(pattern(JSON.parse(shown.body)) as object);
  });

  test("the page has something to check, and the check sees a difference", () => {
    expect(typed.length).toBeGreaterThan(20);
    expect(typed.every(([, shown]: readonly [Block, Block | undefined]) => shown !== undefined)).toBe(true);
    expect({ a: [{ b: 1, c: "x" }] }).toMatchObject(pattern({ a: [{ b: 1, c: "..." }] }) as object);
    expect({ a: [{ b: 2 }] }).not.toMatchObject(pattern({ a: [{ b: 1 }] }) as object);
    expect({ a: null }).not.toMatchObject(pattern({ a: "..." }) as object);
  });
});

function pattern(value: unknown): unknown {
  if (value === "...") return expect.anything();
  if (Array.isArray(value)) return value.map(pattern);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, pattern(inside)]));
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (found !== null) resolve(found[0]);
    });
    child.once("exit", () => reject(new Error(`serve ended: ${text}`)));
  });
}
