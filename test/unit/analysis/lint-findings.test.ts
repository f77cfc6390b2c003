import { describe, expect, test } from "vitest";
import { lintCodes } from "../../../src/analysis/lint/lint-report.js";
import { findingsOf, lintOf, policyOf } from "../../support/lint-cases.js";

const rights: readonly string[] = ["\u202e", "\n", "\u0000"];

describe("dead rules", () => {
  test("dead_rule: a condition that holds for no call", () => {
    const [finding, ...others] = findingsOf("dead_rule", { triggers: ["deny tool_matches('a*') and tool_matches('b*')"] });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ safe: true, witnesses: [], related: [], path: "escalation_triggers[0].condition" });
    expect(finding?.edit).toMatchObject({ kind: "remove_rule", rule: { kind: "trigger", index: 0 } });
    expect(findingsOf("dead_rule", { triggers: ["deny tool_count < 1", "warn tool_count > 3"] })).toHaveLength(1);
  });

  test("shadowed_rule: one other rule alone, with a name that both match", () => {
    const [finding, ...others] = findingsOf("shadowed_rule", { forbidden: ["mcp__a__x*", "mcp__a__* critical"] });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ safe: true, witnesses: ["mcp__a__x"], span: { line: 4 }, path: "forbidden[0].pattern" });
    expect(finding?.related).toMatchObject([{ rule: { pattern: "mcp__a__*", line: 5 }, role: "forbids these names" }]);
  });

  test("a more severe rule inside a milder one is alive, and so is a narrower glob of another kind", () => {
    expect(lintOf({ forbidden: ["mcp__a__x* critical", "mcp__a__* high"] }).findings).toEqual([]);
    expect(findingsOf("shadowed_rule", { forbidden: ["mcp__a__?", "mcp__a__??"] })).toEqual([]);
  });

  test("globs with question marks are compared exactly", () => {
    const [finding] = findingsOf("shadowed_rule", { forbidden: ["mcp__a__x?", "mcp__a__??"] });
    expect(finding?.rule?.pattern).toBe("mcp__a__x?");
  });

  test("redundant_rule: several together, and no more than needed", () => {
    const [finding, ...others] = findingsOf("redundant_rule", {
      capabilities: "{c: {tools: ['mcp__a__*', 'mcp__b__*'], card_actions: [x]}}",
      forbidden: ["mcp__z__*"],
      triggers: [
        "deny tool_matches('?')",
        "deny tool_matches('??*')",
        "escalate tool_matches('mcp__*')",
        "warn tool_matches('y*')",
      ],
    });
    expect(finding?.related.map(({ rule }) => rule.label)).toEqual(["tool_matches('?')", "tool_matches('??*')"]);
    expect(finding?.safe).toBe(true);
    expect(others.length).toBe(0);
  });

  test("duplicate_rule: the later one of two that say the same", () => {
    const [finding, ...others] = findingsOf("duplicate_rule", {
      capabilities: "{c: {tools: ['mcp__a__*', 'mcp__b', 'mcp__a__**'], card_actions: [x]}}",
    });
    expect(others).toEqual([]);
    expect(finding?.edit).toMatchObject({ kind: "remove_glob", rule: { label: "c", pattern: "mcp__a__**" } });
    expect(findingsOf("duplicate_rule", { forbidden: ["a_x", "a_x", "a_x low"] })).toHaveLength(1);
    expect(findingsOf("shadowed_rule", { forbidden: ["a_x", "a_x", "a_x low"] })).toHaveLength(1);
  });

  test("an agent's copy of an org rule is a duplicate; org's own file is judged alone", () => {
    const org = policyOf({ scope: "org", forbidden: ["mcp__a__x"] });
    const [finding, ...others] = findingsOf("duplicate_rule", { forbidden: ["mcp__a__x"] }, { org });
    expect(others).toEqual([]);
    expect(finding?.related[0]?.rule.layer).toBe("org");
    expect(finding?.message).toMatch(/ says again what stands in line \d+ of `org\.yaml`$/);
    expect(lintOf({ scope: "org", forbidden: ["mcp__a__x"] }).findings).toEqual([]);
  });

  test("what the org decides first is not for an agent to narrow or to overtake", () => {
    const capabilities = "{c: {tools: ['mcp__a__*'], card_actions: [x]}}";
    const org = policyOf({ scope: "org", capabilities, forbidden: ["mcp__b__*"] });
    const { findings } = lintOf({ capabilities: capabilities.replace("*", "x"), forbidden: ["mcp__b__x"] }, { org });
    expect(findings.map(({ fix }) => fix)).toEqual(Array(2).fill("remove it, or have the org narrow what decides first"));
  });

  test("a rule of org that an agent's mapping brings to life is not dead", () => {
    const sections = {
      unmapped: "deny",
      defaults: "grace_period_hours: 0",
      triggers: ["escalate tool_matches('mcp__a__*')"],
    } as const;
    expect(lintOf({ ...sections, scope: "org" }).findings).toEqual([]);
    expect(findingsOf("dead_rule", sections)).toMatchObject([{ safe: true }]);
  });

  test("a soft rule of org that an agent's fail_on makes fail is not dead", () => {
    const sections = {
      defaults: "fail_on: high",
      forbidden: ["mcp__a__x low"],
      triggers: ["escalate tool_matches('mcp__a__*')"],
    };
    expect(findingsOf("shadowed_rule", { ...sections, scope: "org" })).toEqual([]);
    expect(findingsOf("shadowed_rule", sections)).toMatchObject([{ safe: true }]);
  });

  test("a mapping of org that an agent's trigger may count is not dead", () => {
    const sections = { capabilities: "{c: {tools: ['mcp__a__x'], card_actions: [x]}}", forbidden: ["mcp__a__*"] };
    expect(findingsOf("capability_all_forbidden", { ...sections, scope: "org" })).toMatchObject([{ safe: false }]);
  });

  test("what only the card makes dead is not removed unasked: another card brings it to life", () => {
    const sections = {
      capabilities: "{c: {tools: ['mcp__pay__*'], card_actions: [pay]}}",
      triggers: ["escalate tool_matches('mcp__pay__refund')", "warn tool_matches('mcp__pay__refund')"],
    };
    const findings = findingsOf("shadowed_rule", sections, { card: { boundedActions: ["read"], forbiddenActions: [] } });
    expect(findings.map(({ safe, fix }) => [safe, fix.includes("card")])).toEqual([
      [false, true],
      [true, false],
    ]);
    expect(findings[0]?.message).toContain("which exceeds the card");
  });

  test("a glob that hides a dead one matters while that one stands", () => {
    const capabilities =
      "{a: {tools: ['?a'], card_actions: [x]}, b: {tools: ['aa'], card_actions: [y]}, c: {tools: ['*a'], card_actions: [x]}}";
    const [finding, ...others] = lintOf({ capabilities }).findings;
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "shadowed_rule", rule: { label: "b" }, related: [{ rule: { label: "a" } }] });
  });

  test("a capability all of whose globs are dead is one finding", () => {
    const [finding, ...others] = findingsOf("shadowed_rule", {
      capabilities: "{a: {tools: ['mcp__a__*'], card_actions: [x]}, b: {tools: ['mcp__a__r', 'mcp__a__w'], card_actions: [y]}}",
    });
    expect(others).toEqual([]);
    expect(finding?.edit).toMatchObject({ kind: "remove_rule", rule: { kind: "capability", label: "b" } });
    expect(finding?.path).toBe("capability_mappings.b");
    expect(finding?.fix).toContain("move the capability in front");
  });

  test("what a later capability would take over is not removed unasked", () => {
    const [finding] = findingsOf("shadowed_rule", {
      capabilities: "{a: {tools: ['mcp__a__r', 'mcp__b__r'], card_actions: [x]}, b: {tools: ['mcp__a__*'], card_actions: [x]}}",
    });
    expect(finding).toMatchObject({ safe: false, edit: { kind: "remove_glob", rule: { pattern: "mcp__a__r" } } });
  });

  test("part of a condition is told apart, and left to its author", () => {
    const [finding] = findingsOf("shadowed_rule", { triggers: ["deny tool_matches('a*') or tool_matches('ab*')"] });
    expect(finding?.message).toContain("the part `tool_matches('ab*')`");
    expect(finding?.edit).toBeUndefined();
    expect(finding?.safe).toBe(false);
  });

  test("a mapping of a forbidden tool matters where a trigger counts unmapped tools", () => {
    const capabilities = "{c: {tools: ['mcp__a__x'], card_actions: [x]}}";
    const forbidden = ["mcp__a__*"];
    expect(findingsOf("capability_all_forbidden", { capabilities, forbidden })).toMatchObject([{ safe: true }]);
    const triggers = ["warn unmapped_tool_count > 3"];
    const counted = findingsOf("capability_all_forbidden", { capabilities, forbidden, triggers });
    expect(counted).toMatchObject([{ safe: false, witnesses: ["mcp__a__x"] }]);
    expect(counted[0]?.edit).toBeUndefined();
  });

  test("a trigger over tools that are denied as unmapped matters in grace, and only there", () => {
    const sections = {
      triggers: ["escalate tool_matches('mcp__a__*')"],
      forbidden: ["mcp__b__* low"],
      unmapped: "deny",
    } as const;
    expect(lintOf({ ...sections, defaults: "grace_period_hours: 24, fail_on: high" }).findings).toMatchObject([
      { code: "severity_below_fail_on" },
    ]);
    const { findings } = lintOf({ ...sections, defaults: "grace_period_hours: 0, fail_on: high" });
    expect(findings).toMatchObject([
      { code: "dead_rule", witnesses: ["mcp__b__"], safe: true },
      { code: "dead_rule", witnesses: ["mcp__a__"], safe: true },
    ]);
    for (const { message } of findings) expect(message).toContain("denied anyway");
  });

  test("not_decided: a budget that is spent claims nothing", () => {
    const budget = { statesMax: 1, workMax: 1 };
    const alive = lintOf({ triggers: ["deny tool_matches('a*') and tool_matches('*b')"] }, { budget });
    expect(alive.findings).toEqual([]);
    const open = lintOf({ triggers: ["deny tool_matches('a*') and tool_matches('b*')"] }, { budget });
    expect(open.undecided).toBe(1);
    expect(open.findings).toMatchObject([{ code: "not_decided", severity: "notice", safe: false }]);
  });

  test("an empty policy has nothing to tell", () => {
    expect(lintOf({})).toEqual({ findings: [], rules: 0, undecided: 0 });
  });

  test("nothing that is found has characters that act on a terminal", () => {
    for (const character of rights) {
      const name = `mcp__a${character}__*`;
      const { findings } = lintOf({ forbidden: [name, name], triggers: [`deny tool_matches('x${character}')`] });
      expect(findings.length).toBeGreaterThan(0);
      for (const { message, fix } of findings) expect(message + fix).not.toContain(character);
    }
  });
});

