import {
  closed,
  decision,
  digest,
  flag,
  id,
  list,
  nullable,
  oneOf,
  ref,
  type Schema,
  severity,
  text,
  time,
  toolName,
  verdict,
  whole,
} from "./build.js";

const layer = oneOf(["org", "agent", "transaction", "default"]);
const aRule = ref("Rule");
const noRule = { anyOf: [aRule, { type: "null" }] };

const coverage = closed("How much of the card the policy maps.", {
  total_card_actions: whole(),
  mapped_card_actions: list(text()),
  unmapped_card_actions: list(text()),
  coverage_pct: { description: "Two decimals; 0 without a card.", type: "number", minimum: 0, maximum: 100 },
  mapped_by: list(closed("", { action: text(), capabilities: list(text()) })),
});

const judgedPolicy = closed("", {
  id: nullable(text()),
  version: nullable(whole("", 1)),
  name: text(),
  digest,
  sources: list(closed("", { layer, file: text(), name: text() })),
});

const outcome = closed("", {
  tool: toolName,
  calls: whole(),
  verdict,
  decision,
  cause: oneOf([
    "guardrail_missing",
    "forbidden",
    "invalid_tool_name",
    "escalation_denied",
    "capability_exceeded",
    "unmapped_denied",
    "guardrail_denied",
    "escalated",
    "trigger_warned",
    "forbidden_soft",
    "unmapped_in_grace",
    "unmapped_warned",
    "mapped",
    "unmapped_allowed",
    "fault",
  ]),
  rule: noRule,
  capability: noRule,
  also_matches: list(aRule),
  forbidden: list(aRule),
  triggers: list(aRule),
});

const violationFields = {
  type: oneOf([
    "forbidden",
    "capability_exceeded",
    "unmapped_denied",
    "escalation_denied",
    "guardrail_denied",
    "invalid_tool_name",
  ]),
  tool: toolName,
  reason: text(),
  severity,
  rule: aRule,
};

const context = oneOf(["cicd", "gateway", "observer"]);

export const evaluationSchemas: Readonly<Record<string, Schema>> = {
  Rule: closed(
    "A rule and where it stands.",
    {
      kind: oneOf(["forbidden", "trigger", "capability", "default", "guardrail", "name"]),
      layer,
      index: whole("Position in its layer's section, from 0; -1 for defaults and names.", -1),
      label: text("Capability name, pattern, condition or field, as written."),
      file: text(),
      line: whole(),
      column: whole(),
    },
    {
      pattern: text("The glob that matched."),
      reason: text(),
      severity,
      action: oneOf(["allow", "warn", "deny", "escalate"]),
    },
  ),
  Violation: closed("", violationFields, { missing_card_actions: list(text()) }),
  EvaluateAnswer: closed(
    "The verdict, the outcome of every tool, and what led to it.",
    {
      verdict,
      decision,
      mode: oneOf(["off", "warn", "enforce"]),
      tools: list(outcome),
      violations: list(ref("Violation")),
      warnings: list(
        closed(
          "",
          {
            type: oneOf(["forbidden_soft", "escalation", "trigger", "unmapped", "unmapped_in_grace", "notice"]),
            tool: toolName,
            reason: text(),
            rule: noRule,
          },
          { severity, grace_expires_at: nullable(time) },
        ),
      ),
      escalations: list(closed("", { tool: toolName, reason: text(), rule: aRule })),
      card_gaps: list(
        closed("", { tool: toolName, capability: text(), missing_card_actions: list(text()), reason: text() }),
        "Filled in the context `observer`.",
      ),
      coverage,
      card_checked: flag,
      grace: oneOf(["applied", "disabled", "no_store", "store_down", "no_clock"]),
      policy: judgedPolicy,
      policy_id: nullable(text()),
      policy_version: nullable(whole("", 1)),
      context,
      evaluated_at: time,
      duration_ms: { type: "number", minimum: 0 },
    },
    { transaction_id: text() },
  ),
  HistoricalAnswer: closed("What a policy would have said of recorded traces.", {
    agent_id: id,
    traces_evaluated: whole(),
    calls_evaluated: whole(),
    verdict,
    violation_count: whole("Also of those that are not listed."),
    violations: list(
      closed(
        "",
        { ...violationFields, trace_id: text(), occurred_at: nullable(time) },
        { missing_card_actions: list(text()), calls: whole() },
      ),
      "The first of each tool and trace, up to a cap.",
    ),
    summary: closed("Traces by verdict; skipped ones have no call.", {
      pass: whole(),
      warn: whole(),
      fail: whole(),
      skipped: whole(),
    }),
    policy_id: nullable(text()),
    policy_version: nullable(whole("", 1)),
    evaluated_at: time,
    duration_ms: { type: "number", minimum: 0 },
  }),
};
