import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { decodeUtf8 } from "../../src/trace/bytes.js";
import { framingOf, LineFramer, ValueFramer } from "../../src/trace/framing.js";
import type {
  BlobFormat,
  CallRecord,
  FieldNames,
  RawRecord,
  RecordFraming,
  TraceFormat,
  TraceSeen,
  TraceSink,
} from "../../src/trace/reader.js";

/** What a reader said of one input, nothing left out and nothing joined. */
export interface Recorded {
  /** Every call, repetitions among them. */
  readonly calls: CallRecord[];
  /** Calls after de-duplication (R2), as consumers do it. */
  readonly distinct: CallRecord[];
  /** Traces made known, by key; what was learned first stands. */
  readonly traces: Map<string, TraceSeen>;
  readonly bad: { line: number; message: string }[];
  readonly notes: string[];
}

export interface ReadAs {
  readonly name?: string;
  /** Default: as the content is framed. */
  readonly framing?: RecordFraming;
  readonly fields?: FieldNames;
}

interface Frame {
  readonly bytes: Uint8Array;
  readonly line: number;
}

/** Records of an input the way readers get them. Text lines are not trimmed, but for the carriage return. */
function framesOf(bytes: Uint8Array, framing: RecordFraming): Frame[] {
  const frames: Frame[] = [];
  if (framing === "text") {
    decodeLines(bytes).forEach((text, index) => {
      if (text !== "") frames.push({ bytes: Buffer.from(text), line: index + 1 });
    });
    return frames;
  }
  const sink = {
    record: (record: Uint8Array, line: number) => frames.push({ bytes: record, line }),
    tooLong: () => {},
  };
  const framer = framing === "lines" ? new LineFramer(sink) : new ValueFramer(sink);
  framer.push(bytes);
  framer.end();
  return frames;
}

function decodeLines(bytes: Uint8Array): string[] {
  return Buffer.from(bytes)
    .toString("utf8")
    .split("\n")
    .map((text) => text.replace(/\r$/, ""));
}

function parsed(frame: Frame, framing: RecordFraming): unknown {
  const text = decodeUtf8(frame.bytes);
  if (framing === "text") return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** How sure a format is of some content, looked at as detection does it. */
export function scoreOf(format: TraceFormat, content: string | Uint8Array, options: ReadAs = {}): number {
  const bytes = bytesOf(content);
  const framing = options.framing ?? framingOf(bytes, true);
  const records = framesOf(bytes, framing)
    .slice(0, 64)
    .map((frame) => parsed(frame, framing))
    .filter((value) => value !== undefined);
  return records.length === 0 ? 0 : format.detect({ framing, records, name: options.name ?? "input" });
}

/** Reads content with one format, without detection. */
export function readWith(format: TraceFormat, content: string | Uint8Array, options: ReadAs = {}): Recorded {
  const bytes = bytesOf(content);
  const framing = options.framing ?? framingOf(bytes, true);
  const recorded = blank();
  const sink = sinkOf(recorded);
  const reader = format.open({ name: options.name ?? "input", fields: options.fields }, sink);
  for (const frame of framesOf(bytes, framing)) {
    let value: { parsed: unknown } | undefined;
    const record: RawRecord = {
      ...frame,
      parse() {
        if (value === undefined) {
          value = { parsed: parsed(frame, framing) };
          if (value.parsed === undefined) sink.bad(frame.line, "is not JSON");
        }
        return value.parsed;
      },
    };
    reader.push(record);
  }
  reader.end();
  return recorded;
}

/** Reads bytes with a format that is not text. */
export async function readBlob(format: BlobFormat, bytes: Uint8Array, options: ReadAs = {}): Promise<Recorded> {
  const recorded = blank();
  const source = { byteLength: bytes.length, slice: async (from: number, to: number) => bytes.slice(from, to) };
  await format.read(source, { name: options.name ?? "input", fields: options.fields }, sinkOf(recorded));
  return recorded;
}

function blank(): Recorded {
  return { calls: [], distinct: [], traces: new Map(), bad: [], notes: [] };
}

function sinkOf(recorded: Recorded): TraceSink {
  const ids = new Set<string>();
  return {
    trace(key, seen) {
      const known = recorded.traces.get(key) ?? {};
      const merged = { timeMs: known.timeMs ?? seen.timeMs, agent: known.agent ?? seen.agent, id: known.id ?? seen.id };
      recorded.traces.set(key, merged);
    },
    call(call) {
      recorded.calls.push(call);
      if (!recorded.traces.has(call.trace)) recorded.traces.set(call.trace, {});
      const own = (call.callId === undefined ? [] : [call.callId, ...(call.aliases ?? [])]).map((id) =>
        JSON.stringify([call.scope ?? call.trace, id, call.tool]),
      );
      if (!own.some((id) => ids.has(id))) recorded.distinct.push(call);
      for (const id of own) ids.add(id);
    },
    bad: (line, message) => recorded.bad.push({ line, message }),
    note: (finding) => recorded.notes.push(finding.code),
  };
}

/** Tool names, repetitions left out. */
export function toolNames(recorded: Recorded): string[] {
  return recorded.distinct.map((call) => call.tool);
}

/** The bytes of a recorded run, unpacked. */
export function bytesOfFile(path: string): Uint8Array {
  const bytes = readFileSync(path);
  return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}
