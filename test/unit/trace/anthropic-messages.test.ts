import { describe, expect, it } from "vitest";
import { anthropicMessages } from "../../../src/trace/formats/anthropic-messages.js";
import { openaiChat } from "../../../src/trace/formats/openai-chat.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const readAnthropic = (content: string) => readWith(anthropicMessages, content, { name: "log" });
const use = (name: unknown, id?: string) => ({ type: "tool_use", id, name, input: { x: 1 } });
const result = (id: string) => ({
  role: "user",
  content: [{ type: "tool_result", tool_use_id: id, content: [use("quoted", "q")] }],
});
const says = (...content: object[]) => ({ role: "assistant", content });
const answer = (id: string, ...content: object[]) => ({ id, type: "message", role: "assistant", model: "claude-x", content });
const asks = { role: "user", content: "go" };

const ids = ["toolu_01AQsrCHjrnFGhpH3npeccg8", "toolu_01BcWn1VdXU4i6mfGwht8LrB", "toolu_014dPGEkDTQjfEUnuNPhNr26"] as const;

describe("Anthropic messages", () => {
  it("count tool_use, server_tool_use and mcp_tool_use blocks, never those inside results", () => {
    const content = [
      { type: "thinking", thinking: "hm" },
      use("a", ids[0]),
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} },
      { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
      { type: "mcp_tool_use", id: "mcptoolu_1", name: "ask", server_name: "deepwiki", input: {} },
    ];
    const found = readAnthropic(JSON.stringify({ model: "claude-x", messages: [asks, says(...content), result(ids[0])] }));
    expect(toolNames(found)).toEqual(["a", "web_search", "ask"]);
    expect(found.calls.map(({ server }) => server)).toEqual([undefined, undefined, "deepwiki"]);
    expect(found.calls[0]?.args?.()).toEqual({ x: 1 });
    expect(found.bad).toEqual([]);
  });

  it("repeat the history in a request log, with cache marks and thinking that come and go", () => {
    const marked = (message: object) => ({
      ...message,
      content: [{ type: "text", text: "go", cache_control: { type: "ephemeral" } }],
    });
    const log = [
      {
        request: { body: { messages: [asks] } },
        response: { body: answer("msg_1", { type: "thinking", thinking: "hm" }, use("a", ids[0])) },
      },
      {
        request: { body: { messages: [marked(asks), says(use("a", ids[0])), result(ids[0])] } },
        response: { body: answer("msg_2", use("b", ids[1])) },
      },
      { request: { body: { messages: [asks, says(use("a", ids[0])), result(ids[0]), says(use("b", ids[1]))] } } },
    ];
    const found = readAnthropic(lines(...log));
    expect(toolNames(found)).toEqual(["a", "b"]);
    expect(found.traces.size).toBe(1);
    const sessions = log.map((record) => ({ ...record, metadata: { user_id: "user_1_account_2_session_s1" } }));
    expect([...readAnthropic(lines(...sessions)).traces.keys()]).toEqual(["s1"]);
  });

  it("may stand alone: answers are one trace of the input, each block once", () => {
    const found = readAnthropic(
      lines(answer("msg_1", use("a", ids[0])), answer("msg_1", use("a", ids[0])), answer("msg_2", use("a", "1"), use("a", "1"))),
    );
    expect(toolNames(found)).toEqual(["a", "a", "a"]);
    expect([...found.traces.keys()]).toEqual(["log"]);
  });

  it("of batches are one trace a row; failed rows are no fault of the file", () => {
    const row = (id: string) => ({
      custom_id: id,
      result: { type: "succeeded", message: answer(`msg_${id}`, use("a", `toolu_${id}`)) },
    });
    const found = readAnthropic(lines(row("x"), row("y"), { custom_id: "z", result: { type: "errored", error: { type: "e" } } }));
    expect(toolNames(found)).toEqual(["a", "a"]);
    expect(found.bad).toEqual([]);
  });
});

