import { asList, asObject, asText, firstRecords, type JsonObject } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { KnownAttributes } from "./otel/attributes.js";
import { readAnswers } from "./otel/span-events.js";
import { blankSpan, noResource, resourceOf, type SpanRecord, type SpanResource, spanIdOf } from "./otel/span-record.js";
import { ToolEvents } from "./otel/tool-events.js";
import { SpanTraces } from "./spans.js";

/**
 * Spans one by one, as SDKs and stores dump them: console exporters, Vercel AI, Phoenix, Logfire, ClickHouse; lists, JSON
 * lines, or documents one after another. Also maps of attributes without a span around them, and the log records that
 * Gemini CLI writes to a file.
 */
export const spanArray: TraceFormat = {
  id: "spans",
  title: "OpenTelemetry spans, one by one",
  detect,
  open: (input, sink) => new SpanArrayReader(input, sink),
};

const idKeys = {
  trace: ["traceId", "trace_id", "traceID", "TraceId", "context.trace_id"],
  span: ["spanId", "span_id", "SpanId", "context.span_id", "id"],
  parent: ["parentSpanId", "parent_span_id", "parentId", "parent_id", "ParentSpanId"],
  name: ["name", "span_name", "SpanName", "operationName"],
  time: [
    ...["startTimeUnixNano", "start_time_unix_nano", "startTime", "start_time", "start_timestamp"],
    ...["hrTime", "Timestamp", "timestamp"],
  ],
  attributes: ["attributes", "SpanAttributes", "span_attributes", "tags", "LogAttributes"],
} as const;

/** Keys of attribute maps that stand alone. */
const ownPrefixes = ["gen_ai.", "openinference.", "llm.", "ai.", "mcp.", "traceloop."] as const;

function first(record: JsonObject, keys: readonly string[]): unknown {
  for (const key of keys) if (record[key] !== undefined && record[key] !== null) return record[key];
  return undefined;
}

function contextOf(record: JsonObject): JsonObject | undefined {
  return asObject(record["spanContext"]) ?? asObject(record["context"]) ?? asObject(record["_spanContext"]);
}

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    const wrapped = asList(record["data"]) ?? asList(record["spans"]);
    const items = wrapped === undefined ? [record] : firstRecords(wrapped);
    for (const item of items) score = Math.max(score, scoreOf(item));
    if (score >= 0.95) break;
  }
  return score;
}

function scoreOf(record: JsonObject): number {
  if (isAttributeMap(record)) return 0.95;
  const context = contextOf(record);
  if (!hasAttributes(record)) return 0;
  const traceId = first(context ?? record, idKeys.trace) ?? first(record, idKeys.trace);
  if (asText(traceId) !== undefined && typeof first(record, idKeys.name) === "string") {
    return first(context ?? record, idKeys.span) === undefined ? 0 : 0.9;
  }
  const attributes = asObject(record["attributes"]);
  return attributes !== undefined && (isAttributeMap(attributes) || Object.hasOwn(attributes, "event.name")) ? 0.7 : 0;
}

/** A list must be one of keys and values: what others call tags are plain words. */
function hasAttributes(record: JsonObject): boolean {
  const value = first(record, idKeys.attributes);
  const list = asList(value);
  if (list !== undefined) return typeof asObject(list[0])?.["key"] === "string";
  return value === undefined ? flattened(record) : asObject(value) !== undefined || typeof value === "string";
}

function isAttributeMap(record: JsonObject): boolean {
  return Object.keys(record).some((key) => key.includes(".") && ownPrefixes.some((prefix) => key.startsWith(prefix)));
}

/** Columns of a data frame: `attributes.tool.name` and the like. */
function flattened(record: JsonObject): boolean {
  return Object.keys(record).some((key) => key.startsWith("attributes."));
}

class SpanArrayReader implements RecordReader {
  private readonly traces: SpanTraces;
  private readonly events: ToolEvents;
  private readonly span: SpanRecord = blankSpan();
  private readonly attributes = new KnownAttributes();

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.traces = new SpanTraces(input.name, sink);
    this.events = new ToolEvents(input.name, sink, this.traces);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    for (const item of asList(value) ?? [value]) {
      const record = asObject(item);
      if (record === undefined) this.sink.bad(raw.line, "a span is a JSON object");
      else {
        const wrapped = asList(record["data"]) ?? asList(record["spans"]);
        // A span may hold a list under such a key, too.
        if (wrapped === undefined || scoreOf(record) > 0) this.read(record, raw.line);
        for (const each of wrapped ?? []) this.readWrapped(each, raw.line);
      }
    }
  }

  end(): void {
    this.events.end();
    this.traces.end();
  }

  private readWrapped(item: unknown, line: number): void {
    const record = asObject(item);
    if (record === undefined) this.sink.bad(line, "a span is a JSON object");
    else this.read(record, line);
  }

  private read(record: JsonObject, line: number): void {
    const context = contextOf(record) ?? record;
    const { span } = this;
    span.attributes.clear();
    span.traceId = spanIdOf(first(context, idKeys.trace) ?? first(record, idKeys.trace));
    span.spanId = spanIdOf(first(context, idKeys.span) ?? (context === record ? undefined : first(record, idKeys.span)));
    const parent = asObject(record["parentSpanContext"]);
    span.parentSpanId = spanIdOf(parent?.["spanId"] ?? first(record, idKeys.parent));
    span.name = asText(first(record, idKeys.name)) ?? "";
    span.startTime = first(record, idKeys.time);
    span.line = line;
    span.resource = this.resourceOf(record);
    this.readAttributes(record, line);
    if (span.name === "" && this.readEvent(record)) return;
    const events = asList(record["events"]);
    if (events !== undefined) readAnswers(span.attributes, events);
    this.traces.take(span);
  }

  private readAttributes(record: JsonObject, line: number): void {
    const { attributes } = this.span;
    const value = first(record, idKeys.attributes);
    if (!attributes.read(value)) this.sink.bad(line, "the `attributes` of a span are a map or a list");
    if (value !== undefined) {
      // Phoenix keeps the kind of a span beside its attributes.
      if (typeof record["span_kind"] === "string") attributes.set("openinference.span.kind", record["span_kind"]);
      return;
    }
    for (const key of Object.keys(record)) {
      attributes.set(key.startsWith("attributes.") ? key.slice("attributes.".length) : key, record[key]);
    }
    if (flattened(record) && typeof record["span_kind"] === "string") {
      attributes.set("openinference.span.kind", record["span_kind"]);
    }
  }

  /** A log record has no name; it says in a body or an attribute what it tells of. */
  private readEvent(record: JsonObject): boolean {
    const { span } = this;
    const event = { eventName: asText(record["eventName"] ?? record["EventName"]), body: record["body"] ?? record["Body"] };
    const { spanId, parentSpanId } = span;
    span.spanId = "";
    span.parentSpanId = spanId;
    if (this.events.take(span, event)) return true;
    span.spanId = spanId;
    span.parentSpanId = parentSpanId;
    return false;
  }

  private resourceOf(record: JsonObject): SpanResource {
    const resource = asObject(record["resource"]) ?? asObject(record["_resource"]);
    const attributes = resource?.["attributes"] ?? resource?.["_attributes"] ?? record["ResourceAttributes"];
    const service = asText(record["ServiceName"] ?? record["service_name"]);
    if (attributes === undefined) return service === undefined ? noResource : { ...noResource, service };
    this.attributes.clear();
    this.attributes.read(attributes);
    return resourceOf(this.attributes, service);
  }
}
