import { describe, expect, it } from "vitest";
import type { Evaluation, RuleRef, Session, Verdict } from "../../../src/engine/result.js";
import { matchGlob } from "../../../src/glob/match.js";
import { callsInOrder } from "../../../src/trace/call-order.js";
import { replayReport } from "../../../src/trace/fold/answer.js";
import { ReplayFold } from "../../../src/trace/fold/fold.js";
import { Knowledge } from "../../../src/trace/fold/knowledge.js";
import { TraceReports } from "../../../src/trace/fold/trace-reports.js";
import { replay } from "../../../src/trace/replay.js";
import type { ReplayEngine, ReplayOptions } from "../../../src/trace/replay-engine.js";
import type { ReplayReport } from "../../../src/trace/replay-report.js";
import { type TraceSet, TraceSetBuilder } from "../../../src/trace/trace-set.js";
import { InputSightings } from "../../support/input-sightings.js";
import { hour, type PolicySketch, sketched, start, tell, toldInputs } from "../../support/replays.js";
import { agentProgress, assistant, at, lines, read, step, toolUse } from "../../support/traces.js";

const triggers = `[{condition: "tool_matches('write*')", action: escalate, reason: ask}, {condition: "tool_count > 4", action: warn, reason: long}]`;
const policies: [string, PolicySketch][] = [
  ["grace", { unmapped: "deny", graceHours: 24 }],
  ["triggers", { unmapped: "deny", graceHours: 48, triggers }],
  ["lenient", { unmapped: "allow", failOn: "high", mode: "warn", more: '["new*", "*"]' }],
];

function told(seed: number): TraceSet {
  const builder = new TraceSetBuilder();
  tell(seed, builder);
  return builder.finish(toldInputs, []);
}

/** Every call evaluated by itself, in call order, and remembered; from this everything can be counted plainly. */
function plainly(engine: ReplayEngine, set: TraceSet, { noGrace, card }: ReplayOptions): Evaluation[] {
  const sightings = new InputSightings(set);
  const evaluations: Evaluation[] = [];
  const sessions = new Map<number, Session>();
  for (const call of callsInOrder(set)) {
    const nowMs = set.calls.timeMs[call]!;
    const session = sessions.get(set.calls.session[call]!) ?? engine.openSession();
    sessions.set(set.calls.session[call]!, session);
    const { agent } = set.traces[set.calls.trace[call]!]!;
    const clock = noGrace || Number.isNaN(nowMs) ? {} : { nowMs, sightings: sightings.of(agent) };
    evaluations[call] = engine.evaluate([set.names[set.calls.tool[call]!]!], { kind: "cicd", card, session, ...clock });
  }
  return evaluations;
}

const wellFormed = (name: string) => name !== "" && !name.includes("\ufffd");
const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, each) => total + each, 0);

/** Positions of the calls that a condition holds for. */
function where(set: TraceSet, holds: (call: number, tool: string) => boolean): number[] {
  return Array.from({ length: set.calls.length }, (_, call) => call).filter((call) =>
    holds(call, set.names[set.calls.tool[call]!]!),
  );
}

function timesOf(set: TraceSet, calls: readonly number[]) {
  const times = calls.map((call) => set.calls.timeMs[call]!).filter((time) => !Number.isNaN(time));
  const [firstMs, lastMs] = times.length === 0 ? [] : [Math.min(...times), Math.max(...times)];
  return { firstMs, lastMs };
}

const linesOf = (set: TraceSet, calls: readonly number[]) => calls.slice(0, 3).map((call) => set.calls.line[call]);

/** Whether a rule met a call, told from its pattern and the evaluation, not from the catalogue. */
function meets(rule: RuleRef, tool: string, { tools: [outcome] }: Evaluation): boolean {
  if (rule.kind === "forbidden") return matchGlob(rule.pattern!, tool);
  if (rule.kind === "capability") return wellFormed(tool) && matchGlob(rule.pattern!, tool);
  if (rule.kind === "trigger") return outcome!.triggers.some(({ index }) => index === rule.index);
  return outcome!.capability === null && !["forbidden", "invalid_tool_name"].includes(outcome!.cause);
}