describe("overlaps", () => {
  test("forbidden_overlap: a shortest name, and the rules", () => {
    const [finding, ...others] = findingsOf("forbidden_overlap", {
      capabilities: "{c: {tools: ['mcp__fs__*'], card_actions: [x]}}",
      forbidden: ["*__drop", "mcp__fs__rm", "mcp__git__*", "*_soft low"],
      defaults: "fail_on: high",
    });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: "notice", witnesses: ["mcp__fs__drop"] });
    expect(finding?.related.map(({ rule }) => rule.label)).toEqual(["*__drop", "mcp__fs__rm"]);
  });

  test("more rules than are named are counted", () => {
    const [finding] = findingsOf("forbidden_overlap", {
      capabilities: "{c: {tools: ['mcp__fs__*'], card_actions: [x]}}",
      forbidden: ["a", "b", "c", "d", "e", "f", "g"].map((letter) => `mcp__fs__${letter}`),
    });
    expect(finding?.related).toHaveLength(5);
    expect(finding?.related[4]?.role).toBe("forbids some of these names; and 2 more");
  });

  test("capability_all_forbidden: several rules, and the tools of an inventory", () => {
    const capabilities = "{c: {tools: ['mcp__fs__*'], card_actions: [x]}, d: {tools: ['mcp__git__push'], card_actions: [x]}}";
    const several = findingsOf("capability_all_forbidden", {
      capabilities,
      forbidden: ["mcp__fs__*"],
      triggers: ["deny tool_matches('mcp__git__p*')"],
    });
    expect(several.map(({ rule }) => rule?.label)).toEqual(["c", "d"]);
    const inventory = ["mcp__fs__read", "mcp__fs__write", "mcp__git__push"];
    const sections = { capabilities, forbidden: ["mcp__fs__read", "mcp__fs__write"] };
    const real = findingsOf("capability_all_forbidden", sections, { inventory });
    expect(real).toMatchObject([{ rule: { label: "c" }, witnesses: ["mcp__fs__read", "mcp__fs__write"], safe: false }]);
    expect(findingsOf("capability_all_forbidden", sections)).toEqual([]);
  });
});

