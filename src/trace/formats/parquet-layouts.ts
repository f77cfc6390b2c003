import { asObject, type JsonObject, parsedJson } from "../json.js";
import type { InputMeta, TraceSink } from "../reader.js";
import { columnKeys } from "./csv.js";
import { EventRules, eventKeys } from "./events.js";
import { LangfuseObservations } from "./langfuse-observations.js";
import { RunReader } from "./langsmith.js";

/** What the columns of a table mean. */
export interface TableLayout {
  /** Columns to read. */
  readonly columns: readonly string[];
  readonly toolColumn: string;
  /** Columns with the arguments of calls. */
  readonly argumentColumns: readonly string[];
  read(row: JsonObject, line: number): void;
  end(): void;
}

/** By the columns a table has; a column the user named decides. undefined: no column holds tool names. */
export function layoutOf(columns: readonly string[], input: InputMeta, sink: TraceSink): TableLayout | undefined {
  const has = (...names: readonly string[]) => names.every((name) => columns.includes(name));
  if (input.fields?.tool === undefined) {
    if (has("run_type", "name")) return langSmithRuns(columns, input, sink);
    if (has("trace_id", "type", "name", "start_time")) return langfuseRows(columns, sink);
  }
  return eventRows(columns, input, sink);
}

function among(columns: readonly string[], wanted: readonly string[]): readonly string[] {
  return wanted.filter((name) => columns.includes(name));
}

function langfuseRows(columns: readonly string[], sink: TraceSink): TableLayout {
  const observations = new LangfuseObservations(sink);
  const keys = ["id", "trace_id", "parent_observation_id", "type", "name", "start_time", "session_id", "metadata"];
  const asked = ["tool_call_names", "tool_calls"];
  return {
    columns: among(columns, [...keys, ...asked]),
    toolColumn: "name",
    argumentColumns: among(columns, ["input"]),
    read: (row, line) => observations.add(row, line),
    end: () => observations.end(),
  };
}

/** LangSmith's bulk export. What models asked for stands in a column that is too large to be read for it. */
function langSmithRuns(columns: readonly string[], input: InputMeta, sink: TraceSink): TableLayout {
  const runs = new RunReader(input.name, sink);
  return {
    columns: among(columns, ["id", "trace_id", "dotted_order", "name", "run_type", "start_time", "extra"]),
    toolColumn: "name",
    argumentColumns: among(columns, ["inputs"]),
    read: (row, line) => runs.read(row, line),
    end: () => runs.end(),
  };
}

/** A call a row, under the keys of plain events. A field `a.b` is the field `b` of the column `a`, a struct or JSON. */
function eventRows(columns: readonly string[], input: InputMeta, sink: TraceSink): TableLayout | undefined {
  const paths = new Map<string, readonly string[]>();
  columnKeys(columns, input.fields).forEach((key, at) => {
    if (!paths.has(key)) paths.set(key, [columns[at]!]);
  });
  for (const field of Object.values(input.fields ?? {}) as readonly (string | undefined)[]) {
    const path = field?.split(".") ?? [];
    if (field !== undefined && !paths.has(field) && columns.includes(path[0]!)) paths.set(field, path);
  }
  const keys = eventKeys(input.fields);
  const tool = [...keys.tool, ...keys.tools].find((key) => paths.has(key));
  if (tool === undefined) return undefined;
  const read = Object.values(keys)
    .flat()
    .filter((key) => paths.has(key));
  const args = ["args", "arguments", "input", "tool_input", "parameters"].filter((key) => paths.has(key));
  const rules = new EventRules(input, sink);
  const wanted = [...read, ...args].map((key) => [key, paths.get(key)!] as const);
  const named = wanted.every(([key, path]) => path.length === 1 && path[0] === key);
  return {
    columns: [...new Set(read.map((key) => paths.get(key)![0]!))],
    toolColumn: paths.get(tool)![0]!,
    argumentColumns: args.map((key) => paths.get(key)![0]!),
    read(row, line) {
      if (named) {
        rules.read(row, line);
        return;
      }
      const event = Object.create(null) as Record<string, unknown>;
      for (const [key, path] of wanted) event[key] = valueAt(row, path) ?? null;
      rules.read(event, line);
    },
    end: () => {},
  };
}

function valueAt(row: JsonObject, path: readonly string[]): unknown {
  let value: unknown = row;
  for (const key of path) {
    const record = asObject(parsedJson(value));
    value = record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
  }
  return value;
}
