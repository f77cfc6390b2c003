import { runSuites } from "../../analysis/suite/run-suites.js";
import type { SuiteRun } from "../../analysis/suite/suite-report.js";
import { diagnostic } from "../../diagnostics/codes.js";
import { quoteText } from "../../diagnostics/escape.js";
import { failure } from "../failure.js";
import { warn } from "../load-policy.js";
import type { Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import type { TestOptions } from "../test-options.js";
import type { Visit } from "./find-suites.js";
import { SuiteLoader, type SuiteSettings } from "./load-suites.js";
import type { TestPlan } from "./plan.js";

export interface SuiteOutcome {
  readonly run: SuiteRun;
  /** Why the command exits 1, in words; empty when all cases hold. */
  readonly reasons: readonly string[];
  /** What the first suite ran against, for a replay that is told of no policy. */
  readonly settings: Settings;
}

/**
 * Runs suites, and the inline examples of the policies they name; without a suite only the examples of the one policy.
 * `visit` hears of every file before it is read. @throws CommandFailure when there is no case to run.
 */
export function runTests(
  files: readonly string[],
  given: SuiteSettings,
  options: Pick<TestOptions, "filter" | "minRuleCoverage"> & Partial<Pick<TestPlan, "missing">>,
  terminal: Terminal,
  visit: Visit,
): SuiteOutcome {
  const loader = new SuiteLoader(given, terminal, visit);
  const groups = files.length > 0 ? loader.load(files) : loader.loadAlone();
  const runs = groups.map(({ tested, tasks }) => runSuites(tested, tasks, { filter: options.filter }));
  const run: SuiteRun = {
    suites: runs.flatMap(({ suites }) => suites),
    coverage: runs.flatMap(({ coverage }) => coverage),
  };
  const cases = run.suites.flatMap((suite) => suite.cases);
  if (cases.length === 0) {
    if (options.missing !== undefined) throw options.missing;
    if (options.filter === undefined)
      throw failure("suite_none_found", "there is no file of policy tests, and no rule has examples");
    throw failure("suite_none_selected", `no case has ${quoteText(options.filter)} in its name`);
  }
  if (options.missing !== undefined) terminal.err(`Only examples were run: ${options.missing.message}.\n`);
  const undecided = cases.filter(({ status }) => status === "error");
  const reported = undecided.map(({ span, calls }) => {
    const message = calls.flatMap(({ differences }) => differences)[0] ?? "";
    return diagnostic("suite_answers_differ", { message, span });
  });
  warn(reported, loader.sources, terminal);
  return { run, reasons: reasonsOf(run, options.minRuleCoverage), settings: groups[0]?.settings ?? given.settings };
}

function reasonsOf({ suites, coverage }: SuiteRun, minRuleCoverage: number | undefined): string[] {
  const cases = suites.flatMap((suite) => suite.cases);
  const reasons: string[] = [];
  const n = (status: "failed" | "error") => cases.filter((each) => each.status === status).length;
  const of = `of ${cases.length} ${cases.length === 1 ? "case" : "cases"}`;
  if (n("failed") > 0) reasons.push(`${n("failed")} ${of} ${n("failed") === 1 ? "fails" : "fail"}`);
  if (n("error") > 0) reasons.push(`${n("error")} ${of} could not be decided`);
  for (const { policy, pct } of coverage) {
    if (minRuleCoverage === undefined || pct >= minRuleCoverage) continue;
    const which = coverage.length === 1 ? "" : ` of ${policy.sources.map(({ file }) => quoteText(file)).join(" + ")}`;
    reasons.push(`rule coverage ${pct}%${which} is below the required ${minRuleCoverage}%`);
  }
  return reasons;
}
