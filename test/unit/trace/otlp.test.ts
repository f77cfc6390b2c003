import { describe, expect, it } from "vitest";
import { blankSpan } from "../../../src/trace/formats/otel/span-record.js";
import { ToolEvents } from "../../../src/trace/formats/otel/tool-events.js";
import { otlp } from "../../../src/trace/formats/otlp.js";
import { SpanTraces } from "../../../src/trace/formats/spans.js";
import type { CallRecord } from "../../../src/trace/reader.js";
import { entries, hex, log, logs, request, span, tool } from "../../support/otel.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const read = (...records: readonly (object | string)[]) => readWith(otlp, lines(...records));
const names = (...records: readonly object[]) => toolNames(read(...records));

describe("OTLP/JSON", () => {
  it("is read a request a line, as one document, and as a list", () => {
    const requests = [request([tool("a", { id: "1" })]), request([tool("b", { id: "2" })])];
    for (const content of [
      lines(...requests),
      JSON.stringify(requests),
      requests.map((each) => JSON.stringify(each, null, 1)).join("\n"),
    ]) {
      expect([scoreOf(otlp, content), toolNames(readWith(otlp, content))]).toEqual([1, ["a", "b"]]);
    }
    expect(readWith(otlp, lines(...requests)).calls.map((call) => call.line)).toEqual([1, 2]);
  });

  it("is read with snake_case names, base64 ids, enum names and older scopes", () => {
    const base64 = (name: string, length: number) => Buffer.from(hex(name, length), "hex").toString("base64");
    const ids = { trace_id: base64("t1", 32), span_id: base64("2", 16), parent_span_id: base64("1", 16) };
    const attributes = [{ key: "gen_ai.tool.name", value: { string_value: "a" } }];
    const inner = { ...ids, name: "x", kind: "SPAN_KIND_INTERNAL", start_time_unix_nano: 1.7699040000000003e18, attributes };
    const older = { resource_spans: [{ instrumentation_library_spans: [{ spans: [inner] }] }] };
    const found = read(older, request([tool("a", { id: "1" })]));
    expect(found.calls.map((call) => [call.tool, call.trace])).toEqual([["a", hex("t1", 32)]]);
    expect(read(older).calls[0]?.timeMs).toBe(1_769_904_000_000);
  });

  it("joins spans of a trace over lines, and keeps traces apart", () => {
    const inner = tool("a", { id: "2", parent: "1" });
    expect(names(request([inner]), request([tool("a", { id: "1" })]))).toEqual(["a"]);
    expect(names(request([inner]), request([tool("a", { id: "1", trace: "t2" })]))).toEqual(["a", "a"]);
  });

  it("leaves metrics alone, and says what is no request", () => {
    const found = read({ resourceMetrics: [] }, { resourceSpans: {} }, { resourceSpans: [7] }, { other: 1 }, "[3]", request([]));
    expect(found.bad.map((each) => each.line)).toEqual([2, 3, 4, 5]);
    expect(scoreOf(otlp, lines({ resourceMetrics: [] }))).toBeLessThan(1);
  });

  it("reads on past values of every wrong kind", () => {
    const odd = [undefined, null, 7, "x", true, [], {}, [null], [[]], { values: 1 }, [{ key: 1 }], [{ key: "gen_ai.tool.name" }]];
    for (const value of odd) {
      const broken = { traceId: value, spanId: value, parentSpanId: value, name: value, startTimeUnixNano: value, events: value };
      const found = read(
        request([{ ...broken, attributes: value } as object, tool("kept", { id: "1" })]),
        { resourceSpans: [{ resource: value, scopeSpans: value }] },
        { resourceSpans: value },
        logs([{ attributes: value, body: value, eventName: value, traceId: value } as object]),
      );
      expect([value, toolNames(found).filter((name) => name === "kept")]).toEqual([value, ["kept"]]);
    }
  });

  it("has no prototype to reach", () => {
    const text = JSON.stringify(request([tool("__proto__", { id: "1" })])).replaceAll("gen_ai.provider", "__proto__");
    expect(toolNames(readWith(otlp, `${text}\n`))).toEqual(["__proto__"]);
    const map =
      '{"traceId":"a1","spanId":"b1","attributes":{"__proto__":{"gen_ai.tool.name":"x"},"constructor":1,"gen_ai.tool.name":"y"}}';
    expect(toolNames(readWith(otlp, `{"resourceSpans":[{"scopeSpans":[{"spans":[${map}]}]}]}\n`))).toEqual(["y"]);
    expect(({} as Record<string, unknown>)["gen_ai.tool.name"]).toBeUndefined();
  });

  it("takes no harm from deep values", () => {
    const deep = `${'{"arrayValue":{"values":['.repeat(5000)}1${"]}}".repeat(5000)}`;
    const attributes = `[{"key":"gen_ai.output.messages","value":${deep}},{"key":"gen_ai.tool.name","value":{"stringValue":"a"}}]`;
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a1","spanId":"b1","attributes":${attributes}}]}]}]}\n`;
    expect(toolNames(readWith(otlp, text))).toEqual(["a"]);
    expect(toolNames(readWith(otlp, text.replace("gen_ai.tool.name", "gen_ai.request.model")))).toEqual([]);
  });

  it("finds a model's answer in the events of a span", () => {
    const answer = JSON.stringify({ message: { tool_calls: [{ id: "1", function: { name: "search" } }] } });
    const event = { name: "gen_ai.choice", attributes: entries({ "gen_ai.event.content": answer }) };
    const history = { name: "gen_ai.assistant.message", attributes: entries({ "gen_ai.event.content": answer }) };
    const chat = (events: object[]) => ({ traceId: hex("t", 32), spanId: hex("1", 16), name: "chat", attributes: [], events });
    expect([names(request([chat([event])])), names(request([chat([history])]))]).toEqual([["search"], []]);
  });
});

