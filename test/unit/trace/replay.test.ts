import { describe, expect, it } from "vitest";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { openEngine } from "../../../src/engine/engine.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { callsInOrder } from "../../../src/trace/call-order.js";
import { ReplayFold } from "../../../src/trace/fold/fold.js";
import { Knowledge } from "../../../src/trace/fold/knowledge.js";
import { noPolicy, toolList } from "../../../src/trace/fold/tool-list.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { placesMax, type ReplayEngine, type ReplayOptions, replay } from "../../../src/trace/replay.js";
import type { ReplayReport } from "../../../src/trace/replay-report.js";
import type { TraceFilter } from "../../../src/trace/select.js";
import type { TraceSet } from "../../../src/trace/trace-set.js";
import { agentProgress, assistant, at, chance, lines, read, step, toolUse, user } from "../../support/traces.js";

interface Sketch {
  readonly unmapped?: string;
  readonly graceHours?: number;
  readonly triggers?: string;
  readonly mode?: string;
}

function policyText({ unmapped = "warn", graceHours = 0, triggers = "[]", mode = "enforce" }: Sketch): string {
  return `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings:
  reading: {tools: ["read*"], card_actions: [read]}
  writing: {tools: ["write*"], card_actions: [write]}
forbidden:
  - {pattern: "*delete*", reason: never, severity: critical}
  - {pattern: "rm", reason: never ever, severity: high}
escalation_triggers: ${triggers}
defaults: {unmapped_tool_action: ${unmapped}, unmapped_severity: medium, fail_open: false, enforcement_mode: ${mode}, grace_period_hours: ${graceHours}}
`;
}

function engineOf(sketch: Sketch): ReplayEngine {
  const parsed = parsePolicy(policyText(sketch), { file: "p.yaml" });
  if (parsed.value === undefined) throw new Error(JSON.stringify(parsed.diagnostics));
  const engine = openEngine(compilePolicy(mergePolicies({ agent: parsed.value }).value!).bytes, { evaluator: "js" });
  return {
    hasCountTriggers: sketch.triggers?.includes("_count") ?? false,
    evaluate: (tools, context) => engine.evaluate(tools, context),
    openSession: () => engine.openSession(),
  };
}

const verdicts = (report: ReplayReport) => report.traces.map(({ id, verdict, calls }) => `${id}:${verdict}:${calls}`).join(" ");
const found = (report: ReplayReport) =>
  report.traces.flatMap(({ id, findings }) =>
    findings.map(({ type, tool, calls, rule }) => `${id} ${type} ${tool} x${calls} ${rule.file}:${rule.line}`),
  );

async function run(sketch: Sketch, options: ReplayOptions, ...texts: string[]): Promise<ReplayReport> {
  return replay(engineOf(sketch), await read(...texts), options);
}

