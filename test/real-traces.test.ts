import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { compilePolicy } from "../src/compiler/compile.js";
import { openEngine } from "../src/engine/engine.js";
import type { Session } from "../src/engine/result.js";
import { mergePolicies } from "../src/policy/merge.js";
import { parsePolicy } from "../src/syntax/policy.js";
import { callsInOrder } from "../src/trace/call-order.js";
import { readTraces } from "../src/trace/io/read.js";
import { replay } from "../src/trace/replay.js";
import { InputSightings } from "../src/trace/sightings.js";
import type { TraceSet } from "../src/trace/trace-set.js";

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
}

function expectedCounts(): [string, Counts][] {
  if (!present) return [];
  const text = readFileSync(`${folder}normalised/expected-counts.json`, "utf8");
  const { files } = JSON.parse(text) as { files: Record<string, Counts> };
  return Object.entries(files).filter(([file]) => file.startsWith("claude-code/") || file.startsWith("ap-trace-derived/"));
}

function histogram(set: TraceSet, wanted: (call: number) => boolean = () => true): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < set.calls.length; i++) {
    const name = set.names[set.calls.tool[i]!]!;
    if (wanted(i)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const expected = expectedCounts();

describe.skipIf(!present)("recorded runs give exactly the expected counts", () => {
  it("of every file of the two formats", () => {
    expect(expected.length).toBe(27);
  });

  it.each(expected)("%s", async (file, counts) => {
    const set = await readTraces([folder + file]);
    const isMain = (call: number) => set.calls.subagent[call] === 0;
    expect(set.traces.length).toBe(counts.traces);
    expect(set.calls.length).toBe(counts.tool_calls);
    expect(set.names.length).toBe(counts.distinct_tools);
    expect(histogram(set)).toEqual(new Map(Object.entries(counts.histogram)));
    expect(set.badLines).toBe(counts.bad_lines ?? 0);
    expect(set.diagnostics.length).toBe(counts.bad_lines ?? 0);
    if (counts.main_histogram !== undefined) {
      expect(histogram(set, isMain)).toEqual(new Map(Object.entries(counts.main_histogram)));
      expect(set.calls.subagent.reduce((sum, flag) => sum + flag, 0)).toBe(counts.subagent_calls);
    }
    expect(set.calls.timeMs.every((time) => Number.isFinite(time))).toBe(true);
  });

  it("and no file of another format is taken for one of these", async () => {
    const ours = ["claude-code", "ap-trace-derived"];
    const folders = readdirSync(folder, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && !ours.includes(entry.name),
    );
    expect(folders.length).toBeGreaterThan(10);
    for (const { name } of folders) {
      const set = await readTraces([folder + name]);
      expect([name, set.traces.length, set.diagnostics.map((finding) => finding.code)]).toEqual([
        name,
        0,
        ["trace_format_unknown", "trace_folder_without_traces"],
      ]);
    }
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
