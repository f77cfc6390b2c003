import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { initTemplate, printPolicy } from "../../../src/syntax/print.js";
import { validPolicy } from "../../support/policy-text.js";

/** A policy without its places, as what it says. */
function said(value: unknown): unknown {
  if (value instanceof Map) return [];
  if (Array.isArray(value)) return value.map(said);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (/^(span|spans|scopeSpan)$/.test(key) ? [] : [[key, said(part)]])),
  );
}

const wild = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
  fc.constantFrom(
    "yes",
    "null",
    "~",
    "- a",
    "a: b",
    "# c",
    "'",
    '"',
    "\\",
    "\u2028",
    "\u0000",
    "\ufeff",
    "\u{1f600}",
    "{",
    "*",
    "&a",
    "<<",
    "1.0",
    " a",
    "a ",
    "\u{e0001}",
    "w".repeat(1100),
  ),
);
const text = wild.filter((each) => each.trim() !== "");
const glob = fc
  .oneof(
    fc.constantFrom("mcp__a__*", "a?b", "**", "?"),
    fc.string({ minLength: 1, maxLength: 20 }),
    fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
  )
  .filter((each) => (each.match(/[*?]/g) ?? []).length <= 32);
const severity = fc.constantFrom("low", "medium", "high", "critical");
const condition = fc.constantFrom(
  "tool_matches('a*')",
  'tool_matches("b") and tool_count > 3',
  "violation_count >= 1 or tool_matches('x')",
  "  ( tool_count == 0 )",
);

/** Policy documents as JSON text; each capability, rule and trigger with what it needs. */
const document = fc
  .record({
    name: text,
    description: fc.option(wild, { nil: undefined }),
    capabilities: fc.uniqueArray(
      fc.tuple(
        text,
        fc.record(
          {
            description: fc.option(wild, { nil: undefined }),
            tools: fc.array(glob, { minLength: 1, maxLength: 3 }),
            card_actions: fc.array(text, { minLength: 1, maxLength: 2 }),
          },
          { requiredKeys: ["tools", "card_actions"] },
        ),
      ),
      { maxLength: 3, selector: ([name]) => name },
    ),
    forbidden: fc.array(fc.record({ pattern: glob, reason: wild, severity }), { maxLength: 3 }),
    triggers: fc.array(fc.record({ condition, action: fc.constantFrom("escalate", "warn", "deny"), reason: wild }), {
      maxLength: 2,
    }),
    scope: fc.constantFrom("org", "agent"),
    rest: fc.record(
      {
        enforcement_mode: fc.constantFrom("off", "warn", "enforce"),
        grace_period_hours: fc.oneof(fc.nat(8760), fc.constantFrom(0.5, 1e-7, 0.1)),
        fail_on: severity,
      },
      { requiredKeys: [] },
    ),
    examples: fc.boolean(),
  })
  .map(({ name, description, capabilities, forbidden, triggers, scope, rest, examples }) => {
    const mappings = capabilities.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(",");
    const rules = examples ? forbidden.map((rule) => ({ ...rule, examples: { match: [], not_match: [] } })) : forbidden;
    return `{"meta": ${JSON.stringify({ schema_version: "1.0", name, description, scope })}, "capability_mappings": {${mappings}},
      "forbidden": ${JSON.stringify(rules)}, "escalation_triggers": ${JSON.stringify(triggers)},
      "defaults": ${JSON.stringify({ unmapped_tool_action: "warn", unmapped_severity: "low", fail_open: true, ...rest })}}`;
  });

describe("printPolicy", () => {
  it("prints what reads back as the same policy: parse(print(p)) = p", () => {
    let read = 0;
    fc.assert(
      fc.property(document, (json) => {
        const { value } = parsePolicy(json, { file: "p.json" });
        // JSON.stringify writes half surrogate pairs as escapes; such documents are refused and say nothing here.
        if (value === undefined) return;
        read++;
        const printed = printPolicy(value);
        const again = parsePolicy(printed, { file: "p.yaml" });
        expect(
          again.diagnostics.filter((found) => found.level === "error"),
          printed,
        ).toEqual([]);
        expect({ ...(said(again.value) as object), file: "" }).toEqual({ ...(said(value) as object), file: "" });
        expect(printPolicy(again.value!)).toBe(printed);
      }),
      { numRuns: 400 },
    );
    expect(read).toBeGreaterThan(200);
  });

  it("keeps examples", () => {
    const source = validPolicy.replace(
      "severity: high",
      "severity: high\n    examples: {match: [mcp__admin__a], not_match: [x]}",
    );
    const value = parsePolicy(source, { file: "p" }).value!;
    expect(said(parsePolicy(printPolicy(value), { file: "p" }).value)).toEqual(said(value));
  });

  it("has one form", () => {
    expect(printPolicy(parsePolicy(validPolicy, { file: "p" }).value!)).toBe(`meta:
  schema_version: "1.0"
  name: "support"
  scope: agent
capability_mappings:
  web:
    tools:
      - "mcp__browser__*"
    card_actions:
      - "web_fetch"
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
`);
  });
});

describe("initTemplate", () => {
  it.each(["org", "agent"] as const)("is a valid %s policy without a single finding", (scope) => {
    const template = initTemplate({ scope, name: 'my "first"\npolicy: é' });
    const { value, diagnostics } = parsePolicy(template, { file: "policy.yaml" });
    expect(diagnostics).toEqual([]);
    expect(value?.meta).toMatchObject({ name: 'my "first"\npolicy: é', scope });
    expect(value?.defaults).toMatchObject({
      unmappedToolAction: "warn",
      failOpen: false,
      enforcementMode: "warn",
      gracePeriodHours: 24,
      failOn: "low",
    });
    expect(value?.capabilities.length && value.forbidden.length && value.triggers.length).toBeGreaterThan(0);
    expect(value?.capabilities.some((capability) => capability.examples !== undefined)).toBe(true);
  });

  it("tells editors where the schema is, in the first line", () => {
    const [first] = initTemplate({ scope: "agent", name: "a" }).split("\n");
    expect(first).toBe("# yaml-language-server: $schema=node_modules/smoltbot-policy/build/schemas/policy.schema.json");
  });
});
