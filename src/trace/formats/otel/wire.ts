import { PbfReader } from "pbf";
import { decodeUtf8 } from "../../bytes.js";
import { KnownAttributes } from "./attributes.js";
import { isAnswerEvent, readAnswers } from "./span-events.js";
import { noResource, resourceOf, type SpanRecord, type SpanResource, spanIdOf } from "./span-record.js";
import type { EventRecord } from "./tool-events.js";

/**
 * OTLP messages in protobuf (opentelemetry-proto 1.x, field numbers in the names below), decoded straight into span
 * records. Every length is held against the message it stands in: the decoder below does not look.
 */

const bytesType = 2;
const fixed64Type = 1;
const valueDepthMax = 32;

/** The bytes are not the message they should be. */
export class DamagedMessage extends Error {}

/** Calls `take` for each field up to `end`; a field that is not read is skipped. The message must end exactly there. */
function eachField(pbf: PbfReader, end: number, take: (field: number) => void): void {
  for (let field = pbf.nextField(end); field !== 0; field = pbf.nextField(end)) {
    take(field);
    if (pbf.pos > end) throw new DamagedMessage("a field is longer than its message");
  }
  if (pbf.pos !== end) throw new DamagedMessage("a message does not end where it should");
}

/** End of the length-delimited field that starts here. */
function endOf(pbf: PbfReader, end: number): number {
  if (pbf.type !== bytesType) throw new DamagedMessage("a field is of another type");
  const length = pbf.readVarint();
  if (!(pbf.pos + length <= end)) throw new DamagedMessage("a field is longer than its message");
  return pbf.pos + length;
}

function bytesField(pbf: PbfReader, end: number): Uint8Array {
  const to = endOf(pbf, end);
  const bytes = pbf.buf.subarray(pbf.pos, to);
  pbf.pos = to;
  return bytes;
}

function textField(pbf: PbfReader, end: number): string {
  return decodeUtf8(bytesField(pbf, end));
}

function idField(pbf: PbfReader, end: number): string {
  return spanIdOf(Buffer.from(bytesField(pbf, end)).toString("hex"));
}

function timeField(pbf: PbfReader): number {
  if (pbf.type !== fixed64Type) throw new DamagedMessage("a time is of another type");
  return pbf.readFixed64();
}

/** Where the records of a block go. */
export interface WireSink {
  span(record: SpanRecord): void;
  log(record: SpanRecord, event: EventRecord): void;
}

/** Reads `ResourceSpans` and `ResourceLogs`, which differ in their innermost records only. */
export class BlockDecoder {
  private readonly resource = new KnownAttributes();
  private event = { eventName: undefined as string | undefined, body: undefined as unknown };

  constructor(
    private readonly record: SpanRecord,
    private readonly sink: WireSink,
  ) {}

  /** One block. Throws `DamagedMessage` or the decoder's own error; records before the damage have been given. */
  read(bytes: Uint8Array, line: number): void {
    const end = bytes.length;
    let resource = noResource;
    const first = new PbfReader(bytes);
    eachField(first, end, (field) => {
      if (field === 1) resource = this.readResource(first, endOf(first, end));
    });
    const pbf = new PbfReader(bytes);
    eachField(pbf, end, (field) => {
      if (field !== 2 && field !== 1000) return;
      const scopeEnd = endOf(pbf, end);
      eachField(pbf, scopeEnd, (inner) => {
        if (inner === 2) this.readRecord(pbf, endOf(pbf, scopeEnd), resource, line);
      });
    });
  }

  private readResource(pbf: PbfReader, end: number): SpanResource {
    this.resource.clear();
    eachField(pbf, end, (field) => {
      if (field === 1) readEntry(pbf, endOf(pbf, end), this.resource);
    });
    return resourceOf(this.resource);
  }

  private readRecord(pbf: PbfReader, end: number, resource: SpanResource, line: number): void {
    const { record } = this;
    record.attributes.clear();
    record.traceId = "";
    record.spanId = "";
    record.parentSpanId = "";
    record.name = "";
    record.startTime = undefined;
    record.line = line;
    record.resource = resource;
    const kind = recordKind(pbf.buf, pbf.pos, end);
    if (kind === "span") {
      eachField(pbf, end, (field) => this.spanField(pbf, end, field));
      this.sink.span(record);
    } else if (kind === "log") {
      this.event = { eventName: undefined, body: undefined };
      eachField(pbf, end, (field) => this.logField(pbf, end, field));
      this.sink.log(record, this.event);
    } else pbf.pos = end;
  }

