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
  /** Numbers of traces: undated ones in the order of the inputs, then dated ones, oldest first. */
  readonly traces: readonly number[];
  readonly leftOut: LeftOut;
}

/** What a selection looks at of traces that are numbered from 0. */
export interface SelectableTraces {
  readonly length: number;
  agentOf(index: number): string | undefined;
  /** Whether it is the trace, or has a call of the session, that the filter names. */
  isInSession(index: number): boolean;
  /** Time of its last call, else of what else dates it. */
  lastOf(index: number): number | undefined;
  hasCalls(index: number): boolean;
  /** Whether a call of it lies within the time range. */
  isWithin(index: number): boolean;
}

/** Which traces are looked at: undated ones in the order of the inputs, then oldest first. Linear but for sorting them. */
export function select(traces: SelectableTraces, filter: TraceFilter): Selection {
  const { sinceMs = -Infinity, untilMs = Infinity } = filter;
  const ranged = isRanged(filter);
  const within = (timeMs: number) => timeMs >= sinceMs && timeMs < untilMs;
  const leftOut = { otherAgent: 0, otherSession: 0, otherTime: 0, undated: 0, beyondLimit: 0 };
  const kept: number[] = [];
  const age = new Float64Array(traces.length);
  for (let index = 0; index < traces.length; index++) {
    const lastMs = traces.lastOf(index);
    age[index] = lastMs ?? -Infinity;
    if (!isOfAgent(traces.agentOf(index), filter)) leftOut.otherAgent++;
    else if (filter.session !== undefined && !traces.isInSession(index)) leftOut.otherSession++;
    else if (ranged && lastMs === undefined) leftOut.undated++;
    else if (ranged && !(traces.hasCalls(index) ? traces.isWithin(index) : within(lastMs as number))) leftOut.otherTime++;
    else kept.push(index);
  }
  kept.sort((a, b) => (age[a] < age[b] ? -1 : age[a] > age[b] ? 1 : a - b));
  const limit = filter.limit ?? 0;
  if (limit > 0 && kept.length > limit) leftOut.beyondLimit = kept.splice(0, kept.length - limit).length;
  return { traces: kept, leftOut };
}

/** A trace that names no agent is meant, too. */
export function isOfAgent(agent: string | undefined, filter: TraceFilter): boolean {
  return filter.agent === undefined || (agent ?? filter.agent) === filter.agent;
}

function isRanged(filter: TraceFilter): boolean {
  return filter.sinceMs !== undefined || filter.untilMs !== undefined;
}
