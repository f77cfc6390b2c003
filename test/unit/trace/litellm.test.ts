import { describe, expect, it } from "vitest";
import { liteLlm } from "../../../src/trace/formats/litellm.js";
import { openaiChat } from "../../../src/trace/formats/openai-chat.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const readLog = (content: string) => readWith(liteLlm, content, { name: "log" });
const user = { role: "user", content: "go" };
const asks = (name: string, id: string) => ({
  role: "assistant",
  content: null,
  tool_calls: [{ id, type: "function", function: { name, arguments: "{}" } }],
});
const payload = (trace: string, messages: unknown, message: object, more: object = {}) => ({
  id: `chatcmpl-${trace}`,
  trace_id: trace,
  call_type: "acompletion",
  startTime: 1_770_000_000.25,
  hidden_params: {},
  metadata: { user_api_key_hash: "x" },
  messages,
  response: { id: "chatcmpl-1", choices: [{ index: 0, message }] },
  ...more,
});
const ran = (trace: string, name: string, server?: string, id = name) => ({
  id,
  trace_id: trace,
  call_type: "call_mcp_tool",
  startTime: "2026-02-02 09:20:46.847371",
  response_cost: 0,
  metadata: { mcp_tool_call_metadata: { name, arguments: { x: 1 }, mcp_server_name: server } },
});

const ids = ["call_oIHazX6yQrB8hUwl4cRilFKj", "call_u7Gd2kPqW9sXz1LmNb3vCt5R"] as const;

describe("LiteLLM logs", () => {
  it("repeat the history in each request, under trace ids that the proxy may draw for each", () => {
    const log = (second: string) => [
      payload("t1", [user], asks("a", ids[0])),
      payload(second, [user, asks("a", ids[0]), { role: "tool", tool_call_id: ids[0], content: "1" }], asks("b", ids[1])),
    ];
    for (const second of ["t1", "t2"]) {
      const found = readLog(lines(...log(second)));
      expect(found.distinct.map(({ tool, trace, timeMs }) => [tool, trace, timeMs])).toEqual([
        ["a", "t1", 1_770_000_000_250],
        ["b", "t1", 1_770_000_000_250],
      ]);
    }
    const counted = lines(payload("t1", [user], asks("a", "call_0")), payload("t2", [user], asks("a", "call_0")));
    expect(readLog(counted).distinct.length).toBe(2);
  });

  it("count an MCP tool that the proxy ran, and the model's call for it, once and by its server", () => {
    const log = [
      payload("t1", [user], asks("github-search", ids[0])),
      ran("t1", "search", "github"),
      payload("t1", [user, asks("github-search", ids[0])], asks("local", ids[1])),
      ran("t1", "search", "github", "again"),
      ran("t2", "ask"),
    ];
    const found = readLog(lines(...log));
    expect(found.distinct.map(({ tool, server, trace }) => [tool, server, trace])).toEqual([
      ["search", "github", "t1"],
      ["local", undefined, "t1"],
      ["search", "github", "t1"],
      ["ask", undefined, "t2"],
    ]);
    expect(found.calls[0]?.timeMs).toBe(Date.UTC(2026, 1, 2, 9, 20, 46) + 847);
    expect(found.calls[0]?.args?.()).toEqual({ x: 1 });
  });

  it("are read as rows of the spend log, with JSON in text", () => {
    const { messages, response, metadata, ...row } = payload("t1", [user], asks("a", ids[0]));
    const text = {
      ...row,
      messages: JSON.stringify(messages),
      response: JSON.stringify(response),
      metadata: JSON.stringify(metadata),
    };
    expect(toolNames(readLog(JSON.stringify({ data: [text] })))).toEqual(["a"]);
  });

  it("are known without calls, when content was left out, and reported when they are none", () => {
    const bare = payload("t1", "redacted-by-litellm", user, { response: null });
    const found = readLog(
      lines(bare, { id: 1 }, "5", payload("t2", [4], asks("kept", ids[0]), { metadata: [] }), ran("t3", 7 as never)),
    );
    expect(toolNames(found)).toEqual(["kept", ""]);
    expect([...found.traces.keys()]).toEqual(["t1", "t2", "t3"]);
    expect(found.bad.length).toBe(2);
  });

  it("are told from other logs of chat messages", () => {
    expect([liteLlm, openaiChat].map((format) => scoreOf(format, lines(payload("t", [user], asks("a", "1")))))).toEqual([1, 0.9]);
    expect(scoreOf(liteLlm, lines({ call_type: "x" }))).toBe(0);
  });
});
