import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { smoltbot } from "../../support/command.js";

let folder: string;
let runs: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smoltbot-options-"));
  runs = join(folder, "runs.jsonl");
  const wrapped = { tool: "execute-tool", args: { server_name: "github", tool_name: "delete_repo" }, session_id: "s" };
  const calls = [
    { tool: "github-create_issue", session_id: "s", timestamp: "2026-02-01T00:00:00Z" },
    { tool: "search", session_id: "s" },
    wrapped,
  ];
  writeFileSync(runs, calls.map((call) => `${JSON.stringify(call)}\n`).join(""));
});

async function tools(...args: string[]): Promise<{ status: number | null; tools: string[]; stderr: string }> {
  const { status, stdout, stderr } = await smoltbot(["traces", "list", "--format", "tools", "--traces", runs, ...args]);
  return { status, tools: stdout.split("\n").filter((line) => line !== ""), stderr };
}

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe("names of other dialects", () => {
  test("stand as they are unless the user says more", async () => {
    expect((await tools()).tools).toEqual(["execute-tool", "github-create_issue", "search"]);
  });

  test("a name map: servers, single names, and the server of bare names", async () => {
    const map = written("names.yaml", "servers: [github]\nnames:\n  search: mcp__web__search\nserver_prefix: local\n");
    expect((await tools("--name-map", map)).tools).toEqual([
      "mcp__github__create_issue",
      "mcp__local__execute-tool",
      "mcp__web__search",
    ]);
  });

  test("the option wins over the prefix of the file", async () => {
    const map = written("prefix.yaml", "server_prefix: local\n");
    expect((await tools("--name-map", map, "--server-prefix", "here")).tools).toContain("mcp__here__search");
  });

  test("--unwrap judges what a wrapper calls", async () => {
    expect((await tools("--unwrap")).tools).toEqual(["github-create_issue", "mcp__github__delete_repo", "search"]);
  });

  test("a config file may name the map", async () => {
    written("local.yaml", "names: { search: find }\n");
    const config = written("config.yaml", "name_map: local.yaml\n");
    expect((await tools("--config", config)).tools).toContain("find");
  });

  test.each([
    ["servers: github\n", "names.yaml:1:10: error config_value: expected a list of MCP servers"],
    ["name: { a: b }\n", "names.yaml:1:1: error config_unknown_key: unknown key `name`"],
    ["names: { a: 3 }\n", "names.yaml:1:13: error config_value: expected a tool name"],
    ["- a\n", "names.yaml:1:1: error config_value: expected a mapping with `servers` and `names`"],
  ])("a wrong map is refused with its place: %j", async (text, message) => {
    const { status, stderr } = await tools("--name-map", written("names.yaml", text));
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});

describe("how traces are read", () => {
  test("an unknown format is refused, with the one that was meant", async () => {
    const { status, stderr } = await tools("--trace-format", "claude-cod");
    expect([status, stderr]).toEqual([1, expect.stringContaining("usage_unknown_trace_format")]);
    expect(stderr).toContain("did you mean `claude-code`?");
  });

  test("another format than the content's finds nothing, and says so", async () => {
    const { status, stderr } = await tools("--trace-format", "ap-trace");
    expect([status, stderr]).toEqual([1, expect.stringContaining("trace_format_unknown")]);
  });

  test("--field names the columns of a table", async () => {
    const table = written("calls.csv", "what,when\nmcp__a__b,2026-02-01\n");
    const { stdout } = await smoltbot([
      "traces",
      "list",
      "--format",
      "json",
      "--traces",
      table,
      "--field",
      "tool=what",
      "--field",
      "time=when",
    ]);
    expect(JSON.parse(stdout).tools[0]).toMatchObject({ tool: "mcp__a__b", first_seen: "2026-02-01T00:00:00.000Z" });
  });

  test("a field nobody has is a usage error", async () => {
    const { status, stderr } = await tools("--field", "colour=red");
    expect([status, stderr]).toEqual([1, expect.stringContaining("Give tool=<name>, time=<name>")]);
  });
});
