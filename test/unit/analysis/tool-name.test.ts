import { describe, expect, test } from "vitest";
import { partName, slugOf } from "../../../src/analysis/recommend/tool-name.js";

describe("tool names", () => {
  test.each([
    ["mcp__fs__read_file", "fs", "read", "read"],
    ["mcp__linear-server__list_issues", "linear-server", "list", "read"],
    ["mcp__notion__API-post-page", "notion", "post", "send"],
    ["mcp__x__getUserById", "x", "get", "read"],
    ["mcp__x__getThenDelete", "x", "delete", "delete"],
    ["mcp__x__frobnicate", "x", "frobnicate", "other"],
    ["filesystem-read_file", "filesystem", "read", "read"],
    ["github.create_issue", "github", "create", "write"],
    ["Bash", "", "bash", "execute"],
    ["NotebookEdit", "", "edit", "write"],
    ["mcp__", "", "mcp", "other"],
    ["", "", "", "other"],
    ["__proto__", "", "proto", "other"],
  ])("%s", (name, server, verb, verbClass) => {
    expect(partName(name)).toMatchObject({ server, verb, verbClass });
  });
  test("slugs are plain words", () => {
    expect(["Linear-Server", "\u202e", "12306", "a b\n# c", "__proto__"].map((text) => slugOf(text, "server"))).toEqual([
      "linear_server",
      "server",
      "server_12306",
      "a_b_c",
      "proto",
    ]);
  });
});
