/** Brings tool names of other dialects to `mcp__server__tool` (docs/traces.md). */
export interface NameMap {
  /** The canonical name; the name itself when no rule applies. */
  canonical(tool: string): string;
}
