import { describe, expect, it } from "vitest";
import { graceHoursMax, guardedTermsMax, policyGlobsMax, rulesMax, textBytesMax } from "../../../src/limits.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { edited, validPolicy, withCondition, withGlob } from "../../support/policy-text.js";

const parse = (source: string | Uint8Array, file = "policy.yaml") => parsePolicy(source, { file });
const codes = (source: string | Uint8Array) => parse(source).diagnostics.map((found) => found.code);
const only = (source: string) => {
  const { diagnostics } = parse(source);
  expect(diagnostics).toHaveLength(1);
  return diagnostics[0]!;
};

describe("a valid policy", () => {
  it("becomes a model with places", () => {
    const { value, diagnostics } = parse(validPolicy);
    expect(diagnostics).toEqual([]);
    expect(value).toMatchObject({
      meta: { schemaVersion: "1.0", name: "support", scope: "agent" },
      capabilities: [{ name: "web", tools: [{ glob: { text: "mcp__browser__*" } }], cardActions: [{ value: "web_fetch" }] }],
      forbidden: [{ pattern: { glob: { text: "mcp__admin__*" } }, reason: "people do that", severity: "high" }],
      triggers: [{ action: "escalate", reason: "ask first" }],
      defaults: { unmappedToolAction: "warn", unmappedSeverity: "medium", failOpen: false },
      file: "policy.yaml",
    });
    expect(value?.capabilities[0]?.span).toEqual({ file: "policy.yaml", line: 6, column: 3, endLine: 6, endColumn: 6 });
    expect(value?.capabilities[0]?.tools[0]?.span).toMatchObject({ line: 7, column: 13, endColumn: 30 });
    expect(value?.forbidden[0]?.span).toMatchObject({ line: 10, column: 5, endLine: 12, endColumn: 19 });
    expect(value?.forbidden[0]?.pattern.span).toMatchObject({ line: 10, column: 14 });
    expect(value?.triggers[0]?.span).toMatchObject({ line: 14, column: 5 });
  });

  it("keeps apart what was written and what was left out (D6)", () => {
    expect(Object.keys(parse(validPolicy).value!.defaults).sort()).toEqual([
      "failOpen",
      "spans",
      "unmappedSeverity",
      "unmappedToolAction",
    ]);
    const { defaults } = parse(`${validPolicy}  enforcement_mode: off\n  grace_period_hours: 0.5\n  fail_on: critical\n`).value!;
    expect(defaults).toMatchObject({ enforcementMode: "off", gracePeriodHours: 0.5, failOn: "critical" });
    expect(defaults.spans.get("enforcement_mode")).toMatchObject({ line: 21, column: 21 });
    expect([...defaults.spans.keys()]).toHaveLength(6);
  });

  it("may leave out triggers, and be empty where the type allows (D1)", () => {
    const text =
      'meta: {schema_version: "1.0", name: a, scope: org}\ncapability_mappings: {}\nforbidden: []\ndefaults: {unmapped_tool_action: deny, unmapped_severity: low, fail_open: true}\n';
    expect(parse(text)).toMatchObject({ value: { capabilities: [], forbidden: [], triggers: [] }, diagnostics: [] });
  });

  it("keeps capabilities in the order written, whatever their names (D3)", () => {
    const names = ["b", "10", "2", "constructor", "__proto__", "a", "toString", "0"];
    const yaml = names.map((name) => `  ${name}: {tools: [x], card_actions: [y]}\n`).join("");
    expect(parse(edited("  web:\n", `${yaml}  web:\n`)).value?.capabilities.map(({ name }) => name)).toEqual([...names, "web"]);
    const json = `{${names.map((name) => `"${name}": {"tools": ["x"], "card_actions": ["y"]}`).join(", ")}}`;
    const text = `{"meta": {"schema_version": "1.0", "name": "a", "scope": "org"}, "capability_mappings": ${json}, "forbidden": [],
      "defaults": {"unmapped_tool_action": "deny", "unmapped_severity": "low", "fail_open": false}}`;
    expect(parse(text, "p.json").value?.capabilities.map(({ name }) => name)).toEqual(names);
  });

  it("is the same from bytes, from text, and with CRLF", () => {
    const { value } = parse(validPolicy);
    expect(parse(new TextEncoder().encode(validPolicy)).value).toEqual(value);
    expect(parse(validPolicy.replaceAll("\n", "\r\n")).value).toEqual(value);
  });
});

