import { cutAfterBytes } from "../../limits.js";
import { asList, asObject, asText, firstRecords, type JsonObject } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { KnownAttributes, plainValue } from "./otel/attributes.js";
import { cutSpans } from "./otel/cut-spans.js";
import { readAnswers } from "./otel/span-events.js";
import { blankSpan, noResource, resourceOf, type SpanRecord, type SpanResource, spanIdOf } from "./otel/span-record.js";
import { ToolEvents } from "./otel/tool-events.js";
import { SpanTraces } from "./spans.js";

/**
 * OTLP/JSON: requests of the trace and log services, one a line as the file exporter of the Collector writes them, one
 * document, or a list. Names in camelCase or snake_case, ids in hex or base64.
 */
export const otlp: TraceFormat = {
  id: "otlp",
  title: "OpenTelemetry (OTLP/JSON)",
  detect,
  open: (input, sink) => new OtlpReader(input, sink),
};

const requestKeys = ["resourceSpans", "resource_spans", "resourceLogs", "resource_logs"] as const;

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    if (requestKeys.some((key) => asList(record[key]) !== undefined)) return 1;
    if (asList(metricsOf(record)) !== undefined) score = 0.5;
  }
  return score;
}

function metricsOf(request: JsonObject): unknown {
  return request["resourceMetrics"] ?? request["resource_metrics"];
}

export class OtlpReader implements RecordReader {
  private readonly resources: OtlpResources;
  private bytes = 0;

  /** `cutAfter`: bytes that are parsed before requests go to the cutter. */
  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
    private readonly cutAfter = cutAfterBytes,
  ) {
    this.resources = new OtlpResources(input, sink);
  }

  push(raw: RawRecord): void {
    this.bytes += raw.bytes.length;
    if (this.bytes > this.cutAfter && this.resources.readBytes(raw.bytes, raw.line)) return;
    const value = raw.parse();
    if (value === undefined) return;
    for (const item of asList(value) ?? [value]) {
      const request = asObject(item);
      if (request === undefined) this.sink.bad(raw.line, "an OTLP request is a JSON object");
      else if (!this.resources.readRequest(request, raw.line) && metricsOf(request) === undefined) {
        this.sink.bad(raw.line, "an OTLP request needs `resourceSpans` or `resourceLogs`");
      }
    }
  }

  end(): void {
    this.resources.end();
  }
}

/** Reads what OTLP nests below resources; also for Tempo, which has other names for the outermost list. */
export class OtlpResources {
  private readonly traces: SpanTraces;
  private readonly events: ToolEvents;
  private readonly span: SpanRecord = blankSpan();
  private readonly attributes = new KnownAttributes();
  private badLine = 0;

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.traces = new SpanTraces(input.name, sink);
    this.events = new ToolEvents(input.name, sink, this.traces);
  }

  /** A request of spans as it stands in the file; false when nothing was read of it, because only parsing tells what it is. */
  readBytes(request: Uint8Array, line: number): boolean {
    return cutSpans()?.read(request, line, this.traces) === true;
  }

  /** False when it holds neither spans nor logs. */
  readRequest(request: JsonObject, line: number): boolean {
    const spans = request["resourceSpans"] ?? request["resource_spans"];
    const logs = request["resourceLogs"] ?? request["resource_logs"];
    if (spans !== undefined) this.readSpans(spans, line);
    if (logs !== undefined) this.readLogs(logs, line);
    return spans !== undefined || logs !== undefined;
  }

  readSpans(resources: unknown, line: number): void {
    for (const each of this.objects(resources, "`resourceSpans`", line)) {
      const resource = this.resource(each["resource"]);
      const scopes = scopesOf(each, ["scopeSpans", "scope_spans", "instrumentationLibrarySpans"]);
      for (const scope of this.objects(scopes, "`scopeSpans`", line)) {
        for (const span of this.objects(scope["spans"], "`spans`", line)) this.readSpan(span, resource, line);
      }
    }
  }

  end(): void {
    this.events.end();
    this.traces.end();
  }

  private readLogs(resources: unknown, line: number): void {
    for (const each of this.objects(resources, "`resourceLogs`", line)) {
      const resource = this.resource(each["resource"]);
      for (const scope of this.objects(scopesOf(each, ["scopeLogs", "scope_logs"]), "`scopeLogs`", line)) {
        const records = scope["logRecords"] ?? scope["log_records"];
        for (const log of this.objects(records, "`logRecords`", line)) this.readLog(log, resource, line);
      }
    }
  }

  private readSpan(source: JsonObject, resource: SpanResource, line: number): void {
    const { span } = this;
    span.attributes.clear();
    span.traceId = spanIdOf(source["traceId"] ?? source["trace_id"]);
    span.spanId = spanIdOf(source["spanId"] ?? source["span_id"]);
    span.parentSpanId = spanIdOf(source["parentSpanId"] ?? source["parent_span_id"]);
    span.name = asText(source["name"]) ?? "";
    span.startTime = source["startTimeUnixNano"] ?? source["start_time_unix_nano"];
    span.line = line;
    span.resource = resource;
    if (!span.attributes.read(source["attributes"])) this.bad(line, "the `attributes` of a span are a list");
    const events = asList(source["events"]);
    if (events !== undefined && events.length > 0) readAnswers(span.attributes, events);
    this.traces.take(span);
  }

  private readLog(log: JsonObject, resource: SpanResource, line: number): void {
    const { span } = this;
    span.attributes.clear();
    span.traceId = spanIdOf(log["traceId"] ?? log["trace_id"]);
    span.spanId = "";
    span.parentSpanId = spanIdOf(log["spanId"] ?? log["span_id"]);
    span.name = "";
    const observed = log["observedTimeUnixNano"] ?? log["observed_time_unix_nano"];
    const time = log["timeUnixNano"] ?? log["time_unix_nano"];
    span.startTime = time === undefined || time === "0" || time === 0 ? observed : time;
    span.line = line;
    span.resource = resource;
    if (!span.attributes.read(log["attributes"])) this.bad(line, "the `attributes` of a log record are a list");
    const eventName = asText(log["eventName"] ?? log["event_name"]);
    this.events.take(span, { eventName, body: plainValue(log["body"]) });
  }

  private resource(value: unknown): SpanResource {
    const attributes = asObject(value)?.["attributes"];
    if (attributes === undefined) return noResource;
    this.attributes.clear();
    this.attributes.read(attributes);
    return resourceOf(this.attributes);
  }

  /** The objects of a list; what is none is reported. */
  private objects(value: unknown, what: string, line: number): readonly JsonObject[] {
    const list = asList(value);
    if (list === undefined) {
      if (value !== undefined && value !== null) this.bad(line, `${what} of an OTLP request is a list`);
      return [];
    }
    if (list.every((item) => asObject(item) !== undefined)) return list as readonly JsonObject[];
    this.bad(line, `${what} of an OTLP request holds objects`);
    return list.map(asObject).filter((item) => item !== undefined);
  }

  /** A line is reported once. */
  private bad(line: number, message: string): void {
    if (this.badLine === line) return;
    this.badLine = line;
    this.sink.bad(line, message);
  }
}

function scopesOf(resource: JsonObject, names: readonly string[]): unknown {
  for (const name of names) if (resource[name] !== undefined) return resource[name];
  return resource["instrumentation_library_spans"];
}
