import { asList, asObject, asText, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";
import { LangfuseObservations, typeOf } from "./langfuse-observations.js";

/**
 * Langfuse: the download of a trace (`{trace, observations}`), a trace or a list of observations from the API
 * (`{data: [...]}`), and exports with a trace or an observation per line.
 */
export const langfuse: TraceFormat = {
  id: "langfuse",
  title: "Langfuse export",
  detect,
  open: (_, sink) => new LangfuseReader(sink),
};

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    const list = asList(record["data"]);
    score = Math.max(score, ...(list === undefined ? [record] : firstRecords(list)).map(scoreOf));
  }
  return score;
}

const types: ReadonlySet<unknown> = new Set([
  ...["SPAN", "GENERATION", "EVENT", "TOOL", "AGENT", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL"],
]);

export function isObservation(record: JsonObject): boolean {
  const trace = asText(record["traceId"]) ?? asText(record["trace_id"]);
  const dated = Object.hasOwn(record, "startTime") || Object.hasOwn(record, "start_time");
  return trace !== undefined && dated && types.has(typeOf(record));
}

function scoreOf(record: JsonObject): number {
  const list = asList(record["observations"]);
  if (list !== undefined && (asObject(record["trace"]) !== undefined || firstRecords(list, 1).some(isObservation))) return 1;
  if (isObservation(record)) return 0.95;
  return isTrace(record) ? 0.6 : 0;
}

/** A trace by itself, as the API or an export lists it. */
function isTrace(record: JsonObject): boolean {
  const owned = Object.hasOwn(record, "projectId") || Object.hasOwn(record, "project_id");
  return owned && asText(record["id"]) !== undefined && Object.hasOwn(record, "timestamp") && Object.hasOwn(record, "tags");
}

class LangfuseReader implements RecordReader {
  private readonly observations: LangfuseObservations;

  constructor(private readonly sink: TraceSink) {
    this.observations = new LangfuseObservations(sink);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    const records = recordsIn(value);
    if (records.length === 0 && asList(value)?.length !== 0) this.sink.bad(raw.line, "an observation is a JSON object");
    for (const record of records) this.read(record, raw.line);
  }

  end(): void {
    this.observations.end();
  }

  private read(record: JsonObject, line: number): void {
    const list = asList(record["data"]);
    if (list !== undefined) {
      for (const each of recordsIn(list)) this.read(each, line);
      return;
    }
    const trace = asObject(record["trace"]) ?? record;
    const inner = asList(record["observations"]) ?? asList(trace["observations"]);
    if (inner === undefined && !isTrace(trace)) {
      this.observations.add(record, line);
      return;
    }
    const id = asText(trace["id"]);
    const session = asText(trace["sessionId"]) ?? asText(trace["session_id"]);
    if (id !== undefined) this.sink.trace(id, { timeMs: parseTime(trace["timestamp"]) });
    for (const each of recordsIn(inner ?? [])) this.observations.add({ traceId: id, ...each }, line, session);
  }
}
