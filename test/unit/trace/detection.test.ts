import { describe, expect, it } from "vitest";
import { readTraces } from "../../../src/trace/io/read.js";
import { lines } from "../../support/traces.js";

const event = (tool: string, more: object = {}) => ({ timestamp: "2026-01-01T00:00:00Z", session_id: "s", tool, ...more });

async function formatOf(...records: object[]) {
  const set = await readTraces([{ name: "log", bytes: Buffer.from(lines(...records)) }]);
  return [set.inputs[0]!.format, set.calls.length];
}

const message = { role: "user", content: "hello" };
const lookalikes: Record<string, object> = {
  "messages of a chat": { input: { messages: [message] } },
  "an answer of a model": { output: { choices: [{ message: { role: "assistant", content: "hi" } }] } },
  "a message of MCP": { response: { jsonrpc: "2.0", id: 1, result: {} } },
  "attributes of a span": { attributes: { "gen_ai.tool.name": "other" } },
  "observations of Langfuse": { data: [{ traceId: "t", startTime: "2026-01-01", type: "SPAN" }] },
  "spans of the Agents SDK": { data: [{ object: "trace.span", span_data: {} }] },
};

describe("plain events whose contents look like another format", () => {
  it.each(Object.entries(lookalikes))("stay plain events: %s", async (_, contents) => {
    expect(await formatOf(event("a", contents), event("b", contents))).toEqual(["events", 2]);
    expect(await formatOf(event("a"), event("b", contents), event("c"))).toEqual(["events", 3]);
  });

  it("are not taken for what a few odd records among them are", async () => {
    const odd = [
      { messages: [message] },
      { record_type: "state" },
      { batches: [] },
      { history: [{ role: "user", parts: [] }] },
      { runs: [{ run_type: "tool", inputs: {} }] },
    ];
    for (const more of odd) expect(await formatOf(event("a"), event("b", more), event("c"))).toEqual(["events", 3]);
  });

  it("are not made of request logs that name the program they come from", async () => {
    const choices = [{ message: { role: "assistant", tool_calls: [{ id: "call_1", function: { name: "a" } }] } }];
    const logged = { tool: "some-client", messages: [message], response: { choices } };
    expect(await formatOf(logged, logged)).toEqual(["openai-chat", 2]);
    expect(await formatOf({ tool: "some-client", request: { messages: [message] }, response: { choices } })).toEqual([
      "openai-chat",
      1,
    ]);
  });
});