describe("replay", () => {
  const mixed = lines(
    step("pass", ["read_a", "write_b"], at("1T10:00:00Z")),
    step("warn", ["read_a", "other", "other"], at("1T11:00:00Z")),
    step("fail", ["delete_x", "read_a", "undelete", "delete_x", "rm", "other"], at("1T12:00:00Z")),
    step("skipped", [], at("1T13:00:00Z")),
  );

  it("gives each trace the worst verdict of its calls, and a trace without calls none", async () => {
    const report = await run({}, {}, mixed);
    expect(verdicts(report)).toBe("pass:pass:2 warn:warn:3 fail:fail:6 skipped:skipped:0");
    expect(report.summary).toEqual({
      ...{ traces: 4, pass: 1, warn: 1, fail: 1, skipped: 1, calls: 11 },
      callVerdicts: { pass: 4, warn: 3, fail: 4 },
      tools: 6,
      firstMs: Date.UTC(2026, 1, 1, 10),
      lastMs: Date.UTC(2026, 1, 1, 12),
    });
    expect(report.traces.map((trace) => trace.action)).toEqual(["allow", "warn", "deny", "allow"]);
  });

  it("lists violations before warnings, once for each tool and rule, with the rule's place and the calls'", async () => {
    const report = await run({}, {}, mixed);
    expect(found(report)).toEqual([
      "warn unmapped other x2 p.yaml:9",
      "fail forbidden delete_x x2 p.yaml:6",
      "fail forbidden undelete x1 p.yaml:6",
      "fail forbidden rm x1 p.yaml:7",
      "fail unmapped other x1 p.yaml:9",
    ]);
    const [first] = report.traces[2]!.findings;
    expect(first).toMatchObject({ severity: "critical", reason: "never", level: "violation" });
    expect(first!.places).toEqual(Array(2).fill({ input: "a", line: 3, timeMs: Date.UTC(2026, 1, 1, 12), subagent: false }));
  });

  it("counts unmapped tools, but not those that a forbidden rule or their name already fails", async () => {
    const report = await run({}, {}, mixed, lines(step("odd", ["", "zeta", "alpha", "a\ufffd"], at("1T14:00:00Z"))));
    expect(report.unmappedTools).toEqual([
      { tool: "other", count: 3 },
      { tool: "alpha", count: 1 },
      { tool: "zeta", count: 1 },
    ]);
  });

  it("keeps the first places of many calls", async () => {
    const report = await run({}, {}, lines(...Array.from({ length: 9 }, () => assistant("s1", [toolUse("other")]))));
    expect(report.traces[0]!.findings[0]!.calls).toBe(9);
    expect(report.traces[0]!.findings[0]!.places.map((place) => place.line)).toEqual([1, 2, 3].slice(0, placesMax));
  });

  it("counts subagents and marks their calls", async () => {
    const report = await run({}, {}, lines(assistant("s1", [toolUse("read", "1")]), agentProgress("s1", [toolUse("rm", "2")])));
    expect(report.traces[0]).toMatchObject({ calls: 2, subagentCalls: 1, verdict: "fail" });
    expect(report.traces[0]!.findings[0]!.places[0]!.subagent).toBe(true);
  });

  it("checks the card", async () => {
    const card = { boundedActions: ["read"], forbiddenActions: [] };
    const report = await run({}, { card }, lines(step("t", ["read_a", "write_a"])));
    expect(report.cardChecked).toBe(true);
    expect(report.traces[0]!.findings).toMatchObject([
      { type: "capability_exceeded", tool: "write_a", missingCardActions: ["write"] },
    ]);
    expect((await run({}, {}, mixed)).cardChecked).toBe(false);
  });

  it("pauses on escalation and keeps the mode out of the verdict", async () => {
    const triggers = `[{condition: "tool_matches('write*')", action: escalate, reason: ask}]`;
    const text = lines(step("t", ["write_a", "write_a"]));
    expect((await run({ triggers }, {}, text)).traces[0]).toMatchObject({ verdict: "warn", action: "escalate" });
    const lenient = await run({ triggers, mode: "off" }, {}, text, mixed);
    expect(lenient.traces.map((trace) => trace.action)).toEqual(["allow", "allow", "allow", "allow", "allow"]);
    expect(lenient.summary).toMatchObject({ fail: 1, warn: 3 });
    expect(lenient.mode).toBe("off");
  });

  it("carries what reading found, and says so when filters leave nothing", async () => {
    const report = await run({}, { agent: "someone" }, `${mixed}oops\n`);
    expect(report.summary.traces).toBe(0);
    expect(report.badLines).toBe(1);
    expect(report.diagnostics.map((finding) => finding.code)).toEqual(["trace_bad_line", "trace_none_selected"]);
    expect(report.leftOut.otherAgent).toBe(4);
  });
});

describe("grace in a replay (T1, T2)", () => {
  const deny = { unmapped: "deny", graceHours: 24 };
  const day = (n: number, tool: string, more: object = {}) => step(`t${n}`, [tool], { ...at(`${n}T12:00:00Z`), ...more });

  it("runs from the first time the input saw the tool, at each call's own time", async () => {
    const text = lines(day(1, "new"), day(2, "new"), day(3, "new"), step("t1b", ["new"], at("2T11:59:59.999Z")));
    const report = await run(deny, {}, text);
    expect(verdicts(report)).toBe("t1:warn:1 t1b:warn:1 t2:fail:1 t3:fail:1");
    expect(report.graceTools).toEqual([{ tool: "new", agent: "agent-1", count: 2, expiresAtMs: Date.UTC(2026, 1, 2, 12) }]);
    expect(report.grace).toBe("applied");
    expect(report.traces[0]!.findings[0]).toMatchObject({
      type: "unmapped_in_grace",
      graceExpiresAtMs: Date.UTC(2026, 1, 2, 12),
    });
  });

  it("takes the first sighting before filters and limit", async () => {
    const text = lines(day(1, "new"), day(3, "new"));
    expect(verdicts(await run(deny, { limit: 1 }, text))).toBe("t3:fail:1");
    expect(verdicts(await run(deny, { sinceMs: Date.UTC(2026, 1, 3) }, text))).toBe("t3:fail:1");
    expect(verdicts(await run(deny, {}, lines(day(3, "new"))))).toBe("t3:warn:1");
  });

  it("is kept per agent and tool", async () => {
    const text = lines(day(1, "new"), day(3, "new", { agent_id: "agent-2" }), day(4, "new"), day(5, "newer"));
    expect(verdicts(await run(deny, {}, text))).toBe("t1:warn:1 t3:warn:1 t4:fail:1 t5:warn:1");
  });

  it("needs a time", async () => {
    const report = await run(deny, {}, lines(step("t", ["new"])));
    expect([verdicts(report), report.grace]).toEqual(["t:fail:1", "no_clock"]);
  });

  it("is off when the caller or the policy says so", async () => {
    const off = await run(deny, { noGrace: true }, lines(day(1, "new")));
    expect([verdicts(off), off.grace]).toEqual(["t1:fail:1", "off"]);
    const disabled = await run({ ...deny, graceHours: 0 }, {}, lines(day(1, "new")));
    expect([verdicts(disabled), disabled.grace]).toEqual(["t1:fail:1", "disabled"]);
  });

  it("joins the input with a store, and stops when the store is down", async () => {
    const text = lines(day(3, "new"));
    const early = { firstSeenMs: () => Date.UTC(2026, 1, 1) };
    const none = { firstSeenMs: () => undefined };
    const down = {
      firstSeenMs: () => {
        throw new Error("down");
      },
    };
    expect(verdicts(await run(deny, { sightings: early }, text))).toBe("t3:fail:1");
    expect(verdicts(await run(deny, { sightings: none }, text))).toBe("t3:warn:1");
    const report = await run(deny, { sightings: down }, text);
    expect([verdicts(report), report.grace]).toEqual(["t3:fail:1", "store_down"]);
  });

  it("does not soften what is forbidden", async () => {
    expect(verdicts(await run(deny, {}, lines(day(1, "delete"))))).toBe("t1:fail:1");
  });
});