describe("an invalid policy is rejected whole, with a place and advice", () => {
  it.each([
    ["D1", edited("forbidden:", "forbiden:"), ["missing_key", "unknown_key"]],
    ["D2", edited('"1.0"', "1.0"), ["schema_version_unquoted"]],
    ["D2", edited('"1.0"', "1"), ["schema_version_unquoted"]],
    ["D2", edited('"1.0"', '"1"'), ["schema_version_unknown"]],
    ["D2", edited('"1.0"', "[]"), ["schema_version_unknown"]],
    ["D2", edited("name: support", 'name: "\\t "'), ["blank_text"]],
    ["D2", edited("scope: agent", "scope: team"), ["unknown_value"]],
    ["D2", edited("scope: agent", "scope: agent\n  description: 3"), ["wrong_type"]],
    ["D3", edited('["mcp__browser__*"]', "[]"), ["list_too_short"]],
    ["D3", edited("[web_fetch]", "[]"), ["list_too_short"]],
    ["D3", edited("[web_fetch]", '[""]'), ["blank_text"]],
    ["D3", edited("[web_fetch]", "web_fetch"), ["wrong_type"]],
    ["D3", edited("  web:\n", '  " ":\n'), ["blank_text"]],
    ["D3", edited("  web:\n", "  web: {tools: [a], card_actions: [b]}\n  web:\n"), ["duplicate_key"]],
    ["D4", edited("severity: high", "severity: High"), ["unknown_value"]],
    ["D4", edited("severity: high", "severity: null"), ["unknown_value"]],
    ["D4", edited('    reason: "people do that"\n', ""), ["missing_key"]],
    ["D4", edited('"mcp__admin__*"', "12"), ["wrong_type"]],
    ["D5", edited("action: escalate", "action: block"), ["unknown_value"]],
    ["D5", withCondition("tool_matches(x)"), ["condition_unknown_word"]],
    ["D5", withCondition(""), ["condition_syntax"]],
    ["D6", edited("fail_open: false", "fail_open: no"), ["wrong_type"]],
    ["D6", edited("  fail_open: false\n", ""), ["missing_key"]],
    ["D6", `${validPolicy}  grace_period_hours: "24"\n`, ["wrong_type"]],
    ["D6", `${validPolicy}  grace_period_hours: -0.1\n`, ["number_out_of_range"]],
    ["D6", `${validPolicy}  grace_period_hours: .nan\n`, ["number_not_finite"]],
    ["D6", `${validPolicy}  fail_on: none\n`, ["unknown_value"]],
    ["D6", `${validPolicy}  enforcement_mode: null\n`, ["unknown_value"]],
    ["D7", `${validPolicy}extra: 1\n`, ["unknown_key"]],
    ["D7", edited("severity: high", "severity: high\n    examples: {matches: []}"), ["unknown_key"]],
    ["G2", withGlob(""), ["glob_empty"]],
  ])("%s: %#", (_rule, text, expected) => {
    const { value, diagnostics } = parse(text);
    expect(value).toBeUndefined();
    expect(diagnostics.map((found) => found.code).sort()).toEqual(expected);
    for (const found of diagnostics)
      expect(found).toMatchObject({ span: { file: "policy.yaml" }, fix: expect.stringMatching(/^.{8,}[^.]$/) });
  });

  it.each([
    [edited("forbidden:", "forbiden:"), "did you mean `forbidden`?"],
    [edited("unmapped_severity:", "unmaped_severity:"), "did you mean `unmapped_severity`?"],
    [edited("severity: high", "severity: hgih"), "did you mean `high`?"],
    [edited("scope: agent", "scope: Org"), "did you mean `org`?"],
    [edited("  scope: agent\n", "  scope: agent\n  grace_period_hours: 1\n"), "move it to `defaults`"],
    [edited("  scope: agent\n", "  scope: agent\n  defaults: {}\n"), "move it to the top level"],
    [
      `${validPolicy}rules: []\n`,
      "remove it; known here are `meta`, `capability_mappings`, `forbidden`, `escalation_triggers`, `defaults`",
    ],
    [edited("name: support", "name: 2024"), 'put it into quotes: `"2024"`'],
    [edited('["mcp__browser__*"]', "mcp__browser__*"), "write a list: one line with `- ` for each entry"],
    [validPolicy.replace(/forbidden:[\s\S]*?escalation/, "forbidden:\nescalation"), "write `[]` for an empty list"],
    [edited('"mcp__admin__*"', "*admin"), "write the value out; a glob that begins with `*` needs quotes"],
  ])("advises, %#", (text, fix) => {
    expect(parse(text).diagnostics.map((found) => found.fix)).toContain(fix);
  });

  it("names the path, the place and the line", () => {
    expect(only(edited("severity: high", "severity: huge"))).toMatchObject({
      path: "forbidden[0].severity",
      message: "`forbidden[0].severity` must be one of `low`, `medium`, `high`, `critical`, found `huge`",
      span: { line: 12, column: 15, endLine: 12, endColumn: 19 },
    });
    expect(only(edited("    card_actions: [web_fetch]\n", ""))).toMatchObject({
      path: "capability_mappings.web",
      message: "`capability_mappings.web` lacks the key `card_actions`",
      span: { line: 6, column: 3 },
    });
    expect(only(edited("  web:\n", "  a/b~c d:\n").replace("    card_actions: [web_fetch]\n", ""))).toMatchObject({
      path: 'capability_mappings["a/b~c d"]',
      span: { line: 6, column: 3, endColumn: 10 },
    });
  });

  it("points into a condition", () => {
    const inYaml = edited(`"tool_matches('mcp__pay__*')"`, `"tool_matches('mcp__pay__*') and tool_cnt > 3"`);
    expect(only(inYaml)).toMatchObject({
      span: { line: 14, column: 49, endColumn: 57 },
      path: "escalation_triggers[0].condition",
    });
    const folded = edited(`"tool_matches('mcp__pay__*')"`, ">\n      tool_matches('a')\n      and tool_cnt > 3");
    expect(only(folded)).toMatchObject({ code: "condition_unknown_word", span: { line: 14, column: 16 } });
    const escaped = edited(`"tool_matches('mcp__pay__*')"`, `"tool_matches(\\"a\\") and tool_cnt > 3"`);
    expect(only(escaped)).toMatchObject({ code: "condition_unknown_word", span: { line: 14, column: 16 } });
  });

  it("reports all problems at once, in the order of the file", () => {
    const text = edited("scope: agent", "scope: team")
      .replace("[web_fetch]", "[]")
      .replace("severity: high", "severity: huge")
      .replace("ask first", "");
    expect(parse(`${text}more: 1\n`).diagnostics.map(({ code, span }) => [code, span?.line])).toEqual([
      ["unknown_value", 4],
      ["list_too_short", 8],
      ["unknown_value", 12],
      ["blank_reason", 16],
      ["unknown_key", 21],
    ]);
  });

  it("shows 50 and counts the rest (D8)", () => {
    const { diagnostics } = parse(Array.from({ length: 70 }, (_, i) => `key${i}: 1\n`).join("") + validPolicy);
    expect(diagnostics).toHaveLength(51);
    expect(diagnostics.at(-1)).toMatchObject({ code: "more_problems", message: "20 more errors" });
  });
});

