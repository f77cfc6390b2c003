import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CommandFailure } from "../../../src/cli/failure.js";
import { readInventory } from "../../../src/cli/inventory.js";
import { fakeTerminal, folderOf } from "../../support/command.js";

async function read(files: Record<string, string>, ...sources: string[]): Promise<readonly string[]> {
  const folder = folderOf(files);
  const located = sources.map((source) => source.replace(/([^=]+)$/, (name) => join(folder, name)));
  return (await readInventory(located, async () => ({}), fakeTerminal().terminal)).names;
}

const call = JSON.stringify({ type: "tool_call", tool: "mcp__fs__read", session: "s" });

describe("inventories", () => {
  test.each([
    ["tools.json", '{"tools": [{"name": "b", "inputSchema": {}}, {"name": "a"}]}', ["a", "b"]],
    ["answer.json", '{"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a"}], "nextCursor": "x"}}', ["a"]],
    ["names.json", '["b", "a", "b"]', ["a", "b"]],
    ["names.txt", "\ufeff# tools\r\nb\tof a server\r\n\r\na\r\n", ["a", "b"]],
    ["calls.jsonl", `${call}\n${call}\n`, ["mcp__fs__read"]],
  ])("%s", async (name, text, names) => {
    expect(await read({ [name]: text }, name)).toEqual(names);
  });
  test("several sources add up, and a server may be named for bare names", async () => {
    const files = { "fs.json": '["read", "mcp__git__push"]', "names.txt": "read\n" };
    expect(await read(files, "fs=fs.json", "names.txt")).toEqual(["mcp__fs__read", "mcp__git__push", "read"]);
  });
  test("odd names are kept", async () => {
    expect(await read({ "odd.json": '["__proto__", "a b", "\\ud800", ""]' }, "odd.json")).toEqual([
      "",
      "__proto__",
      "a b",
      "\ud800",
    ]);
  });
  test.each([
    ["empty.txt", "  \n"],
    ["none.json", '{"tools": []}'],
    ["comments.txt", "# nothing\n"],
  ])("%s holds no tool", async (name, text) => {
    const failed = await read({ [name]: text }, name).catch((error: unknown) => error);
    expect((failed as CommandFailure).diagnostics[0]?.code).toBe("inventory_empty");
  });
});
