import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readTraces } from "../../../src/trace/io/read.js";
import { createNameMap } from "../../../src/trace/name-map.js";
import { innerTool } from "../../../src/trace/unwrap.js";
import { scaled } from "../../support/scale.js";
import { lines } from "../../support/traces.js";

/** Names of the calls that count, in order. */
async function toolsOf(...records: object[]): Promise<string[]> {
  const set = await readTraces([{ name: "log", bytes: Buffer.from(lines(...records)) }]);
  return Array.from(set.calls.tool, (tool) => set.names[tool]!);
}

const randomId = "call_oIHazX6yQrB8hUwl4cRilFKj";
const user = { role: "user", content: "go" };

describe("an id that comes again with another name, or from another server, hides no call", () => {
  it("in events of the Copilot CLI", async () => {
    const start = { type: "session.start", data: { sessionId: "s" }, id: "0", parentId: null };
    const asked = (...names: string[]) => {
      const toolRequests = names.map((name) => ({ toolCallId: "x", name }));
      return { type: "assistant.message", id: "1", parentId: "0", data: { toolRequests } };
    };
    const started = { type: "tool.execution_start", id: "2", parentId: "1", data: { toolCallId: "x", toolName: "view" } };
    expect(await toolsOf(start, asked("bash"), started)).toEqual(["view", "bash"]);
    expect(await toolsOf(start, asked("bash", "view"))).toEqual(["bash", "view"]);
    expect(await toolsOf(start, asked("view"), started)).toEqual(["view"]);
  });

  it("in tools that a proxy ran", async () => {
    const run = (mcp_server_name: string) => {
      const metadata = { mcp_tool_call_metadata: { name: "delete", mcp_server_name } };
      return { id: "1", trace_id: "t", call_type: "call_mcp_tool", startTime: 1770000000, spend: 0, metadata };
    };
    expect(await toolsOf(run("a"), run("b"))).toEqual(["mcp__a__delete", "mcp__b__delete"]);
  });

  it("in a message that lists a call and holds a block of another server", async () => {
    const content = [{ type: "mcp_tool_use", id: randomId, name: "delete", server_name: "prod" }];
    const tool_calls = [{ id: randomId, function: { name: "delete" } }];
    expect(await toolsOf({ messages: [user, { role: "assistant", tool_calls, content }] })).toEqual([
      "delete",
      "mcp__prod__delete",
    ]);
  });
});

describe("calls of streamed answers", () => {
  const chunk = (...calls: object[]) => {
    return { id: "chatcmpl-1", object: "chat.completion.chunk", choices: [{ index: 0, delta: { tool_calls: calls } }] };
  };

  it("are told apart by their names where servers give neither ids nor positions", async () => {
    const call = (name: string, more: object = {}) => ({ ...more, function: { name, arguments: "{}" } });
    expect(await toolsOf(chunk(call("read"), call("bash")))).toEqual(["read", "bash"]);
    const first = { index: 0, id: "" };
    expect(await toolsOf(chunk(call("read", first)), chunk(call("bash", first)), chunk(call("bash", first)))).toEqual([
      "read",
      "bash",
    ]);
  });

  it("count in each message of a log that left out where messages begin", async () => {
    const block = { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "call_0", name: "bash" } };
    expect(await toolsOf(block, { type: "message_stop" }, block)).toEqual(["bash", "bash"]);
  });
});

describe("answers under one id", () => {
  it("are told apart by their time", async () => {
    const answer = (created: number) => {
      const message = { role: "assistant", tool_calls: [{ id: "call_0", function: { name: "bash" } }] };
      return { id: "chatcmpl-123", object: "chat.completion", created, choices: [{ message }] };
    };
    expect(await toolsOf(answer(1770000001), answer(1770000002), answer(1770000002))).toEqual(["bash", "bash"]);
  });
});

