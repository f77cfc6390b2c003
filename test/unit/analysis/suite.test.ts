import { describe, expect, it } from "vitest";
import { specification } from "../../../src/analysis/suite/second-opinion.js";
import type { Evaluation } from "../../../src/engine/result.js";
import { faults, ran } from "../../support/suites.js";

const policy = `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings:
  web:
    tools: ["mcp__browser__*", "mcp__browser__go*"]
    card_actions: [web_fetch]
  files:
    tools: ["mcp__fs__*"]
    card_actions: [read, write]
    examples: {match: [mcp__fs__read], not_match: [mcp__git__read]}
forbidden:
  - {pattern: "mcp__fs__delete**", reason: no, severity: critical, examples: {match: [mcp__fs__delete_all]}}
  - {pattern: "*_all", reason: no, severity: low}
escalation_triggers:
  - {condition: "tool_matches('mcp__pay__*')", action: escalate, reason: ask}
  - {condition: "tool_count > 2", action: warn, reason: many, examples: {not_match: [x]}}
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false, enforcement_mode: enforce, fail_on: medium}
`;
const one = (tools: string, expected: string, more = "") =>
  ran(policy, `tests:\n  - {name: c, tools: ${tools}, expect: ${expected}${more === "" ? "" : `, ${more}`}}\n`);

describe("expectations that hold", () => {
  it.each([
    ["[mcp__browser__go, mcp__browser__back]", "pass"],
    [
      "[mcp__browser__go]",
      "{verdict: pass, decision: allow, outcome: mapped, capability: web, violations: [], warnings: [], escalates: false}",
    ],
    ["[mcp__browser__go]", "{rule: web, layer: agent}"],
    ["[mcp__browser__go]", '{rule: "mcp__browser__*", not_rule: ["mcp__fs__*", files, "*_all"]}'],
    ["[mcp__browser__go]", '{rule: "mcp__browser__**"}'],
    ["[mcp__fs__delete]", '{verdict: fail, action: deny, rule: "mcp__fs__delete*", severity: critical, violations: [forbidden]}'],
    ["[mcp__fs__delete]", '{rule: "mcp__fs__delete**", capability: files}'],
    ["[mcp__fs__delete_all]", "{violations: [forbidden], warnings: [forbidden_soft]}"],
    ["[mcp__fs__read_all]", "{outcome: forbidden_soft, verdict: warn, severity: low, warnings: [forbidden_soft]}"],
    [
      "[mcp__pay__now]",
      "{decision: deny, outcome: unmapped_denied, rule: unmapped_tool_action, severity: high, escalates: true}",
    ],
    ["[other]", "deny"],
    ['["", "a\\ufffd"]', "{outcome: invalid_tool_name, severity: high, violations: [invalid_tool_name]}"],
    ['["mcp__fs__\\u00e9"]', "{verdict: pass, warnings: [notice]}"],
  ])("%s %s", (tools, expected) => {
    const run = one(tools, expected);
    expect(faults(run)).toEqual([]);
    expect(run.suites[0]?.cases[0]?.status).toBe("passed");
  });
});

