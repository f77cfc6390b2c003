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

/** Order of every list of tools with counts: the count, then the name by code units, the same on every machine. */
export function mostUsedFirst(a: { tool: string; count: number }, b: { tool: string; count: number }): number {
  return b.count - a.count || (a.tool < b.tool ? -1 : a.tool > b.tool ? 1 : 0);
}
