import { describe, expect, it } from "vitest";
import { blankSpan, type SpanRecord, spanIdOf, spanTime } from "../../../src/trace/formats/otel/span-record.js";
import { otlp } from "../../../src/trace/formats/otlp.js";
import { SpanTraces } from "../../../src/trace/formats/spans.js";
import type { CallRecord } from "../../../src/trace/reader.js";
import { agent, chat, hex, request, type SpanParts, span, tool } from "../../support/otel.js";
import { readWith, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const read = (...spans: readonly object[]) => readWith(otlp, lines(request(spans)));
const tools = (...spans: readonly object[]) => toolNames(read(...spans));
/** The same spans in every order, one a request: a parent may come before or after its child. */
const inEveryOrder = (...spans: readonly object[]) =>
  permutations(spans).map((order) => toolNames(readWith(otlp, lines(...order.map((each) => request([each]))))).sort());

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]));
}

const mcp = { "mcp.method.name": "tools/call" };

describe("a tool span below a tool span", () => {
  it("is the same call when both name one tool", () => {
    const orders = inEveryOrder(
      agent("a", { id: "root" }),
      tool("create_issue", { id: "outer", parent: "root" }),
      span({}, { id: "http", parent: "outer", name: "POST" }),
      tool("create_issue", { id: "inner", parent: "http", name: "tools/call create_issue" }, mcp),
    );
    expect(new Set(orders.map(String))).toEqual(new Set(["create_issue"]));
  });

  it("is the same call when one name is that of the tool behind its server", () => {
    const outer = tool("mcp__linear__create_issue", { id: "outer" });
    expect(tools(outer, tool("create_issue", { id: "inner", parent: "outer" }, mcp))).toEqual(["mcp__linear__create_issue"]);
    expect(tools(outer, tool("issue", { id: "inner", parent: "outer" }))).toHaveLength(2);
  });

  it("is a call of its own when a name merely ends like another", () => {
    const inner = (more: object = {}) => tool("delete", { id: "i", parent: "o" }, { ...mcp, ...more });
    const onProd = inner({ "mcp.server.name": "prod-db" });
    expect(tools(tool("report_delete", { id: "o" }), onProd)).toHaveLength(2);
    expect(tools(tool("report_delete", { id: "o" }), inner())).toHaveLength(2);
    expect(tools(tool("prod_db_delete", { id: "o" }), onProd)).toHaveLength(1);
  });

  it("is a call of its own when an agent or a model stands between", () => {
    const orders = inEveryOrder(
      tool("Task", { id: "task" }),
      agent("helper", { id: "sub", parent: "task" }),
      tool("Task", { id: "inner", parent: "sub" }),
      chat({ id: "chat", parent: "inner" }),
    );
    expect(new Set(orders.map(String))).toEqual(new Set(["Task,Task"]));
    const found = read(tool("Task", { id: "t" }), agent("helper", { id: "s", parent: "t" }), tool("Read", { parent: "s" }));
    expect(found.calls.map((call) => [call.tool, call.subagent, call.agent])).toEqual([
      ["Task", false, undefined],
      ["Read", true, "helper"],
    ]);
  });

  it("is a call of its own when it names another tool or has another call id", () => {
    expect(tools(tool("run_code", { id: "o" }), tool("read_file", { id: "i", parent: "o" }))).toEqual(["run_code", "read_file"]);
    const id = (value: string) => ({ "gen_ai.tool.call.id": value });
    expect(tools(tool("retry", { id: "o" }, id("1")), tool("retry", { id: "i", parent: "o" }, id("2")))).toHaveLength(2);
    expect(tools(tool("retry", { id: "o" }, id("1")), tool("retry", { id: "i", parent: "o" }, id("1")))).toHaveLength(1);
  });

  it("is the same call when only its call id names it", () => {
    const id = { "gen_ai.tool.call.id": "c" };
    const inner = span(id, { id: "i", parent: "o", name: "claude_code.tool.execution" });
    expect(tools(tool("Bash", { id: "o" }, id), inner)).toEqual(["Bash"]);
    expect(tools(tool("Bash", { id: "o" }), inner)).toHaveLength(2);
  });

  it("is known by the id of its own span when it comes alone later", () => {
    const inner = tool("a", { id: "i", parent: "o" });
    const found = read(tool("a", { id: "o" }), inner);
    expect(found.calls.map((call) => [call.callId, call.aliases])).toEqual([
      [`\u0000${hex("o", 16)}`, [`\u0000${hex("i", 16)}`]],
    ]);
  });

  it("gives its name to a span without one", () => {
    const outer = span({ "gen_ai.operation.name": "execute_tool" }, { id: "o", name: "" });
    const found = read(outer, tool("fetch", { id: "i", parent: "o" }, mcp));
    expect(found.calls.map((call) => [call.tool, call.callId])).toEqual([["fetch", `\u0000${hex("o", 16)}`]]);
  });
});