describe("expectations that do not hold", () => {
  it.each([
    ["[mcp__browser__go]", "fail", ["verdict fail, got pass"]],
    [
      "[mcp__browser__go]",
      "{decision: deny, outcome: forbidden, severity: low}",
      ["decision deny, got allow", "outcome forbidden, got mapped", "severity low, got none"],
    ],
    ["[mcp__browser__go]", "{capability: files}", ["capability files, got web"]],
    ["[other]", "{capability: files}", ["capability files, got none"]],
    ["[mcp__browser__go]", "{rule: files, layer: org}", ["rule files, got mcp__browser__*", "layer org, got agent"]],
    ["['']", "{rule: files, layer: org}", ["rule files, got none", "layer org, got default"]],
    [
      "[mcp__fs__delete]",
      "{violations: [], warnings: [notice]}",
      ["violations none, got forbidden", "warnings notice, got none"],
    ],
    ["[mcp__pay__x]", "{escalates: false}", ["escalates false, got true"]],
    [
      "[mcp__fs__delete]",
      '{not_rule: ["mcp__fs__delete*", "mcp__fs__*"]}',
      ["not_rule mcp__fs__delete*, got it matches", "not_rule mcp__fs__*, got it matches"],
    ],
    ["[mcp__browser__go]", '{not_rule: "mcp__browser__go*"}', ["not_rule mcp__browser__go*, got it matches"]],
    ["[other]", "{not_rule: unmapped_tool_action}", ["not_rule unmapped_tool_action, got it matches"]],
    ["[other]", "{not_rule: mcp__delete__*}", ["not_rule mcp__delete__*, got no such rule"]],
  ])("%s %s", (tools, expected, wanted) => {
    const run = one(tools, expected);
    expect(faults(run)).toEqual(wanted.map((each) => `c: 0: ${each}`));
    expect(run.suites[0]?.cases[0]?.status).toBe("failed");
  });

  it("name the rule that was meant, and where it all stands", () => {
    const { mismatches } = one("[mcp__fs__delete]", "{rule: mcp__fs__delte*, capability: file}").suites[0]!.cases[0]!.calls[0]!;
    expect(mismatches.map(({ key, hint, span }) => [key, hint, span.line, span.column])).toEqual([
      ["capability", 'the policy has no capability "file"; did you mean "files"?', 2, 85],
      ["rule", 'the policy has no rule "mcp__fs__delte*"; did you mean "mcp__fs__delete*"?', 2, 56],
    ]);
  });

  it("say why grace, cards and modes do not give what is expected", () => {
    const hints = (text: string, tools = "[other]", more = "", of = policy) =>
      ran(of, `tests: [{name: c, tools: ${tools}, expect: ${text}${more}}]`).suites[0]?.cases[0]?.calls[0]?.mismatches.map(
        ({ hint }) => hint,
      );
    expect(hints("unmapped_in_grace")).toEqual([expect.stringContaining('no "now"')]);
    expect(hints("unmapped_in_grace", "[other]", ", now: 2026-01-01")).toEqual([
      expect.stringContaining('"first_seen: {}" is enough'),
    ]);
    expect(hints("unmapped_in_grace", "[other]", ", now: 2026-01-01, first_seen: {}")).toEqual([]);
    expect(hints("capability_exceeded", "[mcp__fs__read]")).toEqual([expect.stringContaining("no card")]);
    const mild = policy.replace("enforcement_mode: enforce", "enforcement_mode: warn");
    expect(hints("deny", "[other]", "", mild)).toEqual([
      expect.stringContaining('the enforcement mode is warn, so nothing is denied or paused; "verdict: fail"'),
    ]);
    const off = policy.replace("enforcement_mode: enforce", "enforcement_mode: off");
    expect(hints("escalate", "[mcp__pay__x]", "", off)).toEqual([
      expect.stringContaining('everything is allowed; "escalates: true"'),
    ]);
  });

  it("guess no longer when too many names were compared", () => {
    const rules = Array.from({ length: 9_000 }, (_, i) => `  - {pattern: rule_${i}x, reason: r, severity: low}\n`).join("");
    const many = `meta: {schema_version: "1.0", name: p, scope: agent}\ncapability_mappings: {}\nforbidden:\n${rules}defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}\n`;
    const cases = Array.from({ length: 30 }, (_, i) => `  - {name: c${i}, tools: [a], expect: {rule: rule_${i}y}}\n`).join("");
    const found = ran(many, `tests:\n${cases}`).suites[0]!.cases.map(({ calls }) =>
      calls[0]!.mismatches[0]!.hint!.includes("did you mean"),
    );
    expect(found.lastIndexOf(true)).toBe(10);
  });
});

