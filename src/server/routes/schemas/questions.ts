import { closed, decision, flag, list, nullable, oneOf, open, ref, type Schema, text, verdict, whole } from "./build.js";

const someRule: Schema = { anyOf: [ref("Rule"), { type: "null" }] };
const outcome = open("", { verdict, decision, cause: text() });

const change = open("Names whose outcome changes in one way.", {
  direction: oneOf(["weaker", "stricter", "other"]),
  old: outcome,
  new: outcome,
  when: { description: "The circumstances in which it does.", type: "object" },
  witness: text("A shortest name, judged again by the executable specification."),
  names: open("How many there are; a count is a decimal string.", { kind: text(), count: nullable(text()) }),
  examples: list(text()),
  causes: list(open("", { side: oneOf(["old", "new"]), change: text(), rule: someRule })),
});

const finding = open("", {
  code: text("Stable; see docs/lint.md."),
  severity: oneOf(["error", "warning", "notice"]),
  path: text(),
  message: text(),
  fix: text(),
  line: nullable(whole()),
  column: nullable(whole()),
  rule: someRule,
});

export const questionSchemas: Readonly<Record<string, Schema>> = {
  ValidateAnswer: closed("", {
    valid: flag,
    diagnostics: list(ref("Finding")),
    summary: nullable(
      closed("What a valid one contains.", {
        schema_version: text(),
        name: text(),
        scope: oneOf(["org", "agent"]),
        capabilities: whole(),
        tool_patterns: whole(),
        forbidden: whole(),
        escalation_triggers: whole(),
        unmapped_tool_action: text(),
        enforcement_mode: text(),
      }),
    ),
  }),
  DiffAnswer: open("Every way in which verdicts change, for all names (docs/diff.md).", {
    old: open("", { label: text() }),
    new: open("", { label: text() }),
    equal: flag,
    complete: { description: "false: some answers are not decided, see `undecided`.", type: "boolean" },
    card_checked: flag,
    summary: closed("", { weaker: whole(), stricter: whole(), other: whole(), undecided: whole() }),
    defaults: list(open("", { field: text(), direction: text() })),
    rules: list(open("", { kind: text(), change: text(), old: someRule, new: someRule })),
    changes: list(change),
    undecided: list(open("", { question: text(), reason: text() })),
  }),
  LintAnswer: open("Rules that do nothing, or not what they seem to (docs/lint.md).", {
    summary: open("", { errors: whole(), warnings: whole(), notices: whole() }),
    findings: list(finding),
    undecided: list(finding, "Of the findings, those that say what was not decided."),
  }),
  ExplainAnswer: open("For each tool every matching rule, and what would apply without it.", {
    tools: list(
      open("", {
        tool: text(),
        verdict,
        decision,
        cause: text(),
        rule: someRule,
        rules: list(open("", { rule: ref("Rule"), decides: flag, without: outcome })),
      }),
    ),
    policy: { type: ["object", "null"] },
  }),
  RecommendAnswer: open("A draft of a policy and what it rests on (docs/recommend.md).", {
    recommendation_id: text("Equal input, equal id."),
    policy: ref("PolicyInput"),
    recommendation: open("", {
      capability_mappings: {
        type: "object",
        additionalProperties: open(
          "",
          { confidence: share(), tools: list(text()), card_actions: list(text()) },
          { review_note: text("What somebody should look at.") },
        ),
      },
    }),
    reasoning_chain: list(open("", { step: whole("", 1), action: text(), rationale: text() })),
    confidence: share(),
    validation: closed("", { valid: flag, errors: list(open("", { path: text(), message: text() })) }),
  }),
};

function share(): Schema {
  return { description: "0 to 1, two decimals.", type: "number", minimum: 0, maximum: 1 };
}
