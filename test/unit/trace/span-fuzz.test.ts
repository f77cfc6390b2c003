import { describe, expect, it } from "vitest";
import { jaeger } from "../../../src/trace/formats/jaeger.js";
import { otlp } from "../../../src/trace/formats/otlp.js";
import { spanArray } from "../../../src/trace/formats/span-array.js";
import { tempo } from "../../../src/trace/formats/tempo.js";
import type { TraceFormat } from "../../../src/trace/reader.js";
import { agent, chat, entries, hex, log, logs, request, tool } from "../../support/otel.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { readWith, scoreOf, toolNames } from "../../support/trace-sink.js";

const messages = [{ role: "assistant", parts: [{ type: "tool_call", id: "1", name: "asked" }] }];
const spans = [
  agent("planner", { id: "root" }),
  tool("outer", { id: "1", parent: "root" }, { "gen_ai.tool.call.id": "c1", "gen_ai.tool.call.arguments": "{}" }),
  tool("outer", { id: "2", parent: "1" }, { "mcp.method.name": "tools/call", "mcp.server.name": "srv" }),
  {
    ...chat({ trace: "t2", id: "3" }, { "gen_ai.output.messages": messages }),
    events: [{ name: "gen_ai.choice", attributes: entries({ message: "{}" }) }],
  },
];
const tags = [{ key: "gen_ai.tool.name", type: "string", value: "outer" }];
const jaegerSpan = {
  traceID: "a1",
  spanID: "b1",
  operationName: "x",
  references: [{ refType: "CHILD_OF", traceID: "a1", spanID: "c1" }],
  tags,
  processID: "p1",
};
const event = log({ "session.id": "s", "event.name": "tool_decision", tool_name: "Bash" }, "claude_code.tool_decision", {
  traceId: hex("t", 32),
});
const { resourceSpans } = request(spans, { "service.name": "shop" }) as { resourceSpans: object[] };
const nested = {
  tool: { name: "a" },
  llm: { output_messages: [{ message: { tool_calls: [{ tool_call: { function: { name: "b" } } }] } }] },
};
const subjects: readonly (readonly [TraceFormat, object])[] = [
  [otlp, request(spans, { "service.name": "shop" })],
  [
    otlp,
    logs([
      event,
      log({ "event.name": "gen_ai.choice" }, { message: { tool_calls: [{ id: "1", function: { name: "asked" } }] } }),
    ]),
  ],
  [tempo, { batches: resourceSpans }],
  [jaeger, { data: [{ traceID: "a1", spans: [jaegerSpan], processes: { p1: { serviceName: "s", tags } } }] }],
  [
    spanArray,
    [
      {
        name: "x",
        context: { trace_id: "a1", span_id: "b1" },
        parent_id: "c1",
        start_time: "2026-02-01",
        attributes: nested,
        resource: { attributes: { "service.name": "s" } },
      },
    ],
  ],
  [
    spanArray,
    { hrTime: [1, 2], body: "x", attributes: { "session.id": "s", "event.name": "gemini_cli.tool_call", function_name: "f" } },
  ],
];

const odd: readonly unknown[] = [
  ...[null, true, 0, -1, 1e300, "", "x", "[", '[{"parts":7}]', [], {}, [null], [[[]]], { __proto__: null, length: -1 }],
  ...[
    { values: 7 },
    { stringValue: 7 },
    { arrayValue: { values: [{ kvlistValue: 1 }] } },
    { key: "gen_ai.tool.name", value: null },
  ],
];

/** One value, anywhere in the document, becomes another one; or a key does. */
function changed(document: object, random: Random): object {
  const copy = structuredClone(document) as Record<string, unknown>;
  let at = copy;
  for (;;) {
    const keys = Object.keys(at);
    if (keys.length === 0) return copy;
    const key = keys[random.below(keys.length)]!;
    const inner = at[key];
    if (typeof inner === "object" && inner !== null && random.chance(0.85)) {
      at = inner as Record<string, unknown>;
      continue;
    }
    if (random.chance(0.1) && !Array.isArray(at)) {
      delete at[key];
      Object.defineProperty(at, "__proto__", { value: inner, enumerable: true });
    } else at[key] = odd[random.below(odd.length)];
    return copy;
  }
}

describe("documents of spans with anything in any place", () => {
  it.each(subjects.map(([format, document], i) => [format.id, i, format, document] as const))(
    "%s, %i",
    (_, i, format, document) => {
      const whole = toolNames(readWith(format, JSON.stringify(document)));
      expect(whole.length).toBeGreaterThan(0);
      for (let seed = 0; seed < scaled(300); seed++) {
        const random = new Random(seed * 10 + i);
        let damaged = changed(document, random);
        if (random.chance(0.3)) damaged = changed(damaged, random);
        const text = JSON.stringify(damaged);
        expect(Number.isFinite(scoreOf(format, text))).toBe(true);
        // What follows a damaged document is read as if nothing had been.
        const found = readWith(format, `${text}\n${JSON.stringify(document)}\n`);
        const names = new Set(found.calls.map((call) => call.tool));
        const lost = whole.filter((name) => !names.has(name));
        expect([seed, text, i === 0 || i === 2 ? lost.filter((name) => name !== "asked") : lost]).toEqual([seed, text, []]);
        for (const call of found.calls) expect([typeof call.tool, typeof call.trace]).toEqual(["string", "string"]);
      }
    },
  );
});
