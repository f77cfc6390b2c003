import type { Scope } from "../policy/model.js";
import { quoted } from "./quoted.js";

export interface TemplateOptions {
  readonly scope: Scope;
  /** The policy's name; any text that is not blank. */
  readonly name: string;
}

/** The annotated policy that `init` writes: every section with an example, and the comment that lets editors check it. */
export function initTemplate({ scope, name }: TemplateOptions): string {
  return `# yaml-language-server: $schema=node_modules/smoltbot-policy/build/schemas/policy.schema.json
#
# ${scope === "org" ? "The floor for every agent of the organisation: agents may add to it, never take away." : "What one agent may do with tools. If there is an org policy, this one is laid on top of it."}
# Check it:    smoltbot policy validate policy.yaml
# Dry-run it:  smoltbot policy test policy.yaml --traces <folder>

meta:
  schema_version: "1.0" # the quotes are needed
  name: ${quoted(name)}
  description: ${scope === "org" ? '"Baseline for all agents"' : '"Which tools this agent may use, and for what"'}
  scope: ${scope} # agent, or org

# Which tools serve which actions of the alignment card. In a tool name, * stands for any run of characters and
# ? for exactly one. The first mapping that matches a tool decides, so put the narrow ones first.
capability_mappings:
  web_browsing:
    description: "Research in the browser"
    tools:
      - "mcp__browser__*"
    card_actions:
      - "web_fetch"
      - "web_search"
  file_reading:
    description: "Reading and listing local files"
    tools:
      - "mcp__filesystem__read*"
      - "mcp__filesystem__list*"
    card_actions:
      - "read"
    # Names that must, and must not, match; checked whenever the policy is read.
    examples:
      match: ["mcp__filesystem__read_file"]
      not_match: ["mcp__filesystem__delete_file"]

# Tools that are always blocked, whatever is mapped above. severity: low, medium, high or critical.
forbidden:
  - pattern: "mcp__filesystem__delete*"
    reason: "Files are not deleted by agents"
    severity: critical
  - pattern: "mcp__admin__*"
    reason: "Administration is done by people"
    severity: high

# Calls that need more than a mapping. action: escalate (ask somebody), warn or deny.
# Conditions: tool_matches('glob'), and tool_count, unmapped_tool_count, violation_count compared with a number,
# joined with and, or, parentheses.
escalation_triggers:
  - condition: "tool_matches('mcp__payment__*')"
    action: escalate
    reason: "Payments are approved by a person"
  - condition: "unmapped_tool_count > 10"
    action: warn
    reason: "Many tools that nobody has mapped yet"

defaults:
  # Tools that no mapping names: allow, warn or deny.
  unmapped_tool_action: warn
  unmapped_severity: medium
  # Whether a call passes when the engine itself fails.
  fail_open: false
  # off, warn (nothing is blocked, everything is noted) or enforce. Start with warn.
  enforcement_mode: warn
  # How long a newly seen tool is warned about instead of denied for being unmapped; 0 for no grace.
  grace_period_hours: 24
  # The least severity at which a forbidden match fails; below it, it is a warning.
  fail_on: low
`;
}