function decides(rule: RuleRef, { tools: [outcome] }: Evaluation): boolean {
  const by = outcome!.rule;
  return by?.kind === rule.kind && by.index === rule.index && (rule.kind !== "capability" || by.pattern === rule.pattern);
}

describe.each(policies)("what is counted, counted plainly (%s)", (_, sketch) => {
  const engine = sketched(sketch);
  const cases = [1, 2, 3, 4, 5].map((seed): [number, ReplayOptions] => [
    seed,
    seed % 3 === 0 ? { noGrace: true } : seed % 3 === 1 ? {} : { card: { boundedActions: ["read"], forbiddenActions: [] } },
  ]);

  it.each(cases)("calls of seed %i by rule", (seed, options) => {
    const set = told(seed);
    const evaluations = plainly(engine, set, options);
    const report = replay(engine, set, options);
    expect(report.rules.map(({ rule }) => rule)).toEqual(engine.rules!.rules);
    for (const hits of report.rules) {
      const met = where(set, (call, tool) => meets(hits.rule, tool, evaluations[call]!));
      const tools = new Map<string, number>();
      for (const call of met)
        tools.set(set.names[set.calls.tool[call]!]!, (tools.get(set.names[set.calls.tool[call]!]!) ?? 0) + 1);
      const decided = where(set, (call) => decides(hits.rule, evaluations[call]!)).length;
      const lines = hits.places.map(({ line }) => line);
      const { calls, tools: distinct, topTools, firstMs, lastMs } = hits;
      expect({ calls, decided: hits.decided, distinct, lines, firstMs, lastMs }).toEqual({
        ...{ calls: met.length, decided, distinct: tools.size, lines: linesOf(set, met) },
        ...timesOf(set, met),
      });
      expect(topTools.every(({ tool, calls: n }) => tools.get(tool) === n)).toBe(true);
      expect(topTools.length).toBe(Math.min(5, tools.size));
    }
  });

  it.each(cases)("calls of seed %i by tool, by hour, by agent", (seed, options) => {
    const set = told(seed);
    const evaluations = plainly(engine, set, options);
    const report = replay(engine, set, options);
    const verdictOf = (call: number) => evaluations[call]!.tools[0]!.verdict;
    const countsOf = (calls: readonly number[]) => {
      const counts = { pass: 0, warn: 0, fail: 0 };
      for (const call of calls) counts[verdictOf(call)]++;
      return counts;
    };
    expect(report.tools.length).toBe(set.names.filter((name) => where(set, (_, tool) => tool === name).length > 0).length);
    for (const tool of report.tools) {
      const calls = where(set, (_, name) => name === tool.tool);
      expect(tool).toMatchObject({ calls: calls.length, callVerdicts: countsOf(calls), ...timesOf(set, calls) });
      expect(tool.traces).toBe(new Set(calls.map((call) => set.calls.trace[call])).size);
      expect(tool.places.map(({ line }) => line)).toEqual(linesOf(set, calls));
      expect(tool.rawNames).toEqual(set.rawNames[set.names.indexOf(tool.tool)]!.slice(0, 5));
      const worst = ["fail", "warn", "pass"].find((verdict) => calls.some((call) => verdictOf(call) === verdict));
      expect(tool.verdict).toBe(worst);
      const causes = calls.filter((call) => verdictOf(call) === worst).map((call) => evaluations[call]!.tools[0]!.cause);
      expect(causes).toContain(tool.cause);
    }
    expect(report.summary.callVerdicts).toEqual(countsOf(where(set, () => true)));
    const { bucketMs, buckets, undated } = report.timeline;
    for (const { startMs, ...counts } of buckets) {
      const inBucket = where(set, (call) => Math.floor(set.calls.timeMs[call]! / bucketMs) * bucketMs === startMs);
      expect(counts).toEqual(countsOf(inBucket));
    }
    expect(undated).toEqual(countsOf(where(set, (call) => Number.isNaN(set.calls.timeMs[call]!))));
    const all = [...buckets, undated].flatMap(({ pass, warn, fail }) => [pass, warn, fail]);
    expect(sum(all)).toBe(set.calls.length);
    for (const trace of report.traces) {
      const calls = where(set, (call) => {
        const { id, format } = set.traces[set.calls.trace[call]!]!;
        return id === trace.id && format === trace.format;
      });
      expect(trace).toMatchObject({ calls: calls.length, callVerdicts: countsOf(calls) });
      const { firstMs, lastMs } = timesOf(set, calls);
      if (firstMs !== undefined) expect([trace.firstMs, trace.lastMs]).toEqual([firstMs, lastMs]);
    }
    for (const made of report.newTools) {
      const calls = where(set, (call, tool) => tool === made.tool && set.traces[set.calls.trace[call]!]!.agent === made.agent);
      expect([made.calls, made.firstMs]).toEqual([calls.length, timesOf(set, calls).firstMs]);
    }
    for (const kept of report.graceTools) {
      const calls = where(
        set,
        (call, tool) =>
          tool === kept.tool &&
          set.traces[set.calls.trace[call]!]!.agent === kept.agent &&
          evaluations[call]!.warnings.some(({ graceExpiresAtMs }) => graceExpiresAtMs === kept.expiresAtMs),
      );
      expect(kept.count).toBe(calls.length);
    }
    expect(sum(report.graceTools.map(({ count }) => count))).toBe(
      evaluations.filter(({ warnings }) => warnings.some(({ type }) => type === "unmapped_in_grace")).length,
    );
  });

  it.each(cases)("calls and traces of seed %i that change", (seed, options) => {
    const set = told(seed);
    for (const [, other] of policies) {
      const against = sketched(other);
      const now = plainly(engine, set, options);
      const then = plainly(against, set, options);
      const { changes, traces } = replay(engine, set, { ...options, against });
      const verdicts: Verdict[] = ["pass", "warn", "fail"];
      const worst = (evaluations: readonly Evaluation[], trace: number) =>
        verdicts[
          Math.max(
            ...where(set, (call) => set.calls.trace[call] === trace).map((call) => verdicts.indexOf(evaluations[call]!.verdict)),
          )
        ]!;
      for (const from of verdicts) {
        for (const to of verdicts) {
          const calls = where(set, (call) => then[call]!.verdict === from && now[call]!.verdict === to);
          expect(changes!.calls[from][to]).toBe(calls.length);
          const cell = changes!.cells.find((each) => each.from === from && each.to === to);
          expect(cell?.calls ?? 0).toBe(from === to ? 0 : calls.length);
          const inTraces = set.traces.filter(
            (each, trace) => each.calls > 0 && worst(then, trace) === from && worst(now, trace) === to,
          );
          expect(changes!.traces[from][to]).toBe(inTraces.length);
          for (const { tool, calls: count, before, after, places } of cell?.tools ?? []) {
            const own = calls.filter((call) => set.names[set.calls.tool[call]!] === tool);
            expect([count, places.map(({ line }) => line)]).toEqual([own.length, linesOf(set, own)]);
            const causes = own.map((call) => `${then[call]!.tools[0]!.cause} ${now[call]!.tools[0]!.cause}`);
            expect(causes).toContain(`${before.cause} ${after.cause}`);
          }
        }
      }
      expect(traces.filter((trace) => trace.calls > 0).every((trace) => trace.verdictBefore !== "skipped")).toBe(true);
    }
  });
});