describe("sessions", () => {
  it("are judged call by call", () => {
    const run = ran(
      policy,
      `tests:
  - {name: last, session: [mcp__fs__a, mcp__fs__b, mcp__fs__c], expect: {outcome: trigger_warned, rule: tool_count > 2}}
  - {name: each, session: [mcp__fs__a, mcp__fs__b, mcp__fs__c], expect: [pass, any, {verdict: warn, warnings: [trigger]}]}
  - {name: alone, tools: [mcp__fs__a, mcp__fs__b, mcp__fs__c], expect: pass}
  - {name: wrong, session: [mcp__fs__a, mcp__fs__a, mcp__fs__a], expect: [pass, pass, pass]}
`,
    );
    expect(faults(run)).toEqual(["wrong: 2: verdict pass, got warn"]);
    expect(run.suites[0]?.cases[1]?.calls.map(({ asserted }) => asserted)).toEqual([true, false, true]);
  });
  it("without counts are calls like any other", () => {
    const run = ran(
      policy.replace("tool_count > 2", "tool_matches('x')").replace(", examples: {not_match: [x]}", ""),
      "tests: [{name: s, session: [mcp__fs__a, mcp__fs__b, other], expect: [pass, pass, deny]}]",
    );
    expect(faults(run)).toEqual([]);
  });
});

describe("circumstances", () => {
  const at = (more: string) => `{name: ${JSON.stringify(more)}, tools: [other], ${more}}`;
  it("are a clock, sightings and a card", () => {
    const suite = `now: 2026-02-07T10:00:00Z
first_seen: {other: 2026-02-06T09:00:00Z}
tests:
  - ${at("expect: unmapped_denied")}
  - ${at("expect: unmapped_in_grace, first_seen: {other: 2026-02-07T09:00:00Z}")}
  - ${at("expect: unmapped_in_grace, now: 2026-02-06T20:00:00Z")}
  - {name: card, tools: [mcp__fs__a], expect: {outcome: capability_exceeded, severity: critical}}
`;
    const card = { boundedActions: ["read", "web_fetch"], forbiddenActions: ["write"] };
    expect(faults(ran(policy, suite, { card }))).toEqual([]);
  });
});

describe("layers", () => {
  it("tell where the deciding rule stands", () => {
    const org = `meta: {schema_version: "1.0", name: o, scope: org}
capability_mappings: {}
forbidden: [{pattern: "mcp__fs__delete**", reason: no, severity: critical}, {pattern: secret, reason: no, severity: high, examples: {match: [secret]}}]
defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}
`;
    const run = ran(
      { org, agent: policy.replace("severity: critical", "severity: high") },
      "tests: [{name: a, tools: [mcp__fs__delete, secret], expect: {layer: org}}, {name: b, tools: [mcp__fs__a], expect: {layer: agent}}]",
    );
    expect(faults(run)).toEqual([]);
    expect(run.suites.map(({ kind, file, cases }) => [kind, file, cases.map(({ name }) => name)])).toEqual([
      ["suite", "s.test.yaml", ["a", "b"]],
      ["examples", "org.yaml", ["examples of forbidden[1]"]],
      [
        "examples",
        "policy.yaml",
        ["examples of capability_mappings.files", "examples of forbidden[0]", "examples of escalation_triggers[1]"],
      ],
    ]);
  });
});

