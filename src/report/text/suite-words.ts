import type { CallResult, CaseResult, Mismatch, RuleCoverage, SuiteRun } from "../../analysis/suite/suite-report.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";
import { causeWords } from "./evaluation.js";
import { place, quoted, ruleName, toolName } from "./words.js";

/** How many cases there are, and what became of them. */
export interface SuiteCounts {
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly leftOut: number;
}

export function countsOf({ suites }: Pick<SuiteRun, "suites">): SuiteCounts {
  const cases = suites.flatMap((suite) => suite.cases);
  const n = (status: CaseResult["status"]) => cases.filter((each) => each.status === status).length;
  return {
    cases: cases.length,
    passed: n("passed"),
    failed: n("failed"),
    errors: n("error"),
    leftOut: suites.reduce((sum, { leftOut }) => sum + leftOut, 0),
  };
}

/** `group > name`, escaped. */
export function caseTitle({ groups, name }: Pick<CaseResult, "groups" | "name">): string {
  return [...groups, name].map(escapeText).join(" > ");
}

/** `policy.test.yaml:14`, escaped. */
export function casePlace({ span }: Pick<CaseResult, "span">): string {
  return `${escapeText(span.file)}:${span.line}`;
}

/** The policy files, escaped. */
export function policyFiles({ policy }: Pick<RuleCoverage, "policy">): string {
  return policy.sources.map(({ file }) => escapeText(file)).join(" + ");
}

/** Expectations whose values are texts of the policy's author. */
const quotedKeys: ReadonlySet<Mismatch["key"]> = new Set(["rule", "not_rule", "capability", "match", "not_match"]);

/** One line for what was expected and what was found, then its hint. */
export function mismatchLines({ key, expected, got, rule, hint, span }: Mismatch): string[] {
  const wanted = quotedKeys.has(key) ? quoted(expected) : escapeText(expected);
  const found = (key === "rule" || key === "capability") && got !== "none" ? quoted(got) : escapeText(got);
  const by = key === "not_rule" && rule !== undefined ? `: ${whereRule(rule)}` : "";
  const line = `${key}: expected ${wanted}, got ${found}${by}  ${escapeText(span.file)}:${span.line}`;
  return hint === undefined ? [line] : [line, `  hint: ${escapeText(hint)}`];
}

function whereRule(rule: RuleRef): string {
  const at = place(rule);
  return at === "" ? ruleName(rule) : `${ruleName(rule)}, ${at}`;
}

/** What the policy says of a call: the verdict, what decided, and where that stands. */
export function outcomeWords({ outcome }: CallResult): string {
  const { verdict, decision, outcome: cause, rule } = outcome;
  const by = rule === null || rule.kind === "name" ? "" : `; decided by ${whereRule(rule)}`;
  return `${verdict} (decision ${decision}), ${causeWords[cause]}${by}`;
}

/** Everything that is wrong with a case, call by call; calls of a session are counted from 1. */
export function faultLines({ calls, kind }: CaseResult): string[] {
  return calls.flatMap((call, i) => {
    if (call.mismatches.length === 0 && call.differences.length === 0) return [];
    const number = kind === "session" ? `call ${i + 1}: ` : "";
    return [
      `${number}${toolName(call.tool)}`,
      ...call.mismatches.flatMap((mismatch) => mismatchLines(mismatch).map((line) => `  ${line}`)),
      ...call.differences.map((difference) => `  suite_answers_differ: ${escapeText(difference)}`),
      `  the policy says: ${outcomeWords(call)}`,
    ];
  });
}
