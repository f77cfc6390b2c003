import { describe, expect, it } from "vitest";
import { openaiChat } from "../../../src/trace/formats/openai-chat.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines, read, toolsOf } from "../../support/traces.js";

const user = (content: string) => ({ role: "user", content });
const call = (name: unknown, id?: string, args: unknown = "{}") => ({
  id,
  type: "function",
  function: { name, arguments: args },
});
const asks = (...calls: object[]) => ({ role: "assistant", content: null, tool_calls: calls });
const answers = (id: string | undefined, content = "done") => ({ role: "tool", tool_call_id: id, content });
const readChat = (content: string, name = "log") => readWith(openaiChat, content, { name });

/** Ids as the API draws them. */
const ids = ["call_oIHazX6yQrB8hUwl4cRilFKj", "call_u7Gd2kPqW9sXz1LmNb3vCt5R", "call_Q2w3E4r5T6y7U8i9O0p1A2s3"] as const;

describe("conversations of chat messages", () => {
  it("count tool_calls, custom tools and the older function_call, with or without results", () => {
    const custom = { id: "call_1", type: "custom", custom: { name: "shell", input: "ls" } };
    const messages = [
      { role: "system", content: "be good" },
      user("weather?"),
      asks(call("get_weather", ids[0], "{not json"), custom),
      answers(ids[0]),
      { role: "assistant", content: null, function_call: { name: "old_style", arguments: "{}" } },
      { role: "function", name: "old_style", content: "1" },
      asks(call("aborted", ids[1])),
    ];
    const found = readChat(JSON.stringify({ messages }));
    expect(toolNames(found)).toEqual(["get_weather", "shell", "old_style", "aborted"]);
    expect(found.calls.map(({ args }) => args?.())).toEqual(["{not json", "ls", "{}", "{}"]);
    expect([...found.traces.values()].map(({ id }) => id)).toEqual(["log"]);
    expect(found.bad).toEqual([]);
  });

  it.each([
    ["one object a line", (list: object[]) => lines(...list)],
    ["an array", (list: object[]) => JSON.stringify(list)],
    ["a page of an API", (list: object[]) => JSON.stringify({ data: list })],
  ])("are told apart in %s, whatever key holds them", (_, write) => {
    const messages = () => [user("hi"), asks(call("a", "call_0"), call("b", "call_1"))];
    const found = readChat(
      write([
        { task_id: 7, trial: 0, traj: messages() },
        { task_id: 7, trial: 1, messages: messages() },
        { conversations: messages() },
      ]),
    );
    expect(toolNames(found)).toEqual(["a", "b", "a", "b", "a", "b"]);
    expect(found.traces.size).toBe(3);
    expect([...found.traces.values()].slice(0, 2).map(({ id }) => id)).toEqual(["log#7/0", "log#7/1"]);
  });

  it("may be a list of messages, or messages line by line", () => {
    const messages = [user("hi"), asks(call("a", "0"), call("a", "0")), answers("0"), asks(call("a", "0"))];
    for (const content of [JSON.stringify(messages), lines(...messages)]) {
      const found = readChat(content);
      expect(toolNames(found)).toEqual(["a", "a", "a"]);
      expect([...found.traces.values()].map(({ id }) => id ?? "log")).toEqual(["log"]);
    }
  });

  it("without a call are known", () => {
    expect([...readChat(lines({ messages: [user("hi"), { role: "assistant", content: "ho" }] })).traces.values()]).toEqual([
      { id: "log", timeMs: undefined, agent: undefined },
    ]);
  });

  it("of LangChain, ShareGPT and the Vercel AI SDK hold calls in their own way, each counted once", () => {
    const message = { type: "ai", content: [{ type: "tool_use", id: "toolu_01AbcDef234567890Xyz", name: "a", input: {} }] };
    const langChain = { ...message, tool_calls: [{ name: "a", args: {}, id: "toolu_01AbcDef234567890Xyz", type: "tool_call" }] };
    const dumped = {
      lc: 1,
      type: "constructor",
      id: ["langchain", "AIMessage"],
      kwargs: { content: "", tool_calls: [{ name: "b", args: {} }] },
    };
    expect(toolNames(readChat(JSON.stringify({ messages: [langChain, dumped] })))).toEqual(["a", "b"]);
    const shareGpt = [
      { from: "human", value: "hi" },
      { from: "function_call", value: '{"name":"c","arguments":{}}' },
    ];
    expect(toolNames(readChat(JSON.stringify({ conversations: shareGpt })))).toEqual(["c"]);
    const vercel = { role: "assistant", content: [{ type: "tool-call", toolCallId: "1", toolName: "d", input: {} }] };
    expect(toolNames(readChat(JSON.stringify({ messages: [vercel] })))).toEqual(["d"]);
    const parts = [
      { type: "tool_call", id: "1", name: "e", arguments: {} },
      { toolUse: { toolUseId: "2", name: "f", input: {} } },
      { functionCall: { name: "g", args: {} } },
    ];
    expect(toolNames(readChat(JSON.stringify({ messages: [{ role: "model", parts }] })))).toEqual(["e", "f", "g"]);
  });
});