describe("coverage of rules", () => {
  const used = (suite: string) => {
    const [coverage] = ran(policy, suite).coverage;
    const uses = coverage!.rules.flatMap(({ rule, matched, decided }) =>
      matched + decided === 0 ? [] : [`${rule.pattern ?? rule.label} ${matched} ${decided}`],
    );
    return { uses, decided: coverage!.decided, pct: coverage!.pct, rules: coverage!.rules.length };
  };
  /** What the inline examples of the policy bring: the glob matches, the forbidden rule decides as well. */
  const examples = ["mcp__fs__delete** 1 1", "mcp__fs__* 1 1"];

  it("counts cases, and rules that decide", () => {
    const { uses, decided, pct, rules } = used(
      "tests: [{name: a, tools: [mcp__browser__go, mcp__browser__x], expect: pass}, {name: b, tools: [mcp__pay__x], expect: deny}]",
    );
    expect(uses.sort()).toEqual(
      [
        ...examples,
        "mcp__browser__* 1 1",
        "mcp__browser__go* 1 0",
        "tool_matches('mcp__pay__*') 1 0",
        "unmapped_tool_action 1 1",
      ].sort(),
    );
    expect([decided, rules, pct]).toEqual([4, 8, 50]);
  });
  it("leaves out calls of which nothing is expected, and does not care whether a case holds", () => {
    expect(used("tests: [{name: a, session: [mcp__browser__x, other], expect: pass}]").uses.sort()).toEqual(
      [...examples, "unmapped_tool_action 1 1"].sort(),
    );
  });
  it("counts only wanted cases with a filter", () => {
    const run = ran(policy, "tests: [{name: a, tools: [other], expect: deny}, {name: b, tools: [mcp__fs__a], expect: pass}]", {
      filter: "b",
    });
    expect(run.suites.map(({ cases, leftOut }) => [cases.length, leftOut])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(run.coverage[0]!.rules.find(({ rule }) => rule.kind === "default")?.decided).toBe(0);
  });
});

describe("a filter", () => {
  it.each([
    ["releases", ["a", "b"]],
    ["releases > b", ["b"]],
    ["c", ["c"]],
  ])("%s is looked for in the groups and the name", (filter, names) => {
    const suite =
      "tests: [{group: releases, tests: [{name: a, tools: [x], expect: deny}, {name: b, tools: [x], expect: deny}]}, {name: c, tools: [x], expect: deny}]";
    expect(ran(policy, suite, { filter }).suites[0]?.cases.map(({ name }) => name)).toEqual(names);
  });
});

describe("inline examples", () => {
  it("are a case for each rule that has some", () => {
    const run = ran(policy, "tests: [{name: a, tools: [x], expect: deny}]");
    const examples = run.suites[1]!;
    expect(examples.cases.map(({ status, span }) => [status, span.line])).toEqual([
      ["passed", 9],
      ["passed", 11],
      ["passed", 15],
    ]);
  });
});

describe("a second opinion that differs", () => {
  const changed =
    (change: (evaluation: Evaluation) => Evaluation): typeof specification =>
    (...given) =>
      change(specification(...given));
  const suite = "tests: [{name: a, tools: [mcp__fs__a], expect: pass}, {name: s, session: [x, x, x], expect: fail}]";

  it.each<[string, (evaluation: Evaluation) => Evaluation]>([
    [
      "verdict",
      (e) => ({ ...e, tools: e.tools.map((tool) => ({ ...tool, verdict: tool.verdict === "fail" ? "warn" : "fail" })) }),
    ],
    ["outcome", (e) => ({ ...e, tools: e.tools.map((tool) => ({ ...tool, cause: "forbidden" })) })],
    ["rule", (e) => ({ ...e, tools: e.tools.map((tool) => ({ ...tool, rule: null })) })],
    ["outcome", (e) => ({ ...e, tools: [] })],
    ["grace", (e) => ({ ...e, grace: "store_down" })],
  ])("in the %s makes every case an error", (what, change) => {
    const run = ran(policy, suite, { specification: changed(change) });
    expect(run.suites[0]?.cases.map(({ status }) => status)).toEqual(["error", "error"]);
    expect(run.suites[0]?.cases[0]?.calls[0]?.differences.join()).toContain(`${what}: the engine says `);
  });
  it("on the session as a whole is seen, too", () => {
    const whole = changed((e) => (e.tools[0]?.calls === 3 ? { ...e, verdict: "pass" } : e));
    const run = ran(policy, suite, { specification: whole });
    expect(run.suites[0]?.cases.map(({ status }) => status)).toEqual(["passed", "error"]);
    expect(faults(run).join()).toContain("session: the engine says fail");
  });
});
