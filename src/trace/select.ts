import type { TraceSet } from "./trace-set.js";

/** Which traces and calls are looked at. Times are epoch milliseconds; the range is half open. */
export interface TraceFilter {
  /** Only traces of this agent, and those that name none: whoever gave them meant them. */
  readonly agent?: string | undefined;
  /** Only the trace of this id, and those with a call of this session. */
  readonly session?: string | undefined;
  readonly sinceMs?: number | undefined;
  /** Exclusive. */
  readonly untilMs?: number | undefined;
  /** The most recent traces by last call; 0 or absent: all. Undated traces count as older than dated ones, later ones as more recent. */
  readonly limit?: number | undefined;
}

/** Traces that were not looked at, each counted under the first reason that holds. */
export interface LeftOut {
  readonly otherAgent: number;
  readonly otherSession: number;
  readonly otherTime: number;
  /** A time range was asked for, and the trace has no time. */
  readonly undated: number;
  readonly beyondLimit: number;
}

export interface Selection {
  /** Indexes into `set.traces`: undated ones in the order of the inputs, then dated ones, oldest first. */
  readonly traces: readonly number[];
  readonly leftOut: LeftOut;
  /** Whether a call of a selected trace is within the time range. */
  hasCall(call: number): boolean;
}

/** Applies a filter. Linear in the calls when there is a time range, else in the traces (and sorting those). */
export function selectTraces(set: TraceSet, filter: TraceFilter = {}): Selection {
  const { sinceMs = -Infinity, untilMs = Infinity } = filter;
  const ranged = filter.sinceMs !== undefined || filter.untilMs !== undefined;
  const within = (timeMs: number | undefined) => timeMs !== undefined && timeMs >= sinceMs && timeMs < untilMs;
  const callsWithin = ranged ? new Uint8Array(set.traces.length) : undefined;
  for (let i = 0; callsWithin !== undefined && i < set.calls.length; i++) {
    if (within(set.calls.timeMs[i])) callsWithin[set.calls.trace[i]!] = 1;
  }
  const leftOut = { otherAgent: 0, otherSession: 0, otherTime: 0, undated: 0, beyondLimit: 0 };
  const kept: number[] = [];
  for (const [index, trace] of set.traces.entries()) {
    if (filter.agent !== undefined && (trace.agent ?? filter.agent) !== filter.agent) leftOut.otherAgent++;
    else if (ranged && trace.lastMs === undefined) leftOut.undated++;
    else if (callsWithin !== undefined && !(trace.calls > 0 ? callsWithin[index] === 1 : within(trace.lastMs)))
      leftOut.otherTime++;
    else kept.push(index);
  }
  const ageOf = (index: number) => set.traces[index]!.lastMs ?? -Infinity;
  kept.sort((a, b) => (ageOf(a) < ageOf(b) ? -1 : ageOf(a) > ageOf(b) ? 1 : a - b));
  const limit = filter.limit ?? 0;
  if (limit > 0 && kept.length > limit) leftOut.beyondLimit = kept.splice(0, kept.length - limit).length;
  const chosen = new Uint8Array(set.traces.length);
  for (const index of kept) chosen[index] = 1;
  return {
    traces: kept,
    leftOut,
    hasCall: (call) => chosen[set.calls.trace[call]!] === 1 && (!ranged || within(set.calls.timeMs[call])),
  };
}
