import { describe, expect, it } from "vitest";
import { feedTraces } from "../../../src/trace/io/feed.js";
import type { ReadOptions } from "../../../src/trace/io/options.js";
import { createNameMap } from "../../../src/trace/name-map.js";
import { TraceSetBuilder } from "../../../src/trace/trace-set.js";
import { innerTool, isWrapper } from "../../../src/trace/unwrap.js";
import { lines } from "../../support/traces.js";

describe("wrappers", () => {
  it("are known by the last part of their names", () => {
    expect(
      ["execute-tool", "mcp__gateway__execute_tool", "use_mcp_tool", "a__b__call_tool", "mcp_call_tool"].filter(isWrapper),
    ).toHaveLength(5);
    expect(["execute", "call_tool__x", "my_call_tool", "", "constructor", "__proto__"].filter(isWrapper)).toEqual([]);
  });

  it.each([
    [{ server_name: "github", tool_name: "list" }, "github", "list"],
    [{ server: "github", tool: "list", params: {} }, "github", "list"],
    [{ name: "mcp__github__list", arguments: "{}" }, undefined, "mcp__github__list"],
    ['{"server_name":"github","tool_name":"list"}', "github", "list"],
    [{ tool: "execute_tool", arguments: '{"server":"s","tool":"inner"}' }, "s", "inner"],
    [{ tool: "execute_tool", params: { no: "tool" } }, undefined, "execute_tool"],
  ])("%j", (args, server, tool) => {
    expect(innerTool(args)).toEqual({ server, tool });
  });

  it.each([undefined, null, 7, "", "{cut", "[]", [], {}, { tool_name: 5 }, { tool_name: "" }, '{"__proto__":{"tool":"x"}}'])(
    "%j names no tool",
    (args) => expect(innerTool(args)).toBeUndefined(),
  );

  it("inside wrappers are looked through to a depth, however deep they go", () => {
    let args: object = { tool: "last" };
    for (let i = 0; i < 10_000; i++) args = { tool: "call_tool", params: args };
    expect(innerTool(args)).toEqual({ tool: "call_tool", server: undefined });
  });
});

describe("reading", () => {
  const call = (tool: string, args: unknown, id?: string) => ({
    tool,
    args,
    session_id: "s",
    ...(id === undefined ? {} : { call_id: id }),
  });
  const events = lines(
    call("execute-tool", { server_name: "git hub", tool_name: "list" }, "c1"),
    call("execute-tool", { server_name: "git hub", tool_name: "list" }, "c1"),
    call("mcp__gate__execute-tool", '{"tool_name":"git-show"}', "c2"),
    call("execute-tool", "{broken", "c3"),
    call("Bash", { tool_name: "decoy" }, "c4"),
  );
  const feed = async (options: ReadOptions) => {
    const builder = new TraceSetBuilder();
    const fed = await feedTraces([{ name: "a", bytes: Buffer.from(events) }], builder, options);
    return { fed, set: builder.finish(fed.inputs, fed.diagnostics) };
  };

  it("counts wrappers as the tools they are, and says so", async () => {
    const { fed, set } = await feed({});
    expect(set.names).toEqual(["execute-tool", "mcp__gate__execute-tool", "Bash"]);
    expect(fed.wrappers).toEqual({
      calls: 3,
      tools: [
        { tool: "execute-tool", calls: 2 },
        { tool: "mcp__gate__execute-tool", calls: 1 },
      ],
    });
  });

  it("looks through them when asked: server and name map apply, what names no tool stays", async () => {
    const names = createNameMap({ servers: ["git"], names: new Map() });
    const { fed, set } = await feed({ unwrap: true, names });
    expect(set.names).toEqual(["mcp__git_hub__list", "mcp__git__show", "execute-tool", "Bash"]);
    expect(set.rawNames.slice(0, 2)).toEqual([["execute-tool"], ["mcp__gate__execute-tool"]]);
    expect(set.inputs[0]).toMatchObject({ repeatedCalls: 1 });
    expect(fed.wrappers).toEqual({
      calls: 2,
      tools: [
        { tool: "execute-tool", calls: 1 },
        { tool: "mcp__gate__execute-tool", calls: 1 },
      ],
    });
  });
});
