import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorsDocument } from "../../../scripts/errors-document.mjs";
import { artifactErrors } from "../../../src/artifact/errors.js";
import { catalogue } from "../../../src/diagnostics/codes.js";
import type { Diagnostic } from "../../../src/diagnostics/diagnostic.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import { parseCard } from "../../../src/syntax/card.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { edited, validPolicy, withCondition, withGlob } from "../../support/policy-text.js";

const root = join(import.meta.dirname, "../../..");
const policy = (source: string | Uint8Array, file = "p.yaml") => parsePolicy(source, { file }).diagnostics;
const card = (source: string) => parseCard(source, { file: "c.yaml", nowMs: Date.UTC(2026, 0, 1) }).diagnostics;
const guarded = `${Array.from({ length: 257 }, (_, i) => `  - {condition: "tool_matches('a${i}') and tool_count > 1", action: warn, reason: r}\n`).join("")}`;
const either = (i: number) => `(tool_matches('a${i}') or tool_matches('b${i}'))`;

/** For each code of the parts that read text, an input that brings it about. */
const triggers: Record<keyof (typeof catalogue)["document" | "policy" | "card"] | string, () => readonly Diagnostic[]> = {
  source_too_large: () => policy(new Uint8Array(16 * 1024 * 1024 + 1)),
  encoding_utf16: () => policy(new Uint8Array([0xff, 0xfe, 0x61, 0])),
  encoding_invalid: () => policy(new Uint8Array([0x61, 0xff])),
  control_character: () => policy("a\u0000"),
  document_empty: () => policy(""),
  yaml_syntax: () => policy("a: 'b"),
  json_syntax: () => policy("{", "p.json"),
  too_deep: () => policy("[".repeat(17)),
  duplicate_key: () => policy(`${validPolicy}meta: {}\n`),
  key_not_text: () => policy("? [a]\n: b\n"),
  number_not_finite: () => policy("a: .inf"),
  lone_surrogate: () => policy('a: "\\ud800"'),
  yaml_alias: () => policy("a: *b"),
  yaml_anchor: () => policy("a: &b c"),
  yaml_tag: () => policy("a: !b c"),
  yaml_merge_key: () => policy("<<: {a: b}"),
  yaml_directive: () => policy("%YAML 1.2\n---\na: b\n"),
  yaml_second_document: () => policy("a: b\n---\nc: d\n"),
  wrong_type: () => policy("[]"),
  missing_key: () => policy("{}"),
  unknown_key: () => policy(`${validPolicy}more: 1\n`),
  unknown_value: () => policy(edited("severity: high", "severity: huge")),
  list_too_short: () => policy(edited('["mcp__browser__*"]', "[]")),
  number_out_of_range: () => policy(`${validPolicy}  grace_period_hours: -1\n`),
  text_too_long: () => policy(edited("name: support", `name: ${"n".repeat(4097)}`)),
  more_problems: () => policy(Array.from({ length: 60 }, (_, i) => `k${i}: 1\n`).join("")),
  schema_version_unquoted: () => policy(edited('"1.0"', "1.0")),
  schema_version_unknown: () => policy(edited('"1.0"', '"1.1"')),
  blank_text: () => policy(edited("name: support", 'name: " "')),
  blank_reason: () => policy(edited('"people do that"', '""')),
  glob_empty: () => policy(withGlob("")),
  glob_too_long: () => policy(withGlob("a".repeat(257))),
  glob_too_many_wildcards: () => policy(withGlob("*a".repeat(33))),
  glob_unusual_characters: () => policy(withGlob("é")),
  too_many_globs: () => policy(edited('["mcp__browser__*"]', `[${"a, ".repeat(100_000)}a]`)),
  too_many_rules: () =>
    policy(edited("forbidden:\n", `forbidden:\n${"  - {pattern: a, reason: r, severity: low}\n".repeat(100_000)}`)),
  too_many_guarded_terms: () => policy(edited("escalation_triggers:\n", `escalation_triggers:\n${guarded}`)),
  condition_syntax: () => policy(withCondition("tool_count >")),
  condition_unknown_word: () => policy(withCondition("tools('a')")),
  condition_number: () => policy(withCondition("tool_count > 1.5")),
  condition_too_long: () => policy(withCondition(" ".repeat(4097))),
  condition_too_deep: () => policy(withCondition("(".repeat(33))),
  condition_too_many_terms: () => policy(withCondition(Array.from({ length: 7 }, (_, i) => either(i)).join(" and "))),
  example_not_matched: () => policy(edited("severity: high", "severity: high\n    examples: {match: [other]}")),
  example_matched: () => policy(edited("severity: high", "severity: high\n    examples: {not_match: [mcp__admin__x]}")),
  merge_no_policy: () => mergePolicies({}).diagnostics,
  merge_broad_mapping: () => {
    const org = validPolicy
      .replace("scope: agent", "scope: org")
      .replace("unmapped_tool_action: warn", "unmapped_tool_action: deny");
    const agent =
      "meta: {schema_version: '1.0', name: a, scope: agent}\ncapability_mappings: {all: {tools: ['*_*'], card_actions: [x]}}\nforbidden: []\ndefaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}";
    return mergePolicies({
      org: parsePolicy(org, { file: "o.yaml" }).value,
      agent: parsePolicy(agent, { file: "a.yaml" }).value,
    }).diagnostics;
  },
  merge_wrong_scope: () => mergePolicies({ org: parsePolicy(validPolicy, { file: "p.yaml" }).value! }).diagnostics,
  card_without_actions: () => card("card_id: a"),
  card_envelopes_differ: () => card("autonomy_envelope: {bounded_actions: [a]}\nautonomy: {bounded_actions: [a, b]}"),
  card_action_contradiction: () => card("autonomy: {bounded_actions: [a], forbidden_actions: [a]}"),
  card_expired: () => card("autonomy: {bounded_actions: [a]}\nexpires_at: 2025-12-31T23:59:59Z"),
  card_date: () => card("autonomy: {bounded_actions: [a]}\nexpires_at: tomorrow"),
};