describe("counts of sessions in a replay (E7)", () => {
  const triggers = `[{condition: "tool_count > 2", action: deny, reason: too many}]`;
  const timed = (id: string, second: number, session: string, ...tools: string[]) =>
    step(id, tools, { timestamp: `2026-02-01T10:00:0${second}Z`, context: { session_id: session } });

  it("advance in call order over the traces of a session, and not across sessions", async () => {
    const text = lines(
      timed("late", 3, "s1", "read"),
      timed("first", 1, "s1", "read", "read"),
      timed("other", 2, "s2", "read", "read"),
    );
    const report = await run({ triggers }, {}, text);
    expect(verdicts(report)).toBe("first:pass:2 other:pass:2 late:fail:1");
    expect(found(report)).toEqual(["late escalation_denied * x1 p.yaml:8"]);
  });

  it("count calls that filters leave out of the report", async () => {
    const text = lines(timed("a", 1, "s1", "read", "read"), timed("b", 2, "s1", "read"));
    expect(verdicts(await run({ triggers }, { limit: 1 }, text))).toBe("b:fail:1");
  });

  it("order subagents by time, and calls without a time after the call before them", async () => {
    const main = lines(
      assistant("s1", [toolUse("a", "1")], at("1T10:00:00Z")),
      assistant("s1", [toolUse("b", "2")]),
      assistant("s1", [toolUse("c", "3")], at("1T10:00:09Z")),
    );
    const agent = lines(assistant("s1", [toolUse("d", "4")], { ...at("1T10:00:05Z"), isSidechain: true }));
    const set = await read(main, agent);
    expect([...callsInOrder(set)].map((call) => set.names[set.calls.tool[call]!])).toEqual(["a", "b", "d", "c"]);
  });

  it("fall back to the order of the file without times", async () => {
    const text = lines(...["read1", "read2", "read3"].map((tool) => step(tool, [tool], { context: { session_id: "s" } })));
    expect(verdicts(await run({ triggers }, {}, text))).toBe("read1:pass:1 read2:pass:1 read3:fail:1");
  });
});

describe("both ways of judging agree where no trigger counts", () => {
  /** Calls of four agents' sessions, some undated, over names that touch every rule; a fixed pseudo-random sequence. */
  function sample(seed: number): string {
    const next = chance(seed);
    const names = ["read_a", "write_a", "other", "new_one", "delete_x", "rm", "", "x\ufffd", "_é", "read_delete"];
    const records = Array.from({ length: 120 }, (_, i) =>
      step(
        `t${i}`,
        Array.from({ length: next(4) }, () => names[next(names.length)]!),
        {
          agent_id: `agent-${next(3)}`,
          ...(next(5) === 0 ? {} : { timestamp: new Date(Date.UTC(2026, 1, 1) + next(5 * 86_400_000)).toISOString() }),
          context: { session_id: `s${next(9)}` },
        },
      ),
    );
    return lines(...records);
  }
  const triggers = `[{condition: "tool_matches('write*')", action: escalate, reason: ask}, {condition: "tool_matches('*é')", action: deny, reason: no}]`;
  const places = (report: ReplayReport) => ({
    ...report,
    traces: report.traces.map((trace) => ({
      ...trace,
      findings: trace.findings.map((each) => ({ ...each, places: each.places.map(({ line }) => line) })),
    })),
  });

  it.each([1, 2, 3, 4, 5, 6])("seed %i", async (seed) => {
    for (const unmapped of ["deny", "warn", "allow"]) {
      const engine = engineOf({ unmapped, graceHours: 24, triggers });
      const set = await read(sample(seed));
      for (const options of [{}, { limit: 30 }, { agent: "agent-1" }, { noGrace: true }, { sinceMs: Date.UTC(2026, 1, 3) }]) {
        const fast = replay(engine, set, options);
        const slow = replay({ ...engine, hasCountTriggers: undefined }, set, options);
        expect(sorted(places(fast))).toEqual(sorted(places(slow)));
        expect(fast.summary.calls).toBeGreaterThan(0);
      }
    }
  });

  /** The order of findings follows the order in which calls were judged. */
  function sorted(report: ReturnType<typeof places>) {
    const key = (each: object) => JSON.stringify(each);
    return {
      ...report,
      graceTools: [...report.graceTools].map(key).sort(),
      traces: report.traces.map((trace) => ({ ...trace, findings: trace.findings.map(key).sort() })),
    };
  }
});

