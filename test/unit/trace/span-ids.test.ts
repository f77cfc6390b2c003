import { describe, expect, it } from "vitest";
import { spanArray } from "../../../src/trace/formats/span-array.js";
import { readWith } from "../../support/trace-sink.js";
import { lines } from "../../support/traces.js";

const toolsOf = (...records: object[]) => readWith(spanArray, lines(...records)).distinct.map(({ tool }) => tool);

describe("tool spans", () => {
  const span = (spanId: string, parentSpanId: string | undefined, tool: unknown, more: object = {}) => {
    const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, ...more };
    return { traceId: "a1", spanId, parentSpanId, name: "execute_tool", attributes };
  };
  const counted = { "gen_ai.tool.call.id": "call_0" };

  it("are calls of their own though ids count from 0 in every answer", () => {
    expect(toolsOf(span("b1", "c1", "bash", counted), span("b2", "c1", "bash", counted))).toEqual(["bash", "bash"]);
    const again = span("b1", "c1", "bash", counted);
    expect(toolsOf(again, again)).toEqual(["bash"]);
    const answer = (spanId: string) => {
      const parts = [{ type: "tool_call", id: "call_0", name: "bash" }];
      const attributes = { "gen_ai.operation.name": "chat", "gen_ai.output.messages": [{ role: "assistant", parts }] };
      return { traceId: "a1", spanId, name: "chat", attributes };
    };
    expect(toolsOf(answer("b1"), answer("b2"), answer("b2"))).toEqual(["bash", "bash"]);
  });

  it("with a name that is no text do not vanish in the span above", () => {
    expect(toolsOf(span("b1", undefined, "read"), span("b2", "b1", ["bash"]))).toEqual(["read", ""]);
    expect(toolsOf(span("b1", undefined, ["bash"]), span("b2", "b1", "read"))).toEqual(["", "read"]);
  });
});
