import type { ToolList } from "../../trace/tools.js";
import { timeJson } from "./rule.js";

/** `smoltbot traces list --format json`. */
export function usageJson(usage: ToolList): object {
  return {
    schema: "smoltbot.traces-list/1",
    traces: usage.traces,
    calls: usage.calls,
    bad_lines: usage.badLines,
    tools: usage.tools.map(({ tool, count, firstMs, lastMs }) => ({
      tool,
      count,
      first_seen: timeJson(firstMs),
      last_seen: timeJson(lastMs),
    })),
  };
}