describe("which traces are looked at", () => {
  const four = () =>
    read(
      lines(
        step("b", ["x"], at("2T10:00:00Z")),
        step("undated1", ["x"]),
        step("a", ["x"], at("1T10:00:00Z")),
        step("undated2", ["x"], { agent_id: undefined }),
        step("empty", [], at("3T10:00:00Z")),
      ),
    );
  const selected = (set: TraceSet, filter: TraceFilter) => replay(engineOf({}), set, filter);
  const ids = (set: TraceSet, filter: TraceFilter) => selected(set, filter).traces.map(({ id }) => id);

  it("the most recent by last call, undated ones as the oldest, in order of time", async () => {
    const set = await four();
    expect(ids(set, {})).toEqual(["undated1", "undated2", "a", "b", "empty"]);
    expect(ids(set, { limit: 0 })).toEqual(["undated1", "undated2", "a", "b", "empty"]);
    expect(ids(set, { limit: 2 })).toEqual(["b", "empty"]);
    expect(ids(set, { limit: 4 })).toEqual(["undated2", "a", "b", "empty"]);
    expect(selected(set, { limit: 2 }).leftOut.beyondLimit).toBe(3);
  });

  it("those of an agent and those that name none", async () => {
    expect(ids(await four(), { agent: "agent-2" })).toEqual(["undated2"]);
    expect(selected(await four(), { agent: "agent-2" }).leftOut.otherAgent).toBe(4);
  });

  it("those with calls in a half-open range of time, and only those calls", async () => {
    const set = await four();
    const range = { sinceMs: Date.UTC(2026, 1, 1, 10), untilMs: Date.UTC(2026, 1, 2, 10) };
    expect(ids(set, range)).toEqual(["a"]);
    expect(selected(set, range).leftOut).toEqual({ otherAgent: 0, otherSession: 0, otherTime: 2, undated: 2, beyondLimit: 0 });
    const long = await read(
      lines(user("s1"), ...[1, 2, 3].map((n) => assistant("s1", [toolUse(`t${n}`, `${n}`)], at(`${n}T00:00:00Z`)))),
    );
    const report = replay(engineOf({}), long, { sinceMs: Date.UTC(2026, 1, 2) });
    expect(report.summary).toMatchObject({ traces: 1, calls: 2 });
  });
});

describe("the list of tools", () => {
  const listTools = (set: TraceSet, filter: TraceFilter = {}) =>
    toolList(new ReplayFold(noPolicy, filter, Knowledge.of(set, filter)).finish(set), set.badLines);

  it("has counts and times, most used first", async () => {
    const set = await read(
      lines(
        step("1", ["b", "a", "c"], at("2T10:00:00Z")),
        step("2", ["c"], at("1T10:00:00Z")),
        step("3", ["d"], { agent_id: "x" }),
      ),
    );
    expect(listTools(set)).toEqual({
      traces: 3,
      calls: 5,
      badLines: 0,
      tools: [
        { tool: "c", count: 2, firstMs: Date.UTC(2026, 1, 1, 10), lastMs: Date.UTC(2026, 1, 2, 10) },
        { tool: "a", count: 1, firstMs: Date.UTC(2026, 1, 2, 10), lastMs: Date.UTC(2026, 1, 2, 10) },
        { tool: "b", count: 1, firstMs: Date.UTC(2026, 1, 2, 10), lastMs: Date.UTC(2026, 1, 2, 10) },
        { tool: "d", count: 1, firstMs: undefined, lastMs: undefined },
      ],
    });
    expect(listTools(set, { agent: "x" })).toMatchObject({ traces: 1, calls: 1, tools: [{ tool: "d" }] });
  });

  it("is empty for no input", async () => {
    expect(listTools(await readTraces([]))).toEqual({ traces: 0, calls: 0, badLines: 0, tools: [] });
  });
});
