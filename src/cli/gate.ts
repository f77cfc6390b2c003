import type { Evaluation } from "../engine/result.js";
import { severities } from "../policy/lattice.js";
import type { Severity } from "../policy/model.js";

/** What a pipeline asked for beyond the verdict. None of it changes a verdict (semantics R3). */
export interface GateOptions {
  /** Exit 1 on warnings, too. */
  readonly strict?: boolean | undefined;
  /** Only violations from this severity on count for the exit code. */
  readonly failOn?: Severity | undefined;
  /** Percent of the card's actions that must be mapped. */
  readonly minCoverage?: number | undefined;
}

/** Why the gate is shut, in words; empty when it is open. */
export function gateReasons(evaluation: Pick<Evaluation, "verdict" | "violations" | "coverage">, options: GateOptions): string[] {
  const { verdict, violations, coverage } = evaluation;
  const { failOn, minCoverage } = options;
  const reasons: string[] = [];
  if (failOn === undefined) {
    if (verdict === "fail") reasons.push("the verdict is fail");
  } else if (violations.some((v) => severities.indexOf(v.severity) >= severities.indexOf(failOn))) {
    reasons.push(`a violation is ${failOn} or worse`);
  }
  if (options.strict && verdict === "warn") reasons.push("there are warnings, and --strict counts them");
  // A violation that --fail-on lets through is worth no less than a warning.
  if (options.strict && verdict === "fail" && reasons.length === 0)
    reasons.push("there are violations below --fail-on, and --strict counts them");
  if (minCoverage !== undefined && coverage.coveragePct < minCoverage) {
    reasons.push(`coverage ${coverage.coveragePct}% is below the required ${minCoverage}%`);
  }
  return reasons;
}
