import { diagnostic } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Action, Context, Evaluation, Session, Sightings, Verdict } from "../engine/result.js";
import type { RuleCatalog } from "../engine/rule-catalog.js";
import { placesMax } from "../limits.js";
import { callsInOrder } from "./call-order.js";
import type { CallPlace, ReplayReport, ToolInGrace, TraceFinding, TraceReport } from "./replay-report.js";
import { type Selection, selectTraces, type TraceFilter } from "./select.js";
import { InputSightings } from "./sightings.js";
import { mostUsedFirst } from "./tools.js";
import type { TraceSet } from "./trace-set.js";

export { callsInOrder };

/** What a replay asks of an engine. */
export interface ReplayEngine {
  /** Whether some trigger has count tests (E7): only then, or when it is not known, calls are judged one by one in order. */
  readonly hasCountTriggers?: boolean | undefined;
  /** All rules of the policy; without them a report has no hits per rule, and count triggers cost an evaluation a call. */
  readonly rules?: RuleCatalog | undefined;
  evaluate(tools: readonly unknown[], context?: Context): Evaluation;
  openSession(): Session;
}

export interface ReplayOptions extends TraceFilter {
  readonly card?: Context["card"];
  readonly context?: Context["kind"] | undefined;
  /** Judge as if no tool ever had grace. */
  readonly noGrace?: boolean | undefined;
  /** First-seen times beyond those of the input (T2). */
  readonly sightings?: Sightings | undefined;
}

export { placesMax };

/**
 * Judges recorded calls as the live check would have: each call at its own time, each session's counts in call order
 * (E7), grace from the first time the whole input saw a tool (T2). Distinct names are evaluated once and calls counted;
 * only policies with count triggers, or unmapped tools that may be in grace, look at single calls. Linear in the calls.
 */
export function replay(engine: ReplayEngine, set: TraceSet, options: ReplayOptions = {}): ReplayReport {
  const selection = selectTraces(set, options);
  const run = new Replay(engine, set, options, selection);
  if (engine.hasCountTriggers === false) run.judgeByName();
  else run.judgeInOrder();
  return run.report();
}

/** What one evaluation of one name says, ready to be counted. */
interface NameView {
  readonly verdict: Verdict;
  readonly action: Action;
  readonly findings: readonly { readonly key: string; readonly finding: Omit<TraceFinding, "calls" | "places"> }[];
  readonly graceExpiresAtMs: number | undefined;
  /** No capability maps it, and nothing stronger than that is wrong with it (E5). */
  readonly unmapped: boolean;
}

/** Grace of one agent and tool: it ends at one moment, so one view in grace serves all its calls. */
interface GraceView {
  view: NameView | undefined;
  /** The earliest time at which there was no grace. */
  overMs: number;
}

interface Tally {
  calls: number;
  subagentCalls: number;
  verdict: Verdict;
  action: Action;
  readonly findings: Map<string, { finding: Omit<TraceFinding, "calls" | "places">; calls: number; places: CallPlace[] }>;
}

const verdictRank: Record<Verdict, number> = { pass: 0, warn: 1, fail: 2 };
const actionRank: Record<Action, number> = { allow: 0, warn: 1, escalate: 2, deny: 3 };

class Replay {
  private readonly tallies = new Map<number, Tally>();
  private readonly views: (NameView | undefined)[] = [];
  private readonly unmappedCounts = new Map<number, number>();
  private readonly inGrace = new Map<string, ToolInGrace>();
  private readonly graceViews = new Map<string | undefined, Map<number, GraceView>>();
  private readonly sightings: InputSightings | undefined;
  private readonly whole: Evaluation;
  private storeDown = false;
  private timed = false;

  constructor(
    private readonly engine: ReplayEngine,
    private readonly set: TraceSet,
    private readonly options: ReplayOptions,
    private readonly selection: Selection,
  ) {
    this.sightings = options.noGrace === true ? undefined : new InputSightings(set, options.sightings);
    this.whole = engine.evaluate([], { ...this.context(), nowMs: 0, sightings: { firstSeenMs: () => 0 } });
  }

  /** Without count triggers a verdict depends on the name alone, and for grace on the time. */
  judgeByName(): void {
    const { tool, length } = this.set.calls;
    for (let call = 0; call < length; call++) {
      if (this.selection.hasCall(call)) this.count(call, this.viewAt(call, tool[call]!));
    }
  }

