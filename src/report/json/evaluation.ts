import type { Coverage, Evaluation, Violation, Warning } from "../../engine/result.js";
import { ruleJson, timeJson } from "./rule.js";

/** What only the caller with a clock and a command line knows. */
export interface EvaluationFrame {
  readonly evaluatedAtMs: number;
  readonly durationMs: number;
  /** The exit decision, so that a pipeline need not repeat the thresholds. */
  readonly exit: { readonly code: number; readonly reasons: readonly string[] };
}

/** The result object of semantics E9 as `smoltbot policy evaluate --format json` prints it. */
export function evaluationJson(evaluation: Evaluation, frame: EvaluationFrame): object {
  const { policy } = evaluation;
  return {
    schema: "smoltbot.evaluate/1",
    verdict: evaluation.verdict,
    decision: evaluation.action,
    mode: evaluation.mode,
    tools: evaluation.tools.map((t) => ({
      tool: t.tool,
      calls: t.calls,
      verdict: t.verdict,
      decision: t.action,
      cause: t.cause,
      rule: ruleJson(t.rule),
      capability: ruleJson(t.capability),
      also_matches: t.alsoMatches.map((r) => ruleJson(r)),
      forbidden: t.forbidden.map((r) => ruleJson(r)),
      triggers: t.triggers.map((r) => ruleJson(r)),
    })),
    violations: evaluation.violations.map(violationJson),
    warnings: evaluation.warnings.map(warningJson),
    escalations: evaluation.escalations.map((e) => ({ tool: e.tool, reason: e.reason, rule: ruleJson(e.rule) })),
    card_gaps: evaluation.cardGaps.map((g) => ({
      tool: g.tool,
      capability: g.capability,
      missing_card_actions: g.missingCardActions,
      reason: g.reason,
    })),
    coverage: coverageJson(evaluation.coverage),
    card_checked: evaluation.cardChecked,
    grace: evaluation.grace,
    policy: { id: null, version: null, name: policy.name, digest: policy.digest, sources: policy.sources },
    policy_id: null,
    policy_version: null,
    context: evaluation.context,
    evaluated_at: timeJson(frame.evaluatedAtMs),
    duration_ms: frame.durationMs,
    exit: frame.exit,
  };
}

export function violationJson(v: Violation): object {
  return {
    type: v.type,
    tool: v.tool,
    reason: v.reason,
    severity: v.severity,
    missing_card_actions: v.missingCardActions,
    rule: ruleJson(v.rule),
  };
}

export function warningJson(w: Warning): object {
  return {
    type: w.type,
    tool: w.tool,
    reason: w.reason,
    severity: w.severity,
    grace_expires_at: w.graceExpiresAtMs === undefined ? undefined : timeJson(w.graceExpiresAtMs),
    rule: ruleJson(w.rule),
  };
}

/** `mapped_by` is a list, not an object: card actions may be called `__proto__`. */
export function coverageJson(coverage: Coverage): object {
  return {
    total_card_actions: coverage.totalCardActions,
    mapped_card_actions: coverage.mappedCardActions,
    unmapped_card_actions: coverage.unmappedCardActions,
    coverage_pct: coverage.coveragePct,
    mapped_by: coverage.mappedBy,
  };
}
