import type { Span } from "../../diagnostics/diagnostic.js";
import type { Context, Evaluation, RuleRef } from "../../engine/result.js";
import type { Expectation } from "../../policy/suite.js";
import { isRuleNamed, type RuleNames } from "./rule-names.js";
import type { CallOutcome, Mismatch } from "./suite-report.js";

/** A judged call, as far as an expectation can ask about it. */
export interface JudgedCall {
  readonly outcome: CallOutcome;
  readonly evaluation: Pick<Evaluation, "mode" | "grace" | "cardChecked">;
  readonly context: Context;
  /** Every rule that matches, with each matching glob of a capability as one. */
  readonly matching: readonly RuleRef[];
}

/** What of an expectation does not hold for a call; empty when all of it does. */
export function mismatchesOf(expected: Expectation, call: JudgedCall, names: RuleNames): Mismatch[] {
  const { outcome } = call;
  const found: Mismatch[] = [];
  const compare = (
    key: "verdict" | "decision" | "outcome" | "severity",
    got: string | undefined,
    hint?: (wanted: string) => string | undefined,
  ) => {
    const wanted = expected[key];
    if (wanted === undefined || wanted.value === got) return;
    found.push({ key, expected: wanted.value, got: got ?? "none", span: wanted.span, ...hinted(hint?.(wanted.value)) });
  };
  compare("verdict", outcome.verdict);
  compare("decision", outcome.decision, (wanted) => decisionHint(wanted, call));
  compare("outcome", outcome.outcome, (wanted) => outcomeHint(wanted, call));
  compare("severity", outcome.severity);
  found.push(...ruleMismatches(expected, outcome, names));
  for (const key of ["violations", "warnings"] as const) {
    const wanted = expected[key];
    const got: readonly string[] = outcome[key];
    if (wanted === undefined || same(wanted.value, got)) continue;
    found.push({ key, expected: listed(wanted.value), got: listed(got), span: wanted.span });
  }
  const { escalates } = expected;
  if (escalates !== undefined && escalates.value !== outcome.escalates) {
    found.push({ key: "escalates", expected: String(escalates.value), got: String(outcome.escalates), span: escalates.span });
  }
  for (const { value, span } of expected.notRules ?? []) found.push(...notRuleMismatch(value, span, call, names));
  return found;
}

function ruleMismatches(expected: Expectation, outcome: CallOutcome, names: RuleNames): Mismatch[] {
  const { rule, capability } = outcome;
  const found: Mismatch[] = [];
  const wanted = expected.capability;
  if (wanted !== undefined && wanted.value !== capability?.label) {
    const fault = names.faultOfCapability(wanted.value);
    const got = capability?.label ?? "none";
    found.push({ key: "capability", expected: wanted.value, got, span: wanted.span, ...hinted(fault) });
  }
  const named = expected.rule;
  if (named !== undefined && (rule === null || !isRuleNamed(rule, named.value))) {
    const fault = names.faultOfRule(named.value);
    const cited = rule === null || rule.kind === "name" ? {} : { rule };
    const got = rule === null || rule.kind === "name" ? "none" : (rule.pattern ?? rule.label);
    found.push({ key: "rule", expected: named.value, got, span: named.span, ...cited, ...hinted(fault) });
  }
  const { layer } = expected;
  if (layer !== undefined && layer.value !== rule?.layer) {
    found.push({ key: "layer", expected: layer.value, got: rule?.layer ?? "none", span: layer.span });
  }
  return found;
}

/** A rule that is not there cannot match either: that would hold for every spelling mistake. */
function notRuleMismatch(text: string, span: Span, { matching }: JudgedCall, names: RuleNames): Mismatch[] {
  const fault = names.faultOfRule(text);
  if (fault !== undefined) return [{ key: "not_rule", expected: text, got: "no such rule", span, hint: fault }];
  const rule = matching.find((each) => isRuleNamed(each, text));
  return rule === undefined ? [] : [{ key: "not_rule", expected: text, got: "it matches", span, rule }];
}

/** Decisions that the mode rules out, whatever the policy says otherwise (semantics E8). */
function decisionHint(wanted: string, { evaluation: { mode } }: JudgedCall): string | undefined {
  if (mode === "enforce" || wanted === "allow") return undefined;
  const verdicts: Readonly<Record<string, string>> = {
    deny: "verdict: fail",
    escalate: "escalates: true",
    warn: "verdict: warn",
  };
  if (mode === "warn" && wanted === "warn") return undefined;
  const said = mode === "off" ? "everything is allowed" : "nothing is denied or paused";
  return `the enforcement mode is ${mode}, so ${said}; "${verdicts[wanted]}" means the same in every mode`;
}

function outcomeHint(wanted: string, { evaluation: { cardChecked, grace }, context, outcome }: JudgedCall): string | undefined {
  if (wanted === "capability_exceeded" && !cardChecked) return "no card was given, so card actions were not checked";
  if (wanted !== "unmapped_in_grace" || outcome.outcome !== "unmapped_denied") return undefined;
  if (grace === "disabled") return "the policy gives no grace period";
  if (context.nowMs === undefined) return 'the case has no "now", so there is no grace period';
  if (context.sightings === undefined)
    return 'the case has no "first_seen", so there is no grace period; "first_seen: {}" is enough';
  return undefined;
}

function hinted(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function listed(types: readonly string[]): string {
  return types.length === 0 ? "none" : types.join(", ");
}
