import { describe, expect, it } from "vitest";
import { codesOf, lines, read, toolsOf } from "../../support/traces.js";

const line = (more: object) => ({ schema: "smoltbot.runs/1", agent_id: "a", trace_id: "t", format: "ap-trace", ...more });

describe("stored runs", () => {
  it("say which trace and which session a call belongs to, and which traces had none", async () => {
    const set = await read(
      lines(
        line({ trace_id: "silent", timestamp: 1_700_000_000_000 }),
        line({ trace_id: "t1", session_id: "s", tool: "x", timestamp: 5, call_id: "1", subagent: true }),
        line({ trace_id: "t2", session_id: "s", tool: "y", timestamp: -1 }),
        line({ trace_id: "t2", agent_id: "b", session_id: "s", tool: "z" }),
        line({ trace_id: "t1", session_id: "s", tool: "x", timestamp: 5, call_id: "1" }),
      ),
    );
    expect(set.traces.map(({ id, agent, calls, lastMs }) => [id, agent, calls, lastMs])).toEqual([
      ["silent", "a", 0, 1_700_000_000_000],
      ["t1", "a", 1, 5],
      ["t2", "a", 1, -1],
      ["t2", "b", 1, undefined],
    ]);
    expect(toolsOf(set)).toEqual(["x", "y", "z"]);
    expect([...set.calls.subagent]).toEqual([1, 0, 0]);
    const [one, two, other] = set.calls.session;
    expect([one === two, one === other]).toEqual([true, false]);
    expect(set.inputs[0]).toMatchObject({ format: "stored-runs", repeatedCalls: 1 });
  });

  it("judge a tool that is no text as the invalid name, and skip lines that are none of theirs", async () => {
    const wrong = [
      { tool: "x" },
      line({ agent_id: "", tool: "x" }),
      line({ trace_id: 7, tool: "x" }),
      line({ format: null, tool: "x" }),
      [7],
    ];
    const set = await read(lines(line({ tool: 7 }), ...wrong));
    expect(toolsOf(set)).toEqual([""]);
    expect(set.badLines).toBe(wrong.length);
    expect(codesOf(set)).toContain("trace_bad_record");
  });
});