/** A conversation of three turns as a log of requests, with the answers that `ids` name. */
function requestLog(idOf: (turn: number) => string | undefined, more: object = {}, first = "start"): object[] {
  const history: object[] = [user(first)];
  return ["search", "fetch", "search"].map((name, turn) => {
    const message = asks(call(name, idOf(turn), `{"turn":${turn === 2 ? 0 : turn}}`));
    const record = { ...more, request: { model: "m", messages: [...history] }, response: { choices: [{ index: 0, message }] } };
    history.push({ ...message, content: "" }, answers(idOf(turn), `result ${turn}`));
    return record;
  });
}

describe("request logs, in which every request repeats the history", () => {
  it.each<[string, (turn: number) => string | undefined]>([
    ["drawn at random", (turn) => ids[turn]],
    ["missing", () => undefined],
    ["counted up", (turn) => `call_${turn}`],
    ["the same in every answer", () => "call_0"],
    ["made of the tool's name", (turn) => `functions.search:${turn}`],
  ])("count each call once when ids are %s", (_, idOf) => {
    for (const more of [{}, { session_id: "s1" }, { metadata: { thread_id: "s1" } }]) {
      const found = readChat(lines(...requestLog(idOf, more)));
      expect(toolNames(found)).toEqual(["search", "fetch", "search"]);
      expect(found.traces.size).toBe(1);
      expect([...found.traces.values()][0]?.id).toBe(Object.keys(more).length === 0 ? "log" : "s1");
    }
  });

  it.each<[string, (turn: number) => string | undefined]>([
    ["missing", () => undefined],
    ["counted up", (turn) => `call_${turn}`],
  ])("keep conversations apart whose ids are %s, also when they are interleaved", (_, idOf) => {
    const [one, two] = [requestLog(idOf, {}, "one"), requestLog(idOf, {}, "two")];
    const found = readChat(lines(...one.flatMap((record, turn) => [record, two[turn]!])));
    expect(found.distinct.length).toBe(6);
    expect(found.traces.size).toBe(2);
  });

  it("that were cut or rewritten in the middle still count each call with a random id once", () => {
    const [first, , third] = requestLog((turn) => ids[turn]) as [object, object, { request: { messages: object[] } }];
    const cut = { ...third, request: { messages: [user("summary"), ...third.request.messages.slice(-2)] } };
    const found = readChat(lines(first, third, cut));
    expect(found.distinct.length).toBe(3);
    expect(found.traces.size).toBe(1);
  });

  it("in a file for each request are put together by their first call", async () => {
    const set = await read(...requestLog((turn) => ids[turn]).map((record) => JSON.stringify(record)));
    expect(toolsOf(set)).toEqual(["search", "fetch", "search"]);
    expect(set.traces.length).toBe(1);
  });

  it("begin with requests that called nothing", () => {
    const talk = { messages: [user("hi")], response: { choices: [{ message: { role: "assistant", content: "ho" } }] } };
    const later = [user("hi"), { role: "assistant", content: [{ type: "text", text: "ho" }] }, user("go")];
    const found = readChat(lines(talk, { messages: later, response: { choices: [{ message: asks(call("a", ids[0])) }] } }));
    expect(found.traces.size).toBe(1);
    expect(toolNames(found)).toEqual(["a"]);
  });

  it("take equal records without ids and without a name for conversations of their own", () => {
    const record = { messages: [user("hi"), asks(call("a"))] };
    expect(readChat(lines(record, record)).distinct.length).toBe(2);
    expect(readChat(lines({ ...record, session_id: "s" }, { ...record, session_id: "s" })).distinct.length).toBe(1);
  });

  it("count a call again when an agent of a named session began again, at another time, with the same words", () => {
    const log = (...times: number[]) =>
      times.flatMap((time) => requestLog(() => "call_0", { session_id: "s", timestamp: 1_770_000_000 + time }));
    expect(readChat(lines(...log(0, 60, 120))).distinct.length).toBe(9);
    expect(readChat(lines(...log(0, 0))).distinct.length).toBe(3);
    const trials = [0, 60].map((time) => requestLog(() => "call_0", { timestamp: 1_770_000_000 + time }));
    expect(readChat(lines(...trials.flat())).distinct.length).toBe(6);
  });
});

