import type { CaseResult, RuleCoverage, RuleUse, SuiteResult, SuiteRun } from "../../analysis/suite/suite-report.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { Paint } from "../paint.js";
import type { SuiteFrame } from "../suite-frame.js";
import { casePlace, caseTitle, countsOf, faultLines, policyFiles } from "./suite-words.js";
import { count, lines, listed, ruleAndPlace } from "./words.js";

/** Up to so many cases of one file each has a line; beyond, only those that do not hold. */
const allCasesMax = 200;
/** Lines shown of one case that does not hold. */
const faultLinesMax = 40;
/** Cases shown that do not hold. */
const faultyMax = 100;

/** Policy tests for people: every case, what does not hold with its reason, the sums, and rules that nothing exercises. */
export function suiteText(run: SuiteRun, frame: Pick<SuiteFrame, "exitReasons" | "allRules">, paint: Paint): string {
  const counts = countsOf(run);
  const parts = [
    paint.pass(`${counts.passed.toLocaleString("en-US")} passed`),
    ...(counts.failed === 0 ? [] : [paint.fail(`${counts.failed.toLocaleString("en-US")} failed`)]),
    ...(counts.errors === 0 ? [] : [paint.fail(`${counts.errors.toLocaleString("en-US")} not decided`)]),
    ...(counts.leftOut === 0 ? [] : [`${counts.leftOut.toLocaleString("en-US")} left out by --filter`]),
  ];
  return lines(
    run.suites.filter(({ cases }) => cases.length > 0).flatMap((suite) => [...suiteLines(suite, paint), ""]),
    `${paint.strong(count(counts.cases, "case"))}: ${parts.join(", ")}`,
    run.coverage.flatMap((coverage) =>
      coverageLines(coverage, frame.allRules ? "all" : counts.leftOut > 0 ? "none" : "idle", paint),
    ),
    frame.exitReasons.map((reason) => paint.fail(`✗ ${reason}`)),
  );
}

function suiteLines(suite: SuiteResult, paint: Paint): string[] {
  const { kind, file, cases } = suite;
  const faulty = cases.filter(({ status }) => status !== "passed");
  const what = kind === "examples" ? `examples in ${escapeText(file)}` : escapeText(file);
  const against = kind === "examples" ? "" : paint.faint(`  ${policyFiles(suite)}`);
  const head = `${paint.strong(what)}${against}`;
  if (kind === "examples" && faulty.length === 0) {
    return [`${head}: ${count(cases.length, "rule")}, ${paint.pass("all hold")}`];
  }
  const shown = cases.length <= allCasesMax ? cases : faulty.slice(0, faultyMax);
  const hidden = cases.length - shown.length;
  return [
    head,
    ...shown.flatMap((each) => caseLines(each, paint)),
    ...(hidden === 0 ? [] : [paint.faint(`  ${count(hidden, "more case")} not listed`)]),
  ];
}

function caseLines(each: CaseResult, paint: Paint): string[] {
  if (each.status === "passed") return [`  ${paint.pass("✓")} ${caseTitle(each)}`];
  const faults = faultLines(each);
  const shown = faults.slice(0, faultLinesMax).map((line) => `      ${line}`);
  const hidden = faults.length - shown.length;
  return [
    `  ${paint.fail("✗")} ${paint.strong(caseTitle(each))}  ${paint.faint(casePlace(each))}`,
    ...shown,
    ...(hidden <= 0 ? [] : [`      and ${count(hidden, "more line")}`]),
  ];
}

/** Rules that a part of the cases leaves out say nothing. */
function coverageLines(coverage: RuleCoverage, listing: "all" | "idle" | "none", paint: Paint): string[] {
  const { rules, decided, pct } = coverage;
  const head = `${paint.strong("Rule coverage")}: ${pct}% of ${policyFiles(coverage)}, ${decided} of ${count(rules.length, "rule")} ${decided === 1 ? "decides" : "decide"} in some case`;
  if (listing === "all") {
    const rows = rules.map(
      ({ rule, matched, decided: cases }) =>
        `  ${cell(matched)} ${cell(cases)}  ${cases > 0 ? paint.pass("✓") : paint.warn("-")} ${ruleAndPlace(rule, paint)}`,
    );
    return [head, paint.faint("    matched   decided  (cases)"), ...rows];
  }
  const idle = rules.filter((use) => use.decided === 0);
  if (idle.length === 0 || listing === "none") return [head];
  return [
    head,
    "  Not exercised:",
    ...listed(
      idle.map((use) => idleWords(use, paint)),
      "    ",
    ),
  ];
}

function cell(n: number): string {
  return n.toLocaleString("en-US").padStart(9);
}

/** A rule that matches and never decides is shadowed by another one wherever it is tested. */
function idleWords({ rule, matched }: RuleUse, paint: Paint): string {
  const note = matched === 0 ? "" : paint.faint(`  (matches in ${count(matched, "case")}, another rule decides)`);
  return `${ruleAndPlace(rule, paint)}${note}`;
}