  /** With count triggers every call of a session counts, also those that are not reported. */
  judgeInOrder(): void {
    const { session, tool } = this.set.calls;
    const wanted = new Uint8Array(this.set.sessions);
    for (let call = 0; call < session.length; call++) if (this.selection.hasCall(call)) wanted[session[call]!] = 1;
    let current = -1;
    let state: Session | undefined;
    for (const call of callsInOrder(this.set)) {
      if (wanted[session[call]!] === 0) continue;
      if (session[call] !== current) {
        current = session[call]!;
        state = this.engine.openSession();
      }
      const evaluation = this.engine.evaluate([this.set.names[tool[call]!]!], { ...this.contextAt(call), session: state });
      if (this.selection.hasCall(call)) this.count(call, this.viewOf(evaluation));
    }
  }

  private viewAt(call: number, tool: number): NameView {
    const plain = this.plainView(tool);
    const time = this.set.calls.timeMs[call]!;
    if (this.sightings === undefined || Number.isNaN(time)) return plain;
    this.timed = true;
    if (!plain.findings.some(({ finding }) => finding.type === "unmapped_denied")) return plain;
    const grace = this.graceOf(this.set.traces[this.set.calls.trace[call]!]!.agent, tool);
    if (time >= grace.overMs) return plain;
    if (grace.view === undefined) {
      const view = this.viewOf(this.engine.evaluate([this.set.names[tool]!], this.contextAt(call)));
      if (view.graceExpiresAtMs === undefined) grace.overMs = time;
      else grace.view = view;
    }
    return grace.view?.graceExpiresAtMs !== undefined && time < grace.view.graceExpiresAtMs ? grace.view : plain;
  }

  private graceOf(agent: string | undefined, tool: number): GraceView {
    let views = this.graceViews.get(agent);
    if (views === undefined) {
      views = new Map();
      this.graceViews.set(agent, views);
    }
    let grace = views.get(tool);
    if (grace === undefined) {
      grace = { view: undefined, overMs: Infinity };
      views.set(tool, grace);
    }
    return grace;
  }

  private plainView(tool: number): NameView {
    let view = this.views[tool];
    if (view === undefined) {
      view = this.viewOf(this.engine.evaluate([this.set.names[tool]!], this.context()));
      this.views[tool] = view;
    }
    return view;
  }

  private context(): Context {
    return { kind: this.options.context ?? "cicd", card: this.options.card };
  }

  private contextAt(call: number): Context {
    const nowMs = this.set.calls.timeMs[call]!;
    if (this.sightings === undefined || Number.isNaN(nowMs)) return this.context();
    this.timed = true;
    return { ...this.context(), nowMs, sightings: this.sightings.of(this.set.traces[this.set.calls.trace[call]!]!.agent) };
  }

  private viewOf(evaluation: Evaluation): NameView {
    if (evaluation.grace === "store_down") this.storeDown = true;
    const findings = [
      ...evaluation.violations.map((each) => ({ ...each, level: "violation" as const })),
      ...evaluation.warnings.map((each) => ({ ...each, level: "warning" as const })),
    ].map((each) => ({
      key: [each.level, each.type, each.rule.kind, each.rule.layer, each.rule.index, each.tool].join("\u0000"),
      finding: {
        level: each.level,
        type: each.type,
        tool: each.tool,
        reason: each.reason,
        severity: each.severity,
        rule: each.rule,
        missingCardActions: "missingCardActions" in each ? each.missingCardActions : undefined,
        graceExpiresAtMs: "graceExpiresAtMs" in each ? each.graceExpiresAtMs : undefined,
      },
    }));
    const graceExpiresAtMs = findings.find(({ finding }) => finding.graceExpiresAtMs !== undefined)?.finding.graceExpiresAtMs;
    const failed = evaluation.violations.some(({ type }) => type === "forbidden" || type === "invalid_tool_name");
    const unmapped = evaluation.tools[0]?.capability === null && !failed;
    return { verdict: evaluation.verdict, action: evaluation.action, findings, graceExpiresAtMs, unmapped };
  }

  private count(call: number, view: NameView): void {
    const { trace, tool, subagent } = this.set.calls;
    const tally = this.tallyOf(trace[call]!);
    tally.calls++;
    tally.subagentCalls += subagent[call]!;
    if (verdictRank[view.verdict] > verdictRank[tally.verdict]) tally.verdict = view.verdict;
    if (actionRank[view.action] > actionRank[tally.action]) tally.action = view.action;
    for (const { key, finding } of view.findings) {
      let found = tally.findings.get(key);
      if (found === undefined) {
        found = { finding, calls: 0, places: [] };
        tally.findings.set(key, found);
      }
      found.calls++;
      if (found.places.length < placesMax) found.places.push(this.placeOf(call));
    }
    if (view.unmapped) this.unmappedCounts.set(tool[call]!, (this.unmappedCounts.get(tool[call]!) ?? 0) + 1);
    if (view.graceExpiresAtMs !== undefined) this.countGrace(call, view.graceExpiresAtMs);
  }

