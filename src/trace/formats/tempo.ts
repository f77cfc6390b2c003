import { asList, asObject, firstRecords, type JsonObject } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { OtlpResources } from "./otlp.js";

/** Grafana Tempo: traces by id, as `{batches}` or `{trace: {resourceSpans}}`; below that it is OTLP. */
export const tempo: TraceFormat = {
  id: "tempo",
  title: "Grafana Tempo",
  detect,
  open: (input, sink) => new TempoReader(input, sink),
};

function detect(probe: Probe): number {
  for (const record of firstRecords(probe.records)) {
    const resources = resourcesOf(record);
    if (resources === undefined) continue;
    const first = asObject(resources[0]);
    if (first === undefined) return resources.length === 0 ? 0.5 : 0;
    const keys = ["scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans"];
    return keys.some((key) => asList(first[key]) !== undefined) ? 1 : 0;
  }
  return 0;
}

function resourcesOf(record: JsonObject): readonly unknown[] | undefined {
  const trace = asObject(record["trace"]);
  return asList(record["batches"]) ?? asList(trace?.["resourceSpans"]) ?? asList(trace?.["batches"]);
}

class TempoReader implements RecordReader {
  private readonly resources: OtlpResources;

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.resources = new OtlpResources(input, sink);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    for (const item of asList(value) ?? [value]) {
      const record = asObject(item);
      const resources = record === undefined ? undefined : resourcesOf(record);
      if (resources === undefined) this.sink.bad(raw.line, "a trace of Tempo needs `batches` or `trace.resourceSpans`");
      else this.resources.readSpans(resources, raw.line);
    }
  }

  end(): void {
    this.resources.end();
  }
}
