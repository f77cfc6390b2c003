import type { CoverageReport, KnownTool } from "../../analysis/coverage.js";
import { count } from "../text/words.js";
import { codeSpan, markdownTable } from "./inline.js";

/** Rows of one table; a comment is read, not searched. */
const rowsMax = 50;
const namedMax = 3;

/** Coverage as a pull-request comment. */
export function coverageMarkdown(report: CoverageReport, frame: { file: string; reasons: readonly string[] }): string {
  const { card, tools } = report;
  const parts = [
    ...(card === undefined
      ? []
      : [`${card.coveragePct}% of the card's actions mapped (${card.mappedCardActions.length}/${card.totalCardActions})`]),
    ...(tools === undefined ? [] : [`${tools.mappedPct}% of the tools mapped (${tools.mapped}/${tools.total - tools.blocked})`]),
  ];
  return [
    `### Coverage of ${codeSpan(frame.file)}: ${parts.join(", ")}`,
    ...frame.reasons.flatMap((reason) => ["", `> **Exit 1:** ${reason}.`]),
    ...table("Card actions", ["action", "capabilities", "tools"], actionRows(report)),
    ...table("Capabilities", ["capability", "layer", "card actions", "not granted by the card", "tools"], capabilityRows(report)),
    ...table("Tools that nothing maps", ["tool", "calls:"], report.unmappedTools.map(toolRow)),
    ...table("Tools that a forbidden rule blocks", ["tool", "calls:"], report.blockedTools.map(toolRow)),
    "",
  ].join("\n");
}

function actionRows({ actions, capabilities, tools }: CoverageReport): string[][] {
  return actions.map((each) => [
    `${codeSpan(each.action)}${each.forbidden ? " (forbidden by the card, too)" : ""}`,
    each.capabilities.length === 0
      ? "**none**"
      : [...new Set(each.capabilities.map((i) => codeSpan(capabilities[i]?.name ?? "")))].slice(0, rowsMax).join(", "),
    tools === undefined ? "" : toolCell(each.tools),
  ]);
}

function capabilityRows({ capabilities, tools }: CoverageReport): string[][] {
  return capabilities.map((each) => [
    codeSpan(each.name),
    each.layer,
    each.cardActions.map(codeSpan).join(", "),
    each.missingActions.map(codeSpan).join(", "),
    tools === undefined ? "" : toolCell(each.tools),
  ]);
}

function toolCell(tools: readonly KnownTool[]): string {
  if (tools.length === 0) return "none known";
  const names = tools.slice(0, namedMax).map(({ tool }) => codeSpan(tool));
  return tools.length > namedMax ? `${names.join(", ")} and ${tools.length - namedMax} more` : names.join(", ");
}

function toolRow({ tool, calls }: KnownTool): string[] {
  return [codeSpan(tool), calls.toLocaleString("en-US")];
}

function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const left = rows.length > rowsMax ? ["", `${count(rows.length - rowsMax, "more row")} not shown.`] : [];
  return ["", `**${title}**`, "", ...markdownTable(heads, rows.slice(0, rowsMax)), ...left];
}
