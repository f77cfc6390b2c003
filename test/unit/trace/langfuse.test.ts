import { describe, expect, it } from "vitest";
import { exportObservationsOpenMax, exportTracesOpenMax } from "../../../src/limits.js";
import { langfuse } from "../../../src/trace/formats/langfuse.js";
import { LangfuseObservations } from "../../../src/trace/formats/langfuse-observations.js";
import type { CallRecord } from "../../../src/trace/reader.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const observation = (id: string, type: string, name: unknown, more: object = {}) => ({
  id,
  traceId: "t1",
  type,
  name,
  startTime: "2026-01-01T00:00:00.000Z",
  parentObservationId: null,
  input: '{"a":1}',
  ...more,
});
const attributes = (values: object) => ({ metadata: JSON.stringify({ attributes: values }) });
const download = (observations: readonly unknown[], trace: object = {}) =>
  JSON.stringify({ trace: { id: "t1", timestamp: "2026-01-01T00:00:00Z", sessionId: "s1", ...trace }, observations }, null, 1);

describe("Langfuse exports", () => {
  it("count observations of type TOOL, by the name of the tool inside them", () => {
    const recorded = readWith(
      langfuse,
      download([
        observation("o1", "TOOL", "execute_tool add"),
        observation("o2", "TOOL", "running tool: add"),
        observation("o3", "TOOL", "span name", attributes({ "gen_ai.tool.name": "real" })),
        observation("o4", "TOOL", "span name", attributes({ "ai.toolCall.name": "vercel" })),
        observation("o5", "TOOL", "mcp__a__b"),
        observation("o6", "GENERATION", "chat", { toolCallNames: ["add"] }),
      ]),
    );
    expect(toolNames(recorded)).toEqual(["add", "add", "real", "vercel", "mcp__a__b"]);
    expect(recorded.calls[0]).toMatchObject({ trace: "t1", session: "s1", timeMs: Date.UTC(2026, 0, 1) });
    expect(recorded.calls[0]!.args!()).toBe('{"a":1}');
  });

  it("count spans that say that they are tools, also beside typed ones, but not the events around a call", () => {
    const recorded = readWith(
      langfuse,
      download([
        observation("o1", "SPAN", "search", attributes({ "tool.name": "search" })),
        observation("o2", "SPAN", "update", { ...attributes({ "tool.name": "search" }), parentObservationId: "o1" }),
        observation("o3", "SPAN", "tools/call add", attributes({ "gen_ai.tool.name": "add" })),
        observation("o4", "TOOL", "view"),
        observation("o5", "SPAN", "tools"),
      ]),
    );
    expect(toolNames(recorded)).toEqual(["search", "add", "view"]);
  });

  it("count a span inside a call of the same tool once, however deep, and a subagent's call for itself", () => {
    const named = (name: string) => attributes({ "gen_ai.tool.name": name });
    const recorded = readWith(
      langfuse,
      download([
        observation("inner", "SPAN", "tools/call add", { ...named("add"), parentObservationId: "http" }),
        observation("http", "SPAN", "POST", { parentObservationId: "outer" }),
        observation("outer", "TOOL", "add"),
        observation("task", "TOOL", "Task"),
        observation("read", "SPAN", "Read", { ...named("Read"), parentObservationId: "task" }),
        observation("ring1", "SPAN", "a", { ...named("a"), parentObservationId: "ring2" }),
        observation("ring2", "SPAN", "b", { ...named("b"), parentObservationId: "ring1" }),
      ]),
    );
    expect(toolNames(recorded).sort()).toEqual(["Read", "Task", "a", "add", "b"]);
  });

  it("count what generations asked for where nothing shows that it ran, and only there", () => {
    const asked = observation("g1", "GENERATION", "chat", {
      toolCallNames: ["add", "view"],
      toolCalls: ['{"id":"c1","arguments":"{}"}', "broken{"],
    });
    const recorded = readWith(langfuse, download([asked, asked, observation("o1", "SPAN", "tools")]));
    expect(toolNames(recorded)).toEqual(["add", "view"]);
    expect(recorded.calls[0]!.args!()).toBe("{}");
    expect(toolNames(readWith(langfuse, download([asked, observation("o1", "TOOL", "add")])))).toEqual(["add"]);
  });

  it("count what several exports hold once, by observation and by the id of the call", () => {
    const twice = attributes({ "gen_ai.tool.name": "add", "gen_ai.tool.call.id": "call_a1b2c3d4e5f60718" });
    const row = observation("o1", "TOOL", "add", twice);
    const recorded = readWith(langfuse, lines(row, row, observation("o2", "SPAN", "add", twice)));
    expect(toolNames(recorded)).toEqual(["add"]);
  });

  it("read the API's lists and traces, and exports in snake case", () => {
    const row = {
      id: "o1",
      trace_id: "t1",
      type: "TOOL",
      name: "add",
      start_time: "2026-01-01 00:00:00.000001",
      session_id: "s2",
      metadata: { attributes: '{"tool.name":"inner"}' },
    };
    const trace = { id: "t2", projectId: "p", timestamp: "2026-01-01T00:00:00Z", tags: [], sessionId: null };
    const contents = [
      lines(row),
      JSON.stringify([row], null, 1),
      JSON.stringify({ data: [row], meta: { page: 1 } }, null, 1),
      JSON.stringify({ id: "t1", name: "x", observations: [row] }, null, 1),
    ];
    for (const content of contents) {
      const recorded = readWith(langfuse, content);
      expect(recorded.calls.map(({ tool, session }) => [tool, session])).toEqual([["inner", "s2"]]);
      expect(scoreOf(langfuse, content)).toBeGreaterThan(0.9);
    }
    expect([...readWith(langfuse, lines(trace)).traces.keys()]).toEqual(["t2"]);
    expect(scoreOf(langfuse, lines(trace))).toBe(0.6);
  });

  it("know traces without calls, and take anything for hostile", () => {
    const recorded = readWith(
      langfuse,
      download(
        [null, 7, observation("o1", "TOOL", 7), observation("o2", "TOOL", "b\u001b[2J", { metadata: "tool{" }), { type: "TOOL" }],
        {
          id: "t0",
        },
      ),
    );
    expect([...recorded.traces.keys()]).toEqual(["t0", "t1"]);
    expect(recorded.calls.map(({ tool, trace }) => [tool, trace])).toEqual([
      ["", "t1"],
      ["b\u001b[2J", "t1"],
      ["", "t0"],
    ]);
    expect(readWith(langfuse, '{"type":"TOOL"}\n"x"\n').bad.map(({ line }) => line)).toEqual([1, 2]);
  });

  it("hold no more traces and observations open than the limits say, and lose no call by it", () => {
    const calls: CallRecord[] = [];
    const sink = { trace: () => {}, call: (call: CallRecord) => calls.push(call), bad: () => {}, note: () => {} };
    const many = new LangfuseObservations(sink);
    const traces = exportTracesOpenMax + 10;
    for (let n = 0; n < traces; n++) many.add({ ...observation(`o${n}`, "TOOL", "add"), traceId: `t${n}` }, n);
    expect(calls.length).toBe(10);
    many.end();
    expect(calls.length).toBe(traces);
    const large = new LangfuseObservations(sink);
    for (let n = 0; n < exportObservationsOpenMax + 2; n++) large.add(observation(`o${n}`, "TOOL", "add"), n);
    expect(calls.length).toBe(traces + exportObservationsOpenMax + 1);
    large.end();
    expect(calls.length).toBe(traces + exportObservationsOpenMax + 2);
  });
});
