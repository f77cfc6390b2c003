import { asObject, asText, firstRecords, type JsonObject, recordsIn } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { EventRules, eventKeys } from "./events.js";

/**
 * Decision logs as Open Policy Agent and what follows it write them: `{decision_id, input, result, timestamp}` a line or in lists.
 * What was asked stands in `input`: a plain event, or an MCP request with the tool in `params.name`. A decision is a call.
 */
export const decisionLog: TraceFormat = {
  id: "decision-log",
  title: "decision log",
  detect,
  open: (input, sink) => new DecisionReader(input, sink),
};

function detect(probe: Probe): number {
  const keys = eventKeys(probe.fields);
  const isDecision = (record: JsonObject) => {
    const input = askedOf(record);
    return input !== undefined && [...keys.tool, ...keys.tools].some((key) => Object.hasOwn(input, key));
  };
  return firstRecords(probe.records).some((record) => isDecision(record)) ? 0.9 : 0;
}

/** What was asked, with the tool where a plain event has it; undefined for records that are no decisions. */
function askedOf(record: JsonObject): JsonObject | undefined {
  const input = asObject(record["input"]);
  if (input === undefined || asText(record["decision_id"]) === undefined) return undefined;
  const params = asObject(input["params"]);
  return input["method"] === "tools/call" && params !== undefined ? { ...input, tool: params["name"] } : input;
}

class DecisionReader implements RecordReader {
  private readonly rules: EventRules;

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.rules = new EventRules(input, sink);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    const records = recordsIn(value);
    if (records.length === 0) this.sink.bad(raw.line, "a decision is a JSON object");
    for (const record of records) this.read(record, raw.line);
  }

  end(): void {}

  private read(record: JsonObject, line: number): void {
    const input = asObject(record["input"]);
    if (input === undefined) {
      this.sink.bad(line, "a decision needs an `input`");
      return;
    }
    // The time and the id of the decision count where the question has none of its own.
    const { decision_id, timestamp, result, decision } = record;
    this.rules.read({ timestamp, call_id: decision_id, ...(askedOf(record) ?? input), result, decision }, line);
  }
}
