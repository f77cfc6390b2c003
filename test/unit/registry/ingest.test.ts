import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mergePolicies } from "../../../src/policy/merge.js";
import { noIds, openMerged } from "../../../src/registry/active-policy.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { replay } from "../../../src/trace/replay.js";
import type { TraceSet } from "../../../src/trace/trace-set.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";
import { scaled } from "../../support/scale.js";
import { lines, step } from "../../support/traces.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

const bytesOf = (text: string) => new TextEncoder().encode(text);
const ingest = (text: string | Uint8Array, agent?: string) =>
  test.registry.ingest(typeof text === "string" ? bytesOf(text) : text, { agent, name: "body" });

async function runsOf(agent: string, more: object = {}): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of test.registry.runs({ agent, ...more })) pieces.push(piece);
  return Buffer.concat(pieces);
}

const readBytes = (bytes: Uint8Array, name = "body") => readTraces([{ name, bytes }], { decisions: true });

/** Every call with what belongs to it, in an order of its own; sessions by the calls they hold. */
function callsOf(set: TraceSet, agent?: string): string[] {
  const { calls, names, traces } = set;
  return Array.from({ length: calls.length }, (_, i) => {
    const trace = traces[calls.trace[i]!]!;
    return JSON.stringify([
      trace.agent ?? agent,
      trace.id,
      names[calls.tool[i]!],
      Number.isNaN(calls.timeMs[i]) ? null : calls.timeMs[i],
      calls.subagent[i],
    ]);
  }).sort();
}

function sessionsOf(set: TraceSet): string[] {
  const { calls, names } = set;
  const sessions = new Map<number, string[]>();
  for (let i = 0; i < calls.length; i++) {
    const key = calls.session[i]!;
    sessions.set(key, [...(sessions.get(key) ?? []), names[calls.tool[i]!]!]);
  }
  return [...sessions.values()].map((tools) => JSON.stringify(tools.sort())).sort();
}

