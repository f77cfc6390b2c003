import type { FloorRun } from "../diff-run.js";
import { summary } from "../text/floor.js";
import { count } from "../text/words.js";
import { folded, joinedBlocks } from "./blocks.js";
import { changeTable, undecidedBlock } from "./diff.js";
import { codeSpan, prose } from "./inline.js";

/** The floor as a pull-request comment: one part for each agent. */
export function floorMarkdown({ org, agents, exitReasons, version }: FloorRun): string {
  const kept = agents.filter(({ report }) => report.holds).length;
  const head = [
    `### ${exitReasons.length === 0 ? "✓" : "✗"} Policy floor ${codeSpan(org)}: kept by ${kept.toLocaleString("en-US")} of ${count(agents.length, "agent")}`,
    ...exitReasons.flatMap((reason) => ["", `**Exit code 1:** ${prose(reason)}`]),
  ];
  const foot = `<sub>smoltbot-policy ${prose(version)}, policy floor</sub>\n`;
  const blocks = agents.flatMap(({ file, report }) => [
    [`#### ${report.broken.length > 0 ? "✗" : report.holds ? "✓" : "?"} ${codeSpan(file)}`, "", summary(report)],
    report.broken.length === 0 ? [] : changeTable(report.broken),
    folded(`Newly mapped (${report.exceptions.length})`, changeTable(report.exceptions)),
    report.broad.map(({ span }) => {
      return `- maps tools of any server over an org deny${span === undefined ? "" : `: ${codeSpan(`${span.file}:${span.line}`)}`}`;
    }),
    undecidedBlock(report.undecided),
  ]);
  return joinedBlocks(
    [head, ...blocks].filter((block) => block.length > 0),
    foot,
    "JSON",
  );
}
