import type { CompileReport } from "../../compiler/compile.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { Paint } from "../paint.js";
import { count, lines } from "./words.js";

/** What compiling did: which lane the globs went to, how large the tables are, where the time went. */
export function compiledText(output: string, digest: string, report: CompileReport, paint: Paint): string {
  const lanes = Object.entries(report.lanes)
    .filter(([, globs]) => globs > 0)
    .map(([lane, globs]) => `${globs.toLocaleString("en-US")} ${lane}`);
  const { dfa } = report;
  const over =
    report.overBudget === undefined
      ? undefined
      : `over the budget of ${report.overBudget}, so the globs went to the indexed lanes`;
  return lines(
    `${paint.pass("✓")} ${paint.strong(escapeText(output))}  ${count(report.artifactBytes, "byte")}`,
    `  digest     ${digest}`,
    `  globs      ${report.globs.toLocaleString("en-US")}${lanes.length === 0 ? "" : ` (${lanes.join(", ")})`}`,
    `  rows       ${report.rows.toLocaleString("en-US")}`,
    dfa === undefined
      ? `  automaton  none${over === undefined ? "" : `: ${over}`}`
      : `  automaton  ${count(dfa.states, "state")} (${dfa.statesBeforeMinimization.toLocaleString("en-US")} before minimisation), ${count(dfa.classes, "byte class", "byte classes")}`,
    `  stages     ${report.milliseconds.map(({ stage, ms }) => `${stage} ${ms.toFixed(1)} ms`).join(", ")}`,
  );
}