describe("ingestion", () => {
  it("stores calls with their agents, and the same again changes nothing", async () => {
    const body = lines(step("t1", ["a", "b"], { timestamp: "2026-01-10T00:00:00Z" }), step("t2", []));
    expect(await ingest(body)).toMatchObject({ traces: 2, calls: 2, repeated_calls: 0, skipped_records: 0, warnings: [] });
    expect(await ingest(body)).toMatchObject({ traces: 2, calls: 0, repeated_calls: 2 });
    const { traces, total } = await test.registry.listTraces("agent-1");
    expect(total).toBe(2);
    expect(traces.map(({ trace_id, calls, format }) => [trace_id, calls, format])).toEqual(
      expect.arrayContaining([
        ["t1", 2, "ap-trace"],
        ["t2", 0, "ap-trace"],
      ]),
    );
    const { tools } = await test.registry.listTools("agent-1");
    expect(tools.map(({ tool, first_seen_at }) => [tool, first_seen_at]).sort()).toEqual([
      ["a", "2026-01-10T00:00:00.000Z"],
      ["b", "2026-01-10T00:00:00.000Z"],
    ]);
  });

  it("takes the agent of the request for traces that name none, and refuses them without one", async () => {
    const body = `{"tool":"x","session_id":"s"}\n`;
    await expect(ingest(body)).rejects.toMatchObject({
      code: "invalid_request",
      details: [{ code: "trace_agent_refused" }],
    });
    expect(await ingest(body, "worker-1")).toMatchObject({ traces: 1, calls: 1 });
    expect((await test.registry.listTraces("worker-1")).total).toBe(1);
  });

  it("refuses agents that are no ids or not the key's trace by trace, and stores the rest", async () => {
    const events = ["../up", "good", "other"].map((agent) => ({ tool: "x", session_id: `of ${agent}`, agent }));
    const limited = test.as({ agents: ["good"] });
    const answer = await limited.ingest(bytesOf(lines(...events)), { name: "body" });
    expect(answer).toMatchObject({ traces: 1, calls: 1, skipped_records: 2 });
    expect(answer.warnings.map(({ code }) => code)).toEqual(["trace_agent_refused", "trace_agent_refused"]);
    expect((await test.registry.listTraces(undefined)).traces.map(({ agent_id }) => agent_id)).toEqual(["good"]);
  });

  it("counts bad lines and goes on, and refuses what is no trace", async () => {
    const answer = await ingest(`{"tool":"x","agent":"a"}\n{"tool":\n{"tool":"y","agent":"a"}\n`);
    expect(answer).toMatchObject({ traces: 1, calls: 2, skipped_records: 1, warnings: [{ code: "trace_bad_line" }] });
    await expect(ingest("hello", "a")).rejects.toMatchObject({ code: "invalid_request" });
    await expect(ingest("", "a")).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("keeps names of any kind, sessions, subagents and decisions", async () => {
    const names = ["", "__proto__", "\ud800", "a\0b", "\u{1f600}", "x".repeat(5000)];
    const body = lines(
      ...names.map((tool, i) => ({
        tool,
        session_id: `s${i % 2}`,
        agent: "a",
        call_id: `c${i}`,
        timestamp: `2026-01-10T00:00:0${i}.123Z`,
        decision: i === 1 ? "denied" : undefined,
      })),
    );
    await ingest(body);
    const set = await readBytes(await runsOf("a"));
    expect(callsOf(set)).toEqual(callsOf(await readBytes(bytesOf(body))));
    expect(new TextDecoder().decode(await runsOf("a"))).toContain('"decision":"denied"');
    const again = await openTestRegistry();
    const copied = await again.registry.ingest(await runsOf("a"), { name: "copy" });
    expect(copied).toMatchObject({ traces: 2, calls: names.length });
    await again.service.close();
  });

  it("of a stream of many calls holds a block at a time", async () => {
    async function* stream() {
      for (let block = 0; block < 12; block++) {
        const events = Array.from({ length: 500 }, (_, i) => ({
          tool: `t${i % 50}`,
          agent: `a${i % 3}`,
          session: `s${block}`,
          call_id: `c${i}`,
        }));
        yield bytesOf(lines(...events));
      }
    }
    expect(await test.registry.ingest(stream(), { name: "body" })).toMatchObject({ calls: 6000, traces: 36 });
    expect((await test.registry.listTraces(undefined)).total).toBe(36);
  });

  it("tells that the store is down", async () => {
    Object.assign(test.store.traces, { ingest: () => Promise.reject(new Error("down")) });
    await expect(ingest(lines(step("t1", ["a"])))).rejects.toThrow("down");
  });
});

describe("stored runs", () => {
  it("are of a known agent, of a time, and of the most recent traces", async () => {
    await expect(runsOf("nobody")).rejects.toMatchObject({ code: "not_found" });
    const day = (n: number) => ({ tool: "x", agent: "a", session_id: `s${n}`, timestamp: `2026-01-1${n}T00:00:00Z` });
    await ingest(lines(day(0), day(1), day(2)));
    const of = async (more: object) => (await readBytes(await runsOf("a", more))).traces.map(({ id }) => id);
    expect(await of({})).toEqual(["s0", "s1", "s2"]);
    expect(await of({ traces: 2 })).toEqual(["s1", "s2"]);
    expect(await of({ sinceMs: Date.UTC(2026, 0, 11), untilMs: Date.UTC(2026, 0, 12) })).toEqual(["s1"]);
  });
});

/** Recorded runs beside the project, never part of it. */
const folder = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const perFormat = scaled(2);
const samples = existsSync(folder)
  ? readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "bench" && entry.name !== "normalised")
      .flatMap(({ name }) =>
        readdirSync(folder + name)
          .filter((file) => /\.(json|jsonl)(\.gz)?$/.test(file))
          .slice(0, perFormat)
          .map((file) => `${name}/${file}`),
      )
  : [];

const judgedBy = `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings:
  reading: {tools: ["Read", "Grep", "*read*", "*get*"], card_actions: [read]}
forbidden:
  - {pattern: "*ash*", reason: "no shells", severity: high}
escalation_triggers:
  - {condition: "tool_matches('*rite*')", action: warn, reason: writes}
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false}
`;

describe.skipIf(samples.length === 0)("real recordings", () => {
  it.each(samples)("%s comes back as it was recorded, and is judged as `policy test` judges it", async (file) => {
    const raw = readFileSync(folder + file);
    const bytes = file.endsWith(".gz") ? gunzipSync(raw) : raw;
    const original = await readBytes(bytes, "body");
    if (original.traces.length === 0) return;
    const agents = [...new Set(original.traces.map(({ agent }) => agent ?? "a1"))];
    const answer = await test.registry.ingest(raw, { agent: "a1", name: "body" });
    expect(answer.calls).toBe(original.calls.length);
    expect(answer.traces).toBe(original.traces.length);
    const policy = parsePolicy(judgedBy, { file: "p.yaml" }).value!;
    const engine = openMerged(mergePolicies({ agent: policy }).value!, noIds, () => {}).replayEngine();
    let seen = 0;
    for (const agent of agents) {
      const stored = await readBytes(await runsOf(agent));
      const mine = (set: TraceSet) => callsOf(set, "a1").filter((call) => JSON.parse(call)[0] === agent);
      expect(mine(stored)).toEqual(mine(original));
      seen += mine(stored).length;
      if (agents.length === 1) expect(sessionsOf(stored)).toEqual(sessionsOf(original));
      await test.registry.publish({ agent }, yaml(judgedBy));
      const times = original.traces.flatMap(({ firstMs, lastMs }) => (firstMs === undefined ? [] : [firstMs, lastMs!]));
      const [first, last] = [Math.min(...times, test.nowMs), Math.max(...times, test.nowMs) + 1];
      if (last - first > 30 * 86_400_000 && times.length === 0) continue;
      const [start, end] = times.length === 0 ? [first, last] : [Math.min(...times), Math.max(...times) + 1];
      if (end - start > 30 * 86_400_000) continue;
      const historical = await test.registry.evaluateHistorical({
        agent_id: agent,
        time_range: { start: new Date(start).toISOString(), end: new Date(end).toISOString() },
      });
      const replayed = replay(engine, original, { agent: agent === "a1" ? undefined : agent, context: "cicd" });
      const { pass, warn, fail, skipped, traces, calls } = replayed.summary;
      expect(historical).toMatchObject({
        traces_evaluated: traces,
        calls_evaluated: calls,
        summary: { pass, warn, fail, skipped },
      });
      const violations = replayed.traces.flatMap((trace) => trace.findings.filter(({ level }) => level === "violation"));
      expect(historical.violation_count).toBe(violations.length);
    }
    expect(seen).toBe(original.calls.length);
  });
});