describe("the report of a replay", () => {
  const run = async (sketch: PolicySketch, options: ReplayOptions, ...texts: string[]): Promise<ReplayReport> =>
    replay(sketched(sketch), await read(...texts), options);
  const mixed = lines(
    step("one", ["read_a", "write_b", "other"], at("1T10:00:00Z")),
    step("two", ["delete_read_a", "delete_read_a", "rm"], at("1T11:00:00Z")),
  );

  it("names each rule with what it met, also what others decided, and rules never hit", async () => {
    const { rules } = await run({}, {}, mixed);
    expect(
      rules.map(({ rule, calls, decided, tools }) => [rule.kind, rule.pattern ?? rule.label, rule.line, calls, decided, tools]),
    ).toEqual([
      ["forbidden", "*delete*", 6, 2, 2, 1],
      ["forbidden", "rm", 7, 1, 1, 1],
      ["forbidden", "unused_*", 8, 0, 0, 0],
      ["capability", "read*", 3, 1, 1, 1],
      ["capability", "*_a", 3, 3, 0, 2],
      ["capability", "write*", 4, 1, 1, 1],
      ["default", "unmapped_tool_action", 10, 1, 1, 1],
    ]);
  });

  it("says of a tool what decided it, what else matches, and why", async () => {
    const { tools } = await run({}, {}, mixed);
    const tool = tools.find((each) => each.tool === "delete_read_a")!;
    expect(tool).toMatchObject({ calls: 2, verdict: "fail", action: "deny", cause: "forbidden", traces: 1, reasons: ["never"] });
    expect([
      tool.rule!.pattern,
      tool.capability!.label,
      tool.alsoMatches.map(({ kind, pattern }) => `${kind} ${pattern}`),
    ]).toEqual(["*delete*", "reading", ["capability *_a"]]);
  });

  it("puts the traces that fail most first", async () => {
    const { topFailing, traces } = await run({}, {}, mixed, lines(step("three", ["rm", "read"], at("1T12:00:00Z"))));
    expect(topFailing.map(({ id, callVerdicts }) => [id, callVerdicts])).toEqual([
      ["two", { pass: 0, warn: 0, fail: 3 }],
      ["three", { pass: 1, warn: 0, fail: 1 }],
      ["one", { pass: 2, warn: 1, fail: 0 }],
    ]);
    expect(topFailing[0]).toEqual(traces[1]);
  });

  it("has nothing to say of changes without another policy", async () => {
    const report = await run({}, {}, mixed);
    expect([report.changes, report.traces[0]!.verdictBefore]).toEqual([undefined, undefined]);
  });

  it("orders the changes by what they let through", async () => {
    const now = sketched({ unmapped: "allow", failOn: "high", more: '["zeta"]' });
    const set = await read(lines(step("t", ["rm", "other", "zeta", "read"], at("1T10:00:00Z"))));
    const { changes } = replay(now, set, { against: sketched({ unmapped: "warn" }) });
    expect(changes!.cells.map(({ from, to, weaker, tools }) => [from, to, weaker, tools.map(({ tool }) => tool)])).toEqual([
      ["fail", "warn", true, ["rm"]],
      ["warn", "pass", true, ["other", "zeta"]],
    ]);
    const [rm] = changes!.cells[0]!.tools;
    expect([rm!.before, rm!.after]).toMatchObject([
      { cause: "forbidden", reason: "never ever" },
      { cause: "forbidden_soft", reason: "never ever" },
    ]);
    expect(changes!.traces.fail.warn).toBe(1);
    const stricter = replay(sketched({ unmapped: "deny" }), set, { against: now }).changes!;
    expect(stricter.cells.map(({ from, to, weaker }) => [from, to, weaker])).toEqual([
      ["warn", "fail", false],
      ["pass", "fail", false],
    ]);
  });

  it("keeps counts exact when findings are too many to keep", () => {
    const engine = sketched({ unmapped: "warn" });
    const answer = (limits: { traceFindingsMax?: number; tracePairsMax?: number }) => {
      const fold = new ReplayFold(engine, limits);
      tell(3, fold);
      return replayReport(fold.finish(), { inputs: toldInputs, diagnostics: [] }, false);
    };
    const whole = answer({});
    const cut = answer({ traceFindingsMax: 4, tracePairsMax: 3 });
    expect(cut.detailsDropped).toBeGreaterThan(5);
    const bare = (report: ReplayReport) => ({
      ...{ ...report, detailsDropped: 0 },
      tools: report.tools.map((tool) => ({ ...tool, traces: 0 })),
      traces: report.traces.map((trace) => ({ ...trace, findings: [] })),
      topFailing: report.topFailing.map((trace) => ({ ...trace, findings: [] })),
    });
    expect(bare(cut)).toEqual(bare(whole));
    const complete = cut.traces.filter(({ findings }) => findings.length > 0);
    for (const trace of complete) expect(whole.traces).toContainEqual(trace);
    const missing = cut.traces.filter(
      ({ findings, verdict }) => findings.length === 0 && verdict !== "pass" && verdict !== "skipped",
    );
    expect(missing.length).toBe(cut.detailsDropped);
  });

  it("lists no more findings than a report can hold: those of the traces that fail most, then of the latest", () => {
    const fold = new ReplayFold(sketched({ unmapped: "deny" }));
    for (const [trace, tools] of Object.entries({ a: 1, b: 3, c: 1, d: 2 })) {
      for (let i = 0; i < tools; i++) fold.add("f", 0, { trace, tool: `rm${i}`, line: i + 1 });
    }
    const folded = fold.finish();
    const listing = (max: number) => {
      const traces = new TraceReports(folded, toldInputs, false, 4, max);
      return [traces.listed.map((each) => traces.report(each).findings.length), traces.detailsDropped];
    };
    expect(listing(7)).toEqual([[1, 3, 1, 2], 0]);
    expect(listing(5)).toEqual([[0, 3, 0, 2], 2]);
    expect(listing(4)).toEqual([[1, 3, 0, 0], 2]);
    expect(listing(0)).toEqual([[0, 0, 0, 0], 4]);
  });

  it("counts further traces as one when there are too many, and says so", () => {
    const fold = new ReplayFold(sketched({}), {}, new Knowledge({}, 3));
    for (let i = 0; i < 9; i++) fold.add(`f${i % 2}`, 0, { trace: `t${i}`, tool: "rm", line: i + 1 });
    const { traces, summary, diagnostics } = replayReport(fold.finish(), { inputs: toldInputs, diagnostics: [] }, false);
    expect(traces.map(({ id, calls }) => `${id} ${calls}`)).toEqual([
      "t0 1",
      "t1 1",
      "t2 1",
      "(further traces) 3",
      "(further traces) 3",
    ]);
    expect([summary.calls, diagnostics.map(({ code, level }) => `${level} ${code}`)]).toEqual([9, ["error trace_too_many"]]);
  });

  it("lists new tools latest first, per agent, with the end of their grace", async () => {
    const text = lines(
      step("a", ["new", "read"], at("1T10:00:00Z")),
      step("b", ["new"], { ...at("3T10:00:00Z"), agent_id: "agent-2" }),
    );
    const { newTools } = await run({ unmapped: "deny", graceHours: 1 }, {}, text);
    const first = Date.UTC(2026, 1, 1, 10);
    expect(newTools).toEqual([
      { tool: "new", agent: "agent-2", firstMs: first + 48 * hour, calls: 1, mapped: false, graceExpiresAtMs: first + 49 * hour },
      { tool: "new", agent: "agent-1", firstMs: first, calls: 1, mapped: false, graceExpiresAtMs: first + hour },
      { tool: "read", agent: "agent-1", firstMs: first, calls: 1, mapped: true, graceExpiresAtMs: undefined },
    ]);
  });

  it("knows subagents in places and counts", async () => {
    const text = lines(assistant("s1", [toolUse("rm", "1")]), agentProgress("s1", [toolUse("rm", "2")]));
    const report = await run({}, {}, text);
    expect(report.traces[0]).toMatchObject({ calls: 2, subagentCalls: 1 });
    expect(report.tools[0]!.places.map(({ subagent }) => subagent)).toEqual([false, true]);
  });

  it("draws at most 240 buckets, of whole hours, then days", () => {
    const engine = sketched({});
    const timeline = (count: number, stepMs: number) => {
      const fold = new ReplayFold(engine);
      for (let i = 0; i < count; i++) fold.add("f", 0, { trace: "t", tool: "read", timeMs: start + i * stepMs, line: 1 });
      return replayReport(fold.finish(), { inputs: toldInputs, diagnostics: [] }, false).timeline;
    };
    expect([timeline(240, hour).bucketMs, timeline(241, hour).bucketMs]).toEqual([hour, 2 * hour]);
    expect(timeline(500, 24 * hour).bucketMs).toBe(72 * hour);
    const decades = timeline(2000, 60 * 24 * hour);
    expect([decades.buckets.length <= 240, decades.bucketMs % (24 * hour)]).toEqual([true, 0]);
    expect(sum(decades.buckets.map(({ pass }) => pass))).toBe(2000);
    const back = timeline(300, -24 * hour);
    expect(back.buckets.map(({ startMs, pass }) => [startMs, pass])).toEqual(
      Array.from({ length: back.buckets.length }, (_, i) => [back.buckets[0]!.startMs + i * back.bucketMs, expect.any(Number)]),
    );
    expect(sum(back.buckets.map(({ pass }) => pass))).toBe(300);
  });
});
