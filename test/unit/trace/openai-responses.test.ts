import { describe, expect, it } from "vitest";
import { openaiChat } from "../../../src/trace/formats/openai-chat.js";
import { openaiResponses } from "../../../src/trace/formats/openai-responses.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const readResponses = (content: string) => readWith(openaiResponses, content, { name: "log" });
const user = (content: string) => ({ role: "user", content });
const calls = (name: unknown, callId?: string, more: object = {}) => ({
  type: "function_call",
  id: callId === undefined ? undefined : `fc_${callId}`,
  call_id: callId,
  name,
  arguments: "{}",
  ...more,
});
const output = (callId: string) => ({ type: "function_call_output", call_id: callId, output: "done" });
const says = (text: string) => ({ type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text }] });
const response = (id: string, items: object[], more: object = {}) => ({
  id,
  object: "response",
  created_at: 1_770_000_000,
  output: items,
  ...more,
});

const ids = ["call_oIHazX6yQrB8hUwl4cRilFKj", "call_u7Gd2kPqW9sXz1LmNb3vCt5R"] as const;

describe("items of the Responses API", () => {
  it("are calls when their type ends in _call: by name, or by the name of the built-in tool", () => {
    const items = [
      { type: "reasoning", id: "rs_1", summary: [] },
      calls("get_weather", ids[0]),
      { type: "custom_tool_call", call_id: "c2", name: "apply", input: "x" },
      { type: "mcp_list_tools", id: "mcpl_1", server_label: "deepwiki", tools: [{ name: "ask" }] },
      { type: "mcp_approval_request", id: "mcpr_1", server_label: "deepwiki", name: "ask" },
      { type: "mcp_call", id: "mcp_1", server_label: "deepwiki", name: "ask", arguments: "{}", error: null },
      ...["web_search", "file_search", "computer", "code_interpreter", "image_generation"].map((tool) => ({
        type: `${tool}_call`,
        id: `x_${tool}`,
      })),
      ...["local_shell", "shell", "apply_patch", "tool_search"].map((tool) => ({ type: `${tool}_call`, call_id: `y_${tool}` })),
      calls("ask", "c3", { namespace: "mcp__deepwiki" }),
      calls("_create", "c4", { namespace: "mcp__apps__github" }),
      says("done"),
    ];
    const builtIn = [
      "web_search",
      "file_search",
      "computer",
      "code_interpreter",
      "image_generation",
      "local_shell",
      "shell",
      "apply_patch",
      "tool_search",
    ];
    for (const content of [JSON.stringify(response("resp_1", items)), lines(...items), JSON.stringify(items)]) {
      const found = readResponses(content);
      expect(toolNames(found)).toEqual([
        "get_weather",
        "apply",
        "ask",
        ...builtIn,
        "mcp__deepwiki__ask",
        "mcp__apps__github_create",
      ]);
      expect(found.calls.map(({ server }) => server).filter((server) => server !== undefined)).toEqual(["deepwiki"]);
      expect(found.traces.size).toBe(1);
      expect(found.bad).toEqual([]);
    }
  });

  it("repeated in the input of later requests are counted once", () => {
    const first = { input: [user("go")], output: [calls("a", ids[0])] };
    const second = { input: [...first.input, ...first.output, output(ids[0])], output: [calls("b", "call_1")] };
    const third = { input: [...second.input, ...second.output, output("call_1")], output: [calls("b", "call_1"), says("bye")] };
    const enveloped = [first, second, third].map(({ input, output }, i) => ({
      request: { model: "m", input },
      response: response(`resp_${i}`, output),
    }));
    for (const log of [[first, second, third], enveloped]) {
      const found = readResponses(lines(...log));
      expect(toolNames(found)).toEqual(["a", "b", "b"]);
      expect(found.traces.size).toBe(1);
    }
  });

  it("belong together by previous_response_id, by the conversation, or by the result of a known call", () => {
    const chained = [
      { request: { input: "go" }, response: response("resp_1", [calls("a", "call_0")]) },
      {
        request: { input: [output("call_0")], previous_response_id: "resp_1" },
        response: response("resp_2", [calls("a", "call_0")]),
      },
      {
        request: { input: [output("call_0")] },
        response: response("resp_3", [calls("a", "call_0")], { previous_response_id: "resp_2" }),
      },
    ];
    expect([toolNames(readResponses(lines(...chained))), readResponses(lines(...chained)).traces.size]).toEqual([
      ["a", "a", "a"],
      1,
    ]);
    const named = [1, 2].map((n) => response(`resp_${n}`, [calls("a", ids[0])], { conversation: { id: "conv_1" } }));
    expect([...readResponses(lines(...named)).traces.keys()]).toEqual(["conv_1"]);
    const asked = [
      { input: [user("go")], output: [calls("a", ids[0])] },
      { input: [output(ids[0])], output: [calls("b", ids[1])] },
    ];
    expect(readResponses(lines(...asked)).traces.size).toBe(1);
  });

  it("are known without calls, and reported when they are none", () => {
    expect([...readResponses(JSON.stringify(response("resp_1", [says("hi")]))).traces.keys()]).toEqual(["log"]);
    const found = readResponses(
      lines({ object: "response", output: [null, 5, calls(7, "1"), calls(undefined, "2"), { type: 9 }] }),
    );
    expect(toolNames(found)).toEqual(["", ""]);
    expect(found.bad.length).toBe(2);
  });
});

describe("event streams of the Responses API", () => {
  const item = calls("a", "call_0");
  const events = [
    { type: "response.created", sequence_number: 0, response: response("resp_1", []) },
    { type: "response.output_item.added", output_index: 0, item },
    { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: "{" },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.output_item.done", output_index: 1, item: { type: "web_search_call", id: "ws_1" } },
    {
      type: "response.completed",
      response: response("resp_1", [item, { type: "web_search_call", id: "ws_1" }, calls("b", "call_1")]),
    },
  ];

  it("count an item once, whether it was added, done or only in the complete answer", () => {
    const sse = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
    expect(toolNames(readResponses(lines(...events)))).toEqual(["a", "web_search", "b"]);
    expect(toolNames(readWith(openaiResponses, sse, { framing: "text" }))).toEqual(["a", "web_search", "b"]);
    expect(scoreOf(openaiResponses, sse, { framing: "text" })).toBe(0.95);
    const cut = events.slice(0, 2);
    expect(toolNames(readResponses(lines(...cut)))).toEqual(["a"]);
  });
});

describe("detection of the Responses API", () => {
  it.each<[string, object, number]>([
    ["an answer", response("resp_1", [says("hi")]), 1],
    ["an item", calls("a", "1"), 0.8],
    ["a request with its output", { input: [user("x"), calls("a", "1")], output: [says("x")] }, 0.9],
    ["a request of chat", { messages: [user("x")] }, 0],
    ["a Codex record", { timestamp: "2026-01-01T00:00:00Z", type: "response_item", payload: calls("a", "1") }, 0],
  ])("%s", (_, record, score) => {
    expect(scoreOf(openaiResponses, lines(record))).toBe(score);
    if (score > 0) expect(scoreOf(openaiChat, lines(record))).toBeLessThan(score);
  });
});