describe("answers and streams of the chat API", () => {
  const chunk = (delta: object, more: object = {}, id = "chatcmpl-1") => ({
    id,
    object: "chat.completion.chunk",
    created: 1_770_000_000,
    choices: [{ index: 0, delta, ...more }],
  });
  const begin = (index: number, id: string | undefined, name: string | undefined) => ({
    tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }],
  });

  it("count completions, all alternatives, once by the id of the answer", () => {
    const completion = (id: string) => ({
      id,
      object: "chat.completion",
      created: 1_770_000_000,
      choices: [
        { index: 0, message: asks(call("a", "call_0")) },
        { index: 1, message: asks(call("b", "call_0")) },
      ],
    });
    const found = readChat(lines(completion("chatcmpl-1"), completion("chatcmpl-1"), completion("chatcmpl-2")));
    expect(toolNames(found)).toEqual(["a", "b", "a", "b"]);
    expect(found.traces.size).toBe(1);
    expect(found.calls[0]?.timeMs).toBe(1_770_000_000_000);
  });

  it("count a streamed call by its first part", () => {
    const events = [
      chunk({ role: "assistant", content: null }),
      chunk(begin(0, ids[0], "a")),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] }),
      chunk(begin(0, ids[0], "a")),
      chunk(begin(1, "call_1", "a")),
      chunk(begin(1, undefined, "a")),
      chunk({}, { finish_reason: "tool_calls" }),
      chunk(begin(0, "call_0", "a"), {}, "chatcmpl-2"),
    ];
    expect(toolNames(readChat(lines(...events)))).toEqual(["a", "a", "a"]);
    const sse = `${events.map((event) => `data: ${JSON.stringify(event)}\n`).join("\n")}data: [DONE]\n`;
    expect(scoreOf(openaiChat, sse, { framing: "text" })).toBe(1);
    const found = readWith(openaiChat, `: comment\n${sse}data: {broken\nHTTP/1.1 200 OK\n`, { framing: "text" });
    expect(toolNames(found)).toEqual(["a", "a", "a"]);
    expect(found.bad.length).toBe(2);
  });

  it("begin a new call at the same index when the id is another", () => {
    expect(toolNames(readChat(lines(chunk(begin(0, ids[0], "a")), chunk(begin(0, ids[1], "a")))))).toEqual(["a", "a"]);
    const ended = chunk(begin(0, undefined, "a"), { finish_reason: "stop" }, "");
    expect(toolNames(readChat(lines(ended, ended)))).toEqual(["a", "a"]);
  });

  it("stand in the rows of a batch, each a conversation", () => {
    const row = (id: string) => ({
      custom_id: id,
      response: { status_code: 200, body: { choices: [{ message: asks(call("a", "call_0")) }] } },
    });
    const asked = { custom_id: "c", method: "POST", url: "/v1/chat/completions", body: { messages: [user("x")] } };
    const failed = { custom_id: "d", response: { status_code: 400, body: { error: { message: "no" } } } };
    const found = readChat(lines(row("a"), row("b"), asked, failed));
    expect(toolNames(found)).toEqual(["a", "a"]);
    expect(found.bad).toEqual([]);
  });
});

