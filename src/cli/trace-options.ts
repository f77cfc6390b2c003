import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import { quoteText } from "../diagnostics/escape.js";
import { suggest } from "../diagnostics/suggest.js";
import { traceWorkersMax } from "../limits.js";
import type { ReadOptions } from "../trace/io/options.js";
import type { FieldNames } from "../trace/reader.js";
import { failure } from "./failure.js";
import { repeatable, wholeNumber } from "./options.js";
import type { Settings } from "./settings.js";
import type { Terminal } from "./terminal.js";

/** How traces are read: shared by every verb that takes them. */
export interface TraceOptions {
  readonly traces?: readonly string[];
  readonly traceFormat?: string;
  readonly field?: FieldNames;
  readonly serverPrefix?: string;
  readonly nameMap?: string;
  readonly unwrap?: boolean;
  readonly threads?: number;
}

const fieldKeys = new Map<string, keyof FieldNames>([
  ["tool", "tool"],
  ["time", "time"],
  ["session", "session"],
  ["agent", "agent"],
  ["call-id", "callId"],
]);

export function addTraceOptions(command: Command, what: string): void {
  command
    .option("--traces <source>", what, repeatable)
    .option("--trace-format <format>", "read as this format only (default: told by the content)")
    .option(
      "--field <what=name>",
      "where a table or log keeps tool, time, session, agent or call-id; may be given again",
      fieldName,
    )
    .option("--server-prefix <server>", "judge bare tool names as tools of this MCP server")
    .option("--name-map <file>", "YAML that brings other names to mcp__server__tool")
    .option("--unwrap", "judge the tool that a wrapper such as execute-tool calls, not the wrapper")
    .option("--threads <n>", "threads that read large inputs; 0: none (default: one for each processor)", wholeNumber);
}

/** Adds up `--field tool=action --field time=when`. */
function fieldName(value: string, previous: FieldNames | undefined): FieldNames {
  const at = value.indexOf("=");
  const key = fieldKeys.get(value.slice(0, at));
  const name = value.slice(at + 1);
  if (at < 1 || key === undefined || name === "") {
    throw new InvalidArgumentError(`Give ${[...fieldKeys.keys()].map((each) => `${each}=<name>`).join(", ")}.`);
  }
  return { ...previous, [key]: name };
}

/** What the reading side is told. Files that the options name are read here. @throws CommandFailure when one is wrong. */
export async function readOptionsOf(options: TraceOptions, settings: Settings, terminal: Terminal): Promise<ReadOptions> {
  return {
    stdin: terminal.stdin,
    format: options.traceFormat === undefined ? undefined : await knownFormat(options.traceFormat),
    fields: options.field,
    names: await namesFor(options.serverPrefix, options.nameMap ?? settings.nameMap),
    unwrap: options.unwrap,
    workers: workersFor(options.threads),
  };
}

async function knownFormat(id: string): Promise<string> {
  const { formatIds } = await import("../trace/formats/registry.js");
  if (formatIds.includes(id)) return id;
  const meant = suggest(id, formatIds);
  const fix = meant === undefined ? `use one of ${formatIds.join(", ")}` : `did you mean \`${meant}\`?`;
  throw failure("usage_unknown_trace_format", `there is no trace format ${quoteText(id)}`, { fix });
}

async function namesFor(prefix: string | undefined, file: string | undefined): Promise<ReadOptions["names"]> {
  if (prefix === undefined && file === undefined) return undefined;
  const { createNameMap } = await import("../trace/name-map.js");
  const rules = file === undefined ? undefined : (await import("./name-map-file.js")).readNameRules(file);
  const { servers = [], names = new Map<string, string>() } = rules ?? {};
  return createNameMap({ servers, names, serverPrefix: prefix ?? rules?.serverPrefix });
}

/** The built worker lies beside the command or one folder above its chunks; running from source there is none. */
function workersFor(threads: number | undefined): ReadOptions["workers"] {
  const count = Math.min(threads ?? availableParallelism(), traceWorkersMax);
  if (count === 0) return undefined;
  const places = ["./trace-worker.js", "../trace-worker.js"].map((path) => new URL(path, import.meta.url));
  const url = places.find((place) => existsSync(place));
  return url === undefined ? undefined : { url, count };
}
