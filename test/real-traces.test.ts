import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compiler/compile.js";
import { openEngine } from "../src/engine/engine.js";
import type { Session } from "../src/engine/result.js";
import { mergePolicies } from "../src/policy/merge.js";
import { parsePolicy } from "../src/syntax/policy.js";
import { callsInOrder } from "../src/trace/call-order.js";
import { formats } from "../src/trace/formats/registry.js";
import { readTraces } from "../src/trace/io/read.js";
import { replay } from "../src/trace/replay.js";
import { parseTime } from "../src/trace/time.js";
import type { TraceSet } from "../src/trace/trace-set.js";
import { InputSightings } from "./support/input-sightings.js";
import { bytesOfFile, scoreOf } from "./support/trace-sink.js";

/** Recorded runs in ../shared/data, beside the project and never part of it. Absent: the suite announces that it skips. */
const folder = fileURLToPath(new URL("../../shared/data/", import.meta.url));
const present = existsSync(folder);

interface Counts {
  traces: number;
  tool_calls: number;
  distinct_tools: number;
  histogram: Record<string, number>;
  main_calls?: number;
  subagent_calls?: number;
  main_histogram?: Record<string, number>;
  bad_lines?: number;
  /** Langfuse: with spans that say of themselves that they are tools. */
  lenient_histogram?: Record<string, number>;
  /** Codex: calls of built-in tools, by item type, which `tool_calls` leaves out. */
  builtin?: Record<string, number>;
}

/** Folder of the recorded runs -> the format that must claim each of its files. */
const formatOf: Readonly<Record<string, string>> = {
  "ap-trace-derived": "ap-trace",
  "claude-code": "claude-code",
  "claude-hooks-derived": "claude-hooks",
  "codex-rollout": "codex",
  "copilot-cli": "copilot-cli",
  "gemini-cli": "gemini-cli",
  langfuse: "langfuse",
  "mcp-jsonrpc-derived": "mcp-jsonrpc",
  "openai-chat-toolathlon": "openai-chat",
  "otel-jaeger": "jaeger",
  "otel-tempo": "tempo",
  "otlp-derived": "otlp",
};

function expectedCounts(): [string, Counts][] {
  if (!present) return [];
  const text = readFileSync(`${folder}normalised/expected-counts.json`, "utf8");
  return Object.entries((JSON.parse(text) as { files: Record<string, Counts> }).files);
}

/**
 * What must be counted: `tool_calls` with two additions, since a call must not be hidden from a policy. Built-in tools of
 * Codex are tools an agent used, and for Langfuse the lenient rule holds, as some frameworks write tools as spans.
 */
function histogramWanted(counts: Counts): Map<string, number> {
  const wanted = new Map(Object.entries(counts.lenient_histogram ?? counts.histogram));
  for (const [type, count] of Object.entries(counts.builtin ?? {})) wanted.set(type.replace(/_call$/, ""), count);
  return wanted;
}

