import { describe, expect, it } from "vitest";
import { HeldTraces } from "../../../src/trace/formats/held-traces.js";
import { langSmith } from "../../../src/trace/formats/langsmith.js";
import type { CallRecord } from "../../../src/trace/reader.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const readRuns = (content: string) => readWith(langSmith, content, { name: "log" });
const run = (id: string, type: string, name: unknown, more: object = {}) => ({
  id,
  run_type: type,
  name,
  inputs: { input: "{'x': 1}" },
  outputs: {},
  start_time: "2026-02-01T10:00:00.123456",
  trace_id: "t1",
  session_id: "project-uuid",
  ...more,
});
const thread = (id: string) => ({ extra: { metadata: { thread_id: id } } });
const message = (name: string, id?: string) => ({ role: "assistant", content: "", tool_calls: [{ id, name, args: {} }] });

describe("LangSmith runs", () => {
  it.each<[string, (runs: object[]) => string]>([
    ["lines", (runs) => lines(...runs)],
    ["a list", (runs) => JSON.stringify(runs)],
    ["the answer of the API", (runs) => JSON.stringify({ runs })],
  ])("in %s count tool runs; the session is the conversation, never the project", (_, write) => {
    const runs = [
      run("r0", "chain", "agent", thread("thread-1")),
      run("r1", "llm", "ChatModel", { outputs: { choices: [{ message: message("search", "call_1") }] } }),
      run("r2", "tool", "search", { parent_run_id: "r0" }),
      run("r2", "tool", "search", { end_time: "2026-02-01T10:00:01" }),
      run("r3", "tool", "fetch", { trace_id: "t2" }),
    ];
    const found = readRuns(write(runs));
    expect(found.distinct.map(({ tool, trace, session, timeMs }) => [tool, trace, session, timeMs])).toEqual([
      ["search", "t1", "thread-1", Date.UTC(2026, 1, 1, 10) + 123],
      ["fetch", "t2", undefined, Date.UTC(2026, 1, 1, 10) + 123],
    ]);
    expect(found.calls[0]?.args?.()).toEqual({ input: "{'x': 1}" });
    expect(found.bad).toEqual([]);
  });

  it("are read with all their child runs, in order, also when each is listed by itself", () => {
    const child = run("r2", "tool", "a", {
      trace_id: undefined,
      dotted_order: "20260201T100000000000Zt1.20260201T100001000000Zr2",
    });
    const tree = run("t1", "chain", "agent", {
      trace_id: undefined,
      child_runs: [
        { ...child, trace_id: undefined, child_runs: [run("r3", "tool", "b", { trace_id: undefined })] },
        run("r4", "tool", "c"),
      ],
    });
    const found = readRuns(lines(tree, child));
    expect(toolNames(found)).toEqual(["a", "b", "c"]);
    expect([...found.traces.keys()]).toEqual(["t1"]);
  });

  it.each<[string, object | string]>([
    [
      "of LangChain",
      {
        generations: [
          [
            {
              message: {
                lc: 1,
                type: "constructor",
                id: ["AIMessage"],
                kwargs: { content: "", tool_calls: [{ name: "a", args: {} }] },
              },
            },
          ],
        ],
      },
    ],
    ["of chat", { choices: [{ message: message("a") }] }],
    ["of Anthropic", { role: "assistant", content: [{ type: "tool_use", id: "1", name: "a", input: {} }] }],
    ["of Responses", { output: [{ type: "function_call", call_id: "1", name: "a" }] }],
    ["as JSON text", JSON.stringify({ message: message("a") })],
  ])("count the calls in answers %s only where a trace has no tool run", (_, outputs) => {
    const llm = (id: string) => run(id, "llm", "ChatModel", { outputs });
    expect(toolNames(readRuns(lines(llm("r1"), llm("r2"), llm("r1"))))).toEqual(["a", "a"]);
    expect(toolNames(readRuns(lines(llm("r1"), run("r3", "tool", "b"), llm("r2"))))).toEqual(["b"]);
  });

  it("are known without calls, and reported when they are none", () => {
    const found = readRuns(
      lines(run("r1", "chain", "x"), { id: "r2" }, "3", run("r4", "tool", { a: 1 }, { extra: [], child_runs: [5] })),
    );
    expect(toolNames(found)).toEqual([""]);
    expect([...found.traces.keys()]).toEqual(["t1"]);
    expect(found.bad.length).toBe(3);
  });

  it("may be trees 10,000 deep", () => {
    const depth = 10_000;
    const open = `{"run_type":"tool","name":"a","inputs":{},"child_runs":[`;
    expect(readRuns(`${open.repeat(depth)}${"]}".repeat(depth)}\n`).distinct.length).toBe(depth);
  });

  it("are told from other records", () => {
    expect(scoreOf(langSmith, lines(run("r", "tool", "a")))).toBe(1);
    expect(scoreOf(langSmith, lines({ run_type: "tool" }, { run_type: "weekly", inputs: {} }))).toBe(0);
  });
});

describe("calls held until their trace is complete", () => {
  it("are bounded: the oldest trace is settled, and a late proposal of a trace with runs does not count", () => {
    const calls: CallRecord[] = [];
    const sink = { trace: () => {}, call: (call: CallRecord) => calls.push(call), bad: () => {}, note: () => {} };
    const held = new HeldTraces(sink, undefined, 2);
    const hold = (trace: string, tool: string, isProposal: boolean) => {
      held.hold(trace, { tool, isProposal, line: 1 });
      held.weigh(10);
    };
    for (const [trace, tool] of [
      ["t1", "a"],
      ["t1", "b"],
      ["t2", "c"],
    ] as const)
      hold(trace, tool, false);
    expect(calls.map(({ tool }) => tool)).toEqual(["a", "b"]);
    hold("t1", "late", true);
    hold("t2", "d", true);
    held.end();
    expect(calls.map(({ tool }) => tool)).toEqual(["a", "b", "c"]);
  });
});
