import { describe, expect, it } from "vitest";
import { agentsSdk } from "../../../src/trace/formats/agents-sdk.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const readSpans = (content: string) => readWith(agentsSdk, content, { name: "log" });
const trace = (id: string, group?: string) => ({ object: "trace", id, workflow_name: "Agent workflow", group_id: group ?? null });
const span = (id: string, data: object, more: object = {}) => ({
  object: "trace.span",
  id,
  trace_id: "trace_1",
  parent_id: null,
  started_at: "2026-02-01T10:00:00.500000+00:00",
  ended_at: "2026-02-01T10:00:01+00:00",
  span_data: data,
  error: null,
  ...more,
});
const runs = (name: unknown, more: object = {}) => ({ type: "function", name, input: '{"x":1}', output: "1", ...more });
const call = (name: string, id: string) => ({ id, type: "function", function: { name, arguments: "{}" } });
const generates = (...calls: object[]) => ({ type: "generation", input: [], output: [{ role: "assistant", tool_calls: calls }] });

describe("spans of the Agents SDK", () => {
  it("count functions, with server, time, session, and the agent whose span may end later", () => {
    const spans = [
      trace("trace_1", "thread-1"),
      span("span_2", runs("search"), { parent_id: "span_1" }),
      span("span_3", runs("ask", { mcp_data: { server: "deepwiki" } }), { parent_id: "span_2" }),
      span("span_4", { type: "handoff", from_agent: "a", to_agent: "b" }),
      span("span_5", { type: "guardrail", name: "g", triggered: false }),
      span("span_6", { type: "mcp_tools", server: "deepwiki", result: ["ask"] }),
      span("span_1", { type: "agent", name: "researcher", tools: ["search"] }),
    ];
    for (const content of [lines(...spans), JSON.stringify(spans), JSON.stringify({ data: spans })]) {
      const found = readSpans(content);
      expect(found.distinct.map(({ tool, server, session, agent, timeMs }) => [tool, server, session, agent, timeMs])).toEqual([
        ["search", undefined, "thread-1", "researcher", Date.UTC(2026, 1, 1, 10) + 500],
        ["ask", "deepwiki", "thread-1", "researcher", Date.UTC(2026, 1, 1, 10) + 500],
      ]);
      expect(found.calls[0]?.args?.()).toBe('{"x":1}');
      expect(found.bad).toEqual([]);
    }
  });

  it("count what a model called only where no function was traced, whichever comes first", () => {
    const generation = span("span_1", generates(call("search", "call_0"), call("fetch", "call_0")));
    const other = span("span_9", generates(call("search", "call_0")), { trace_id: "trace_2" });
    expect(toolNames(readSpans(lines(generation, span("span_2", runs("search")))))).toEqual(["search"]);
    expect(toolNames(readSpans(lines(span("span_2", runs("search")), generation)))).toEqual(["search"]);
    expect(toolNames(readSpans(lines(generation, generation, other)))).toEqual(["search", "fetch", "search"]);
  });

  it("take handing on to another agent for no call, and hosted tools for calls", () => {
    const handing = [
      span("s1", generates(call("transfer_to_billing", "c1"))),
      span("s2", { type: "handoff", to_agent: "billing" }),
    ];
    expect(toolNames(readSpans(lines(...handing)))).toEqual([]);
    const output = [
      { type: "web_search_call", id: "ws_1" },
      { type: "function_call", call_id: "c1", name: "search" },
    ];
    const hosted = span("s3", { type: "response", response_id: "resp_1", response: { output } });
    expect(toolNames(readSpans(lines(hosted)))).toEqual(["web_search", "search"]);
    expect(toolNames(readSpans(lines(hosted, span("s4", runs("search")))))).toEqual(["web_search", "search"]);
  });

  it("count a span that is exported twice once, and know traces without calls", () => {
    const found = readSpans(lines(trace("trace_0"), span("s1", runs("a")), span("s1", runs("a")), span("s2", runs("a"))));
    expect(toolNames(found)).toEqual(["a", "a"]);
    expect([...found.traces.keys()]).toEqual(["trace_0", "trace_1"]);
  });

  it("survive circles of parents and content of the wrong kind", () => {
    const circle = [span("s1", runs("a"), { parent_id: "s2" }), span("s2", runs("__proto__"), { parent_id: "s1" })];
    const odd = [span("s3", runs({ x: 1 })), { ...span("s4", {}), span_data: [] }, 7, [null], { object: { toString: 1 } }];
    const found = readSpans(lines(...circle, ...odd.map((each) => JSON.stringify(each))));
    expect(toolNames(found)).toEqual(["a", "__proto__", ""]);
    expect(found.bad.length).toBe(4);
  });

  it("are told from other records", () => {
    expect(scoreOf(agentsSdk, lines(span("s1", runs("a"))))).toBe(1);
    expect(scoreOf(agentsSdk, lines(trace("t", "g")))).toBe(0.9);
    expect(scoreOf(agentsSdk, lines({ object: "trace", id: "t" }))).toBe(0);
  });
});
