import type { ActionCoverage, CapabilityCoverage, CoverageReport, KnownTool } from "../../analysis/coverage.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { Paint } from "../paint.js";
import { coverageLines } from "./coverage.js";
import { count, lines, listed, quoted, toolName } from "./words.js";

/** Tools named on one line; the rest is counted. */
const namedMax = 4;

/** Both directions: what serves each action of the card, and what each capability serves. */
export function coverageText(report: CoverageReport, reasons: readonly string[], paint: Paint): string {
  const { card, tools, capabilities } = report;
  const known = tools !== undefined;
  return lines(
    card && coverageLines(card, paint),
    tools && toolLine(report),
    section(
      `Card actions (${report.actions.length})`,
      report.actions.flatMap((each) => actionLines(each, capabilities, known, paint)),
      paint,
    ),
    section(
      `Capabilities (${capabilities.length})`,
      capabilities.flatMap((each) => capabilityLines(each, known, paint)),
      paint,
    ),
    section(`Tools that nothing maps (${report.unmappedTools.length})`, report.unmappedTools.map(toolRow), paint),
    section(`Tools that a forbidden rule blocks (${report.blockedTools.length})`, report.blockedTools.map(toolRow), paint),
    reasons.length === 0 ? undefined : ["", ...reasons.map((reason) => paint.fail(`Exit 1: ${reason}`))],
  );
}

function toolLine({ tools }: CoverageReport): string | undefined {
  if (tools === undefined) return undefined;
  const blocked = tools.blocked === 0 ? "" : `; ${count(tools.blocked, "more is", "more are")} blocked by a forbidden rule`;
  const n = (value: number) => value.toLocaleString("en-US");
  return `Tool coverage: ${tools.mappedPct}% (${n(tools.mapped)}/${n(tools.total - tools.blocked)} tools mapped${blocked}), ${n(tools.mappedCalls)} of ${count(tools.calls, "call")}`;
}

function section(title: string, rows: readonly string[], paint: Paint): string[] | undefined {
  return rows.length === 0 ? undefined : ["", paint.strong(title), ...listed(rows)];
}

function actionLines(
  { action, forbidden, capabilities, tools }: ActionCoverage,
  all: readonly CapabilityCoverage[],
  known: boolean,
  paint: Paint,
): string[] {
  const label = escapeText(action);
  if (capabilities.length === 0) return [`${paint.fail("✗")} ${label}: no capability maps it`];
  const names = [...new Set(capabilities.map((i) => escapeText(all[i]?.name ?? "")))].join(", ");
  const idle = known && tools.length === 0;
  const served = known ? `; ${toolsWords(tools)}` : "";
  const banned = forbidden ? paint.fail(" (the card forbids this action, too)") : "";
  return [`${idle || forbidden ? paint.warn("!") : paint.pass("✓")} ${label}: ${names}${served}${banned}`];
}

function capabilityLines(capability: CapabilityCoverage, known: boolean, paint: Paint): string[] {
  const { name, layer, file, line, globs, cardActions, missingActions, tools, takenTools } = capability;
  const lacks = missingActions.length > 0;
  const sign = lacks ? paint.fail("✗") : known && tools.length === 0 ? paint.warn("!") : paint.pass("✓");
  const shownGlobs = globs.slice(0, namedMax).map(({ pattern }) => quoted(pattern));
  const more = globs.length > namedMax ? `, and ${globs.length - namedMax} more` : "";
  const served = known ? `; ${toolsWords(tools)}` : "";
  const taken = known && takenTools > 0 ? `; ${count(takenTools, "more tool")} decided by an earlier capability` : "";
  const place = paint.faint(`${escapeText(file)}:${line} (${layer})`);
  return [
    `${sign} ${escapeText(name)} -> ${cardActions.map(escapeText).join(", ")}  ${place}`,
    `    ${shownGlobs.join(", ")}${more}${served}${taken}`,
    ...(lacks ? [`    ${paint.fail("the card does not grant")} ${missingActions.map(escapeText).join(", ")}`] : []),
  ];
}

function toolsWords(tools: readonly KnownTool[]): string {
  if (tools.length === 0) return "no known tool";
  const calls = tools.reduce((sum, each) => sum + each.calls, 0);
  const names = tools.slice(0, namedMax).map(({ tool }) => toolName(tool));
  const more = tools.length > namedMax ? `, and ${tools.length - namedMax} more` : "";
  return `${count(tools.length, "tool")}, ${count(calls, "call")}: ${names.join(", ")}${more}`;
}

function toolRow({ tool, calls }: KnownTool): string {
  return `${toolName(tool)}  ${calls === 0 ? "not called" : count(calls, "call")}`;
}
