import { describe, expect, it } from "vitest";
import { lineFeed } from "../../../src/trace/bytes.js";
import { cutSpans } from "../../../src/trace/formats/otel/cut-spans.js";
import { OtlpReader } from "../../../src/trace/formats/otlp.js";
import { SpanTraces } from "../../../src/trace/formats/spans.js";
import { damagedBytes } from "../../support/event-lines.js";
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
