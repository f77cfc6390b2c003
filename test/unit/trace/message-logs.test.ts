import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { agentsSdk } from "../../../src/trace/formats/agents-sdk.js";
import { anthropicMessages } from "../../../src/trace/formats/anthropic-messages.js";
import { isUnique } from "../../../src/trace/formats/conversations.js";
import { langSmith } from "../../../src/trace/formats/langsmith.js";
import { liteLlm } from "../../../src/trace/formats/litellm.js";
import { openaiChat } from "../../../src/trace/formats/openai-chat.js";
import { openaiResponses } from "../../../src/trace/formats/openai-responses.js";
import { detectFormat } from "../../../src/trace/formats/registry.js";
import { bytesOfFile, readWith, scoreOf } from "../../support/trace-sink.js";
import { chance, lines } from "../../support/traces.js";

const formats = [openaiChat, openaiResponses, anthropicMessages, agentsSdk, langSmith, liteLlm];

/** One conversation of an agent, as each API would send it, with what really happened. */
interface Spoken {
  readonly said: string;
  readonly calls: readonly { readonly name: string; readonly id: string | undefined; readonly args: string }[];
}

type Dialect = "chat" | "responses" | "anthropic";
type Ids = "random" | "counted" | "restarting" | "none";

const tools = ["search", "fetch", "write_file", "mcp__linear__create"] as const;
const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789";

function speak(next: (n: number) => number, turns: number, ids: Ids): Spoken[] {
  let counted = 0;
  const idOf = (index: number) =>
    ids === "random"
      ? `call_1a${Array.from({ length: 22 }, () => alphabet[next(alphabet.length)]).join("")}`
      : ids === "counted"
        ? `call_${counted++}`
        : ids === "restarting"
          ? `call_${index}`
          : undefined;
  return Array.from({ length: turns }, () => {
    const count = next(4);
    const said = count === 0 || next(3) === 0 ? `thinking ${next(1000)}` : "";
    const calls = Array.from({ length: count }, (_, index) => ({
      name: tools[next(tools.length)]!,
      id: idOf(index),
      args: `{"n":${next(1e6)}}`,
    }));
    return { said, calls };
  });
}

/** What a step adds to the history: the model's words and calls, then the results. */
const writers: Record<Dialect, (step: Spoken, result: string) => { answer: object[]; results: object[] }> = {
  chat: ({ said, calls }, result) => ({
    answer: [
      {
        role: "assistant",
        content: said === "" ? null : said,
        ...(calls.length === 0
          ? {}
          : { tool_calls: calls.map(({ name, id, args }) => ({ id, type: "function", function: { name, arguments: args } })) }),
      },
    ],
    results: calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: result })),
  }),
  responses: ({ said, calls }, result) => ({
    answer: [
      ...(said === "" ? [] : [{ type: "message", role: "assistant", content: [{ type: "output_text", text: said }] }]),
      ...calls.map(({ name, id, args }) => ({ type: "function_call", call_id: id, name, arguments: args })),
    ],
    results: calls.map(({ id }) => ({ type: "function_call_output", call_id: id, output: result })),
  }),
  anthropic: ({ said, calls }, result) => ({
    answer: [
      {
        role: "assistant",
        content: [
          ...(said === "" ? [] : [{ type: "text", text: said }]),
          ...calls.map(({ name, id, args }) => ({ type: "tool_use", id, name, input: JSON.parse(args) as unknown })),
        ],
      },
    ],
    results: [{ role: "user", content: calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: result })) }],
  }),
};

function envelope(dialect: Dialect, history: readonly object[], answer: readonly object[], named: object): object {
  if (dialect === "chat") return { ...named, messages: history, response: { choices: [{ message: answer[0] }] } };
  if (dialect === "responses") return { ...named, input: history, output: answer };
  return { ...named, request: { messages: history }, response: { type: "message", ...answer[0] } };
}

