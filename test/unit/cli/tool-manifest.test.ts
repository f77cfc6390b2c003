import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readManifest, splitTools } from "../../../src/cli/tool-manifest.js";
import { folderOf } from "../../support/command.js";

function manifest(content: string): string[] {
  return readManifest(join(folderOf({ "tools.json": content }), "tools.json"));
}

describe("tool manifests", () => {
  test.each([
    ['{"tools": [{"name": "a", "inputSchema": {"type": "object"}}, {"name": "b"}]}', ["a", "b"]],
    ['{"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a"}]}}', ["a"]],
    ['["a", {"name": "b"}]', ["a", "b"]],
    ['\ufeff["a"]', ["a"]],
    ['{"tools": []}', []],
  ])("%s", (text, names) => {
    expect(manifest(text)).toEqual(names);
  });
  test("odd names are the policy's business", () => {
    expect(manifest('["", "a,b", "__proto__", "\\ud800", "a\\u0000"]')).toEqual(["", "a,b", "__proto__", "\ud800", "a\0"]);
  });
  test.each([
    ['{"tools": {"name": "a"}}', "at `tools`: expected a list of tools, found an object with `name`"],
    ['{"tools": null}', "at `tools`: expected a list of tools, found null"],
    ['{"tools": [["a"]]}', "at `tools[0]`: expected a name or {name}, found a list"],
    ['{"tools": [{"name": 5}]}', "at `tools[0]`: expected a name or {name}, found a tool whose `name` is a number"],
    ['"a"', "expected a list of tools, found text"],
    ["{}", "expected a list of tools, found an object with no keys"],
    ['{"__proto__": {"tools": []}}', "expected a list of tools, found an object with `__proto__`"],
  ])("%s is refused", (text, message) => {
    expect(() => manifest(text)).toThrow(message);
  });
});

describe("--tools", () => {
  test("names are split at commas, space around them is typing", () => {
    expect(splitTools(["a, b", "c"])).toEqual(["a", "b", "c"]);
  });
  test.each(["", "a,", ",a", "a, ,b"])("%j holds a blank name", (text) => {
    expect(() => splitTools([text])).toThrow("blank tool name");
  });
});