describe("globs that match too much", () => {
  test.each([
    ["*", "every tool there is"],
    ["?*", "every tool there is"],
    ["mcp__*", "every tool of every MCP server"],
    ["m*", "every tool of every MCP server"],
    ["*_*", "every tool of every MCP server"],
    ["mcp__?*__*", "every tool of every MCP server"],
  ])("broad_glob: %s", (glob, what) => {
    const capabilities = `{c: {tools: ['${glob}'], card_actions: [x]}}`;
    const [finding] = findingsOf("broad_glob", { capabilities });
    expect(finding?.message).toContain(`maps ${what}`);
    expect(findingsOf("broad_glob", { forbidden: [glob] })[0]?.message).toContain(`forbids ${what}`);
  });

  test.each(["mcp__a*", "mcp__*__read*", "*__read", "mcp__??*__*", "x*"])("no broad_glob: %s", (glob) => {
    expect(findingsOf("broad_glob", { capabilities: `{c: {tools: ['${glob}'], card_actions: [x]}}` })).toEqual([]);
  });

  test("broad_mapping_over_deny: an agent that maps tools of any server", () => {
    const org = policyOf({ scope: "org" });
    const denying = policyOf({ scope: "org", unmapped: "deny" });
    const capabilities = "{c: {tools: ['*_list', 'mcp__a__*', 'mcp__b__x', 'plain'], card_actions: [x]}}";
    const [finding, ...others] = findingsOf("broad_mapping_over_deny", { capabilities }, { org: denying });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: "error", rule: { pattern: "*_list" } });
    expect(finding?.witnesses[0]).toBe("mcp__a__list");
    expect(findingsOf("broad_mapping_over_deny", { capabilities }, { org })).toEqual([]);
  });

  test.each([
    ["mcp__*__list*", "mcp__a__b__list"],
    ["mcp__github*", "mcp__github2__a"],
    ["mcp__*list*", "mcp__list__a"],
    ["*__list*", "mcp__list__a"],
    ["mcp__git*__push", "mcp__gita__b__push"],
    ["mcp__github_*", "mcp__github_a__b"],
  ])("surprising_match: %s matches %s", (glob, like) => {
    const [finding, ...others] = findingsOf("surprising_match", { forbidden: [glob] });
    expect(others).toEqual([]);
    expect(finding?.severity).toBe("notice");
    expect(finding?.witnesses[0]?.length).toBeLessThanOrEqual(like.length);
    expect(finding?.witnesses[0]).toMatch(/^mcp__[a-z0-9_]+__[a-z_]+$/);
  });

  test.each(["mcp__fs__read*", "mcp__fs__*", "mcp__*", "*delete*", "mcp__fs__read", "plain", "*__read_file", "mcp__*__*"])(
    "no surprising_match: %s",
    (glob) => expect(findingsOf("surprising_match", { forbidden: [glob] })).toEqual([]),
  );

  test("surprising_match: with an inventory, real names or none", () => {
    const capabilities = "{c: {tools: ['mcp__github*'], card_actions: [x]}}";
    const surprising = (inventory: string[]) => findingsOf("surprising_match", { capabilities }, { inventory });
    expect(surprising(["mcp__github__push"])).toEqual([]);
    expect(surprising(["mcp__fs__read"])).toEqual([]);
    expect(surprising(["mcp__github__push", "mcp__github-admin__drop"])).toMatchObject([
      { severity: "warning", witnesses: ["mcp__github-admin__drop"] },
    ]);
  });

  test.each([
    ["Bash(rm:*)", "names of tools only"],
    ["mcp__.*__drop", "regular expression"],
    ["mcp__fs__(a|b)", "regular expression"],
    ["mcp__github", "not the tools of the server `github`"],
  ])("surprising_match: %s was written for something else", (glob, why) => {
    expect(findingsOf("surprising_match", { forbidden: [glob] })[0]?.message).toContain(why);
    // The same glob is not also told as one that the inventory does not know.
    expect(lintOf({ forbidden: [glob] }, { inventory: ["mcp__fs__a"] }).findings).toHaveLength(1);
  });
});

