import { exampleFiles, runExamples } from "./examples.js";
import { runCases, type SuiteTask } from "./run-cases.js";
import type { SuiteRun } from "./suite-report.js";
import { type SuiteOptions, TestBench, type TestedPolicy } from "./test-bench.js";

/**
 * Runs suites and the inline examples of one policy. Every call is judged by the compiled engine and again by the specification;
 * a case on which they differ is an error. Pure; at most as many steps as calls times globs.
 */
export function runSuites(tested: TestedPolicy, tasks: readonly SuiteTask[], options: SuiteOptions = {}): SuiteRun {
  const bench = new TestBench(tested, options);
  const suites = tasks.map((task) => runCases(bench, task));
  for (const file of exampleFiles(tested.subject.policy)) suites.push(runExamples(bench, file));
  return { suites, coverage: [bench.uses.result(bench.identity)] };
}
