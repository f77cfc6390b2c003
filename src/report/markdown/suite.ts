import type { CaseResult, RuleCoverage, SuiteRun } from "../../analysis/suite/suite-report.js";
import type { SuiteFrame } from "../suite-frame.js";
import { countsOf, faultLines } from "../text/suite-words.js";
import { clock, count, marks, place, ruleName } from "../text/words.js";
import { joinedBlocks } from "./blocks.js";
import { codeSpan, markdownTable, prose } from "./inline.js";

/** Rows of one table. */
const rowsMax = 25;
/** Cases of which all that is wrong is written out. */
const casesMax = 25;
const faultLinesMax = 20;

/** Policy tests as a pull-request comment: the sums, what does not hold, the coverage of rules. */
export function suiteMarkdown(run: SuiteRun, frame: SuiteFrame): string {
  return joinedBlocks(suiteBlocks(run, frame), suiteFoot(frame));
}

/** The same in pieces, the most important first. */
export function suiteBlocks(run: SuiteRun, { exitReasons, allRules }: SuiteFrame): string[][] {
  const { cases, passed, failed, errors, leftOut } = countsOf(run);
  const n = (value: number) => value.toLocaleString("en-US");
  const bad = failed + errors;
  const parts = [
    `${n(passed)} passed`,
    ...(failed > 0 ? [`${n(failed)} failed`] : []),
    ...(errors > 0 ? [`${n(errors)} not decided`] : []),
  ];
  const left = leftOut === 0 ? "" : `, ${n(leftOut)} left out by \`--filter\``;
  const faulty = run.suites.flatMap((suite) => suite.cases).filter(({ status }) => status !== "passed");
  return [
    [`### ${marks[bad > 0 ? "fail" : "pass"]} Policy tests: ${parts.join(", ")} of ${count(cases, "case")}${left}`],
    ...(exitReasons.length === 0 ? [] : [[`**Exit code 1:** ${exitReasons.map(prose).join("; ")}`]]),
    ...faulty.slice(0, casesMax).map(caseBlock),
    ...(faulty.length > casesMax
      ? [[`_${count(faulty.length - casesMax, "more case")} that ${faulty.length - casesMax === 1 ? "does" : "do"} not hold._`]]
      : []),
    fileBlock(run),
    ...run.coverage.flatMap((coverage) => coverageBlocks(coverage, allRules)),
  ];
}

export function suiteFoot({ version, generatedAtMs }: SuiteFrame): string {
  return `<sub>smoltbot-policy ${prose(version)}, ${clock(generatedAtMs)}</sub>\n`;
}

/** Each line is code: names and patterns mean nothing to the renderer. */
function caseBlock(each: CaseResult): string[] {
  const lines = faultLines(each);
  const shown = lines.slice(0, faultLinesMax);
  const hidden = lines.length - shown.length;
  return [
    `#### ${marks.fail} ${codeSpan([...each.groups, each.name].join(" > "))}`,
    "",
    `${codeSpan(`${each.span.file}:${each.span.line}`)}`,
    "",
    ...shown.map((line) => `${line.startsWith(" ") ? "  " : ""}- ${codeSpan(line.trim())}`),
    ...(hidden > 0 ? [`- and ${count(hidden, "more line")}`] : []),
  ];
}

function fileBlock({ suites }: SuiteRun): string[] {
  const rows = suites
    .slice(0, rowsMax)
    .map(({ kind, file, policy, cases }) => [
      kind === "examples" ? `examples in ${codeSpan(file)}` : codeSpan(file),
      policy.sources.map((source) => codeSpan(source.file)).join(" + "),
      String(cases.filter(({ status }) => status === "passed").length),
      String(cases.filter(({ status }) => status !== "passed").length),
    ]);
  return [...markdownTable(["tests", "policy", "passed:", "not passed:"], rows), ...more(suites.length)];
}

function coverageBlocks({ policy, rules, decided, pct }: RuleCoverage, allRules: boolean): string[][] {
  const of = policy.sources.map(({ file }) => codeSpan(file)).join(" + ");
  const head = `**Rule coverage** of ${of}: ${pct}% (${decided.toLocaleString("en-US")} of ${count(rules.length, "rule")} decide in some case)`;
  const listed = allRules ? rules : rules.filter((use) => use.decided === 0);
  if (listed.length === 0) return [[head]];
  const rows = listed
    .slice(0, rowsMax)
    .map(({ rule, matched, decided: cases }) => [
      codeSpan(ruleName(rule)),
      codeSpan(place(rule)),
      String(matched),
      String(cases),
    ]);
  const title = allRules ? `All rules (${listed.length})` : `Rules that no case exercises (${listed.length})`;
  return [
    [head],
    [
      "<details>",
      `<summary>${title}</summary>`,
      "",
      ...markdownTable(["rule", "place", "cases it matches:", "cases it decides:"], rows),
      ...more(listed.length),
      "",
      "</details>",
    ],
  ];
}

function more(total: number): string[] {
  return total > rowsMax ? ["", `_and ${count(total - rowsMax, "more row")}_`] : [];
}