describe("a message that holds more than one list", () => {
  const of = (message: object) => toolsOf({ messages: [user, { role: "assistant", ...message }] });

  it("hides no call behind an empty one", async () => {
    expect(await of({ kwargs: {}, tool_calls: [{ id: randomId, function: { name: "bash" } }] })).toEqual(["bash"]);
    expect(await of({ tool_calls: [], toolCalls: [{ id: randomId, name: "bash" }] })).toEqual(["bash"]);
    expect(await of({ content: "", parts: [{ functionCall: { name: "bash", args: {} } }] })).toEqual(["bash"]);
  });

  it("of the Vercel AI SDK's interface counts each call once", async () => {
    const invocation = { state: "result", toolCallId: "c1", toolName: "weather", args: {} };
    const older = {
      content: "",
      toolInvocations: [invocation],
      parts: [{ type: "tool-invocation", toolInvocation: invocation }],
    };
    expect(await of(older)).toEqual(["weather"]);
    const part = { toolCallId: "c1", state: "output-available", input: {} };
    const parts = [
      { type: "text", text: "so" },
      { ...part, type: "tool-weather" },
    ];
    expect(await of({ parts: [...parts, { ...part, type: "dynamic-tool", toolName: "x" }] })).toEqual(["weather", "x"]);
    expect(await of({ content: [{ type: "tool-result", toolCallId: "c1", toolName: "weather", output: {} }] })).toEqual([]);
  });
});

describe("handing on to another agent", () => {
  it("is no call, but a tool of a like name is", async () => {
    const span = (id: string, span_data: object) => ({ object: "trace.span", id, trace_id: "t", span_data });
    const names = ["transfer_to_billing_agent", "transfer_to_account"];
    const tool_calls = names.map((name, at) => ({ id: `${randomId}${at}`, function: { name } }));
    const output = [{ role: "assistant", tool_calls }];
    const handoff = { type: "handoff", from_agent: "Triage", to_agent: "Billing agent" };
    expect(await toolsOf(span("h", handoff), span("g", { type: "generation", output }))).toEqual(["transfer_to_account"]);
  });
});

describe("spans", () => {
  const span = (spanId: string, parentSpanId: string | undefined, tool: unknown, more: object = {}) => {
    const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, ...more };
    return { traceId: "a1", spanId, parentSpanId, name: "execute_tool", attributes };
  };
  it("may hold lists under the keys of a wrapper", async () => {
    const one = span("b1", undefined, "bash");
    expect(await toolsOf({ ...one, data: [] }, span("b2", undefined, "read"))).toEqual(["bash", "read"]);
    expect(await toolsOf({ data: [one] }, { spans: [span("b2", undefined, "read")] })).toEqual(["bash", "read"]);
  });
});

describe("a decision and a result in log events", () => {
  it("on different tools are different calls, whatever their id", async () => {
    const log = (event: string, tool_name: string) => {
      const values = { "session.id": "s", tool_name, tool_use_id: "x" };
      const attributes = Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
      const logRecords = [{ timeUnixNano: "1770424063828000000", body: { stringValue: `claude_code.${event}` }, attributes }];
      return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
    };
    expect(await toolsOf(log("tool_decision", "Bash"), log("tool_result", "Read"))).toEqual(["Read", "Bash"]);
    expect(await toolsOf(log("tool_decision", "mcp_tool"), log("tool_result", "mcp__a__b"))).toEqual(["mcp__a__b"]);
  });
});

