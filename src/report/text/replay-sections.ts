import { escapeText } from "../../diagnostics/escape.js";
import type { NewTool, ReplayReport, RuleHits } from "../../trace/replay-report.js";
import type { Paint } from "../paint.js";
import { andMore, clock, count, listed, mark, ruleAndPlace, toolName } from "./words.js";

/** With fewer traces to look at, the list of all of them already says which are the worst. */
const topFailingFrom = 5;
/** New tools listed, the latest. */
const newToolsShown = 10;

/** Which rules were hit how often, most often first, and which never were. */
export function ruleLines({ rules }: ReplayReport, paint: Paint): string[] {
  if (rules.length === 0) return [];
  const hit = rules.filter((each) => each.calls > 0).sort((a, b) => b.calls - a.calls);
  const never = rules.filter((each) => each.calls === 0);
  const out = ["", paint.strong("Hits per rule")];
  if (hit.length > 0) out.push(paint.faint("     calls   decided  tools"));
  out.push(
    ...listed(
      hit.map((each) => hitLine(each, paint)),
      "",
    ),
  );
  if (never.length > 0) {
    out.push(`  Never hit: ${never.length.toLocaleString("en-US")}`);
    out.push(...listed(never.map(({ rule }) => `    ${ruleAndPlace(rule, paint)}`)));
  }
  return out;
}

function hitLine({ rule, calls, decided, tools, firstMs, lastMs }: RuleHits, paint: Paint): string {
  const cells = [calls, decided, tools].map((n, i) => n.toLocaleString("en-US").padStart([10, 10, 7][i]!)).join("");
  const period = firstMs === undefined || lastMs === undefined ? "" : paint.faint(`  ${clock(firstMs)} to ${clock(lastMs)}`);
  return `${cells}  ${ruleAndPlace(rule, paint)}${period}`;
}

export function topFailingLines({ topFailing, summary }: ReplayReport, paint: Paint): string[] {
  if (topFailing.length === 0 || summary.fail + summary.warn <= topFailingFrom) return [];
  const rows = topFailing.map((trace) => {
    const { fail, warn } = trace.callVerdicts;
    const sign = trace.verdict === "skipped" ? "-" : mark(trace.verdict, paint);
    return `  ${sign} ${escapeText(trace.id)}  ${fail.toLocaleString("en-US")} failing, ${warn.toLocaleString("en-US")} warned of ${count(trace.calls, "call")}  ${paint.faint(escapeText(trace.input))}`;
  });
  return ["", paint.strong(summary.fail > 0 ? "Top failing traces" : "Traces with most warnings"), ...rows];
}

export function newToolLines({ newTools }: ReplayReport, paint: Paint): string[] {
  if (newTools.length === 0) return [];
  const rows = newTools.slice(0, newToolsShown).map((each) => newToolLine(each, paint));
  return ["", paint.strong("New tools, latest first"), ...rows, ...andMore(newTools.length - newToolsShown, "  ", "new tool")];
}

function newToolLine({ tool, agent, firstMs, calls, mapped, graceExpiresAtMs }: NewTool, paint: Paint): string {
  const who = agent === undefined ? "" : ` (${escapeText(agent)})`;
  const grace = graceExpiresAtMs === undefined ? "" : `, grace until ${clock(graceExpiresAtMs)}`;
  const state = mapped ? "mapped" : paint.warn("not mapped");
  return `  ${clock(firstMs)}  ${toolName(tool)}${who}  ${count(calls, "call")}, ${state}${grace}`;
}
