import { selectTraces, type TraceFilter } from "./select.js";
import type { TraceSet } from "./trace-set.js";

export interface UsedTool {
  readonly tool: string;
  readonly count: number;
  /** Epoch milliseconds; undefined when no call of it has a time. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
}

export interface ToolList {
  readonly traces: number;
  readonly calls: number;
  readonly badLines: number;
  /** Most used first, then by name. */
  readonly tools: readonly UsedTool[];
}

/** Which tools the agents really used. Linear in the calls. */
export function listTools(set: TraceSet, filter: TraceFilter = {}): ToolList {
  const selection = selectTraces(set, filter);
  const count = new Float64Array(set.names.length);
  const first = new Float64Array(set.names.length).fill(Infinity);
  const last = new Float64Array(set.names.length).fill(-Infinity);
  let calls = 0;
  for (let i = 0; i < set.calls.length; i++) {
    if (!selection.hasCall(i)) continue;
    const tool = set.calls.tool[i]!;
    const timeMs = set.calls.timeMs[i]!;
    calls++;
    count[tool]!++;
    if (timeMs < first[tool]!) first[tool] = timeMs;
    if (timeMs > last[tool]!) last[tool] = timeMs;
  }
  const tools = set.names.map((tool, id) => ({
    tool,
    count: count[id]!,
    firstMs: Number.isFinite(first[id]!) ? first[id]! : undefined,
    lastMs: Number.isFinite(last[id]!) ? last[id]! : undefined,
  }));
  return {
    traces: selection.traces.length,
    calls,
    badLines: set.badLines,
    tools: tools.filter((tool) => tool.count > 0).sort(mostUsedFirst),
  };
}

/** Order of every list of tools with counts: the count, then the name by code units, the same on every machine. */
export function mostUsedFirst(a: { tool: string; count: number }, b: { tool: string; count: number }): number {
  return b.count - a.count || (a.tool < b.tool ? -1 : a.tool > b.tool ? 1 : 0);
}
