import type { Violation } from "../engine/result.js";
import { bufferedHistoricalCallsMax, historicalDaysMax, historicalViolationsMax } from "../limits.js";
import { violationJson } from "../report/json/evaluation.js";
import { timeJson } from "../report/json/rule.js";
import type { CallRange, StoredCall } from "../store/store.js";
import { replayReport } from "../trace/fold/answer.js";
import { type Folded, ReplayFold } from "../trace/fold/fold.js";
import { pairWords } from "../trace/fold/pair-table.js";
import { findingKey } from "../trace/fold/views.js";
import type { ReplayReport, TraceReport } from "../trace/replay-report.js";
import { parseTime } from "../trace/time.js";
import { checkedAgent } from "./access.js";
import { checkedContext, policyFor } from "./evaluate.js";
import { RegistryFailure } from "./failure.js";
import type { Caller, Services } from "./services.js";
import type { HistoricalAnswer, HistoricalRequest, Verdict } from "./shapes.js";

const dayMs = 86_400_000;

/**
 * What a policy would have said of the calls that an agent made in some time (T2: first uses are the store's, over all it knows). The
 * calls stream through; memory grows with the traces and tools among them, and by 29 bytes a call where triggers count.
 */
export async function evaluateHistorical(
  services: Services,
  caller: Caller,
  request: HistoricalRequest,
  signal?: AbortSignal,
): Promise<HistoricalAnswer> {
  const { engines, clock, elapsed } = services;
  const startedMs = elapsed();
  const { org } = caller;
  const { kind } = checkedContext(request.context);
  const agent = checkedAgent(caller, request.agent_id);
  const range = rangeOf(agent, request);
  const policy = await policyFor(services, org, agent, request.policy);
  const card = await engines.cardOf(org, agent);
  const folded = await foldStored(services, org, agent, range, {
    fold: (sightings) =>
      new ReplayFold(policy.replayEngine(), {
        card: card?.card,
        context: kind,
        sightings,
        readOnce: true,
        bufferedCallsMax: bufferedHistoricalCallsMax,
      }),
    signal,
  });
  const report = replayReport(folded, { inputs: [], diagnostics: [] }, false);
  const { pass, warn, fail, skipped, traces, calls } = report.summary;
  const verdict: Verdict = fail > 0 ? "fail" : warn > 0 ? "warn" : "pass";
  return {
    agent_id: agent,
    traces_evaluated: traces,
    calls_evaluated: calls,
    verdict,
    violation_count: violationCount(folded),
    violations: violationsOf(report),
    summary: { pass, warn, fail, skipped },
    policy_id: policy.policyId,
    policy_version: policy.version,
    evaluated_at: timeJson(clock()) as string,
    duration_ms: Math.round((elapsed() - startedMs) * 1000) / 1000,
  };
}

/** @throws RegistryFailure `invalid_request`, or `validation_error` for more than 30 days */
function rangeOf(agent: string, { time_range, limit }: HistoricalRequest): CallRange {
  const refuse = (code: "invalid_request" | "validation_error", path: string, message: string) =>
    new RegistryFailure(code, `${path}: ${message}`, { details: [{ path, message }] });
  const time = (value: unknown, path: string): number => {
    const ms = typeof value === "string" ? parseTime(value) : undefined;
    if (ms === undefined) throw refuse("invalid_request", path, "a time as in ISO 8601");
    return ms;
  };
  const sinceMs = time(time_range?.start, "time_range.start");
  const untilMs = time(time_range?.end, "time_range.end");
  if (sinceMs >= untilMs) throw refuse("invalid_request", "time_range", "the start is before the end");
  if (untilMs - sinceMs > historicalDaysMax * dayMs) {
    throw refuse("validation_error", "time_range", `at most ${historicalDaysMax} days`);
  }
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw refuse("invalid_request", "limit", "a whole number from 1");
  }
  return { agents: [agent], sinceMs, untilMs, traces: limit };
}

interface Folding {
  readonly fold: (sightings: { firstSeenMs(tool: string): number | undefined }) => ReplayFold;
  readonly signal: AbortSignal | undefined;
}

async function foldStored(
  { store }: Services,
  org: string,
  agent: string,
  range: CallRange,
  { fold: open, signal }: Folding,
): Promise<Folded> {
  const firstMs = new Map<string, number | undefined>();
  const fold = open({ firstSeenMs: (tool) => firstMs.get(tool) });
  for await (const block of store.traces.inRange(org, range)) {
    checkWanted(signal);
    for (const { traceId, format, calls, lastMs } of block) {
      if (calls === 0) fold.traceId(format, 0, traceId, { id: traceId, agent, timeMs: lastMs });
    }
  }
  let line = 0;
  for await (const block of store.traces.calls(org, range)) {
    checkWanted(signal);
    // A call may be judged as soon as it is told.
    const unknown = [...new Set(block.map(({ tool }) => tool))].filter((tool) => !firstMs.has(tool));
    const found = unknown.length === 0 ? undefined : await store.sightings.firstSeen(org, agent, unknown);
    for (const tool of unknown) firstMs.set(tool, found?.get(tool));
    for (const call of block) addCall(fold, call, line++);
  }
  return fold.finish();
}

function addCall(fold: ReplayFold, call: StoredCall, line: number): void {
  const { agent, traceId, format, session, tool, timeMs, dated, subagent } = call;
  // The store holds each call once, so no id is told.
  fold.add(format, 0, { trace: traceId, session, tool, timeMs: dated ? timeMs : undefined, agent, subagent, line });
}

function checkWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new RegistryFailure("unavailable", "the evaluation was stopped: nobody waits for it any more");
}

/** Each violation of each tool in each trace once, as `violations` lists them; of at most so many as a fold keeps findings. */
function violationCount({ tally, selection }: Folded): number {
  const { cells } = tally.findings;
  const wanted = new Set(selection.traces);
  const seen = new Map<number, Set<string>>();
  let count = 0;
  for (let at = 0; at < cells.length; at += pairWords) {
    const trace = (cells[at] as number) - 1;
    if (trace === -1 || !wanted.has(trace)) continue;
    const { tool, says } = tally.outcomes.view(cells[at + 1] as number);
    for (const finding of says.findings) {
      if (finding.level !== "violation") continue;
      const keys = seen.get(trace) ?? new Set();
      seen.set(trace, keys);
      // One for the whole trace names no tool of its own.
      const key = `${finding.tool === "" ? tool : ""}\u0000${findingKey(finding)}`;
      if (keys.has(key)) continue;
      keys.add(key);
      count++;
    }
  }
  return count;
}

/** The latest traces first, since their violations are what somebody can still look into. */
function violationsOf({ traces }: ReplayReport): object[] {
  const list: object[] = [];
  for (let i = traces.length - 1; i >= 0 && list.length < historicalViolationsMax; i--) {
    for (const found of violationsIn(traces[i] as TraceReport)) if (list.length < historicalViolationsMax) list.push(found);
  }
  return list;
}

function violationsIn({ id, findings }: TraceReport): object[] {
  return findings.flatMap((finding) => {
    if (finding.level !== "violation") return [];
    const [first] = finding.places;
    return [
      {
        ...violationJson(finding as unknown as Violation),
        trace_id: id,
        occurred_at: timeJson(first?.timeMs),
        calls: finding.calls,
      },
    ];
  });
}