/** By the name in the file, without the server that a format adds. */
function histogram(set: TraceSet, wanted: (call: number) => boolean = () => true): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < set.calls.length; i++) {
    const name = nameInFile(set, i);
    if (wanted(i)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function nameInFile(set: TraceSet, call: number): string {
  const tool = set.calls.tool[call]!;
  const raw = set.rawNames[tool]!;
  expect(raw.length).toBeLessThan(2);
  return raw[0] ?? set.names[tool]!;
}

function sum(counts: Iterable<number>): number {
  return [...counts].reduce((total, count) => total + count, 0);
}

const expected = expectedCounts();

describe.skipIf(!present)("recorded runs give exactly the expected counts", () => {
  it("of every file of every format", () => {
    expect(expected.length).toBe(160);
    expect(new Set(expected.map(([file]) => file.split("/")[0]))).toEqual(new Set(Object.keys(formatOf)));
    expect(sum(expected.map(([, counts]) => sum(histogramWanted(counts).values()) - counts.tool_calls))).toBe(12);
  });

  it.each(expected)("%s", async (file, counts) => {
    const set = await readTraces([folder + file]);
    const isMain = (call: number) => set.calls.subagent[call] === 0;
    const wanted = histogramWanted(counts);
    expect(set.inputs.map((input) => input.format)).toEqual([formatOf[file.split("/")[0]!]]);
    expect(histogram(set)).toEqual(wanted);
    expect(set.calls.length).toBe(sum(wanted.values()));
    expect(set.traces.length).toBe(counts.traces);
    expect(set.badLines).toBe(counts.bad_lines ?? 0);
    expect(set.diagnostics.length).toBe(counts.bad_lines ?? 0);
    if (counts.main_histogram !== undefined) {
      expect(histogram(set, isMain)).toEqual(new Map(Object.entries(counts.main_histogram)));
      expect(sum(set.calls.subagent)).toBe(counts.subagent_calls);
      expect(set.calls.timeMs.every((time) => Number.isFinite(time))).toBe(true);
    }
  });

  it("and of each file no other format is as sure", () => {
    for (const [file] of expected) {
      const bytes = bytesOfFile(folder + file);
      const scores = formats.map((format) => ({ id: format.id, score: scoreOf(format, bytes, { name: file }) }));
      const [surest, next] = scores.sort((a, b) => b.score - a.score);
      expect([file, surest!.id]).toEqual([file, formatOf[file.split("/")[0]!]]);
      expect([file, next!.id, next!.score < surest!.score - 0.05]).toEqual([file, next!.id, true]);
    }
  });

  it.each([
    ["bench/tool-call-stream.jsonl.gz", "events", 470, 26_904],
    ["normalised/tool-calls.jsonl.gz", "events", 165, 5689],
    ["openinference-fixtures/otel_genai_tool_execution_span.json", "spans", 1, 1],
    ["vercel-ai-spans/all-spans.json", "spans", 10, 0],
    ["normalised/expected-counts.json", undefined, 0, 0],
  ])("and of %s, which the counts leave out", async (file, format, traces, calls) => {
    const set = await readTraces([folder + file]);
    expect([set.inputs[0]!.format, set.traces.length, set.calls.length]).toEqual([format, traces, calls]);
  });

  it("all claude-code files together are the sum of each", async () => {
    const set = await readTraces([`${folder}claude-code`]);
    expect([set.traces.length, set.calls.length, set.names.length, set.badLines]).toEqual([25, 1800, 33, 1]);
  });

  it("two exports of the same AP-Traces count each call once", async () => {
    const set = await readTraces([`${folder}ap-trace-derived`]);
    const [, alone] = expected.find(([file]) => file.endsWith("/ap-traces.jsonl.gz"))!;
    expect([set.traces.length, set.calls.length]).toEqual([alone.traces, alone.tool_calls]);
  });
});

interface RecordedCall {
  file: string;
  trace_id: string;
  timestamp: string | number | null;
  tool: string;
  subagent: boolean;
}

function recordedCalls(): Map<string, RecordedCall[]> {
  const byFile = new Map<string, RecordedCall[]>();
  if (!present) return byFile;
  const text = gunzipSync(readFileSync(`${folder}normalised/tool-calls.jsonl.gz`)).toString();
  for (const line of text.trim().split("\n")) {
    const call = JSON.parse(line) as RecordedCall;
    byFile.set(call.file, [...(byFile.get(call.file) ?? []), call]);
  }
  return byFile;
}

/** Calls that the lists leave out, see `histogramWanted`. */
const unlisted = /^(?:web|tool)_search$|^duckduckgo_search$/;

describe.skipIf(!present)("recorded runs give the same calls, one by one", () => {
  it.each([...recordedCalls()])("%s", async (file, calls) => {
    const set = await readTraces([folder + file]);
    // The list dates calls of Claude Code by the first line of an API message that is split over lines; between the calls
    // of an agent and of its subagents the order may differ by that.
    const isDated = !file.startsWith("claude-code/");
    const found = [...callsInOrder(set)]
      .filter((call) => file.startsWith("openai-chat-") || !unlisted.test(set.names[set.calls.tool[call]!]!))
      .map((call) => ({
        trace_id: set.traces[set.calls.trace[call]!]!.id,
        timeMs: isDated ? set.calls.timeMs[call] : undefined,
        tool: set.names[set.calls.tool[call]!],
        subagent: set.calls.subagent[call] === 1,
      }));
    const listed = calls.map(({ trace_id, timestamp, tool, subagent }) => {
      const timeMs = timestamp === null ? Number.NaN : parseTime(timestamp);
      // Chat messages name no conversation; what people see of it is the input.
      const id = file.startsWith("openai-chat-") ? folder + file : trace_id;
      return { trace_id: id, timeMs: isDated ? timeMs : undefined, tool, subagent };
    });
    const apart = (a: { subagent: boolean }, b: { subagent: boolean }) => Number(a.subagent) - Number(b.subagent);
    expect(found.sort(apart)).toEqual(listed.sort(apart));
  });
});

/** Names of real servers and tools on purpose: every kind of outcome occurs in the recorded runs. */
const policy = (triggers: string) => `
meta: {schema_version: "1.0", name: coding, scope: agent}
capability_mappings:
  code: {tools: [Read, Grep, Glob, "Todo*"], card_actions: [read]}
  issues: {tools: ["mcp__linear-server__*"], card_actions: [issues]}
forbidden:
  - {pattern: "*__delete*", reason: no, severity: critical}
  - {pattern: "Write", reason: no, severity: high}
escalation_triggers: ${triggers}
defaults: {unmapped_tool_action: deny, unmapped_severity: medium, fail_open: false, enforcement_mode: enforce, grace_period_hours: 12}
`;

const countTriggers = `
  - {condition: "tool_matches('*__create_*') and tool_count > 20", action: escalate, reason: late}
  - {condition: "unmapped_tool_count >= 40", action: deny, reason: many}`;

describe.skipIf(!present)("a replay of recorded runs says what the live check would have said at each call", () => {
  let set: TraceSet;
  beforeAll(async () => {
    set = await readTraces([`${folder}claude-code`, `${folder}ap-trace-derived/ap-traces.jsonl.gz`]);
  });

  it.each([
    ["without counts", "[]"],
    ["with counts", countTriggers],
  ])("%s", (_, triggers) => {
    const merged = mergePolicies({ agent: parsePolicy(policy(triggers), { file: "p.yaml" }).value! }).value!;
    const engine = openEngine(compilePolicy(merged).bytes, { evaluator: "js" });
    const evaluate: typeof engine.evaluate = (tools, context) => engine.evaluate(tools, context);
    const openSession = () => engine.openSession();
    const report = replay({ hasCountTriggers: triggers !== "[]", evaluate, openSession }, set);

    const rank = { pass: 0, warn: 1, fail: 2 };
    const worst = new Map<number, keyof typeof rank>();
    const sightings = new InputSightings(set);
    const sessions = new Map<number, Session>();
    for (const call of callsInOrder(set)) {
      const trace = set.calls.trace[call]!;
      const number = set.calls.session[call]!;
      const session = sessions.get(number) ?? engine.openSession();
      sessions.set(number, session);
      const context = { session, nowMs: set.calls.timeMs[call]!, sightings: sightings.of(set.traces[trace]!.agent) };
      const { verdict } = engine.decide(set.names[set.calls.tool[call]!]!, context);
      if (rank[verdict] >= rank[worst.get(trace) ?? "pass"]) worst.set(trace, verdict);
    }
    const given = report.traces.map(({ id, format, verdict }) => `${format} ${id} ${verdict}`).sort();
    const wanted = set.traces.map(({ id, format }, index) => `${format} ${id} ${worst.get(index) ?? "skipped"}`).sort();
    expect(given).toEqual(wanted);
    expect(new Set(report.traces.map((trace) => trace.verdict))).toEqual(new Set(["pass", "warn", "fail", "skipped"]));
    expect(report.summary.calls).toBe(set.calls.length);
  });
});