/** Findings about more than one place. */
const placeless = ["more_problems", "merge_no_policy"];
const own = { ...catalogue.document, ...catalogue.policy, ...catalogue.card };

describe("the catalogue of codes", () => {
  it.each(Object.entries(own))("%s has an input that brings it about", (code, entry) => {
    const found = triggers[code]?.().find((each) => each.code === code);
    expect(found).toBeDefined();
    if (placeless.includes(code)) return;
    expect(found).toMatchObject({ level: entry.level, span: { line: expect.any(Number) } });
  });

  it("names no code twice, and has a sentence for each part of each entry", () => {
    const areas = Object.values(catalogue).map((area) => Object.entries(area));
    const codes = [...areas.flatMap((area) => area.map(([code]) => code)), ...artifactErrors.map(({ code }) => code)];
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
    for (const [code, { title, meaning, fix }] of areas.flat()) {
      expect(code).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/);
      for (const text of [title, meaning, fix]) expect(text.trim().length, code).toBeGreaterThan(3);
    }
  });

  it("has a test for the codes of every other part", () => {
    const others = Object.entries(catalogue).flatMap(([area, codes]) =>
      area in { document: 1, policy: 1, card: 1 } ? [] : Object.keys(codes),
    );
    const tests = readdirSync(join(root, "test"), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && /\.(ts|yaml|json)$/.test(file.name) && file.name !== "catalogue.test.ts")
      .map((file) => readFileSync(join(file.parentPath, file.name), "utf8"))
      .join("\n");
    expect(others.filter((code) => !tests.includes(code))).toEqual([]);
  });

  it("is what docs/errors.md says; `node scripts/generate-errors-doc.mjs` writes it anew", () => {
    expect(readFileSync(join(root, "docs/errors.md"), "utf8")).toBe(errorsDocument(catalogue, artifactErrors));
  });
});