describe("calls are counted once", () => {
  it("when an export is repeated, with or without call ids", () => {
    const spans = [tool("a", { id: "1" }), tool("a", { id: "2" }), tool("b", { id: "3" }, { "gen_ai.tool.call.id": "c" })];
    const found = readWith(otlp, lines(request(spans), request(spans)));
    expect([toolNames(found), found.calls.length]).toEqual([["a", "a", "b"], 6]);
  });

  it("but never hidden by a span id or a call id that another tool had", () => {
    expect(tools(tool("a", { id: "1" }), tool("b", { id: "1" }))).toEqual(["a", "b"]);
    const id = { "gen_ai.tool.call.id": "call_0" };
    expect(tools(tool("a", { id: "1" }, id), tool("b", { id: "2" }, id))).toEqual(["a", "b"]);
  });

  it("and all of them are, without any id", () => {
    expect(tools(tool("a"), tool("a"), tool("a"))).toEqual(["a", "a", "a"]);
  });
});

const completion = (name: string, id: string) => ({
  "gen_ai.completion.0.tool_calls.0.name": name,
  "gen_ai.completion.0.tool_calls.0.id": id,
});

describe("what a model asked for", () => {
  it("counts only in a trace without tool spans", () => {
    const asked = chat({ id: "c" }, completion("search", "1"));
    expect(tools(asked)).toEqual(["search"]);
    expect(inEveryOrder(asked, tool("search", { id: "s" }))).toEqual([["search"], ["search"]]);
    const other = tool("read", { trace: "t2" });
    expect(tools(asked, other).sort()).toEqual(["read", "search"]);
  });

  const givenId = "call_a1b2c3d4e5f60718";

  it("is found in every dress, and not in the history", () => {
    const messages = [{ role: "assistant", parts: [{ type: "tool_call", id: givenId, name: "search", arguments: {} }] }];
    const dresses = [
      { "gen_ai.output.messages": JSON.stringify(messages) },
      { "gen_ai.output.messages": messages },
      { "ai.response.toolCalls": JSON.stringify([{ toolCallId: givenId, toolName: "search", args: "{}" }]) },
      completion("search", givenId),
      {
        "openinference.span.kind": "LLM",
        "llm.output_messages.0.message.tool_calls.0.tool_call.id": givenId,
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "search",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": "{}",
      },
      {
        events: JSON.stringify([
          { "event.name": "gen_ai.choice", message: { tool_calls: [{ id: givenId, function: { name: "search" } }] } },
        ]),
      },
    ];
    for (const dress of dresses) {
      const found = read(chat({ id: "c" }, dress));
      expect([dress, found.calls.map((call) => [call.tool, call.callId])]).toEqual([dress, [["search", givenId]]]);
    }
    const history = { "gen_ai.prompt.2.tool_calls.0.name": "search", "gen_ai.input.messages": JSON.stringify(messages) };
    expect(tools(chat({ id: "c" }, history))).toEqual([]);
  });

  it("counts once though outer spans and later answers repeat it", () => {
    const messages = JSON.stringify([{ parts: [{ type: "tool_call", name: "search" }] }]);
    const output = { "gen_ai.output.messages": messages };
    const repeating = span({ "gen_ai.operation.name": "invoke_agent", ...output }, { id: "a" });
    expect(tools(repeating, chat({ id: "c", parent: "a" }, output))).toEqual(["search"]);
    expect(tools(repeating)).toEqual(["search"]);
    expect(tools(chat({ id: "c" }, completion("s", givenId)), chat({ id: "d" }, completion("s", givenId)))).toEqual(["s"]);
  });
});