const session = { "session.id": "s1" };
const claude = (event: string, more: object = {}) =>
  log({ ...session, "event.name": event, tool_name: "Bash", ...more }, `claude_code.${event}`);

describe("log events", () => {
  it("a decision and its result are one call, by id or by number", () => {
    const id = { tool_use_id: "toolu_1" };
    expect(names(logs([claude("tool_decision", { decision: "accept", ...id }), claude("tool_result", id)]))).toEqual(["Bash"]);
    const accepted = claude("tool_decision", { decision: "accept" });
    const result = claude("tool_result");
    expect(names(logs([accepted, result, accepted, result, result]))).toEqual(["Bash", "Bash", "Bash"]);
  });

  it("a decision without a result is a call, and a result does not stand for one that was refused", () => {
    const refused = claude("tool_decision", { decision: "reject" });
    expect(names(logs([refused]))).toEqual(["Bash"]);
    expect(names(logs([refused, claude("tool_result")]))).toEqual(["Bash", "Bash"]);
    expect(names(logs([refused, claude("tool_result", { decision_type: "reject" })]))).toEqual(["Bash"]);
  });

  it("of Claude Code and its spans in one file are the same calls", () => {
    const attributes = { ...session, tool_name: "Bash", tool_use_id: "toolu_1" };
    const recorded = request([span(attributes, { id: "1", name: "claude_code.tool" })]);
    expect(names(logs([claude("tool_result", { tool_use_id: "toolu_1" })]), recorded)).toEqual(["Bash"]);
    expect(names(logs([claude("tool_result", { tool_use_id: "toolu_2" })]), recorded)).toEqual(["Bash", "Bash"]);
  });

  it("a repeated export counts once by the sequence of its events, and twice without", () => {
    const numbered = logs([claude("tool_result", { "event.sequence": 4 })]);
    expect(names(numbered, numbered)).toEqual(["Bash"]);
    const resumed = logs([{ ...claude("tool_result", { "event.sequence": 4 }), timeUnixNano: "1769904001000000000" }]);
    expect(names(numbered, resumed)).toEqual(["Bash", "Bash"]);
    expect(names(logs([claude("tool_result")]), logs([claude("tool_result")]))).toEqual(["Bash", "Bash"]);
  });

  it("decisions that wait too long are calls at once, and none is lost", () => {
    const tools: string[] = [];
    const sink = { trace: () => {}, call: (call: CallRecord) => tools.push(call.tool), bad: () => {}, note: () => {} };
    const events = new ToolEvents("input", sink, new SpanTraces("input", sink), 3);
    const record = blankSpan();
    for (const name of ["a", "b", "c", "d", "e"]) {
      record.attributes.clear();
      record.attributes.read({ "session.id": "s", "event.name": "tool_decision", tool_name: name });
      events.take(record, { eventName: undefined, body: "claude_code.tool_decision" });
    }
    expect(tools).toEqual(["a", "b"]);
    events.end();
    expect(tools).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("name MCP servers and subagents", () => {
    const parameters = JSON.stringify({ mcp_server_name: "linear", mcp_tool_name: "create_issue" });
    const id = { tool_use_id: "1" };
    const found = read(
      logs([
        claude("tool_decision", { ...id, tool_name: "mcp_tool", decision: "accept" }),
        claude("tool_result", { ...id, tool_name: "mcp_tool", tool_parameters: parameters, agent_id: "a" }),
      ]),
    );
    expect(found.calls.map((call) => [call.server, call.tool, call.subagent, call.trace])).toEqual([
      ["linear", "create_issue", true, "s1"],
    ]);
  });

  it("of Gemini CLI and Codex", () => {
    const gemini = { ...session, "event.name": "gemini_cli.tool_call", function_name: "search", mcp_server_name: "web" };
    const found = read(logs([log({ ...gemini, function_args: "{}" }, "Tool call: search.")]));
    expect(found.calls.map((call) => [call.server, call.tool, call.args?.(), call.session])).toEqual([
      ["web", "search", "{}", undefined],
    ]);
    const codex = { "conversation.id": "c1", "event.name": "codex.tool_result", tool_name: "shell", call_id: "1" };
    const decision = { ...codex, "event.name": "codex.tool_decision", decision: "approved" };
    expect(names(logs([log(decision), log(codex)]))).toEqual(["shell"]);
  });

  it("of a model's answer count where the trace has no tool span", () => {
    const ids = { traceId: hex("t1", 32), spanId: hex("1", 16) };
    const body = { message: { tool_calls: [{ id: "1", function: { name: "search" } }] } };
    const answer = log({ "event.name": "gen_ai.choice" }, body, ids);
    expect(names(logs([answer]))).toEqual(["search"]);
    expect(names(logs([answer]), request([tool("search", { id: "2" })]))).toEqual(["search"]);
    const messages = JSON.stringify([{ parts: [{ type: "tool_call", id: "1", name: "search" }] }]);
    const details = log({ "gen_ai.output.messages": messages }, undefined, {
      ...ids,
      eventName: "gen_ai.client.inference.operation.details",
    });
    expect(names(logs([details]))).toEqual(["search"]);
  });

  it("without calls make their session known, other logs make nothing known", () => {
    const found = read(logs([claude("api_request"), log({ "event.name": "page.view", ...session }), log({}, "hello")]));
    expect([found.calls, [...found.traces.keys()], found.bad]).toEqual([[], ["s1"], []]);
    expect(read(logs([log({ "event.name": "page.view", ...session })])).traces.size).toBe(0);
  });
});