describe("examples of rules (D6)", () => {
  const examples = (text: string) => codes(edited("severity: high", `severity: high\n    examples: ${text}`));

  it("are checked against a forbidden rule", () => {
    expect(examples('{match: [mcp__admin__, "mcp__admin__x y"], not_match: [mcp__admin, xmcp__admin__x, ""]}')).toEqual([]);
    expect(examples("{match: [mcp__admin__a, mcp__user__a]}")).toEqual(["example_not_matched"]);
    expect(examples("{not_match: [mcp__admin__a, other]}")).toEqual(["example_matched"]);
    expect(examples("{}")).toEqual([]);
  });

  it("are checked against all globs of a capability and all alternatives of a trigger", () => {
    const tools = edited(
      'tools: ["mcp__browser__*"]',
      'examples: {match: [a1, b1], not_match: [c1, a12]}\n    tools: ["a?", "b*"]',
    );
    expect(codes(tools)).toEqual([]);
    expect(codes(tools.replace("[a1, b1]", "[a1, c1]"))).toEqual(["example_not_matched"]);
    const trigger = edited(
      `"tool_matches('mcp__pay__*')"`,
      `"tool_matches('a*') and tool_matches('*z') or tool_matches('q') and tool_count > 9"\n    examples: {match: [az, abz, q], not_match: [a, z, ab]}`,
    );
    expect(codes(trigger)).toEqual([]);
    expect(codes(trigger.replace("not_match: [a,", "not_match: [q,"))).toEqual(["example_matched"]);
    expect(codes(edited(`"tool_matches('mcp__pay__*')"`, '"tool_count > 1"\n    examples: {match: [a]}'))).toEqual([
      "example_not_matched",
    ]);
  });

  it("are kept in the model with their places", () => {
    const { value } = parse(edited("severity: high", "severity: high\n    examples: {match: [mcp__admin__a], not_match: [b]}"));
    expect(value?.forbidden[0]?.examples).toMatchObject({
      match: [{ value: "mcp__admin__a", span: { line: 13, column: 24 } }],
      notMatch: [{ value: "b" }],
    });
  });

  it("do not blame a rule whose glob is already refused", () => {
    expect(
      codes(edited('"mcp__admin__*"', '""').replace("severity: high", "severity: high\n    examples: {match: [a]}")),
    ).toEqual(["glob_empty"]);
  });
});

