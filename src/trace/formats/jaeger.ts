import { asList, asObject, asText, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { KnownAttributes } from "./otel/attributes.js";
import { blankSpan, noResource, resourceOf, type SpanRecord, type SpanResource, spanIdOf } from "./otel/span-record.js";
import { SpanTraces } from "./spans.js";

/** Jaeger's JSON: `{data: [{traceID, spans, processes}]}` as its interface saves it, or such traces alone. */
export const jaeger: TraceFormat = {
  id: "jaeger",
  title: "Jaeger",
  detect,
  open: (input, sink) => new JaegerReader(input, sink),
};

function detect(probe: Probe): number {
  for (const record of firstRecords(probe.records)) {
    const traces = tracesOf(record);
    if (traces.length > 0 && traces.every(isTrace)) return 1;
  }
  return 0;
}

function tracesOf(record: JsonObject): readonly JsonObject[] {
  return recordsIn(asList(record["data"]) ?? record);
}

function isTrace(record: JsonObject): boolean {
  if (typeof record["traceID"] !== "string") return false;
  const spans = asList(record["spans"]);
  return spans !== undefined && (spans.length === 0 || asObject(spans[0])?.["spanID"] !== undefined);
}

class JaegerReader implements RecordReader {
  private readonly traces: SpanTraces;
  private readonly span: SpanRecord = blankSpan();
  private readonly attributes = new KnownAttributes();

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.traces = new SpanTraces(input.name, sink);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    const traces = recordsIn(value).flatMap(tracesOf);
    if (traces.length === 0) this.sink.bad(raw.line, "a trace of Jaeger is an object with `traceID` and `spans`");
    for (const trace of traces) {
      const spans = asList(trace["spans"]);
      if (spans === undefined) this.sink.bad(raw.line, "a trace of Jaeger needs `spans`");
      else this.readTrace(trace, spans, raw.line);
    }
  }

  end(): void {
    this.traces.end();
  }

  private readTrace(trace: JsonObject, spans: readonly unknown[], line: number): void {
    const resources = this.resourcesOf(asObject(trace["processes"]));
    for (const item of spans) {
      const source = asObject(item);
      if (source === undefined) {
        this.sink.bad(line, "a span of Jaeger is an object");
        continue;
      }
      const { span } = this;
      span.attributes.clear();
      span.traceId = spanIdOf(source["traceID"] ?? trace["traceID"]);
      span.spanId = spanIdOf(source["spanID"]);
      span.parentSpanId = spanIdOf(source["parentSpanID"]) || parentOf(source, span.traceId);
      span.name = asText(source["operationName"]) ?? "";
      span.startTime = source["startTime"];
      span.line = line;
      span.resource = resources.get(asText(source["processID"]) ?? "") ?? this.ownResource(asObject(source["process"]));
      if (!span.attributes.read(source["tags"])) this.sink.bad(line, "the `tags` of a span are a list");
      this.traces.take(span);
    }
  }

  private resourcesOf(processes: JsonObject | undefined): ReadonlyMap<string, SpanResource> {
    const entries = Object.entries(processes ?? {});
    return new Map(entries.map(([id, program]) => [id, this.ownResource(asObject(program))]));
  }

  private ownResource(program: JsonObject | undefined): SpanResource {
    if (program === undefined) return noResource;
    this.attributes.clear();
    this.attributes.read(program["tags"]);
    return resourceOf(this.attributes, asText(program["serviceName"]));
  }
}

function parentOf(span: JsonObject, traceId: string): string {
  const parents = recordsIn(span["references"]).filter(
    (each) => each["refType"] === "CHILD_OF" && spanIdOf(each["traceID"] ?? traceId) === traceId,
  );
  return spanIdOf(parents[0]?.["spanID"]);
}