describe("inventories", () => {
  const inventory = ["mcp__github__delete_file", "mcp__github__push", "mcp__fs__Read", "mcp__slack__post-message"];

  test("case_only_miss: with the spelling that is meant", () => {
    const [finding, ...others] = findingsOf("case_only_miss", { forbidden: ["mcp__GitHub__Delete*"] }, { inventory });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: "error", witnesses: ["mcp__github__delete_file"], safe: false });
    expect(finding?.edit).toMatchObject({ kind: "replace_glob", glob: "mcp__github__delete*" });
    expect(finding?.message).toContain("which nothing forbids");
  });

  test("case_only_miss: no edit where two tools are meant", () => {
    const names = ["mcp__fs__Read_a", "mcp__fs__rEad_b"];
    const [finding] = findingsOf("case_only_miss", { forbidden: ["mcp__fs__READ*"] }, { inventory: names });
    expect(finding?.witnesses).toEqual(names);
    expect(finding?.edit).toBeUndefined();
  });

  test("no_inventory_match: a typo in a forbidden rule is an error, and has the name that is meant", () => {
    const [finding] = findingsOf("no_inventory_match", { forbidden: ["mcp__github__delete_fil"] }, { inventory });
    expect(finding).toMatchObject({ severity: "error", witnesses: ["mcp__github__delete_file"] });
    expect(finding?.fix).toBe("did you mean `mcp__github__delete_file`?");
    const blocked = { forbidden: ["mcp__github__delete_fil", "mcp__github__delete_file"] };
    expect(findingsOf("no_inventory_match", blocked, { inventory })[0]?.severity).toBe("warning");
  });

  test("no_inventory_match: dashes and underscores, and globs", () => {
    const near = (pattern: string) => findingsOf("no_inventory_match", { forbidden: [pattern] }, { inventory })[0]?.witnesses;
    expect(near("mcp__slack__post_message")).toEqual(["mcp__slack__post-message"]);
    expect(near("mcp__githib__*")).toEqual(["mcp__github__delete_file"]);
    expect(near("mcp__github__psuh")).toEqual(["mcp__github__push"]);
    expect(near("mcp__jira__create_issue")).toEqual([]);
  });

  test("no_inventory_match: a server that the inventory does not have is a notice", () => {
    const [finding] = findingsOf("no_inventory_match", { forbidden: ["mcp__jira__create_issue"] }, { inventory });
    expect(finding?.severity).toBe("notice");
    expect(finding?.message).toContain("no server `jira`");
    const severityOf = (pattern: string) =>
      findingsOf("no_inventory_match", { forbidden: [pattern] }, { inventory })[0]?.severity;
    expect(["*credential*", "mcp__*__drop_table", "mcp__github__archive*", "run_shell"].map(severityOf)).toEqual([
      "notice",
      "notice",
      "warning",
      "warning",
    ]);
  });

  test("no_inventory_match: not for what matches, nor without an inventory", () => {
    const sections = { forbidden: ["mcp__github__*", "mcp__fs__Re?d"], triggers: ["warn tool_matches('*post*')"] };
    expect(lintOf(sections, { inventory }).findings).toEqual([]);
    expect(lintOf({ forbidden: ["mcp__jira__x"] }).findings).toEqual([]);
  });

  test("lookalike_names: judged differently, told once", () => {
    const names = ["mcp__fs__read_file", "mcp__fs__read-file", "mcp__fs__Read_File", "mcp__fs__other"];
    const [finding, ...others] = findingsOf("lookalike_names", { forbidden: ["mcp__fs__read_*"] }, { inventory: names });
    expect(others).toEqual([]);
    expect(finding?.witnesses).toEqual(["mcp__fs__read_file", "mcp__fs__read-file", "mcp__fs__Read_File"]);
    expect(findingsOf("lookalike_names", { forbidden: ["mcp__fs__*"] }, { inventory: names })).toEqual([]);
  });

  test("names of any kind", () => {
    const long = `mcp__x__${"y".repeat(100_000)}`;
    const hostile = ["__proto__", "constructor", "", "\ud800", "x\ufffd", "a\nb", long, long];
    const { findings } = lintOf({ forbidden: ["__Proto__", "mcp__x__yy", "mcp__X__*"] }, { inventory: hostile });
    expect(findings.map(({ code }) => code)).toEqual(["case_only_miss", "no_inventory_match", "case_only_miss"]);
    expect(findings[0]?.edit).toMatchObject({ glob: "__proto__" });
  });
});

