import { eventLane } from "../../src/trace/event-lane.js";
import { EventRules } from "../../src/trace/formats/events.js";
import type { LaneOptions } from "../../src/trace/lane.js";
import type { CallRecord, FieldNames, TraceSeen } from "../../src/trace/reader.js";
import { eventLine } from "./event-lines.js";
import type { Random } from "./random.js";
import { defaultSeed } from "./seed.js";

/** What a reader says of an input, in a form that two readers can be compared by. */
export interface Found {
  /** By line: what was called, in order. */
  readonly calls: Map<number, string[]>;
  /** In the order of first mention. */
  readonly traces: Map<string, { agent?: string | undefined; id?: string | undefined; seenMs?: number | undefined }>;
  readonly bad: Map<number, string>;
  lines: number;
  records: number;
}

/** And the arguments of calls that a lane passes on for the sake of them. */
interface LaneFound extends Found {
  readonly args?: unknown[];
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
export function readObviously(bytes: Buffer, fields?: FieldNames): Found {
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

export function readFast(chunks: Iterable<Uint8Array>, options: Partial<LaneOptions> & { fields?: FieldNames } = {}): LaneFound {
  const args: unknown[] = [];
  const found: LaneFound = options.asRecord === undefined ? nothing() : { ...nothing(), args };
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
      call: (call: CallRecord) => {
        args.push(call.args?.());
        addCall(found, call.line, call.trace, call.tool, call.timeMs, call.callId);
      },
    },
    { seed: defaultSeed, ...options },
  );
  for (const chunk of chunks) lane?.push(chunk);
  lane?.end();
  return found;
}

/** Chunks cut anywhere, some of them tiny. */
export function pieces(r: Random, bytes: Buffer): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = r.chance(0.3) ? r.between(1, 70) : r.between(1, 100_000);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

/** Lines with their ends; `ids` is the chance of call ids. */
export function linesOf(r: Random, count: number, ids: number): Buffer {
  const texts = r.times(count, () => `${eventLine(r, { ids })}${r.chance(0.1) ? "\r\n" : "\n"}`);
  return Buffer.from(texts.join(""), "utf8");
}
