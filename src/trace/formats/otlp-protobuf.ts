import { traceLineBytesMax } from "../../limits.js";
import type { BlobFormat, BlobSource, InputMeta, TraceSink } from "../reader.js";
import { blankSpan } from "./otel/span-record.js";
import { ToolEvents } from "./otel/tool-events.js";
import { BlockDecoder, recordKind } from "./otel/wire.js";
import { SpanTraces } from "./spans.js";

/**
 * OTLP in protobuf: trace and log requests, as the body of a POST, or many in a file, each after its length: four bytes,
 * big-endian, as the file exporter of the Collector writes them, or a varint. Lines are blocks (`ResourceSpans`), from 1.
 */
export const otlpProtobuf: BlobFormat = {
  id: "otlp-protobuf",
  title: "OpenTelemetry (OTLP protobuf)",
  detect: (head) => (framingOf(head) === undefined ? 0 : 1),
  read: (blob, input, sink) => new ProtobufReading(blob, input, sink).run(),
};

/** `bare`: the input is one message; protobuf joins messages that follow one another. */
type MessageFraming = "bare" | "fixed" | "varint";

/** The tag of `resource_spans` and `resource_logs`: field 1, length-delimited. */
const blockTag = 0x0a;

function framingOf(head: Uint8Array): MessageFraming | undefined {
  const fixed = head.length >= 5 && head[4] === blockTag ? fixedAt(head, 0) : 0;
  if (fixed > 1 && startsBlock(head, 4, 4 + fixed)) return "fixed";
  if (startsBlock(head, 0, Number.MAX_SAFE_INTEGER)) return "bare";
  const length = varintAt(head, 0);
  return length !== undefined && startsBlock(head, length.next, length.next + length.value) ? "varint" : undefined;
}

/**
 * Whether a block starts here, as strictly as the bytes allow: field lengths that fit into each other down to the first
 * record, which must be a span or a log record. A line feed is the same byte as the tag, so that text must not pass.
 */
function startsBlock(head: Uint8Array, from: number, end: number): boolean {
  const block = messageAt(head, from, end, blockTag);
  if (block === undefined) return false;
  // The resource comes first; when it alone is longer than the head, its attributes must be key and value.
  const resource = messageAt(head, block.from, block.to, 0x0a);
  if (resource !== undefined && resource.to > head.length) return startsAttribute(head, resource.from, resource.to);
  const scopes = messageAt(head, resource?.to ?? block.from, block.to, 0x12);
  if (scopes === undefined) return false;
  const scope = messageAt(head, scopes.from, scopes.to, 0x0a);
  const record = messageAt(head, scope?.to ?? scopes.from, scopes.to, 0x12);
  if (record === undefined) return false;
  // A record that goes on beyond the head is told by its first fields.
  const known = Math.min(record.to, head.length);
  if (record.to > head.length && known - record.from < 28) return false;
  try {
    return recordKind(head, record.from, known) !== undefined;
  } catch {
    return head[record.from] === 0x09;
  }
}

function startsAttribute(head: Uint8Array, from: number, end: number): boolean {
  const attribute = messageAt(head, from, end, 0x0a);
  const key = attribute === undefined ? undefined : messageAt(head, attribute.from, attribute.to, 0x0a);
  if (key === undefined || key.to > head.length) return false;
  const value = messageAt(head, key.to, attribute!.to, 0x12);
  return value !== undefined && head.subarray(key.from, key.to).every((byte) => byte > 0x20 && byte < 0x7f);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function messageAt(bytes: Uint8Array, at: number, end: number, tag: number): Range | undefined {
  if (bytes[at] !== tag) return undefined;
  const length = varintAt(bytes, at + 1);
  if (length === undefined || length.next + length.value > end) return undefined;
  return { from: length.next, to: length.next + length.value };
}

function fixedAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Lengths have five bytes at most. */
function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return undefined;
}

const windowBytes = 1024 * 1024;

class ProtobufReading {
  private readonly traces: SpanTraces;
  private readonly decoder: BlockDecoder;
  private readonly events: ToolEvents;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;
  private blocks = 0;

  constructor(
    private readonly blob: BlobSource,
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.traces = new SpanTraces(input.name, sink);
    this.events = new ToolEvents(input.name, sink, this.traces);
    this.decoder = new BlockDecoder(blankSpan(), {
      span: (record) => this.traces.take(record),
      log: (record, event) => this.events.take(record, event),
    });
  }

  async run(): Promise<void> {
    const framing = framingOf(await this.bytes(0, 4096));
    const total = this.blob.byteLength;
    if (framing === undefined) this.sink.bad(1, "the input is not an OTLP request");
    else if (framing === "bare") await this.readMessage(0, total);
    else {
      for (let at = 0; at < total; ) {
        const message = await this.messageFrom(at, framing);
        if (message === undefined || message.to > total) {
          this.sink.bad(this.blocks + 1, "the input ends in the middle of a request");
          break;
        }
        await this.readMessage(message.from, message.to);
        at = message.to;
      }
    }
    this.events.end();
    this.traces.end();
  }

  private async messageFrom(at: number, framing: MessageFraming): Promise<Range | undefined> {
    const header = await this.bytes(at, 5);
    if (framing === "fixed") return header.length < 4 ? undefined : { from: at + 4, to: at + 4 + fixedAt(header, 0) };
    const length = varintAt(header, 0);
    return length === undefined ? undefined : { from: at + length.next, to: at + length.next + length.value };
  }

  private async readMessage(from: number, to: number): Promise<void> {
    for (let at = from; at < to; ) {
      this.blocks++;
      const header = await this.bytes(at, 6);
      const block = messageAt(header, 0, to - at, blockTag);
      if (block === undefined) {
        this.sink.bad(this.blocks, "is cut or no block of an OTLP request; the rest of the request was skipped");
        return;
      }
      if (block.to - block.from > traceLineBytesMax) this.sink.bad(this.blocks, "the block is too long");
      else this.readBlock(await this.bytes(at + block.from, block.to - block.from));
      at += block.to;
    }
  }

  private readBlock(bytes: Uint8Array): void {
    try {
      this.decoder.read(bytes, this.blocks);
    } catch {
      this.sink.bad(this.blocks, "the block is damaged; what stands before the damage was read");
    }
  }

  /** Fewer at the end of the input. */
  private async bytes(at: number, length: number): Promise<Uint8Array> {
    const to = Math.min(at + length, this.blob.byteLength);
    const from = at - this.windowStart;
    if (from < 0 || to - this.windowStart > this.window.length) {
      const ahead = Math.min(Math.max(at + windowBytes, to), this.blob.byteLength);
      this.window = await this.blob.slice(at, ahead);
      this.windowStart = at;
    }
    return this.window.subarray(at - this.windowStart, to - this.windowStart);
  }
}