describe("request logs of the Gemini API", () => {
  it("are read like those of chat, a candidate an answer", () => {
    const model = (name: string) => ({ role: "model", parts: [{ functionCall: { name, args: {} } }] });
    const asked = { role: "user", parts: [{ text: "go" }] };
    const result = { role: "user", parts: [{ functionResponse: { name: "a", response: {} } }] };
    const log = [
      { request: { contents: [asked] }, response: { candidates: [{ content: model("a") }] } },
      { request: { contents: [asked, model("a"), result] }, response: { candidates: [{ content: model("a") }] } },
    ];
    const found = readChat(lines(...log));
    expect(toolNames(found)).toEqual(["a", "a"]);
    expect(found.traces.size).toBe(1);
    expect(scoreOf(openaiChat, lines(...log))).toBe(0.6);
  });
});

describe("hostile chat messages", () => {
  it("report what is of the wrong kind and lose nothing else", () => {
    const odd = [
      null,
      7,
      "text",
      [],
      {},
      { role: {} },
      { role: "assistant", tool_calls: {} },
      { role: "assistant", function_call: 3 },
    ];
    const found = readChat(
      lines(...odd.map((message) => JSON.stringify({ messages: [user("x"), message, asks(call("kept", ids[0]))] }))),
    );
    expect(new Set(toolNames(found))).toEqual(new Set(["kept"]));
    expect(found.distinct.length).toBe(1);
    expect(found.bad.length).toBeGreaterThan(3);
  });

  it("judge names that are no text as the invalid, empty name", () => {
    const calls = [call(7), call({}), call(["a"]), call(null), {}, null, { function: null }].map((each) => ({
      messages: [asks(each as object)],
    }));
    expect(toolNames(readChat(lines(...calls)))).toEqual(["", "", "", "", "", "", ""]);
  });

  it("are not harmed by keys and names of prototypes", () => {
    const message =
      '{"role":"assistant","toString":1,"__proto__":{"tool_calls":[{"function":{"name":"x"}}]},"tool_calls":[{"index":{"toString":2},"id":"__proto__","function":{"name":"__proto__"}},{"id":"constructor","function":{"name":"constructor"}}]}';
    expect(toolNames(readChat(`{"messages":[${message}]}\n`))).toEqual(["__proto__", "constructor"]);
    const chunk = `{"object":"chat.completion.chunk","choices":[{"index":{"toString":1},"delta":${message}}]}\n`;
    expect(readChat(chunk).distinct.length).toBe(2);
  });

  it("may be nested 10,000 deep, and a list may be long", () => {
    const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
    const record = JSON.stringify({ messages: [asks(call("a", "1", "deep"))] }).replace('"deep"', deep);
    expect(toolNames(readChat(`${record}\n`))).toEqual(["a"]);
    expect(readChat(`{"data":${deep}}`).bad.length).toBe(1);
    const many = Array.from({ length: 20_000 }, (_, i) => asks(call("a", `call_${i}`)));
    expect(readChat(JSON.stringify({ messages: many })).distinct.length).toBe(20_000);
  });
});

describe("detection of chat messages", () => {
  it.each([
    ["a conversation with calls", { messages: [asks(call("a"))] }, 0.9],
    ["a conversation without", { messages: [user("hi")] }, 0.6],
    ["a single message", user("hi"), 0.5],
    ["a Gemini session", { sessionId: "x", messages: [{ type: "gemini", content: "", toolCalls: [] }] }, 0],
    ["a plain event", { tool: "a", session_id: "s" }, 0],
    ["messages that are text", { messages: "hello" }, 0],
    ["a transcript record", { type: "assistant", sessionId: "s", message: { role: "assistant", content: [] } }, 0],
  ])("%s", (_, record, score) => {
    expect(scoreOf(openaiChat, lines(record))).toBe(score);
  });
});
