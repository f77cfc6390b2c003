export { initTemplate, type TemplateOptions } from "./template.js";

import type { Capability, Defaults, Examples, ForbiddenRule, Located, Policy, Trigger } from "../policy/model.js";
import { quoted } from "./quoted.js";

/**
 * A policy as canonical YAML: fixed order of keys, two spaces, every text in double quotes, only what was written.
 * Reading the result gives the same policy, except for the places (law parse(print(p)) = p).
 */
export function printPolicy(policy: Policy): string {
  const { meta } = policy;
  const description = meta.description === undefined ? [] : [`  description: ${quoted(meta.description)}`];
  return [
    "meta:",
    `  schema_version: "${meta.schemaVersion}"`,
    `  name: ${quoted(meta.name)}`,
    ...description,
    `  scope: ${meta.scope}`,
    section("capability_mappings", policy.capabilities, capabilityLines, "{}"),
    section("forbidden", policy.forbidden, forbiddenLines, "[]"),
    ...(policy.triggers.length === 0 ? [] : [section("escalation_triggers", policy.triggers, triggerLines, "[]")]),
    ...defaultsLines(policy.defaults),
    "",
  ].join("\n");
}

function section<T>(name: string, rules: readonly T[], print: (rule: T) => readonly string[], empty: string): string {
  return rules.length === 0 ? `${name}: ${empty}` : [`${name}:`, ...rules.map((rule) => print(rule).join("\n"))].join("\n");
}

function capabilityLines(capability: Capability): readonly string[] {
  const description = capability.description === undefined ? [] : [`    description: ${quoted(capability.description)}`];
  return [
    ...keyLines(capability.name),
    ...description,
    "    tools:",
    ...capability.tools.map((tool) => `      - ${quoted(tool.glob.source)}`),
    "    card_actions:",
    ...capability.cardActions.map((action) => `      - ${quoted(action.value)}`),
    ...exampleLines(capability.examples),
  ];
}

/** YAML limits keys before a `:` to 1024 characters; longer ones take the explicit form. */
function keyLines(name: string): readonly string[] {
  const key = isPlainKey(name) ? name : quoted(name);
  return key.length <= 1000 ? [`  ${key}:`] : [`  ? ${key}`, "  :"];
}

function forbiddenLines(rule: ForbiddenRule): readonly string[] {
  return [
    `  - pattern: ${quoted(rule.pattern.glob.source)}`,
    `    reason: ${quoted(rule.reason)}`,
    `    severity: ${rule.severity}`,
    ...exampleLines(rule.examples),
  ];
}

function triggerLines(trigger: Trigger): readonly string[] {
  return [
    `  - condition: ${quoted(trigger.condition.text)}`,
    `    action: ${trigger.action}`,
    `    reason: ${quoted(trigger.reason)}`,
    ...exampleLines(trigger.examples),
  ];
}

function exampleLines(examples: Examples | undefined): readonly string[] {
  if (examples === undefined) return [];
  const list = (key: string, names: readonly Located<string>[]): readonly string[] =>
    names.length === 0 ? [`      ${key}: []`] : [`      ${key}:`, ...names.map((name) => `        - ${quoted(name.value)}`)];
  return ["    examples:", ...list("match", examples.match), ...list("not_match", examples.notMatch)];
}

function defaultsLines(defaults: Defaults): readonly string[] {
  const lines = [
    "defaults:",
    `  unmapped_tool_action: ${defaults.unmappedToolAction}`,
    `  unmapped_severity: ${defaults.unmappedSeverity}`,
    `  fail_open: ${defaults.failOpen}`,
  ];
  if (defaults.enforcementMode !== undefined) lines.push(`  enforcement_mode: ${defaults.enforcementMode}`);
  if (defaults.gracePeriodHours !== undefined) lines.push(`  grace_period_hours: ${defaults.gracePeriodHours}`);
  if (defaults.failOn !== undefined) lines.push(`  fail_on: ${defaults.failOn}`);
  return lines;
}

/** Words that some YAML reader takes for something else than text. */
const taken: ReadonlySet<string> = new Set(["y", "n", "yes", "no", "on", "off", "true", "false", "null"]);

function isPlainKey(name: string): boolean {
  return /^[a-z][a-z0-9_-]*$/.test(name) && !taken.has(name);
}
