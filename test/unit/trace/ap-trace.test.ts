import { describe, expect, it } from "vitest";
import { toolsOf as callsOf } from "../../../src/trace/formats/ap-trace.js";
import { at, codesOf, lines, placesOf, read, step, toolsOf } from "../../support/traces.js";

const names = (record: Record<string, unknown>) => callsOf(record).map((call) => call.tool);

describe("where AP-Trace keeps tools", () => {
  const places = [
    { action: { parameters: { tools: ["one"] } } },
    { action: { tool_calls: [{ tool_name: "two" }, { name: "two-b" }] } },
    { tool_calls: [{ name: "three" }, { function: { name: "three-b" } }] },
    { tool_name: "three-c" },
    { action: { type: "tool_invocation", name: "four" } },
    { action: { type: "execute", name: "five, six" } },
  ];

  it("accepts each place", () => {
    expect(places.map(names)).toEqual([["one"], ["two", "two-b"], ["three", "three-b"], ["three-c"], ["four"], ["five", "six"]]);
  });

  it("takes only the first place that holds any", () => {
    for (let from = 0; from < places.length; from++) {
      const later = places.slice(from);
      const action = Object.assign({}, ...later.map((place) => place.action ?? {}).reverse());
      expect(names(Object.assign({}, ...later, { action }))).toEqual(names(places[from]!));
    }
  });

  it("goes on past an empty or absent place", () => {
    expect(
      names({ action: { parameters: { tools: [] }, tool_calls: null, type: "execute", name: "Bash" }, tool_name: null }),
    ).toEqual(["Bash"]);
  });

  it("takes inference for no call", () => {
    expect(names({ action: { type: "execute", name: "inference", parameters: { tools: [] } } })).toEqual([]);
  });

  it("takes a single name that was advised, handed on or refused for no call, but a list of names for calls", () => {
    for (const type of ["recommend", "escalate", "deny"]) {
      expect(names({ action: { type, name: "refund" } })).toEqual([]);
      expect(names({ action: { type, name: "refund, notify" } })).toEqual(["refund", "notify"]);
    }
    expect(names({ action: { name: "refund" } })).toEqual(["refund"]);
  });

  it("keeps a comma that is not followed by a space", () => {
    expect(names({ action: { type: "execute", name: "a,b" } })).toEqual(["a,b"]);
  });

  it("counts what is not a string as the invalid name", () => {
    expect(names({ action: { parameters: { tools: [7, null, { name: 8 }, "ok"] } } })).toEqual(["", "", "", "ok"]);
    expect(names({ tool_name: 7 })).toEqual([""]);
  });

  it("gives the arguments where a record has them", () => {
    const args = { tool_name: "inner" };
    const nested = {
      action: { tool_calls: [{ name: "execute-tool", arguments: args }, { function: { name: "b", arguments: "{}" } }] },
    };
    expect(callsOf(nested).map((call) => call.args)).toEqual([args, "{}"]);
    expect(callsOf({ tool_name: "execute-tool", tool_input: args })[0]!.args).toBe(args);
  });

  it("sees own keys only", () => {
    expect(names(JSON.parse('{"__proto__":{"tool_name":"x"},"constructor":{"name":"y"}}'))).toEqual([]);
  });
});

