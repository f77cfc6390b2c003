import { describe, expect, it } from "vitest";
import { eventLane } from "../../../src/trace/event-lane.js";
import { EventRules } from "../../../src/trace/formats/events.js";
import type { LaneOptions } from "../../../src/trace/lane.js";
import type { CallRecord, FieldNames, TraceSeen } from "../../../src/trace/reader.js";
import { damagedBytes, eventLine, timeText } from "../../support/event-lines.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

/** What a reader says of an input, in a form that two readers can be compared by. */
interface Found {
  /** By line: what was called, in order. */
  readonly calls: Map<number, string[]>;
  /** In the order of first mention. */
  readonly traces: Map<string, { agent?: string | undefined; id?: string | undefined; seenMs?: number | undefined }>;
  readonly bad: Map<number, string>;
  lines: number;
  records: number;
}

const input = { name: "runs.jsonl" };

function nothing(): Found {
  return { calls: new Map(), traces: new Map(), bad: new Map(), lines: 0, records: 0 };
}

function addCall(found: Found, line: number, trace: string, tool: string, timeMs: number | undefined, callId?: string): void {
  const calls = found.calls.get(line) ?? [];
  calls.push(JSON.stringify([trace, tool, timeMs, callId]));
  found.calls.set(line, calls);
  // Times that records without a call give count for traces without timed calls only.
  if (timeMs !== undefined) found.traces.get(trace)!.seenMs = -1;
}

function addTrace(found: Found, key: string, { agent, id, timeMs }: TraceSeen): void {
  const known = found.traces.get(key);
  if (known === undefined) found.traces.set(key, { agent, id, seenMs: timeMs });
  else known.seenMs ??= timeMs;
}

/** The obvious reader: every line parsed, the rules of the format, nothing else. */
function readObviously(bytes: Buffer, fields?: FieldNames): Found {
  const found = nothing();
  const rules = new EventRules(fields === undefined ? input : { ...input, fields }, {
    trace: (key, seen) => addTrace(found, key, seen),
    call: (call) => addCall(found, call.line, call.trace, call.tool, call.timeMs, call.callId),
    bad: (line) => found.bad.set(line, "record"),
  });
  for (let start = 0; start < bytes.length; found.lines++) {
    const end = bytes.indexOf(10, start) === -1 ? bytes.length : bytes.indexOf(10, start);
    const text = bytes.toString("utf8", start, end).replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    start = end + 1;
    if (text === "") continue;
    found.records++;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      found.bad.set(found.lines + 1, end === bytes.length ? "cut" : "line");
      continue;
    }
    rules.read(value, found.lines + 1);
  }
  return found;
}

function readFast(chunks: Iterable<Uint8Array>, options: Partial<LaneOptions> & { fields?: FieldNames } = {}): Found {
  const found = nothing();
  let tools: string[] = [];
  let traces: string[] = [];
  const lane = eventLane.open(
    options.fields === undefined ? input : { ...input, fields: options.fields },
    {
      batch: (batch) => {
        if (batch.newGeneration) [tools, traces] = [[], []];
        tools.push(...batch.newTools);
        for (const { key, ...seen } of batch.newTraces) {
          traces.push(key);
          addTrace(found, key, seen);
        }
        for (const { trace, timeMs } of batch.seen) addTrace(found, traces[trace]!, { timeMs });
        for (let i = 0; i < batch.length; i++) {
          const time = batch.timeMs[i]!;
          const [trace, tool] = [traces[batch.trace[i]!]!, tools[batch.tool[i]!]!];
          addCall(found, batch.line[i]!, trace, tool, Number.isNaN(time) ? undefined : time);
        }
        for (const { line, kind } of batch.bad) found.bad.set(line, kind);
        found.lines += batch.lines;
        found.records += batch.records;
      },
      call: (call: CallRecord) => addCall(found, call.line, call.trace, call.tool, call.timeMs, call.callId),
    },
    { seed: defaultSeed, ...options },
  );
  for (const chunk of chunks) lane?.push(chunk);
  lane?.end();
  return found;
}

function pieces(r: Random, bytes: Buffer): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = r.chance(0.3) ? r.between(1, 70) : r.between(1, 100_000);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

function linesOf(r: Random, count: number, ids: number): Buffer {
  const texts = r.times(count, () => `${eventLine(r, { ids })}${r.chance(0.1) ? "\r\n" : "\n"}`);
  return Buffer.from(texts.join(""), "utf8");
}

describe("the lane of plain events", () => {
  it("is there: this host has WASM with SIMD", () => {
    expect(readFast([Buffer.from('{"tool":"Bash"}\n')]).calls).toEqual(
      new Map([[1, ['["\\u0000runs.jsonl","Bash",null,null]']]]),
    );
  });

  it("agrees with the obvious reader on every well-formed line", () => {
    const r = new Random(defaultSeed);
    for (let round = 0; round < scaled(40); round++) {
      const bytes = linesOf(r, 2000, r.pick([0, 0.05]));
      const found = readFast(pieces(r, bytes), { seed: round });
      const expected = readObviously(bytes);
      expect({ round, ...found }).toEqual({ round, ...expected });
      expect([...found.traces.keys()]).toEqual([...expected.traces.keys()]);
    }
  });

  it("agrees on damaged lines but for saying that they are damaged", () => {
    const r = new Random(defaultSeed + 1);
    let accepted = 0;
    for (let round = 0; round < scaled(250); round++) {
      const bytes = Buffer.concat(r.times(80, () => (r.chance(0.5) ? linesOf(r, 1, 0) : damagedBytes(r, linesOf(r, 2, 0)))));
      const slow = readObviously(bytes);
      const fast = readFast(pieces(r, bytes));
      for (const [line, kind] of slow.bad) {
        if (kind === "record") continue;
        if (!fast.bad.has(line)) accepted++;
        fast.calls.delete(line);
        fast.bad.delete(line);
        slow.bad.delete(line);
      }
      const [calls, bad] = [fast.calls, fast.bad];
      expect({ round, calls, bad, lines: fast.lines }).toEqual({ round, calls: slow.calls, bad: slow.bad, lines: slow.lines });
      for (const [key, { agent, id }] of slow.traces) expect(fast.traces.get(key)).toMatchObject({ agent, id });
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it("reads every time as the readers do", () => {
    const r = new Random(defaultSeed + 2);
    const bytes = Buffer.from(r.times(scaled(20_000), () => `{"tool":"a","ts":${timeText(r)}}\n`).join(""));
    expect(readFast([bytes]).calls).toEqual(readObviously(bytes).calls);
  });

  it("reads chunks cut at every position", () => {
    const text =
      '{"tool":"A\\u0042","ts":"2026-01-01T00:00:00Z"}\n{ "a":{"tool":"x"}, "tool" : "B" }\r\n\nbad "{\n{"tool":"é","x":"\\\\"}\n{"tool":"last"}';
    const bytes = Buffer.from(text);
    const expected = readObviously(bytes);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect({ cut, ...readFast([bytes.subarray(0, cut), bytes.subarray(cut)]) }).toEqual({ cut, ...expected });
    }
    expect(readFast(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });
});
