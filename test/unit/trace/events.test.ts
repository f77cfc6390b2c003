import { describe, expect, it } from "vitest";
import { events } from "../../../src/trace/formats/events.js";
import type { CallRecord, FieldNames, TraceSeen } from "../../../src/trace/reader.js";

function readRecords(records: readonly unknown[], fields?: FieldNames) {
  const found = { calls: [] as CallRecord[], traces: [] as (TraceSeen & { key: string })[], bad: [] as string[] };
  const reader = events.open(
    { name: "log", fields },
    {
      trace: (key, seen) => found.traces.push({ key, ...seen }),
      call: (call) => found.calls.push(call),
      bad: (line, message) => found.bad.push(`${line}: ${message}`),
      note: () => {},
    },
  );
  records.forEach((record, i) => {
    const bytes = Buffer.from(JSON.stringify(record));
    reader.push({ line: i + 1, bytes, parse: () => JSON.parse(bytes.toString()) });
  });
  reader.end();
  return found;
}

const score = (records: readonly unknown[], fields?: FieldNames) =>
  events.detect({ framing: "lines", records, name: "log", fields });

describe("plain events", () => {
  it.each([
    [{ tool: "a" }, 0.3],
    [{ toolName: "a", x: 1 }, 0.3],
    [{ tools: ["a"], session: "s" }, 0.3],
    // A list of names alone is as likely a list of what there is.
    [{ name: "reviewer", tools: ["Read", "Grep"] }, 0],
    [{ tools: [{ name: "a" }], session: "s" }, 0],
    [{ tool: 1 }, 0],
    [{ nested: { tool: "a" } }, 0],
    [["tool"], 0],
  ])("%j is one with surety %d", (record, surety) => {
    expect(score([record])).toBe(surety);
  });

  it("the field that the user names is enough", () => {
    expect(score([{ action: "a" }], { tool: "action" })).toBe(0.95);
    expect(score([{ tool: "a" }], { tool: "action" })).toBe(0);
  });

  it("a trace is a session of an agent, else a session, else an agent, else the input", () => {
    const { traces, calls } = readRecords([
      { tool: "a", session: "s", agent: "x" },
      { tool: "a", session: "s" },
      { tool: "a", agent: "x" },
      { tool: "a" },
      { tool: "b", session: "s", agent: "x" },
      { session: 7, ts: 1_767_225_600 },
      { level: "info" },
    ]);
    expect(traces.map(({ key, id, agent }) => [key, id, agent])).toEqual([
      ["x\u0000s", "s", "x"],
      ["s", "s", undefined],
      ["x\u0000", "x", "x"],
      ["\u0000log", "log", undefined],
      ["7", "7", undefined],
    ]);
    expect(calls.map(({ trace }) => trace)).toEqual(["x\u0000s", "s", "x\u0000", "\u0000log", "x\u0000s"]);
  });

  it("each of several names is a call of its own, also under one id", () => {
    const { calls, bad } = readRecords([{ tools: ["a", "a", 1], call_id: "c" }, [{ tool: "a" }, 5]]);
    expect(calls.map(({ tool, callId }) => [tool, callId])).toEqual([
      ["a", "c"],
      ["a", "c\u00001"],
      ["a", undefined],
    ]);
    expect(bad).toEqual(["1: `tools` of an event is a list of tool names", "2: an event is a JSON object"]);
  });

  it("names such as those of Object's own properties are only names", () => {
    const fields = { tool: "constructor", session: "__proto__" };
    expect(readRecords([{ x: 1 }], fields)).toEqual({ calls: [], traces: [], bad: [] });
    const [call] = readRecords([JSON.parse('{"constructor":"a","__proto__":"s"}')], fields).calls;
    expect([call?.tool, call?.trace]).toEqual(["a", "s"]);
  });

  it("arguments are those of the first key that has any", () => {
    const [call] = readRecords([{ tool: "a", args: null, input: { name: "x" } }]).calls;
    expect(call?.args?.()).toEqual({ name: "x" });
  });
});
