import { describe, expect, it } from "vitest";
import { cutBytesMax } from "../../../src/limits.js";
import { lineFeed } from "../../../src/trace/bytes.js";
import { cutSpans } from "../../../src/trace/formats/otel/cut-spans.js";
import { OtlpReader } from "../../../src/trace/formats/otlp.js";
import { SpanTraces } from "../../../src/trace/formats/spans.js";
import { damagedBytes } from "../../support/event-lines.js";
import { agent, chat, request, span, tool } from "../../support/otel.js";
import { requestLine } from "../../support/otlp-lines.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

interface Said {
  readonly said: unknown[];
  readonly bad: number[];
}

/** All that a reader says of some lines, in its order. */
function read(lines: readonly Uint8Array[], cutAfter: number): Said {
  const said: unknown[] = [];
  const bad: number[] = [];
  const reader = new OtlpReader(
    { name: "spans.jsonl" },
    {
      trace: (key, seen) => said.push(["trace", key, seen]),
      call: ({ args, ...call }) => said.push(["call", call, args?.()]),
      bad: (line) => bad.push(line),
      note: () => {},
    },
    cutAfter,
  );
  lines.forEach((bytes, index) => {
    const line = index + 1;
    const parse = () => {
      try {
        return JSON.parse(Buffer.from(bytes).toString("utf8"));
      } catch {
        bad.push(line);
      }
    };
    reader.push({ bytes, line, parse });
  });
  reader.end();
  return { said, bad };
}

const cut = (...lines: readonly Uint8Array[]) => read(lines, -1);
const parsed = (...lines: readonly Uint8Array[]) => read(lines, Number.POSITIVE_INFINITY);

function expectSame(round: number, ...lines: readonly Uint8Array[]): void {
  const [ours, theirs] = [cut(...lines), parsed(...lines)];
  // Much faster than the comparison that can say where they differ.
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) expect({ round, ...ours }).toEqual({ round, ...theirs });
}

/** Whether the cutter takes a line. */
function isCut(line: Uint8Array | object): boolean {
  const traces = new SpanTraces("x", { trace: () => {}, call: () => {}, bad: () => {}, note: () => {} });
  const bytes = line instanceof Uint8Array ? line : Buffer.from(JSON.stringify(line));
  return cutSpans()!.read(bytes, 1, traces);
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

describe("the cutter of spans", () => {
  it("says what the reader of parsed requests says, of every well-formed request", () => {
    const r = new Random(defaultSeed);
    let taken = 0;
    const rounds = scaled(150);
    for (let round = 0; round < rounds; round++) {
      const odd = r.pick([0, 0.002, 0.01, 0.1]);
      const lines = r.times(40, () => Buffer.from(requestLine(r, { odd })));
      for (const line of lines) if (isCut(line)) taken++;
      expectSame(round, ...lines);
    }
    expect(taken).toBeGreaterThan(rounds * 10);
  });

  it("differs on malformed requests by nothing but the report of the line", () => {
    const r = new Random(defaultSeed + 1);
    let accepted = 0;
    let sound = 0;
    for (let round = 0; round < scaled(5000); round++) {
      const line = Buffer.from(requestLine(r, { odd: r.pick([0, 0, 0.02]) }));
      for (let i = 0; i < 20; i++) {
        const bytes = damagedBytes(r, line).map((byte) => (byte === lineFeed ? 0x20 : byte));
        if (!isJson(bytes)) accepted += isCut(bytes) ? 1 : 0;
        else if (isCut(bytes)) {
          sound++;
          expectSame(round, bytes);
        }
      }
    }
    expect(sound).toBeGreaterThan(0);
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("hostile and unusual requests", () => {
  const textOf = (value: object) => Buffer.from(JSON.stringify(value));
  const many = (count: number, from = 0) =>
    request(
      Array.from({ length: count }, (_, i) =>
        tool(
          `tool_${from + i}`,
          { trace: `t${(from + i) % 700}`, id: `${from + i}` },
          { "gen_ai.conversation.id": `s${from + i}` },
        ),
      ),
    );

  it("more texts than the dictionaries hold, over many requests and in one", () => {
    const lines = Array.from({ length: 30 }, (_, i) => textOf(many(500, i * 500)));
    expect(lines.every(isCut)).toBe(true);
    expectSame(0, ...lines);
    const huge = textOf(many(6000));
    expect(isCut(huge)).toBe(false);
    expectSame(1, lines[0]!, huge, lines[1]!);
  });

  it("every request may be cut short at every byte", () => {
    const line = textOf(request([agent("a", { id: "1" }), tool("b", { id: "2", parent: "1" }), chat({ id: "3", parent: "1" })]));
    expect(isCut(line)).toBe(true);
    for (let end = 0; end < line.length; end++) expect([end, isCut(line.subarray(0, end))]).toEqual([end, false]);
    for (let end = 0; end < line.length; end++) {
      for (const tail of ['"', "\\", "{", "[", "}", '"\\"']) isCut(Buffer.concat([line.subarray(0, end), Buffer.from(tail)]));
    }
  });

  it("nesting of 10,000, a text of a mebibyte, a request longer than the cutter takes", () => {
    const deep = `${'{"a":['.repeat(10_000)}${"]}".repeat(10_000)}`;
    const spans = JSON.stringify(tool("deep", { id: "1" })).replace("{", `{"status":${deep},`);
    const nested = Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}]}]}`);
    expect(isCut(nested)).toBe(true);
    const long = textOf(
      request([tool("t", { id: "1" }, { "gen_ai.tool.call.arguments": 'x"'.repeat(1 << 19), other: "{".repeat(999) })]),
    );
    expect(isCut(long)).toBe(true);
    const tooLong = textOf(request([tool("u", { id: "2" }, { other: "z".repeat(cutBytesMax) })]));
    expect(isCut(tooLong)).toBe(false);
    expectSame(0, nested, long, tooLong);
  });

  it("one trace may come parsed and cut", () => {
    const outer = textOf(request([tool("Task", { id: "1" })]));
    const inner = textOf(request([tool("Task", { id: "2", parent: "1" }), span({}, { id: "3", parent: "2", name: "x" })]));
    const snake = Buffer.from(inner.toString().replace("resourceSpans", "resource_spans"));
    expect([isCut(inner), isCut(snake)]).toEqual([true, false]);
    const calls = [outer, inner, snake].map((_, i, all) => cut(...all.slice(i), ...all.slice(0, i)).said);
    for (const said of calls) expect(said.filter((each) => (each as unknown[])[0] === "call")).toHaveLength(1);
  });
});