  private spanField(pbf: PbfReader, end: number, field: number): void {
    const { record } = this;
    if (field === 1) record.traceId = idField(pbf, end);
    else if (field === 2) record.spanId = idField(pbf, end);
    else if (field === 4) record.parentSpanId = idField(pbf, end);
    else if (field === 5) record.name = textField(pbf, end);
    else if (field === 7) record.startTime = timeField(pbf);
    else if (field === 9) readEntry(pbf, endOf(pbf, end), record.attributes);
    else if (field === 11) readEvent(pbf, endOf(pbf, end), record.attributes);
  }

  private logField(pbf: PbfReader, end: number, field: number): void {
    const { record } = this;
    if (field === 1 || field === 11) {
      const time = timeField(pbf);
      // The time of the event comes before the time it was observed.
      if (time > 0 && (field === 1 || record.startTime === undefined)) record.startTime = time;
    } else if (field === 5) this.event.body = readValue(pbf, endOf(pbf, end), 0);
    else if (field === 6) readEntry(pbf, endOf(pbf, end), record.attributes);
    else if (field === 9) record.traceId = idField(pbf, end);
    else if (field === 10) record.parentSpanId = idField(pbf, end);
    else if (field === 12) this.event.eventName = textField(pbf, end) || undefined;
  }
}

/**
 * What the innermost record is: a span has a trace id of 16 bytes and an id of 8 in its first fields, where a log record
 * has a time and a severity. Metrics are neither.
 */
export function recordKind(bytes: Uint8Array, from: number, end: number): "span" | "log" | undefined {
  // Every known encoder writes fields in order.
  if (end - from >= 28 && bytes[from] === 0x0a && bytes[from + 1] === 16 && bytes[from + 18] === 0x12) {
    return bytes[from + 19] === 8 ? "span" : undefined;
  }
  const pbf = new PbfReader(bytes);
  pbf.pos = from;
  let isSpan = false;
  let isLog = false;
  eachField(pbf, end, (field) => {
    if (field === 2 && pbf.type === bytesType) isSpan = bytesField(pbf, end).length === 8;
    else if ((field === 1 || field === 11) && pbf.type === fixed64Type) isLog = true;
  });
  return isLog ? "log" : isSpan ? "span" : undefined;
}

function readEntry(pbf: PbfReader, end: number, attributes: KnownAttributes): void {
  let key = "";
  eachField(pbf, end, (field) => {
    if (field === 1) key = textField(pbf, end);
    else if (field === 2 && attributes.knows(key)) attributes.set(key, readValue(pbf, endOf(pbf, end), 0));
  });
}

function readValue(pbf: PbfReader, end: number, depth: number): unknown {
  let value: unknown;
  if (depth > valueDepthMax) {
    pbf.pos = end;
    return undefined;
  }
  eachField(pbf, end, (field) => {
    if (field === 1) value = textField(pbf, end);
    else if (field === 2 && pbf.type === 0) value = pbf.readBoolean();
    else if (field === 3 && pbf.type === 0) value = pbf.readVarint(true);
    else if (field === 4 && pbf.type === fixed64Type) value = pbf.readDouble();
    else if (field === 5) value = readList(pbf, endOf(pbf, end), depth);
    else if (field === 6) value = Object.fromEntries(readEntries(pbf, endOf(pbf, end), depth));
  });
  return value;
}

function readList(pbf: PbfReader, end: number, depth: number): unknown[] {
  const items: unknown[] = [];
  eachField(pbf, end, (field) => {
    if (field === 1) items.push(readValue(pbf, endOf(pbf, end), depth + 1));
  });
  return items;
}

function readEntries(pbf: PbfReader, end: number, depth: number): [string, unknown][] {
  const entries: [string, unknown][] = [];
  eachField(pbf, end, (field) => {
    if (field === 1) entries.push(entryOf(pbf, endOf(pbf, end), depth + 1));
  });
  return entries;
}

function readEvent(pbf: PbfReader, end: number, attributes: KnownAttributes): void {
  let name = "";
  const found = new Map<string, unknown>();
  eachField(pbf, end, (field) => {
    if (field === 2) name = textField(pbf, end);
    else if (field === 3 && isAnswerEvent(name)) found.set(...entryOf(pbf, endOf(pbf, end), 0));
  });
  if (found.size > 0) readAnswers(attributes, [{ name, attributes: Object.fromEntries(found) }]);
}

function entryOf(pbf: PbfReader, end: number, depth: number): [string, unknown] {
  let key = "";
  let value: unknown;
  eachField(pbf, end, (field) => {
    if (field === 1) key = textField(pbf, end);
    else if (field === 2) value = readValue(pbf, endOf(pbf, end), depth);
  });
  return [key, value];
}
