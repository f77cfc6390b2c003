import { describe, expect, it } from "vitest";
import { jaeger } from "../../../src/trace/formats/jaeger.js";
import { spanArray } from "../../../src/trace/formats/span-array.js";
import { tempo } from "../../../src/trace/formats/tempo.js";
import { request, tool } from "../../support/otel.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";

const givenId = "call_a1b2c3d4e5f60718";
const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "a", "gen_ai.tool.call.id": givenId };
const ms = Date.UTC(2026, 1, 1);

describe("spans one by one", () => {
  const shapes: Record<string, object> = {
    "Python console exporter": {
      name: "execute_tool a",
      context: { trace_id: "0xa1", span_id: "0xb1", trace_state: "[]" },
      kind: "SpanKind.INTERNAL",
      parent_id: "0xc1",
      start_time: "2026-02-01T00:00:00.000000Z",
      attributes,
      resource: { attributes: { "service.name": "shop" } },
    },
    "JavaScript console exporter": {
      resource: { attributes: { "service.name": "shop" } },
      traceId: "a1",
      parentId: "c1",
      name: "execute_tool a",
      id: "b1",
      timestamp: ms * 1000,
      attributes,
    },
    "Vercel AI": {
      name: "ai.toolCall",
      spanContext: { traceId: "a1", spanId: "b1" },
      parentSpanContext: { spanId: "c1" },
      startTime: [ms / 1000, 0],
      attributes: {
        "ai.operationId": "ai.toolCall",
        "ai.toolCall.name": "a",
        "ai.toolCall.id": givenId,
        "ai.telemetry.functionId": "shop",
      },
    },
    Phoenix: {
      name: "a",
      context: { trace_id: "a1", span_id: "b1" },
      span_kind: "TOOL",
      parent_id: "c1",
      start_time: "2026-02-01T00:00:00+00:00",
      attributes: { tool: { name: "a" }, metadata: { x: [1] }, agent: { name: "shop" }, tool_call: { id: givenId } },
    },
    "a data frame of Phoenix": {
      name: "a",
      span_kind: "TOOL",
      "context.trace_id": "a1",
      "context.span_id": "b1",
      parent_id: "c1",
      start_time: ms,
      "attributes.tool.name": "a",
      "attributes.agent.name": "shop",
      "attributes.tool_call.id": givenId,
    },
    Logfire: {
      trace_id: "a1",
      span_id: "b1",
      parent_span_id: "c1",
      span_name: "running tool",
      start_timestamp: "2026-02-01T00:00:00Z",
      service_name: "shop",
      attributes,
    },
    ClickHouse: {
      Timestamp: "2026-02-01 00:00:00.000000000",
      TraceId: "a1",
      SpanId: "b1",
      ParentSpanId: "c1",
      SpanName: "execute_tool a",
      ServiceName: "shop",
      SpanAttributes: attributes,
      ResourceAttributes: {},
    },
    "attributes as JSON text": {
      trace_id: "a1",
      span_id: "b1",
      name: "x",
      start_time: ms,
      service_name: "shop",
      attributes: JSON.stringify(attributes),
    },
  };

  it.each(Object.entries(shapes))("%s", (_, shape) => {
    for (const content of [
      JSON.stringify(shape),
      JSON.stringify([shape]),
      JSON.stringify({ data: [shape] }),
      `${JSON.stringify(shape, null, 2)}\n`.repeat(2),
    ]) {
      expect(scoreOf(spanArray, content)).toBeGreaterThan(0.5);
      const found = readWith(spanArray, content);
      expect(found.distinct.map(({ tool, trace, callId, timeMs, agent }) => [tool, trace, callId, timeMs, agent])).toEqual([
        ["a", "a1", givenId, ms, "shop"],
      ]);
      expect(found.bad).toEqual([]);
    }
  });

  it("a child of another shape is told by its parent", () => {
    const inner = {
      traceId: "a1",
      id: "d1",
      parentId: "b1",
      name: "tools/call a",
      attributes: { "mcp.method.name": "tools/call" },
    };
    expect(toolNames(readWith(spanArray, JSON.stringify([inner, shapes["Vercel AI"]])))).toEqual(["a"]);
  });

  it("maps of attributes alone are one trace, the input", () => {
    const found = readWith(
      spanArray,
      `${JSON.stringify(attributes)}\n${JSON.stringify({ "openinference.span.kind": "TOOL", "tool.name": "b" })}\n`,
    );
    expect([toolNames(found), found.traces.size, [...found.traces.values()][0]?.id]).toEqual([["a", "b"], 1, "input"]);
  });

  it("log records that Gemini CLI writes to a file", () => {
    const event = { "session.id": "s", "event.name": "gemini_cli.tool_call", function_name: "search" };
    const record = { hrTime: [ms / 1000, 0], body: "Tool call: search.", attributes: event };
    const content = `${JSON.stringify(record, null, 2)}\n`.repeat(2);
    expect(scoreOf(spanArray, content)).toBeGreaterThan(0.5);
    expect(readWith(spanArray, content).calls.map((call) => [call.tool, call.trace, call.timeMs])).toEqual([
      ["search", "s", ms],
      ["search", "s", ms],
    ]);
  });

  it("nothing else is claimed", () => {
    const others = [
      { id: "1", trace_id: "t", name: "search", run_type: "tool", tags: ["x"], inputs: {} },
      { id: "1", traceId: "t", name: "search", type: "TOOL", metadata: "{}" },
      { trace_id: "t", action: { name: "Bash" }, agent_id: "a" },
      { object: "trace.span", id: "1", trace_id: "t", span_data: { type: "function", name: "a" } },
      { tool: "a", timestamp: 1 },
      { attributes: { color: "red" } },
      { data: [] },
      {},
    ];
    for (const other of others) expect([other, scoreOf(spanArray, JSON.stringify(other))]).toEqual([other, 0]);
  });

  it("values of every wrong kind are read past", () => {
    for (const value of [null, 7, "x", [], {}, [[]], [{ key: 1 }]]) {
      const odd = {
        traceId: value,
        spanId: value,
        name: value,
        startTime: value,
        attributes: value,
        events: value,
        resource: value,
      };
      const found = readWith(spanArray, JSON.stringify([odd, value, shapes["Phoenix"]]));
      expect([value, toolNames(found)]).toEqual([value, ["a"]]);
    }
  });
});