describe("a server", () => {
  const called = (name: string, more: object) => ({
    session: "s",
    message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } },
    ...more,
  });

  it("does not pass for another one by the name of its tool", async () => {
    expect(await toolsOf(called("mcp__github__read", { server: "evil" }))).toEqual(["mcp__evil__mcp__github__read"]);
    expect(await toolsOf(called("mcp__github__read", { server: "github" }))).toEqual(["mcp__github__read"]);
    expect(createNameMap({ servers: ["evil"], names: new Map() }).canonical("evil-mcp__github__read")).toBe(
      "mcp__evil__mcp__github__read",
    );
  });

  it("may stand inside the message itself", async () => {
    const { message } = called("read", {}) as { message: object };
    expect(await toolsOf({ ...message, server: "github", session: "s", ts: "2026-01-01T00:00:00Z" })).toEqual([
      "mcp__github__read",
    ]);
  });

  it("is called though the record holds its answer, too", async () => {
    const { message, session } = called("bash", {}) as { message: object; session: string };
    expect(await toolsOf({ session, data: { jsonrpc: "2.0", id: 1, result: {} }, request: message })).toEqual(["bash"]);
  });
});

describe("a wrapper whose arguments name several tools or servers", () => {
  it("stays what it is", () => {
    expect(innerTool({ tool_name: "read", name: "delete" })).toBeUndefined();
    expect(innerTool({ tool: "read", server: "a", server_name: "b" })).toBeUndefined();
    expect(innerTool({ tool: "read", name: "read", server: "a" })).toEqual({ tool: "read", server: "a" });
  });
});

describe("data behind the end of gzip data", () => {
  const event = (tool: string) => gzipSync(lines({ session_id: "s", tool }));
  const read = async (chunks: readonly Uint8Array[]) => {
    const bytes = (async function* () {
      yield* chunks;
    })();
    const set = await readTraces([{ name: "a.gz", bytes }]);
    return [set.calls.length, set.diagnostics.map(({ code }) => code)];
  };

  it("is reported, unless it is padding or more gzip data", async () => {
    const zero = new Uint8Array(1);
    for (const parts of [[Buffer.concat([event("a"), zero, event("b")])], [event("a"), zero, event("b")]]) {
      expect(await read(parts)).toEqual([1, ["trace_gzip_damaged"]]);
    }
    expect(await read([event("a"), new Uint8Array(512), new Uint8Array(512)])).toEqual([1, []]);
    expect(await read([event("a"), event("b")])).toEqual([2, []]);
  });
});

describe("exports of runs", () => {
  it("may spell kinds in any case", async () => {
    const observation = (id: string, type: string) => ({ id, traceId: "t", type, name: id, startTime: "2026-01-01T00:00:00Z" });
    expect(await toolsOf(observation("a", "TOOL"), observation("b", "tool"))).toEqual(["a", "b"]);
    const run = (id: string, run_type: string) => ({ id, trace_id: "t", run_type, name: id, start_time: "2026-01-01T00:00:00Z" });
    expect(await toolsOf(run("a", "tool"), run("b", "TOOL"))).toEqual(["a", "b"]);
  });

  it("do not tell calls apart by ids that count from 0", async () => {
    const metadata = { attributes: { "gen_ai.tool.call.id": "call_0" } };
    const call = (id: string) => ({ id, traceId: "t", type: "TOOL", name: "bash", startTime: "2026-01-01T00:00:00Z", metadata });
    expect(await toolsOf(call("1"), call("2"), call("2"))).toEqual(["bash", "bash"]);
  });
});

describe("time is linear in the input for", () => {
  const size = scaled(20_000);

  it("spans of Langfuse, each inside the one before", async () => {
    const span = (id: number) => {
      const metadata = { attributes: { "gen_ai.tool.name": `tool ${id}` } };
      return {
        id: `${id}`,
        parentObservationId: `${id - 1}`,
        traceId: "t",
        type: "SPAN",
        name: "x",
        startTime: 1770000000,
        metadata,
      };
    };
    expect(await toolsOf(...Array.from({ length: size }, (_, id) => span(id)))).toHaveLength(size);
  });

  it("a log line that begins with many brackets", async () => {
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "bash" } };
    const text = `log [server] ${"[".repeat(50 * size)}] ${JSON.stringify(message)}\n`;
    const set = await readTraces([{ name: "mcp.log", bytes: Buffer.from(text) }]);
    expect(set.names).toEqual(["mcp__server__bash"]);
  });
});
