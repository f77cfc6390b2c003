import { asList, asObject, asText, asToolName, firstRecords, type JsonObject } from "../json.js";
import type { InputMeta, Probe, RawRecord, RecordReader, TraceFormat, TraceSink } from "../reader.js";
import { parseTime } from "../time.js";
import { asJson, firstOf } from "./found-call.js";
import { HeldTraces, proposalsOf } from "./held-traces.js";
import { isMessage } from "./message-turns.js";

/**
 * Runs of LangSmith: lines, lists, `{runs: [...]}`, and trees of `child_runs`. Calls are runs of type `tool`. A trace is a
 * run tree; the session is the conversation in a run's metadata, never `session_id`, which is the project.
 */
export const langSmith: TraceFormat = {
  id: "langsmith",
  title: "LangSmith runs",
  detect,
  open: (input, sink) => new RunRecordReader(input, sink),
};

const runTypes: ReadonlySet<unknown> = new Set(["tool", "chain", "llm", "retriever", "embedding", "prompt", "parser"]);
const runKeys = ["trace_id", "dotted_order", "parent_run_id", "child_runs", "start_time", "inputs", "session_id"] as const;

function detect(probe: Probe): number {
  let score = 0;
  for (const record of firstRecords(probe.records)) {
    for (const run of firstRecords(asList(record["runs"]) ?? [record])) {
      if (runTypes.has(asText(run["run_type"])?.toLowerCase()) && runKeys.some((key) => Object.hasOwn(run, key))) score = 1;
    }
  }
  return score;
}

class RunRecordReader implements RecordReader {
  private readonly runs: RunReader;

  constructor(
    input: InputMeta,
    private readonly sink: TraceSink,
  ) {
    this.runs = new RunReader(input.name, sink);
  }

  push(raw: RawRecord): void {
    const value = raw.parse();
    if (value === undefined) return;
    for (const item of asList(value) ?? [value]) {
      const record = asObject(item);
      if (record === undefined) this.sink.bad(raw.line, "a run is a JSON object");
      else for (const run of asList(record["runs"]) ?? [record]) this.runs.read(run, raw.line);
    }
    this.runs.weigh(raw.bytes.length);
  }

  end(): void {
    this.runs.end();
  }
}

const conversationKeys = ["session_id", "thread_id", "conversation_id"] as const;
const agentKeys = ["agent_id", "agent_name", "lc_agent_name"] as const;

/** Runs as objects, wherever they come from: `inputs`, `outputs` and `extra` may be JSON text, as tables keep them. */
export class RunReader {
  private readonly held: HeldTraces;

  constructor(
    private readonly inputName: string,
    private readonly sink: TraceSink,
  ) {
    this.held = new HeldTraces(sink);
  }

  /** A run with all its `child_runs`. */
  read(value: unknown, line: number): void {
    const waiting: { run: unknown; trace: string | undefined }[] = [{ run: value, trace: undefined }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const run = asObject(next.run);
      if (run === undefined || typeof run["run_type"] !== "string") {
        this.sink.bad(line, "a run is an object with a `run_type`");
        continue;
      }
      const trace = next.trace ?? traceOf(run) ?? this.inputName;
      this.readRun(run, trace, line);
      const children = asList(run["child_runs"]) ?? [];
      for (let i = children.length - 1; i >= 0; i--) waiting.push({ run: children[i], trace });
    }
  }

  weigh(bytes: number): void {
    this.held.weigh(bytes);
  }

  end(): void {
    this.held.end();
  }

  private readRun(run: JsonObject, trace: string, line: number): void {
    const timeMs = parseTime(run["start_time"]);
    const metadata = asObject(asObject(asJson(run["extra"]))?.["metadata"]) ?? {};
    const session = asText(firstOf(metadata, conversationKeys));
    const agent = asText(firstOf(metadata, agentKeys));
    this.sink.trace(trace, { timeMs, agent });
    const held = this.held.of(trace);
    held.session ??= session;
    const place = { timeMs, session, agent, line };
    const type = asText(run["run_type"])?.toLowerCase();
    if (type === "tool") {
      const { inputs } = run;
      this.held.hold(trace, { ...place, callId: asText(run["id"]), tool: asToolName(run["name"]), args: () => asJson(inputs) });
    } else if (type === "llm" && !held.hasRuns) {
      const answer = answerIn(asJson(run["outputs"]));
      for (const { call, callId } of proposalsOf(answer, asText(run["id"]), (what) => this.sink.bad(line, what))) {
        const { tool, server, args } = call;
        this.held.hold(trace, { ...place, callId, tool, server, args, isProposal: true });
      }
    }
  }
}

/** Root of the tree a run belongs to. `dotted_order` begins with the start and the id of the root. */
function traceOf(run: JsonObject): string | undefined {
  const order = asText(run["dotted_order"]);
  const root = order === undefined ? undefined : asText(order.slice(order.indexOf("Z") + 1).split(".", 1)[0]);
  return asText(run["trace_id"]) ?? root ?? asText(run["parent_run_id"]) ?? asText(run["id"]);
}

/** The messages or items of a model's answer: generations of LangChain, or the answer of an API. */
function answerIn(outputs: unknown): readonly unknown[] {
  const object = asObject(outputs) ?? {};
  const generations = asList(object["generations"]);
  if (generations !== undefined) return messagesOf(generations.flat(1));
  for (const answer of [object, asObject(object["output"]), asObject(object["message"])]) {
    if (answer === undefined) continue;
    const choices = asList(answer["choices"]);
    if (choices !== undefined) return messagesOf(choices);
    const list = asList(answer["output"]);
    if (list !== undefined) return list;
    if (isMessage(answer)) return [answer];
  }
  return [];
}

function messagesOf(list: readonly unknown[]): readonly unknown[] {
  return list.map((each) => asObject(each)?.["message"]).filter((message) => asObject(message) !== undefined);
}
