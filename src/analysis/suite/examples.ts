import type { Context, RuleRef, ToolOutcome } from "../../engine/result.js";
import { matchGlob } from "../../glob/match.js";
import type { Condition, Examples, Layered, Located, MergedPolicy } from "../../policy/model.js";
import { differences, outcomeOf } from "./call-outcome.js";
import type { CallResult, CaseResult, Mismatch, SuiteResult } from "./suite-report.js";
import { statusOf, type TestBench } from "./test-bench.js";

/** A rule with inline examples (semantics D6). */
interface RuleExamples {
  readonly name: string;
  readonly kind: "capability" | "forbidden" | "trigger";
  readonly layer: string;
  readonly index: number;
  readonly examples: Examples;
  readonly matches: (name: string) => boolean;
}

/** The rules with examples of one policy file. */
export interface ExampleFile {
  readonly file: string;
  readonly rules: readonly RuleExamples[];
}

/** Files without examples are left out. Rules in the order of the sections of a policy. */
export function exampleFiles(policy: MergedPolicy): ExampleFile[] {
  const rules: RuleExamples[] = [];
  const add = (
    { layer, index }: Layered<unknown>,
    kind: RuleExamples["kind"],
    place: string,
    examples: Examples | undefined,
    matches: RuleExamples["matches"],
  ) => {
    if (examples !== undefined) rules.push({ name: `examples of ${place}`, kind, layer, index, examples, matches });
  };
  for (const entry of policy.capabilities) {
    const { name, tools, examples } = entry.rule;
    add(entry, "capability", `capability_mappings.${name}`, examples, (tool) =>
      tools.some(({ glob }) => matchGlob(glob.text, tool)),
    );
  }
  for (const entry of policy.forbidden) {
    const { pattern, examples } = entry.rule;
    add(entry, "forbidden", `forbidden[${entry.index}]`, examples, (tool) => matchGlob(pattern.glob.text, tool));
  }
  for (const entry of policy.triggers) {
    const { condition, examples } = entry.rule;
    add(entry, "trigger", `escalation_triggers[${entry.index}]`, examples, (tool) => isNamed(condition, tool));
  }
  return policy.sources
    .map(({ layer, file }) => ({ file, rules: rules.filter((rule) => rule.layer === layer) }))
    .filter((each) => each.rules.length > 0);
}

/** As `validate` reads examples: the globs of one alternative all match; counts are no matter of the name. */
function isNamed({ terms }: Condition, tool: string): boolean {
  return terms.some(({ globs }) => globs.length > 0 && globs.every(({ text }) => matchGlob(text, tool)));
}

/** Examples are judged without a card, a clock or a store. */
const nothingSaid: Context = {};

/** Each rule with examples is a case: the names must and must not match, whatever decides about them in the end. */
export function runExamples(bench: TestBench, { file, rules }: ExampleFile): SuiteResult {
  const wanted = rules.filter(({ name, examples }) => isFilled(examples) && bench.isWanted(name));
  for (const { examples } of wanted)
    for (const { value } of [...examples.match, ...examples.notMatch]) bench.opinion.announce(value, nothingSaid);
  const cases = wanted.map((rule) => runRule(bench, rule));
  return bench.result("examples", file, cases, rules.filter(({ examples }) => isFilled(examples)).length - wanted.length);
}

function isFilled({ match, notMatch }: Examples): boolean {
  return match.length + notMatch.length > 0;
}

function runRule(bench: TestBench, rule: RuleExamples): CaseResult {
  bench.uses.nextCase();
  const { match, notMatch } = rule.examples;
  const calls = [
    ...match.map((example) => judged(bench, rule, example, true)),
    ...notMatch.map((example) => judged(bench, rule, example, false)),
  ];
  const span = (match[0] ?? notMatch[0])!.span;
  return { name: rule.name, groups: [], kind: "examples", span, status: statusOf(calls), calls };
}

function judged(
  { tested, opinion, uses }: TestBench,
  rule: RuleExamples,
  { value: tool, span }: Located<string>,
  wanted: boolean,
): CallResult {
  const evaluation = tested.engine.evaluate([tool], nothingSaid);
  const found = evaluation.tools[0] as ToolOutcome;
  const isOwn = ({ kind, layer, index }: RuleRef) => kind === rule.kind && layer === rule.layer && index === rule.index;
  if (wanted) uses.addExample(found, isOwn);
  const mismatches: Mismatch[] =
    rule.matches(tool) === wanted
      ? []
      : [{ key: wanted ? "match" : "not_match", expected: tool, got: wanted ? "it does not match" : "it matches", span }];
  const outcome = outcomeOf(evaluation, found);
  return {
    tool,
    span,
    outcome,
    asserted: true,
    mismatches,
    differences: differences(evaluation, opinion.of(tool, nothingSaid), tool),
  };
}
