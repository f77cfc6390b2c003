import { escapeText } from "../../diagnostics/escape.js";
import type { Verdict } from "../../engine/result.js";
import type { ChangeCell, ChangedTool, DecisionChanges } from "../../trace/replay-report.js";
import type { Paint } from "../paint.js";
import { causeWords } from "./evaluation.js";
import { andMore, count, ruleAndPlace, toolName } from "./words.js";

/** Tools listed of one cell. */
const cellToolsShown = 10;
const verdicts: readonly Verdict[] = ["pass", "warn", "fail"];

/** What changes from the old policy: the matrix of calls, then the tools behind each cell. */
export function changeLines(changes: DecisionChanges, paint: Paint): string[] {
  const { old, cells } = changes;
  const was = old.sources.length === 0 ? old.name : old.sources.map(({ file }) => file).join(" + ");
  const title = ["", paint.strong(`Changes from ${escapeText(was)}`)];
  if (cells.length === 0) return [...title, "  No call is judged differently"];
  return [...title, ...matrixLines(changes, paint), ...cells.flatMap((cell) => cellLines(cell, paint))];
}

function matrixLines({ calls, traces }: DecisionChanges, paint: Paint): string[] {
  const rows = verdicts.map((from) => verdicts.map((to) => calls[from][to].toLocaleString("en-US")));
  const width = Math.max(8, ...rows.flat().map((cell) => cell.length)) + 2;
  const moved = verdicts.flatMap((from) =>
    verdicts.flatMap((to) =>
      from === to || traces[from][to] === 0 ? [] : [`${traces[from][to].toLocaleString("en-US")} ${from} -> ${to}`],
    ),
  );
  return [
    paint.faint(`  ${"calls".padEnd(8)}${verdicts.map((to) => `now ${to}`.padStart(width)).join("")}`),
    ...verdicts.map((from, i) => `  ${paint.faint(`was ${from}`)}${rows[i]!.map((cell) => cell.padStart(width)).join("")}`),
    ...(moved.length === 0 ? [] : [paint.faint(`  traces: ${moved.join(", ")}`)]),
  ];
}

function cellLines({ from, to, weaker, calls, tools }: ChangeCell, paint: Paint): string[] {
  const head = `  ${paint[from](from)} -> ${paint[to](to)}${weaker ? paint.warn(", weaker than before") : ""}: ${count(calls, "call")} of ${count(tools.length, "tool")}`;
  const rows = tools.slice(0, cellToolsShown).flatMap((tool) => changedToolLines(tool, paint));
  return ["", head, ...rows, ...andMore(tools.length - cellToolsShown, "    ", "tool")];
}

function changedToolLines({ tool, calls, before, after, places }: ChangedTool, paint: Paint): string[] {
  const [first] = places;
  const at = first === undefined ? "" : paint.faint(`  ${escapeText(first.input)}:${first.line}`);
  return [
    `    ${toolName(tool)}${calls > 1 ? ` ×${calls.toLocaleString("en-US")}` : ""}${at}`,
    `      was ${standWords(before, paint)}`,
    `      now ${standWords(after, paint)}`,
  ];
}

function standWords({ cause, rule }: ChangedTool["before"], paint: Paint): string {
  return rule === null ? causeWords[cause] : `${causeWords[cause]}: ${ruleAndPlace(rule, paint)}`;
}
