import type { History, ObservedTool } from "../../analysis/recommend/history.js";
import type { DecidedCall } from "../../trace/decided-calls.js";
import { isOfAgent } from "../../trace/select.js";
import type { TraceSet } from "../../trace/trace-set.js";

/** Which calls count as evidence. */
export interface Window {
  readonly agent: string | undefined;
  /** Days back from the last call; 0: all. */
  readonly days: number;
  /** Exclusive, epoch milliseconds. */
  readonly untilMs: number | undefined;
}

export interface Observed {
  readonly history: History;
  /** Epoch milliseconds; undefined where no call has a time, or all count. The same range for the replay. */
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  /** Calls without a time, left out because others have one. */
  readonly undatedCalls: number;
  /** Calls before or after the window, left out. */
  readonly outsideCalls: number;
}

interface Sum {
  calls: number;
  readonly sessions: Set<number>;
  readonly days: Set<number>;
  firstMs: number;
  lastMs: number;
  denied: number;
  approved: number;
  escalated: number;
}

const dayMs = 86_400_000;

/** What happened in the window, tool by tool. Linear in the calls; memory grows with distinct pairs of tool and session. */
export function observe(set: TraceSet, decided: readonly DecidedCall[], { agent, days, untilMs }: Window): Observed {
  const { calls, traces, names } = set;
  const ofAgent = traces.map((trace) => isOfAgent(trace.agent, { agent }));
  const before = untilMs ?? Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  let dated = false;
  for (let i = 0; i < calls.length; i++) {
    const timeMs = calls.timeMs[i] as number;
    if (!ofAgent[calls.trace[i] as number] || Number.isNaN(timeMs)) continue;
    dated = true;
    if (timeMs < before && timeMs > lastMs) lastMs = timeMs;
  }
  const ranged = dated && (days > 0 || untilMs !== undefined);
  const sinceMs = ranged && days > 0 ? lastMs - days * dayMs : undefined;
  const isWithin = (timeMs: number) => !ranged || (timeMs >= (sinceMs ?? Number.NEGATIVE_INFINITY) && timeMs < before);
  const sums = new Map<string, Sum>();
  const earlier = new Set<string>();
  const sessions = new Set<number>();
  const active = new Set<number>();
  let counted = 0;
  let undatedCalls = 0;
  let outsideCalls = 0;
  for (let i = 0; i < calls.length; i++) {
    const trace = calls.trace[i] as number;
    const timeMs = calls.timeMs[i] as number;
    if (!ofAgent[trace]) continue;
    if (ranged && Number.isNaN(timeMs)) undatedCalls++;
    if (timeMs < (sinceMs ?? Number.NEGATIVE_INFINITY)) earlier.add(names[calls.tool[i] as number] as string);
    if (!isWithin(timeMs)) {
      if (!Number.isNaN(timeMs)) outsideCalls++;
      continue;
    }
    const sum = sumOf(sums, names[calls.tool[i] as number] as string);
    sum.calls++;
    counted++;
    // Not traces: an AP-Trace is one step of a session.
    const session = calls.session[i] as number;
    sum.sessions.add(session);
    sessions.add(session);
    if (Number.isNaN(timeMs)) continue;
    const day = Math.floor(timeMs / dayMs);
    sum.days.add(day);
    active.add(day);
    sum.firstMs = Math.min(sum.firstMs, timeMs);
    sum.lastMs = Math.max(sum.lastMs, timeMs);
  }
  for (const { tool, decision, agent: decidedFor, timeMs = Number.NaN } of decided) {
    const sum = sums.get(tool);
    if (sum !== undefined && isOfAgent(decidedFor, { agent }) && isWithin(timeMs)) sum[decision]++;
  }
  const tools = [...sums]
    .map(([tool, sum]) => observedTool(tool, sum, earlier.has(tool)))
    .sort((a, b) => (a.tool < b.tool ? -1 : 1));
  let firstMs = Number.POSITIVE_INFINITY;
  for (const tool of tools) firstMs = Math.min(firstMs, tool.firstMs ?? Number.POSITIVE_INFINITY);
  const history: History = {
    tools,
    calls: counted,
    sessions: sessions.size,
    days: active.size,
    firstMs: Number.isFinite(firstMs) ? firstMs : undefined,
    lastMs: Number.isFinite(lastMs) ? lastMs : undefined,
    otherNames: names.filter((name) => !sums.has(name)).sort(),
  };
  return { history, sinceMs, untilMs: ranged ? untilMs : undefined, undatedCalls, outsideCalls };
}

function sumOf(sums: Map<string, Sum>, tool: string): Sum {
  let sum = sums.get(tool);
  if (sum === undefined) {
    const none = { calls: 0, denied: 0, approved: 0, escalated: 0 };
    sum = { ...none, sessions: new Set(), days: new Set(), firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY };
    sums.set(tool, sum);
  }
  return sum;
}

function observedTool(tool: string, { sessions, days, firstMs, lastMs, ...counts }: Sum, knownBefore: boolean): ObservedTool {
  const onlySession = sessions.size === 1 ? sessions.values().next().value : undefined;
  const ms = (value: number) => (Number.isFinite(value) ? value : undefined);
  return {
    tool,
    ...counts,
    sessions: sessions.size,
    onlySession,
    days: days.size,
    firstMs: ms(firstMs),
    lastMs: ms(lastMs),
    knownBefore,
  };
}
