import { escapeText } from "../../diagnostics/escape.js";
import type { FloorRun } from "../diff-run.js";
import type { Paint } from "../paint.js";
import { changeLines, undecidedLines } from "./diff.js";
import { count, lines } from "./words.js";

/** For each agent whether it keeps to the floor of its org, and the names it newly maps. */
export function floorText({ org, agents, exitReasons }: FloorRun, paint: Paint): string {
  return lines(
    agents.flatMap(({ file, report }, i) => [
      ...(i === 0 ? [] : [""]),
      `${headline(report, paint)} ${paint.strong(escapeText(file))} over ${escapeText(org)}`,
      ...report.broken.flatMap((change) => changeLines(change, paint)),
      ...report.exceptions.flatMap((change, n) => changeLines(change, paint, report.exceptions[n - 1])),
      ...report.broad.map(({ message, span }) => {
        const at = span === undefined ? "" : `  ${paint.faint(`${escapeText(span.file)}:${span.line}`)}`;
        return `  ${paint.warn("!")} ${message}${at}`;
      }),
      ...undecidedLines(report.undecided, paint),
      `  ${summary(report)}`,
    ]),
    exitReasons.map((reason) => paint.fail(`✗ ${escapeText(reason)}`)),
  );
}

type Report = FloorRun["agents"][number]["report"];

function headline({ holds, broken }: Report, paint: Paint): string {
  if (broken.length > 0) return paint.fail("✗ below the floor:");
  return holds ? paint.pass("✓ keeps to the floor:") : paint.warn("? not decided:");
}

/** Plain words; also of the other formats. */
export function summary({ holds, broken, exceptions, inventory }: Report): string {
  if (broken.length > 0) return "Names are below the org for another reason than a new mapping: this is a bug in this program.";
  if (!holds) return "Whether any name is below the org was not decided for all names.";
  if (exceptions.length === 0) return `No name is judged more leniently than by the org alone.${listedWords(inventory)}`;
  return `Only names that the org leaves unmapped, and the agent maps, are judged more leniently than by the org alone.${listedWords(inventory)}`;
}

function listedWords(inventory: Report["inventory"]): string {
  if (inventory === undefined) return "";
  const { names, exceptions, invalid } = inventory;
  const left = invalid === 0 ? "" : `; ${count(invalid, "name")} left out as no valid tool names`;
  return ` Of the inventory ${count(exceptions, "name")} of ${names.toLocaleString("en-US")}${left}.`;
}