  private countGrace(call: number, expiresAtMs: number): void {
    const tool = this.set.calls.tool[call]!;
    const { agent } = this.set.traces[this.set.calls.trace[call]!]!;
    const key = `${tool}\u0000${agent ?? ""}`;
    const count = (this.inGrace.get(key)?.count ?? 0) + 1;
    this.inGrace.set(key, { tool: this.set.names[tool]!, agent, count, expiresAtMs });
  }

  private placeOf(call: number): CallPlace {
    const { input, line, timeMs, subagent } = this.set.calls;
    return {
      input: this.set.inputs[input[call]!]!.name,
      line: line[call]!,
      timeMs: Number.isNaN(timeMs[call]!) ? undefined : timeMs[call]!,
      subagent: subagent[call] === 1,
    };
  }

  private tallyOf(trace: number): Tally {
    let tally = this.tallies.get(trace);
    if (tally === undefined) {
      tally = { calls: 0, subagentCalls: 0, verdict: "pass", action: "allow", findings: new Map() };
      this.tallies.set(trace, tally);
    }
    return tally;
  }

  report(): ReplayReport {
    const traces = this.selection.traces.map((index) => this.traceReport(index));
    const counts = { pass: 0, warn: 0, fail: 0, skipped: 0 };
    let calls = 0;
    for (const trace of traces) {
      counts[trace.verdict]++;
      calls += trace.calls;
    }
    const { cardChecked, mode, context, policy } = this.whole;
    return {
      summary: {
        traces: traces.length,
        ...counts,
        calls,
        callVerdicts: { pass: 0, warn: 0, fail: 0 },
        tools: 0,
        firstMs: undefined,
        lastMs: undefined,
      },
      tracesNotListed: 0,
      detailsDropped: 0,
      topFailing: [],
      rules: [],
      tools: [],
      newTools: [],
      timeline: { bucketMs: 3_600_000, buckets: [], undated: { pass: 0, warn: 0, fail: 0 } },
      changes: undefined,
      wrappers: { unwrapped: false, calls: 0, tools: [] },
      partial: undefined,
      traces,
      unmappedTools: [...this.unmappedCounts]
        .map(([tool, count]) => ({ tool: this.set.names[tool]!, count }))
        .sort(mostUsedFirst),
      graceTools: [...this.inGrace.values()].sort(mostUsedFirst),
      leftOut: this.selection.leftOut,
      grace: this.graceState(),
      cardChecked,
      mode,
      context,
      policy,
      inputs: this.set.inputs,
      badLines: this.set.badLines,
      diagnostics: [...this.set.diagnostics, ...this.noneSelected()],
    };
  }

  private graceState(): ReplayReport["grace"] {
    if (this.options.noGrace === true) return "off";
    if (this.whole.grace !== "applied") return this.whole.grace;
    return this.storeDown ? "store_down" : this.timed ? "applied" : "no_clock";
  }

  private noneSelected(): readonly Diagnostic[] {
    if (this.selection.traces.length > 0 || this.set.traces.length === 0) return [];
    const { otherAgent, otherTime, undated } = this.selection.leftOut;
    const reasons = [`${otherAgent} of another agent`, `${otherTime} of another time`, `${undated} without a time`];
    return [
      diagnostic("trace_none_selected", { message: `none of ${this.set.traces.length} traces is left: ${reasons.join(", ")}` }),
    ];
  }

  private traceReport(index: number): TraceReport {
    const { id, format, agent, input, firstMs, lastMs } = this.set.traces[index]!;
    const tally = this.tallies.get(index);
    const findings = [...(tally?.findings.values() ?? [])].map(({ finding, calls, places }) => ({ ...finding, calls, places }));
    const levels = [findings.filter((each) => each.level === "violation"), findings.filter((each) => each.level === "warning")];
    return {
      id,
      format,
      agent,
      input: this.set.inputs[input]!.name,
      firstMs,
      lastMs,
      calls: tally?.calls ?? 0,
      subagentCalls: tally?.subagentCalls ?? 0,
      callVerdicts: { pass: 0, warn: 0, fail: 0 },
      verdictBefore: undefined,
      verdict: tally?.verdict ?? "skipped",
      action: tally?.action ?? "allow",
      findings: levels.flat(),
    };
  }
}