describe("Jaeger", () => {
  const tags = (map: object) => Object.entries(map).map(([key, value]) => ({ key, type: "string", value }));
  const span = (id: string, more: object = {}) => ({
    traceID: "a1",
    spanID: id,
    operationName: "execute_tool a",
    startTime: ms * 1000,
    tags: tags({ ...attributes, "gen_ai.tool.call.id": id }),
    ...more,
  });
  const child = (type: string, trace = "a1") => ({
    references: [{ refType: type, traceID: trace, spanID: "1" }],
    tags: tags({ "gen_ai.tool.name": "a" }),
  });
  const page = (...spans: object[]) =>
    JSON.stringify({ data: [{ traceID: "a1", spans, processes: { p1: { serviceName: "shop", tags: [] } } }], total: 0 });

  it("knows parents, processes and times", () => {
    const found = readWith(jaeger, page(span("1", { processID: "p1" }), span("2", child("CHILD_OF"))));
    expect(found.calls.map(({ tool, agent, timeMs }) => [tool, agent, timeMs])).toEqual([["a", "shop", ms]]);
  });

  it("takes neither what follows nor another trace for a parent", () => {
    expect(readWith(jaeger, page(span("1"), span("2", child("FOLLOWS_FROM")))).distinct).toHaveLength(2);
    expect(readWith(jaeger, page(span("1"), span("2", child("CHILD_OF", "a2")))).distinct).toHaveLength(2);
  });

  it("is claimed as pages and as single traces, and reads past what is broken", () => {
    const trace = { traceID: "a1", spans: [span("1"), 7, { spanID: 7, tags: "x" }] };
    expect([scoreOf(jaeger, page(span("1"))), scoreOf(jaeger, JSON.stringify(trace)), scoreOf(jaeger, '{"data":[]}')]).toEqual([
      1, 1, 0,
    ]);
    const found = readWith(jaeger, JSON.stringify([trace, { traceID: "a2", spans: 1 }]));
    expect([toolNames(found), found.bad.length]).toEqual([["a"], 3]);
  });
});

describe("Tempo", () => {
  const { resourceSpans } = request([tool("a", { id: "1" })]) as { resourceSpans: object[] };

  it.each([{ batches: resourceSpans }, { trace: { resourceSpans } }, { trace: { batches: resourceSpans } }])("%j", (document) => {
    const content = JSON.stringify(document);
    expect([scoreOf(tempo, content), toolNames(readWith(tempo, content))]).toEqual([1, ["a"]]);
  });

  it("says what is none", () => {
    expect(readWith(tempo, '{"batches":[]}\n{"x":1}\n7\n').bad.map((each) => each.line)).toEqual([2, 3]);
    expect(
      [{ batches: [{ id: 1 }] }, { batches: "x" }, { trace: {} }].map((each) => scoreOf(tempo, JSON.stringify(each))),
    ).toEqual([0, 0, 0]);
  });
});
