import type { Span } from "../../diagnostics/diagnostic.js";
import type { Action, Cause, PolicyIdentity, RuleRef, Verdict, ViolationType, WarningType } from "../../engine/result.js";
import type { EnforcementMode, Severity } from "../../policy/model.js";

/** What running policy tests answers: see run-suites.ts. */
export interface SuiteRun {
  /** In the order they were named; examples of a policy follow the suites that ran against it. */
  readonly suites: readonly SuiteResult[];
  /** One for each policy that was tested. */
  readonly coverage: readonly RuleCoverage[];
}

export interface SuiteResult {
  /** `examples`: the inline examples of one policy file, a case for each rule that has some (semantics D6). */
  readonly kind: "suite" | "examples";
  readonly file: string;
  readonly policy: PolicyIdentity;
  readonly mode: EnforcementMode;
  readonly cases: readonly CaseResult[];
  /** Cases that a filter left out. */
  readonly leftOut: number;
}

/** `error`: the engine and the specification differ on a call, so nobody can say whether the case holds. */
export type CaseStatus = "passed" | "failed" | "error";

export interface CaseResult {
  readonly name: string;
  readonly groups: readonly string[];
  readonly kind: "tools" | "session" | "examples";
  readonly span: Span;
  readonly status: CaseStatus;
  readonly calls: readonly CallResult[];
}

/** One call of a case, and what became of it. */
export interface CallResult {
  readonly tool: string;
  readonly span: Span;
  readonly outcome: CallOutcome;
  /** Something was expected of this call. */
  readonly asserted: boolean;
  readonly mismatches: readonly Mismatch[];
  /** What the specification says otherwise, in words; empty when it agrees. */
  readonly differences: readonly string[];
}

export interface CallOutcome {
  readonly verdict: Verdict;
  readonly decision: Action;
  readonly outcome: Cause;
  readonly rule: RuleRef | null;
  /** The capability that maps the tool, or null. */
  readonly capability: RuleRef | null;
  /** Of what decided; undefined where that has none. */
  readonly severity: Severity | undefined;
  /** Distinct types, sorted. */
  readonly violations: readonly ViolationType[];
  readonly warnings: readonly WarningType[];
  readonly escalates: boolean;
}

/** The keys of an expectation, and those of inline examples. */
export type ExpectationKey =
  | "verdict"
  | "decision"
  | "outcome"
  | "capability"
  | "rule"
  | "layer"
  | "severity"
  | "violations"
  | "warnings"
  | "escalates"
  | "not_rule"
  | "match"
  | "not_match";

/** One expectation that does not hold. Texts are as they were written, for reports to escape. */
export interface Mismatch {
  readonly key: ExpectationKey;
  readonly expected: string;
  readonly got: string;
  /** A rule to look at: the one that decided, or that matched. */
  readonly rule?: RuleRef;
  /** What to do, or what was meant; user text in it is escaped. */
  readonly hint?: string;
  /** Where the expectation is written. */
  readonly span: Span;
}

/** Which rules of a policy the cases exercise. */
export interface RuleCoverage {
  readonly policy: PolicyIdentity;
  /** As `RuleCatalog` lists them: forbidden rules, triggers, globs of capabilities, the default for unmapped tools. */
  readonly rules: readonly RuleUse[];
  /** Rules that decide in some case. */
  readonly decided: number;
  /** 0 to 100, two decimals, rounded down, so that 100 means all. */
  readonly pct: number;
}

export interface RuleUse {
  readonly rule: RuleRef;
  /** Cases with a call, of which something is expected, that the rule matches. */
  readonly matched: number;
  /** Cases with such a call that the rule decides. Only these exercise it. */
  readonly decided: number;
}
