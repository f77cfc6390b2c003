/** A valid policy text and edits of it. */
export const validPolicy = `meta:
  schema_version: "1.0"
  name: support
  scope: agent
capability_mappings:
  web:
    tools: ["mcp__browser__*"]
    card_actions: [web_fetch]
forbidden:
  - pattern: "mcp__admin__*"
    reason: "people do that"
    severity: high
escalation_triggers:
  - condition: "tool_matches('mcp__pay__*')"
    action: escalate
    reason: "ask first"
defaults:
  unmapped_tool_action: warn
  unmapped_severity: medium
  fail_open: false
`;

/** The valid policy with one part replaced; fails when the part is not in it. */
export function edited(part: string, replacement: string): string {
  if (!validPolicy.includes(part)) throw new Error(`the policy has no ${JSON.stringify(part)}`);
  return validPolicy.replace(part, () => replacement);
}

/** The valid policy with a further condition. */
export function withCondition(condition: string): string {
  return edited(
    "escalation_triggers:\n",
    `escalation_triggers:\n  - {condition: ${JSON.stringify(condition)}, action: warn, reason: r}\n`,
  );
}

export function withGlob(glob: string): string {
  return edited('"mcp__admin__*"', JSON.stringify(glob));
}
