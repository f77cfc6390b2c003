import type { CallResult, CaseResult, Mismatch, SuiteRun } from "../../analysis/suite/suite-report.js";
import type { PolicyIdentity } from "../../engine/result.js";
import { countsOf } from "../text/suite-words.js";
import { ruleJson } from "./rule.js";

/** `smoltbot policy test --format json` where only policy tests ran. */
export function suitesJson(run: SuiteRun, exit: { readonly code: number; readonly reasons: readonly string[] }): object {
  return { schema: "smoltbot.suites/1", suites: suiteRunJson(run), exit };
}

/**
 * The part about policy tests, in a document of its own as beside a replay. Cases and rules are lists of their own, and made when
 * they are written: there may be a hundred thousand of each.
 */
export function suiteRunJson(run: SuiteRun): object {
  const { cases, passed, failed, errors, leftOut } = countsOf(run);
  return {
    summary: { cases, passed, failed, errors, left_out: leftOut },
    files: run.suites.map((suite) => ({
      kind: suite.kind,
      file: suite.file,
      policy: policyJson(suite.policy),
      mode: suite.mode,
      cases: suite.cases.length,
      left_out: suite.leftOut,
    })),
    cases: run.suites.flatMap((suite) => suite.cases.map((each) => ({ toJSON: () => caseJson(each) }))),
    rule_coverage: run.coverage.map(({ policy, rules, decided, pct }) => ({
      policy: policyJson(policy),
      rules: rules.length,
      decided,
      pct,
    })),
    rule_uses: run.coverage.flatMap(({ rules }, coverage) =>
      rules.map((use) => ({
        toJSON: () => ({ coverage, rule: ruleJson(use.rule), matched: use.matched, decided: use.decided }),
      })),
    ),
  };
}

function policyJson({ name, digest, sources }: PolicyIdentity): object {
  return { name, digest, sources };
}

function caseJson({ name, groups, kind, span, status, calls }: CaseResult): object {
  const { file, line, column } = span;
  return { name, groups, kind, file, line, column, status, calls: calls.map(callJson) };
}

function callJson({ tool, outcome, asserted, mismatches, differences, span }: CallResult): object {
  return {
    tool,
    line: span.line,
    asserted,
    verdict: outcome.verdict,
    decision: outcome.decision,
    outcome: outcome.outcome,
    rule: ruleJson(outcome.rule),
    capability: ruleJson(outcome.capability),
    severity: outcome.severity ?? null,
    violations: outcome.violations,
    warnings: outcome.warnings,
    escalates: outcome.escalates,
    mismatches: mismatches.map(mismatchJson),
    differences,
  };
}

function mismatchJson({ key, expected, got, rule, hint, span }: Mismatch): object {
  return { key, expected, got, rule: ruleJson(rule ?? null), hint: hint ?? null, line: span.line, column: span.column };
}
