import type { CaseResult, RuleCoverage, SuiteResult, SuiteRun } from "../../analysis/suite/suite-report.js";
import type { SuiteFrame } from "../suite-frame.js";
import { casePlace, countsOf, faultLines } from "../text/suite-words.js";
import { count } from "../text/words.js";
import { junitText, type TestCase, type TestSuite } from "./test-suites.js";

/** Lines of a failure that are written out. */
const faultLinesMax = 50;

/** JUnit XML: a test suite per file, a test case per case, groups in the class name, the coverage of rules as properties. */
export function suiteJunit(run: SuiteRun, frame: SuiteFrame): string {
  return junitText("smoltbot policy test", suitesOf(run, frame));
}

/** Reasons to exit 1 that no case stands for are a case of their own, so that the file never says less than the exit code. */
export function suitesOf(run: SuiteRun, frame: SuiteFrame): TestSuite[] {
  const suites = run.suites.map((suite) => suiteOf(suite, run.coverage, frame));
  const { failed, errors } = countsOf(run);
  if (frame.exitReasons.length === 0 || failed + errors > 0) return suites;
  const [message = ""] = frame.exitReasons;
  const cases: TestCase[] = [
    { name: "exit code", className: "smoltbot/suites", outcome: "failure", message, body: frame.exitReasons.join("\n") },
  ];
  const { generatedAtMs } = frame;
  return [...suites, { name: "smoltbot policy test", generatedAtMs, properties: [], cases }];
}

function suiteOf(suite: SuiteResult, all: readonly RuleCoverage[], { generatedAtMs, version }: SuiteFrame): TestSuite {
  const coverage = all.find(({ policy }) => policy === suite.policy);
  return {
    name: fileName(suite),
    generatedAtMs,
    properties: [
      ["policy", suite.policy.name],
      ["policy_files", suite.policy.sources.map(({ file }) => file).join(" + ")],
      ["policy_digest", suite.policy.digest],
      ["enforcement_mode", suite.mode],
      ...(coverage === undefined ? [] : coverageProperties(coverage)),
      ["smoltbot_version", version],
    ],
    cases: suite.cases.map((each) => caseOf(each, suite)),
  };
}

/** Examples of an org policy run once with each policy above it. */
function fileName({ kind, file, policy: { sources } }: SuiteResult): string {
  if (kind === "suite") return file;
  const others = sources.filter((source) => source.file !== file).map((source) => source.file);
  return [`examples in ${file}`, ...others].join(" with ");
}

function coverageProperties({ rules, decided, pct }: RuleCoverage): [string, string][] {
  return [
    ["rules", String(rules.length)],
    ["rules_exercised", String(decided)],
    ["rule_coverage_pct", String(pct)],
  ];
}

function caseOf(each: CaseResult, suite: SuiteResult): TestCase {
  const className = [fileName(suite), ...each.groups].join(" > ");
  const shared = { name: each.name, className, file: each.span.file };
  if (each.status === "passed") return { ...shared, outcome: "passed" };
  const faults = faultLines(each);
  const shown = faults.slice(0, faultLinesMax);
  if (faults.length > shown.length) shown.push(`and ${count(faults.length - shown.length, "more line")}`);
  const bad = each.calls.filter(({ mismatches, differences }) => mismatches.length + differences.length > 0).length;
  const message =
    each.status === "error"
      ? "suite_answers_differ: the engine and the specification differ"
      : `${bad} of ${count(each.calls.length, "call")} ${bad === 1 ? "is" : "are"} not as expected`;
  const body = [casePlace(each), ...shown].join("\n");
  return { ...shared, outcome: each.status === "error" ? "error" : "failure", message, body };
}
