import { asList, asObject, asText, asToolName, firstRecords, type JsonObject } from "../json.js";
import type { CallDecision, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";

/**
 * What a registry kept of recorded runs, one call a line, as it gives them out again: with the trace and the session of each call, and
 * lines without a tool for traces that never called one. Keys are those of plain events.
 */
export const storedRuns: TraceFormat = {
  id: "stored-runs",
  title: "runs stored in a registry",
  splittable: true,
  detect,
  open: (_, sink) => new StoredRunReader(sink),
};

/** Marks each line. */
export const storedRunSchema = "smoltbot.runs/1";

/** One line. */
export interface StoredRunLine {
  readonly schema: typeof storedRunSchema;
  readonly agent_id: string;
  readonly trace_id: string;
  /** What it was recorded in. */
  readonly format: string;
  readonly session_id?: string;
  readonly tool?: string;
  readonly call_id?: string | undefined;
  /** Epoch milliseconds; absent where the recording had no time. */
  readonly timestamp?: number | undefined;
  readonly subagent?: true | undefined;
  readonly decision?: CallDecision | undefined;
}

function detect(probe: Probe): number {
  return firstRecords(probe.records).some(({ schema }) => schema === storedRunSchema) ? 1 : 0;
}

const decisions: ReadonlySet<unknown> = new Set<CallDecision>(["denied", "approved", "escalated"]);

class StoredRunReader implements RecordReader {
  constructor(private readonly sink: TraceSink) {}

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    for (const item of asList(value) ?? [value]) {
      const record = asObject(item);
      if (record?.["schema"] === storedRunSchema) this.read(record, raw.line);
      else this.sink.bad(raw.line, `a stored run has \`"schema": "${storedRunSchema}"\``);
    }
  }

  end(): void {}

  private read(record: JsonObject, line: number): void {
    const agent = asText(record["agent_id"]);
    const id = record["trace_id"];
    const format = record["format"];
    if (agent === undefined || typeof id !== "string" || typeof format !== "string") {
      this.sink.bad(line, "a stored run has an `agent_id`, a `trace_id` and a `format`");
      return;
    }
    const { timestamp } = record;
    const timeMs = typeof timestamp === "number" && Number.isFinite(timestamp) ? timestamp : undefined;
    // Runs of several formats may have one id.
    const around = `${agent}\u0000${format}\u0000`;
    const trace = around + id;
    this.sink.trace(trace, { id, agent, timeMs });
    if (!Object.hasOwn(record, "tool")) return;
    const sessionId = record["session_id"];
    const session = around + (typeof sessionId === "string" ? sessionId : id);
    const callId = record["call_id"];
    const decision = this.sink.decisions === true && decisions.has(record["decision"]) ? record["decision"] : undefined;
    this.sink.call({
      trace,
      session,
      scope: session,
      callId: typeof callId === "string" ? callId : undefined,
      tool: asToolName(record["tool"]),
      timeMs,
      agent,
      subagent: record["subagent"] === true,
      decision: decision as CallDecision | undefined,
      line,
    });
  }
}