describe("a tool span is told by", () => {
  it.each([
    [{ "gen_ai.operation.name": "execute_tool" }, "execute_tool x", "x"],
    [{ "openinference.span.kind": "tool", "tool.name": "x" }, "span", "x"],
    [{ "openinference.span.kind": "TOOL" }, "x", "x"],
    [{ "ai.operationId": "ai.toolCall", "ai.toolCall.name": "x" }, "ai.toolCall", "x"],
    [{ "traceloop.span.kind": "tool", "traceloop.entity.name": "x" }, "x.tool", "x"],
    [{ "mcp.method.name": "tools/call" }, "tools/call x", "x"],
    [{ "gen_ai.tool.call.id": "1", "logfire.msg": "running tool: x" }, "running tool", "x"],
    [{}, "running tool: x", "x"],
    [{ "genkit:metadata:subtype": "tool", "genkit:name": "x" }, "x", "x"],
    [{ "langfuse.observation.type": "tool" }, "x", "x"],
    [{ "spring.ai.kind": "tool_call", "spring.ai.tool.definition.name": "x" }, "tool_call", "x"],
    [{ tool_name: "x", tool_use_id: "1", "session.id": "s" }, "claude_code.tool", "x"],
  ])("%j and the name %s", (attributes, name, expected) => {
    expect(tools(span(attributes, { id: "1", name }))).toEqual([expected]);
  });

  it.each([
    [{ "mcp.method.name": "tools/list" }, "tools/list"],
    [{ "openinference.span.kind": "CHAIN", "tool.name": "x" }, "x"],
    [{ "gen_ai.operation.name": "invoke_agent" }, "x"],
    [{ "genkit:metadata:subtype": "model", "genkit:name": "x" }, "x"],
    [{ tool_name: "x" }, "claude_code.tool.execution"],
    [{}, "execute_tools"],
    [{ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)" }, "execute_tool (merged)"],
  ])("and not by %j and the name %s", (attributes, name) => {
    expect(tools(span(attributes, { id: "1", name }))).toEqual([]);
  });

  it("a tool cannot hide behind the name of ADK's joined responses", () => {
    expect(tools(tool("(merged tools)"), tool("(merged)", { name: "execute_tool (merged)" }))).toEqual([
      "(merged tools)",
      "(merged)",
    ]);
  });

  it("a name that is no text is the invalid name", () => {
    expect(tools(span({ "gen_ai.tool.name": 7 }))).toEqual([""]);
  });
});

describe("traces", () => {
  it("without calls are known, those without agents are not", () => {
    const found = read(chat({ trace: "t1" }), span({ "http.method": "GET" }, { trace: "t2" }));
    expect([...found.traces.keys()]).toEqual([hex("t1", 32)]);
  });

  it("take agent, session and server from the span, its ancestors or the resource", () => {
    const root = span(
      { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner", "gen_ai.conversation.id": "talk" },
      { id: "root" },
    );
    const spans = [tool("a", { id: "1", parent: "http" }), span({}, { id: "http", parent: "root" }), root];
    const found = readWith(otlp, lines(request(spans), request([tool("b", { trace: "t2" })], { "service.name": "shop" })));
    expect(found.calls.map(({ tool, agent, session }) => [tool, agent, session])).toEqual([
      ["a", "planner", "talk"],
      ["b", "shop", undefined],
    ]);
    expect([...found.traces.values()].map((trace) => trace.agent)).toEqual(["planner", "shop"]);
    expect(
      readWith(otlp, lines(request([tool("b")], { "service.name": "unknown_service:node" }))).calls[0]?.agent,
    ).toBeUndefined();
    expect(read(tool("b", {}, { "mcp.server.name": "shop" })).calls[0]?.server).toBe("shop");
  });

  it("give the arguments when asked", () => {
    expect(read(tool("a", {}, { "gen_ai.tool.call.arguments": '{"x":1}' })).calls[0]?.args?.()).toBe('{"x":1}');
  });
});

describe("hostile parents", () => {
  it("a span that is its own parent, and parents in a circle", () => {
    expect(tools(tool("a", { id: "1", parent: "1" }))).toEqual(["a"]);
    expect(tools(tool("a", { id: "1", parent: "2" }), tool("b", { id: "2", parent: "1" })).sort()).toEqual(["a", "b"]);
    const circle = ["1", "2", "3"].map((id, i) => span({}, { id, parent: ["2", "3", "1"][i]! }));
    expect(tools(...circle, tool("a", { id: "4", parent: "1" }))).toEqual(["a"]);
  });

  it("chains of 10,000 spans, plain or all tools, in linear time", () => {
    const chain = (make: (parts: SpanParts) => object) =>
      Array.from({ length: 10_000 }, (_, i) => make({ id: `s${i}`, parent: i === 0 ? undefined : `s${i - 1}` } as SpanParts));
    expect(tools(...chain((parts) => span({}, parts)), tool("a", { parent: "s9999" }))).toEqual(["a"]);
    expect(tools(...chain((parts) => tool("a", parts)))).toEqual(["a"]);
    const mixed = chain((parts) => tool(`t${parts.id}`, parts));
    expect(tools(...mixed)).toHaveLength(10_000);
  });
});

describe("many open traces", () => {
  const record = (more: Partial<SpanRecord>, attributes: Record<string, unknown> = {}): SpanRecord => {
    const made = Object.assign(blankSpan(), more);
    made.attributes.read(attributes);
    return made;
  };

  function run(bytesMax: number | undefined, spans: readonly SpanRecord[]): CallRecord[] {
    const calls: CallRecord[] = [];
    const sink = { trace: () => {}, call: (call: CallRecord) => calls.push(call), bad: () => {}, note: () => {} };
    const traces = new SpanTraces("input", sink, bytesMax);
    for (const each of spans) traces.take(each);
    traces.end();
    return calls;
  }

  it("beyond the bound the oldest is decided, and calls are never lost", () => {
    const called = { "gen_ai.tool.name": "a" };
    const spans = Array.from({ length: 100 }, (_, i) => record({ traceId: `t${i}`, spanId: "1" }, called));
    expect(run(2000, spans).map((call) => call.trace)).toEqual(spans.map((each) => each.traceId));
    const nested = [
      record({ traceId: "t", spanId: "2", parentSpanId: "1" }, called),
      ...spans,
      record({ traceId: "t", spanId: "1" }, called),
    ];
    expect(run(undefined, nested).filter((call) => call.trace === "t")).toHaveLength(1);
    expect(run(2000, nested).filter((call) => call.trace === "t")).toHaveLength(2);
  });

  it("so are what models asked for, in spans and in events", () => {
    const parts = Array.from({ length: 20 }, (_, i) => ({ type: "tool_call", id: `c${i}`, name: "a" }));
    const spans = ["1", "2"].map((id) => record({ traceId: id, spanId: id }, { "gen_ai.output.messages": [{ parts }] }));
    expect(run(2000, spans)).toHaveLength(40);
    const calls: CallRecord[] = [];
    const sink = { trace: () => {}, call: (call: CallRecord) => calls.push(call), bad: () => {}, note: () => {} };
    const traces = new SpanTraces("input", sink, 2000);
    traces.takeAnswer(record({ traceId: "1" }), [{ parts }]);
    traces.end();
    expect(calls).toHaveLength(20);
  });

  it("arguments weigh, too", () => {
    const heavy = { "gen_ai.tool.name": "a", "gen_ai.tool.call.arguments": "x".repeat(1500) };
    expect(run(2000, [record({ traceId: "1" }, heavy), record({ traceId: "2" }, heavy)]).map((call) => call.trace)).toEqual([
      "1",
      "2",
    ]);
  });
});

describe("ids and times", () => {
  it("ids in hex and base64 are one", () => {
    const bytes = "728c40ab12cb45fdd7475871fbb6a0ff";
    expect(spanIdOf(Buffer.from(bytes, "hex").toString("base64"))).toBe(bytes);
    expect([spanIdOf(bytes.toUpperCase()), spanIdOf(`0x${bytes}`), spanIdOf("own id")]).toEqual([bytes, bytes, "own id"]);
    expect([spanIdOf("0000000000000000"), spanIdOf(7), spanIdOf(""), spanIdOf("0x")]).toEqual(["", "", "", ""]);
  });

  it("times in nanoseconds as text, number or pair, and as ISO 8601", () => {
    const ms = 1_777_555_055_632;
    expect(spanTime("1777555055632028200")).toBe(ms);
    // As Tempo writes it, past 2^53.
    expect(spanTime(1777555055632028200)).toBe(ms);
    expect(spanTime([1_777_555_055, 632_028_200])).toBe(ms);
    expect(spanTime("2026-04-30T13:17:35.632Z")).toBe(ms);
    for (const odd of ["0", 0, [], [1], ["a", "b"], [-1, 0], {}, null, "soon"]) expect(spanTime(odd)).toBeUndefined();
  });
});