describe("cards, severities, conditions", () => {
  test("unknown_card_action: with the action that is meant", () => {
    const card = { boundedActions: ["read_files", "pay"], forbiddenActions: ["pay"] };
    const capabilities = "{c: {tools: [x_y], card_actions: [read_file, pay, read_files]}}";
    const findings = findingsOf("unknown_card_action", { capabilities }, { card });
    expect(findings.map(({ path }) => path)).toEqual([
      "capability_mappings.c.card_actions[0]",
      "capability_mappings.c.card_actions[1]",
    ]);
    expect(findings[0]?.fix).toBe("did you mean `read_files`?");
    expect(findings[1]?.message).toContain("the card forbids");
    expect(findingsOf("unknown_card_action", { capabilities })).toEqual([]);
  });

  test("severity_below_fail_on", () => {
    const forbidden = ["a_x low", "a_y medium", "a_z critical"];
    const findings = findingsOf("severity_below_fail_on", { forbidden, defaults: "fail_on: high" });
    expect(findings.map(({ rule }) => rule?.label)).toEqual(["a_x", "a_y"]);
    expect(findingsOf("severity_below_fail_on", { forbidden })).toEqual([]);
  });

  test.each([
    ["warn tool_count >= 1", "holds at every call"],
    ["warn tool_count > 3 or tool_count <= 3", "holds at every call"],
    ["warn unmapped_tool_count >= 0 and tool_matches('a*')", "holds at every call"],
    ["warn tool_matches('a*') or tool_count < 5 and unmapped_tool_count > 5", "never holds"],
  ])("condition_constant: %s", (trigger, what) => {
    const { findings } = lintOf({ triggers: [trigger] });
    const told = findings.filter(({ code }) => ["condition_constant", "dead_rule"].includes(code));
    expect(told).toHaveLength(1);
    if (told[0]?.code === "condition_constant") expect(told[0].message).toContain(what);
    else expect(told[0]?.message).toContain("holds for no call");
  });

  test.each(["warn tool_count > 1", "warn unmapped_tool_count > 0", "warn violation_count == 0", "warn tool_count != 2"])(
    "no condition_constant: %s",
    (trigger) => expect(findingsOf("condition_constant", { triggers: [trigger] })).toEqual([]),
  );
});

test("every finding has what its code promises", () => {
  const { findings } = lintOf(
    {
      capabilities: "{c: {tools: ['*', 'mcp__*'], card_actions: [x]}}",
      forbidden: ["mcp__a__*", "mcp__a__b", "mcp__*__c*"],
      triggers: ["warn tool_count > 0"],
    },
    { inventory: ["mcp__a__b"], card: { boundedActions: [], forbiddenActions: [] } },
  );
  expect(findings.length).toBeGreaterThan(5);
  const lines = findings.map(({ span }) => span.line);
  expect(lines).toEqual([...lines].sort((a, b) => a - b));
  for (const { code, message, fix, witnesses, related, safe, edit } of findings) {
    expect(Object.keys(lintCodes)).toContain(code);
    expect(message).not.toMatch(/^[A-Z]|\.$/);
    expect(fix).not.toMatch(/\.$/);
    expect(witnesses.length).toBeLessThanOrEqual(3);
    expect(related.length).toBeLessThanOrEqual(5);
    if (safe) expect(edit?.kind).toMatch(/^remove_/);
  }
});
