import { escapeText } from "../../diagnostics/escape.js";
import type { ToolList } from "../../trace/tools.js";
import type { Paint } from "../paint.js";
import { clock, count, lines, pad, toolName, widest } from "./words.js";

/** A table of tools with counts and the times of the first and last call. */
export function usageText(usage: ToolList, paint: Paint): string {
  const head = `${count(usage.traces, "trace")}, ${count(usage.calls, "call")}, ${count(usage.tools.length, "tool")}`;
  if (usage.tools.length === 0) return lines(head);
  const names = usage.tools.map(({ tool }) => toolName(tool));
  const width = Math.min(60, widest(names, 4));
  const rows = usage.tools.map((tool, i) => {
    const calls = tool.count.toLocaleString("en-US").padStart(9);
    return `${pad(names[i], width)} ${calls}  ${clock(tool.firstMs)}  ${clock(tool.lastMs)}`;
  });
  return lines(head, "", paint.faint(`${pad("tool", width)} ${"calls".padStart(9)}  ${pad("first seen", 20)}  last seen`), rows);
}

/** One name a line, escaped, so that a line break inside a name cannot pass for two tools. */
export function usageNames(usage: ToolList): string {
  return usage.tools.map(({ tool }) => `${escapeText(tool)}\n`).join("");
}
