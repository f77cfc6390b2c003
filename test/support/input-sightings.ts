import type { Sightings } from "../../src/engine/result.js";
import type { TraceSet } from "../../src/trace/trace-set.js";

/**
 * What a replay must know of first times, worked out plainly: first-seen times per agent and tool over the whole input, before any filter, joined with a store if there is one (T1,
 * T2). Traces that name no agent share one. Linear in the calls.
 */
export class InputSightings {
  private readonly agents = new Map<string | undefined, Float64Array>();
  private readonly toolIds: ReadonlyMap<string, number>;

  constructor(
    private readonly set: TraceSet,
    private readonly store?: Sightings | undefined,
  ) {
    this.toolIds = new Map(set.names.map((name, id) => [name, id]));
    const { trace, tool, timeMs, length } = set.calls;
    for (let i = 0; i < length; i++) {
      if (Number.isNaN(timeMs[i]!)) continue;
      const first = this.timesOf(set.traces[trace[i]!]!.agent);
      if (!(first[tool[i]!]! <= timeMs[i]!)) first[tool[i]!] = timeMs[i]!;
    }
  }

  /** What the engine asks during a replay of one agent's calls. Throws what the store throws: it is down then. */
  of(agent: string | undefined): Sightings {
    return { firstSeenMs: (tool) => this.firstSeenMs(agent, tool) };
  }

  private firstSeenMs(agent: string | undefined, tool: string): number | undefined {
    const id = this.toolIds.get(tool);
    const seen = id === undefined ? Number.NaN : this.timesOf(agent)[id]!;
    const stored = this.store?.firstSeenMs(tool);
    if (Number.isNaN(seen)) return stored;
    return stored === undefined ? seen : Math.min(seen, stored);
  }

  private timesOf(agent: string | undefined): Float64Array {
    let times = this.agents.get(agent);
    if (times === undefined) {
      times = new Float64Array(this.set.names.length).fill(Number.NaN);
      this.agents.set(agent, times);
    }
    return times;
  }
}