/** A log of all requests of one conversation: each holds the history with results cut here and there, and a new system prompt. */
function logOf(dialect: Dialect, steps: readonly Spoken[], first: string, named: object, next: (n: number) => number): object[] {
  const history: object[] = [{ role: "user", content: first }];
  return steps.map((step, turn) => {
    const { answer, results } = writers[dialect](step, `result ${turn}`);
    const system = dialect === "chat" ? [{ role: "system", content: `it is ${next(1e6)} o'clock` }] : [];
    const record = envelope(dialect, [...system, ...history], answer, named);
    history.push(
      ...answer,
      ...writers[dialect](step, next(2) === 0 ? "cleared" : `result ${turn}`).results.slice(0, results.length),
    );
    return record;
  });
}

describe("request logs of agents, interleaved", () => {
  const cases = (["chat", "responses", "anthropic"] as const).flatMap((dialect) =>
    (["random", "counted", "restarting", "none"] as const).flatMap((ids) =>
      [true, false].map((isNamed) => [dialect, ids, isNamed] as const),
    ),
  );

  it.each(cases)("of %s with ids %s, named: %s, give every call once, in its conversation", (dialect, ids, isNamed) => {
    for (let seed = 1; seed <= 12; seed++) {
      const next = chance(seed * 7919);
      const conversations = Array.from({ length: 1 + next(4) }, () => speak(next, 1 + next(8), ids));
      const logs = conversations.map((steps, i) =>
        logOf(dialect, steps, `task ${i}`, isNamed ? { session_id: `s${i}` } : {}, next),
      );
      const order: object[] = [];
      while (logs.some((log) => log.length > 0)) {
        const log = logs[next(logs.length)]!;
        if (log.length > 0) order.push(log.shift()!);
      }
      const found = readWith(openaiChat, lines(...order), { name: "log" });
      const wanted = conversations.map((steps) => steps.flatMap(({ calls }) => calls.map(({ name, args }) => `${name} ${args}`)));
      const given = [...found.traces.keys()].map((key) =>
        found.distinct
          .filter(({ trace }) => trace === key)
          .map(({ tool, args }) => `${tool} ${typeof args?.() === "string" ? args() : JSON.stringify(args?.())}`),
      );
      expect([seed, given.map((calls) => calls.join()).sort()]).toEqual([seed, wanted.map((calls) => calls.join()).sort()]);
      expect(found.bad).toEqual([]);
    }
  });
});

describe("ids", () => {
  it.each([
    ["call_oIHazX6yQrB8hUwl4cRilFKj", true],
    ["toolu_01AQsrCHjrnFGhpH3npeccg8", true],
    ["chatcmpl-tool-0b5f4c0c9d5e4a7f8e6b1c2d3e4f5a6b", true],
    ["6f1c2a9e-8d3b-4b7a-9c1d-2e3f4a5b6c7d", true],
    ["D681PevKs", true],
    ["function-call-10480927210217216873", true],
    ["call_0", false],
    ["0", false],
    ["functions.search:3", false],
    ["call_00000000000000000001", false],
    ["s3upload2go_1", false],
    ["00000000-0000-0000-0000-000000000001", false],
    ["tool_call_17", false],
  ])("%s was drawn at random: %s", (id, unique) => {
    expect(isUnique(id, "s3upload2go")).toBe(unique);
  });
});