describe("event streams of the Messages API", () => {
  const stream = (message: string, ...blocks: object[]) => [
    { type: "message_start", message: { id: message, type: "message", role: "assistant", content: [] } },
    { type: "ping" },
    ...blocks.flatMap((content_block, index) => [
      { type: "content_block_start", index, content_block },
      { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: "{" } },
      { type: "content_block_stop", index },
    ]),
    { type: "message_delta", delta: { stop_reason: "tool_use" } },
    { type: "message_stop" },
  ];

  it("count the blocks that begin, in JSON lines and as server-sent events", () => {
    const events = [
      ...stream("msg_1", use("a", ids[0]), use("b", "0")),
      ...stream("msg_2", use("b", "0")),
      ...stream("msg_1", use("a", ids[0])),
    ];
    const sse = events.map((event) => `event: ${event.type}\r\ndata: ${JSON.stringify(event)}\r\n\r\n`).join("");
    expect(toolNames(readAnthropic(lines(...events)))).toEqual(["a", "b", "b"]);
    expect(toolNames(readWith(anthropicMessages, sse, { framing: "text" }))).toEqual(["a", "b", "b"]);
    expect(scoreOf(anthropicMessages, sse, { framing: "text" })).toBeGreaterThan(0.9);
  });
});

describe("answers that a log kept as they were streamed", () => {
  const start = (block: object) => ({ type: "content_block_start", index: 0, content_block: block });
  const text = [start(use("b", ids[1])), { type: "message_stop" }]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join("");
  const history = [asks, says(use("a", ids[0]))];

  it.each<[string, object]>([
    ["as text", { request: { body: { messages: history } }, response: { status_code: 200, body_raw: text } }],
    ["as events", { messages: history, response: [start(use("b", ids[1]))] }],
    ["beside a request in JSON text", { request: { body: JSON.stringify({ messages: history }) }, response: { body: text } }],
  ])("%s", (_, record) => {
    expect(toolNames(readAnthropic(lines(record)))).toEqual(["a", "b"]);
    expect(scoreOf(anthropicMessages, lines(record))).toBe(0.9);
  });

  it("as JSON text", () => {
    const record = {
      request: JSON.stringify({ messages: history }),
      response: { body: JSON.stringify(answer("msg_1", use("b", ids[1]))) },
    };
    expect(toolNames(readAnthropic(lines(record)))).toEqual(["a", "b"]);
  });
});

describe("hostile Anthropic messages", () => {
  it("report what is of the wrong kind and judge odd names as the empty one", () => {
    const blocks = [
      null,
      3,
      "x",
      { type: "tool_use" },
      use(["a"], "1"),
      { type: { toString: 1 } },
      use("__proto__", "__proto__"),
    ];
    const found = readAnthropic(
      lines({ messages: [asks, says(...(blocks as object[]))] }, { messages: [7, says(use("b", ids[1]))] }),
    );
    expect(toolNames(found)).toEqual(["", "", "__proto__", "b"]);
    expect(found.bad.length).toBe(1);
    const odd = [
      { type: "content_block_start", index: { toString: 1 }, content_block: use("c", "1") },
      { type: "message_start", message: { content: 4 } },
    ];
    expect(toolNames(readAnthropic(lines(...odd)))).toEqual(["c"]);
  });
});

describe("detection of Anthropic messages", () => {
  it.each<[string, object, number]>([
    ["a request with blocks", { messages: [asks, says(use("a", "1"))] }, 0.9],
    ["a request of a Claude model", { model: "claude-x", messages: [asks] }, 0.65],
    ["an answer", answer("msg_1", use("a", "1")), 0.9],
    [
      "an answer in a batch",
      { custom_id: "x", result: { type: "succeeded", message: answer("msg_1", { type: "text", text: "x" }) } },
      0.7,
    ],
  ])("%s", (_, record, score) => {
    expect(scoreOf(anthropicMessages, lines(record))).toBe(score);
    expect(scoreOf(openaiChat, lines(record))).toBeLessThan(score);
  });

  it("leaves transcripts of Claude Code alone", () => {
    const record = { type: "assistant", sessionId: "s", message: answer("msg_1", use("a", "1")) };
    expect(scoreOf(anthropicMessages, lines(record))).toBe(0);
  });
});