describe("AP-Trace inputs", () => {
  const two = [step("tr-1", ["Bash", "Bash"], at("1T10:00:00Z")), step("tr-2", [], at("1T10:01:00Z"))];

  it("reads lines, a list, one record, and the answer of the API alike", async () => {
    const wrapped = { traces: two, limit: 50, offset: 0 };
    const inputs = [
      lines(...two),
      JSON.stringify(two),
      JSON.stringify(two, null, 1),
      JSON.stringify(wrapped, null, 2),
      lines(wrapped),
    ];
    for (const text of inputs) {
      const set = await read(text);
      expect(set.traces.map(({ id, calls, agent }) => [id, calls, agent])).toEqual([
        ["tr-1", 2, "agent-1"],
        ["tr-2", 0, "agent-1"],
      ]);
      expect(set.diagnostics).toEqual([]);
    }
    expect(toolsOf(await read(JSON.stringify(two[0])))).toEqual(["Bash", "Bash"]);
  });

  it("reads flat rows of a command line, where the action is text", async () => {
    const row = (id: string, tool: unknown) => ({
      id,
      agent_id: "a",
      ...at("1T10:00:00Z"),
      action: "tool_call",
      verified: true,
      tool_name: tool,
    });
    const set = await read(lines(row("1", "Bash"), row("2", null), row("3", "Read")));
    expect(set.traces.map(({ id, calls }) => [id, calls])).toEqual([
      ["1", 1],
      ["2", 0],
      ["3", 1],
    ]);
  });

  it("counts a record once, in whatever export it comes", async () => {
    const session = { context: { session_id: "s1" }, ...at("1T10:00:00Z") };
    const bare = step("tr-1", ["Bash", "Bash"], session);
    const calls = [
      { tool_name: "Bash", id: "x1" },
      { tool_name: "Bash", id: "x2" },
    ];
    const withIds = { ...bare, action: { type: "execute", name: "Bash, Bash", tool_calls: calls } };
    for (const order of [
      [bare, withIds],
      [withIds, bare],
      [bare, bare],
      [withIds, withIds],
    ]) {
      expect((await read(lines(...order))).calls.length).toBe(2);
    }
  });

  it("counts a call id that later records of the session repeat once", async () => {
    const record = (id: string, ids: string[], time: string) => ({
      trace_id: id,
      agent_id: "a",
      ...at(time),
      action: { type: "execute", tool_calls: ids.map((each) => ({ id: each, tool_name: "Bash" })) },
      context: { session_id: "s1" },
    });
    const read2 = async (...ids: string[]) => {
      const set = await read(
        lines(record("tr-1", ids.slice(0, 1), "1T10:00:00Z"), record("tr-2", [...ids, ids[1]!], "1T10:01:00Z")),
      );
      return set.traces.map((trace) => trace.calls);
    };
    expect(await read2("toolu_01AQsrCHjrnFGhpH3npeccg8", "toolu_01BTsrCHjrnFGhpH3npeccg9")).toEqual([1, 1]);
    // Ids that start anew with each step.
    expect(await read2("call_0", "call_1")).toEqual([1, 2]);
  });

  it("is not harmed by a timestamp of another kind", async () => {
    for (const timestamp of ['{"toString":1}', `${"[".repeat(9000)}${"]".repeat(9000)}`]) {
      const set = await read(
        `{"trace_id":"tr-1","agent_id":"a","action":{"type":"execute","name":"Bash"},"timestamp":${timestamp}}`,
      );
      expect(set.calls.length).toBe(1);
    }
  });

  it("takes steps of one trace id at different times as different calls of one trace", async () => {
    const set = await read(lines(step("tr-1", ["Bash"], at("1T10:00:00Z")), step("tr-1", ["Bash"], at("1T10:00:01Z"))));
    expect(set.traces.map((trace) => trace.calls)).toEqual([2]);
  });

  it("keeps records without an id apart and says where they stand", async () => {
    const record = { agent_id: "a", action: { type: "execute", name: "Bash" } };
    const set = await read(lines(step("tr-1", ["Read"]), record, record));
    expect(set.traces.map(({ id, calls }) => [id, calls])).toEqual([
      ["tr-1", 1],
      ["a:2", 1],
      ["a:3", 1],
    ]);
  });

  it("gives calls the session of their context", async () => {
    const within = (id: string, session: string) => step(id, ["Bash"], { context: { session_id: session } });
    const set = await read(lines(within("tr-1", "s1"), within("tr-2", "s1"), within("tr-3", "s2"), step("tr-4", ["Bash"])));
    expect([...set.calls.session]).toEqual([0, 0, 1, 2]);
  });

  it("reports records without an action and goes on", async () => {
    const set = await read(
      lines(step("tr-1", ["Bash"]), { trace_id: "tr-2", agent_id: "a" }, "[3]", "7", step("tr-3", ["Read"])),
    );
    expect(placesOf(set)).toEqual(["trace_bad_record a:2", "trace_bad_record a:3", "trace_bad_record a:4"]);
    expect(toolsOf(set)).toEqual(["Bash", "Read"]);
  });

  it("finds an answer without traces to be no trace", async () => {
    expect(codesOf(await read('{"traces": [], "limit": 50, "offset": 0}'))).toEqual(["trace_none"]);
  });
});