describe("detection among all formats", () => {
  const user = { role: "user", content: "x" };
  it.each<[string, object]>([
    ["openai-chat", { messages: [user] }],
    ["openai-chat", { agent_id: "a", session_id: "s", messages: [user, { role: "assistant", tool_calls: [] }] }],
    ["openai-chat", { role: "assistant", content: null, tool_calls: [{ function: { name: "a" } }] }],
    ["openai-chat", { id: "c", object: "chat.completion", choices: [{ message: user }] }],
    [
      "openai-chat",
      { request: { messages: [user] }, response: { choices: [] }, session_id: "s", timestamp: "2026-01-01T00:00:00Z" },
    ],
    ["openai-responses", { id: "resp_1", object: "response", output: [] }],
    [
      "openai-responses",
      { type: "response.output_item.done", output_index: 0, item: { type: "function_call", name: "a", call_id: "1" } },
    ],
    ["openai-responses", { input: [user, { type: "function_call", call_id: "1", name: "a" }], output: [] }],
    [
      "anthropic-messages",
      { id: "msg_1", type: "message", role: "assistant", content: [{ type: "tool_use", id: "1", name: "a" }] },
    ],
    ["anthropic-messages", { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "1", name: "a" } }],
    ["anthropic-messages", { model: "claude-x", max_tokens: 5, messages: [user] }],
    ["agents-sdk", { object: "trace.span", id: "s", trace_id: "t", span_data: { type: "function", name: "a" } }],
    [
      "langsmith",
      { id: "r", trace_id: "t", name: "a", run_type: "tool", inputs: {}, session_id: "p", start_time: "2026-01-01T00:00:00" },
    ],
    [
      "litellm",
      { id: "x", trace_id: "t", call_type: "acompletion", startTime: 1.7e9, response_cost: 0, messages: [user], response: {} },
    ],
  ])("%s takes %j", (id, record) => {
    for (const records of [[record], [[record]]]) {
      expect(detectFormat({ framing: "lines", records, name: "log" })?.id).toBe(id);
    }
  });
});

const folder = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

describe.skipIf(!existsSync(folder))("detection over recorded runs (../shared/data)", () => {
  it("claims chat messages and no file of another format", () => {
    const claimed = new Map<string, number>();
    for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      for (const file of readdirSync(`${folder}${name}`)) {
        const bytes = bytesOfFile(`${folder}${name}/${file}`);
        for (const format of formats) {
          const key = `${name}: ${format.id}`;
          if (scoreOf(format, bytes) > 0) claimed.set(key, (claimed.get(key) ?? 0) + 1);
        }
      }
    }
    expect([...claimed]).toEqual([["openai-chat-toolathlon: openai-chat", 108]]);
  });
});

/** Values of every kind under the keys that readers look at. */
function odd(next: (n: number) => number, depth: number): unknown {
  const keys =
    "messages role content tool_calls function name id type call_id output input response request choices message delta index object span_data data run_type child_runs outputs generations trace_id call_type metadata mcp_tool_call_metadata item body kwargs text result conversation additional_kwargs function_call toString __proto__";
  const words =
    "assistant user tool tool_use function_call mcp_call web_search_call message trace.span trace function generation tool llm call_mcp_tool chat.completion.chunk response content_block_start response.output_item.done ai";
  const [keyList, wordList] = [keys.split(" "), words.split(" ")];
  switch (next(depth > 6 ? 5 : 9)) {
    case 0:
      return null;
    case 1:
      return next(100) - 50;
    case 2:
      return next(2) === 0;
    case 3:
    case 4:
      return wordList[next(wordList.length)];
    case 5:
      return Array.from({ length: next(4) }, () => odd(next, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: 1 + next(6) }, () => [keyList[next(keyList.length)]!, odd(next, depth + 1)]),
      );
  }
}

describe("records of any shape", () => {
  it.each(formats.map((format) => [format.id, format] as const))("never make %s throw", (_, format) => {
    const next = chance(20_260_201);
    for (let i = 0; i < 150; i++) {
      const records = Array.from({ length: 8 }, () => odd(next, 0)).map((value) => JSON.stringify(value));
      const parsed = records.map((text) => JSON.parse(text) as unknown);
      const score = format.detect({ framing: "lines", records: parsed, name: "log" });
      expect(score >= 0 && score <= 1).toBe(true);
      for (const call of readWith(format, lines(...records), { framing: "lines" }).calls) {
        expect([typeof call.tool, typeof call.trace]).toEqual(["string", "string"]);
        call.args?.();
      }
      const event = records.map((text) => `data: ${text}`).join("\n");
      readWith(format, event, { framing: "text" });
    }
  });
});