describe("unusual characters (G2)", () => {
  it.each([
    ["é", "U+00E9"],
    ["a\u0430", "U+0430"],
    ["\u202e", "U+202E"],
    ["a\u0000b", "U+0000"],
    ["😀", "U+1F600"],
  ])("earn a notice in a glob, an example and a condition: %j", (character, name) => {
    for (const text of [
      withGlob(`${character}*`),
      edited("severity: high", `severity: high\n    examples: {not_match: [${JSON.stringify(character)}]}`),
      withCondition(`tool_matches('${character}')`),
    ]) {
      const found = only(text);
      expect(found).toMatchObject({ code: "glob_unusual_characters", level: "notice" });
      expect(found.message).toContain(name);
      expect(parse(text).value).toBeDefined();
    }
  });
});

describe("caps, each at n and at n + 1", () => {
  const rules = (count: number) =>
    edited("forbidden:\n", `forbidden:\n${"  - {pattern: a, reason: r, severity: low}\n".repeat(count)}`);
  const triggers = (count: number) =>
    edited(
      "escalation_triggers:\n",
      `escalation_triggers:\n${Array.from({ length: count }, (_, i) => `  - {condition: "tool_matches('a${i}') and tool_matches('b*')", action: warn, reason: r}\n`).join("")}`,
    );

  it("globs of a policy", () => {
    // Two globs and a trigger's are there already.
    const tools = (count: number) => edited('["mcp__browser__*"]', `[${Array.from({ length: count }, () => "a").join(", ")}]`);
    expect(codes(tools(policyGlobsMax - 2))).toEqual([]);
    expect(codes(tools(policyGlobsMax - 1))).toEqual(["too_many_globs"]);
  });

  it("entries of a section", () => {
    expect(codes(rules(rulesMax))).toContain("too_many_rules");
    expect(codes(rules(rulesMax - 1))).not.toContain("too_many_rules");
  });

  it("compound alternatives", () => {
    expect(codes(triggers(guardedTermsMax))).toEqual([]);
    expect(codes(triggers(guardedTermsMax + 1))).toEqual(["too_many_guarded_terms"]);
  });

  it("texts", () => {
    const long = (bytes: number) => "é".repeat(Math.floor(bytes / 2)) + "a".repeat(bytes % 2);
    for (const place of ["name: support", 'reason: "people do that"', 'reason: "ask first"']) {
      const text = (bytes: number) => edited(place, `${place.slice(0, place.indexOf(":"))}: ${long(bytes)}`);
      expect(codes(text(textBytesMax))).toEqual([]);
      expect(codes(text(textBytesMax + 1))).toEqual(["text_too_long"]);
    }
    expect(codes(edited("  web:\n", `  ? ${"w".repeat(textBytesMax)}\n  :\n`))).toEqual([]);
    expect(codes(edited("  web:\n", `  ? ${"w".repeat(textBytesMax + 1)}\n  :\n`))).toEqual(["text_too_long"]);
  });

  it("bytes and wildcards of a glob", () => {
    expect(codes(withGlob("a".repeat(256)))).toEqual([]);
    expect(codes(withGlob("a".repeat(257)))).toEqual(["glob_too_long"]);
    expect(codes(withGlob("*a".repeat(32)))).toEqual([]);
    expect(codes(withGlob("*a".repeat(33)))).toEqual(["glob_too_many_wildcards"]);
  });

  it("hours of grace", () => {
    const grace = (hours: number) => `${validPolicy}  grace_period_hours: ${hours}\n`;
    expect(codes(grace(0))).toEqual([]);
    expect(codes(grace(graceHoursMax))).toEqual([]);
    expect(codes(grace(graceHoursMax + 1))).toEqual(["number_out_of_range"]);
  });

  it("bytes of a file", () => {
    const filled = (bytes: number) => new TextEncoder().encode(`${validPolicy}#${"x".repeat(bytes - validPolicy.length - 1)}`);
    expect(codes(filled(16 * 1024 * 1024))).toEqual([]);
    expect(codes(filled(16 * 1024 * 1024 + 1))).toEqual(["source_too_large"]);
  });
});
