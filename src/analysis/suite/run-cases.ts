import type { Context, Evaluation, ToolOutcome } from "../../engine/result.js";
import type { Circumstances, Suite, SuiteCase } from "../../policy/suite.js";
import { differences, outcomeOf } from "./call-outcome.js";
import { mismatchesOf } from "./expectations.js";
import type { CallResult, CaseResult, SuiteResult } from "./suite-report.js";
import { statusOf, type TestBench } from "./test-bench.js";

/** A suite and the circumstances it is run in. */
export interface SuiteTask {
  readonly suite: Suite;
  /** The context of a case. Equal circumstances get the same object. */
  readonly contextOf: (circumstances: Circumstances) => Context;
}

/** Runs the cases of one suite that are wanted, in the order of the file. */
export function runCases(bench: TestBench, { suite, contextOf }: SuiteTask): SuiteResult {
  const wanted = suite.cases.filter(({ groups, name }) => bench.isWanted([...groups, name].join(" > ")));
  for (const each of wanted) {
    if (inOrder(bench, each)) continue;
    const context = contextOf(each.circumstances);
    for (const { value } of each.calls) bench.opinion.announce(value, context);
  }
  const results = wanted.map((each) => runCase(bench, each, contextOf(each.circumstances)));
  return bench.result("suite", suite.file, results, suite.cases.length - wanted.length);
}

function inOrder({ counts }: TestBench, { kind }: SuiteCase): boolean {
  return counts && kind === "session";
}

function runCase(bench: TestBench, each: SuiteCase, context: Context): CaseResult {
  bench.uses.nextCase();
  const calls = inOrder(bench, each) ? session(bench, each, context) : each.calls.map((_, i) => alone(bench, each, i, context));
  const { name, groups, kind, span } = each;
  return { name, groups, kind, span, status: statusOf(calls), calls };
}

function alone(bench: TestBench, each: SuiteCase, index: number, context: Context): CallResult {
  const tool = each.calls[index]!.value;
  const evaluation = bench.tested.engine.evaluate([tool], context);
  return judged(bench, each, index, evaluation, context, differences(evaluation, bench.opinion.of(tool, context), tool));
}

/** Call by call, each re-judged with the counts before it; then the session as a whole, which the specification counts itself. */
function session(bench: TestBench, each: SuiteCase, context: Context): CallResult[] {
  const { engine, rules } = bench.tested;
  const tools = each.calls.map(({ value }) => value);
  const opened = engine.openSession();
  const calls = tools.map((tool, i) => {
    const { toolCount, unmappedOrgCount, unmappedCount, violationCount } = opened;
    const before = { toolCount, unmappedOrgCount, unmappedCount, violationCount };
    const evaluation = engine.evaluate([tool], { ...context, session: opened });
    const again = bench.opinion.after(before, rules.termSet(opened), tool, context);
    return judged(bench, each, i, evaluation, context, differences(evaluation, again, tool));
  });
  const [whole, again] = [engine.evaluate(tools, context), bench.opinion.inOrder(tools, context)];
  const found = wholeDifferences(whole, again);
  const last = calls.at(-1);
  if (last !== undefined && found.length > 0) calls[calls.length - 1] = { ...last, differences: [...last.differences, ...found] };
  return calls;
}

/** The verdict of the session, and the numbers of what was found in it. */
function wholeDifferences(engine: Evaluation, specification: Evaluation): string[] {
  const said = ({ verdict, action, tools, violations, warnings, escalations }: Evaluation) =>
    [
      ...[verdict, action, `${violations.length} violations`, `${warnings.length} warnings`, `${escalations.length} escalations`],
      ...tools.map(({ cause }) => cause),
    ].join(", ");
  const [ours, theirs] = [said(engine), said(specification)];
  return ours === theirs ? [] : [`session: the engine says ${ours}; the specification ${theirs}`];
}

function judged(
  { uses, names, tested }: TestBench,
  each: SuiteCase,
  index: number,
  evaluation: Evaluation,
  context: Context,
  found: readonly string[],
): CallResult {
  const tool = evaluation.tools[0] as ToolOutcome;
  const outcome = outcomeOf(evaluation, tool);
  const expected = each.expected[index];
  const { value, span } = each.calls[index]!;
  const call = { tool: value, span, outcome, differences: found };
  if (expected === undefined) return { ...call, asserted: false, mismatches: [] };
  const numbers = uses.matching(tool);
  uses.add(tool, numbers);
  const matching = expected.notRules === undefined ? [] : numbers.map((number) => tested.rules.rules[number]!);
  return { ...call, asserted: true, mismatches: mismatchesOf(expected, { outcome, evaluation, context, matching }, names) };
}
