import { describe, expect, test } from "vitest";
import type { LintInput } from "../../../src/analysis/lint/lint.js";
import type { LintFinding } from "../../../src/analysis/lint/lint-report.js";
import type { CommandFailure } from "../../../src/cli/failure.js";
import { type Fixed, type FixOptions, fixPolicy } from "../../../src/cli/lint/fix.js";
import { look } from "../../../src/cli/lint/look.js";
import type { Policy } from "../../../src/policy/model.js";
import { findingAt, refOf } from "../../support/lint-findings.js";

const rule = (pattern: string) => `  - {pattern: ${pattern}, reason: r, severity: low}\n`;
const policyText = (...patterns: string[]) =>
  `meta: {schema_version: "1.0", name: a, scope: agent}\ncapability_mappings: {web: {tools: [x, y], card_actions: [z]}}\nforbidden:${patterns.length === 0 ? " []" : ""}\n${patterns.map(rule).join("")}defaults: {unmapped_tool_action: deny, unmapped_severity: low, fail_open: false}\n`;

/** Fixes a text by the findings of a lint that is made up; `unchanged` is asked as often as it counts. */
function fixed(
  text: string,
  findings: (policy: Policy) => readonly LintFinding[],
  more: Partial<FixOptions> = {},
): Fixed & { readonly text: string; readonly asked: number } {
  let asked = 0;
  const setup = {
    wanted: () => true,
    lint: ({ subject }: LintInput) => ({ findings: findings(subject.layers.agent!), rules: 1, undecided: 0 }),
  };
  const again = (source: string) => look(source, "p.yaml", setup);
  const start = again(text);
  if (!start.valid) throw new Error(JSON.stringify(start.diagnostics));
  const unchanged = more.unchanged ?? (() => "equal");
  const result = fixPolicy(start, {
    spelling: false,
    look: again,
    ...more,
    unchanged: (before, after) => {
      asked++;
      return unchanged(before, after);
    },
  });
  return { ...result, text: result.looked.document.source.text, asked };
}

const patterns = (policy: Policy) => policy.forbidden.map(({ pattern }) => pattern.glob.source);
const each = (policy: Policy, wanted: (pattern: string, index: number) => boolean) =>
  patterns(policy).flatMap((pattern, index) =>
    wanted(pattern, index) ? [findingAt(policy, refOf(policy, "forbidden", index), { edit: "remove" })] : [],
  );

describe("fixing", () => {
  test("makes the safe edits at once, and looks until there are none", () => {
    const result = fixed(policyText("a", "b", "c"), (policy) => each(policy, (pattern) => pattern !== "b"));
    expect(result.text).toBe(policyText("b"));
    expect(result.fixed).toHaveLength(2);
    expect(result.looked.findings).toEqual([]);
    expect(result.asked).toBe(1);
  });
  test("goes on with what shows only after a round", () => {
    const result = fixed(policyText("a", "b", "c"), (policy) => each(policy, (_, index) => index === 0));
    expect(result.text).toBe(policyText());
    expect(result.fixed).toHaveLength(3);
  });
  test("does nothing about findings that are not safe, have no edit, or are of another file", () => {
    const org = (policy: Policy) => ({ ...refOf(policy, "forbidden", 0), layer: "org" as const });
    const result = fixed(policyText("a"), (policy) => [
      findingAt(policy, refOf(policy, "forbidden", 0), { edit: "remove", safe: false }),
      findingAt(policy, refOf(policy, "forbidden", 0), { safe: true }),
      findingAt(policy, org(policy), { edit: "remove" }),
      findingAt(policy, { ...refOf(policy, "forbidden", 0), pattern: "other" }, { edit: "remove" }),
      findingAt(policy, { ...refOf(policy, "forbidden", 0), index: 7 }, { edit: "remove" }),
    ]);
    expect([result.text, result.fixed]).toEqual([policyText("a"), []]);
  });
  test("of two rules that each are the reason for the other to go, one stays", () => {
    const findings = (policy: Policy) =>
      patterns(policy).length < 2
        ? []
        : [0, 1].map((index) => {
            const related = [{ rule: refOf(policy, "forbidden", 1 - index), role: "decides these names" }];
            return findingAt(policy, refOf(policy, "forbidden", index), { edit: "remove", related });
          });
    expect(fixed(policyText("a", "b"), findings).text).toBe(policyText("b"));
  });
  test("what is only safe alone is found out by the proof, in halves", () => {
    const many = Array.from({ length: 16 }, (_, i) => `p${i}`);
    const result = fixed(policyText(...many), (policy) => (patterns(policy).length === 16 ? each(policy, () => true) : []), {
      // The last two need one another, or rather one of them.
      unchanged: (_, after) =>
        patterns(after).some((pattern) => pattern === "p14" || pattern === "p15") ? "equal" : "different",
    });
    expect(result.text).toBe(policyText("p15"));
    expect(result.asked).toBeLessThan(12);
  });
  test("an edit that changes outcomes by itself ends it: nothing is kept", () => {
    const run = () => fixed(policyText("a", "b"), (policy) => each(policy, () => true), { unchanged: () => "different" });
    try {
      run();
      expect.unreachable();
    } catch (error) {
      expect((error as CommandFailure).diagnostics).toMatchObject([{ code: "lint_fix_unproven", level: "error" }]);
    }
    expect(run).toThrow(/`dead_rule` in line 4 asks for a change of outcomes/);
  });
  test("an edit that is not decided is left, and the others are made", () => {
    const result = fixed(policyText("a", "b", "c"), (policy) => each(policy, () => true), {
      unchanged: (_, after) => (patterns(after).includes("b") ? "equal" : "open"),
    });
    expect([result.text, result.fixed.length, result.left.length]).toEqual([policyText("b"), 2, 1]);
  });
  test("an edit that would make the file invalid is left out", () => {
    const text = policyText("a").replace("y], card_actions: [z]", "y, w], card_actions: [z], examples: {match: [x]}");
    const remove = (policy: Policy) =>
      [0, 1].map((tool) => findingAt(policy, refOf(policy, "capability", 0, tool), { edit: "remove" }));
    const result = fixed(text, (policy) => (policy.capabilities[0]!.tools.length === 3 ? remove(policy) : []));
    expect(result.text).toBe(text.replace("[x, y, w]", "[x, w]"));
  });
  test("an edit after which the rest would read otherwise is left out", () => {
    const kept = "  - pattern: a\n    severity: low\n    reason: |+\n      r\n";
    const text = policyText("c").replace("  - {", `${kept}  - {pattern: b, reason: r, severity: low}\n\n\n  - {`);
    const result = fixed(text, (policy) => each(policy, (pattern) => pattern === "b"));
    // The blank lines behind the rule would become part of the text before it.
    expect([result.text, result.fixed]).toEqual([text, []]);
  });
  test("spelling is changed only when asked for, and proven apart from the rest", () => {
    const findings = (policy: Policy) =>
      patterns(policy).length === 2
        ? [
            findingAt(policy, refOf(policy, "forbidden", 0), { code: "case_only_miss", edit: { glob: "a" } }),
            findingAt(policy, refOf(policy, "forbidden", 1), { edit: "remove" }),
          ]
        : [];
    const compared: string[][] = [];
    const unchanged = (before: Policy, after: Policy) => {
      compared.push([patterns(before).join(), patterns(after).join()]);
      return "equal" as const;
    };
    expect(fixed(policyText("A", "b"), findings, { unchanged }).text).toBe(policyText("A"));
    expect(fixed(policyText("A", "b"), findings, { unchanged, spelling: true }).text).toBe(policyText("a"));
    expect(compared).toEqual([
      ["A,b", "A"],
      ["a,b", "a"],
    ]);
  });
  test("ends after a number of rounds with findings that never end", () => {
    const result = fixed(policyText("a"), (policy) => {
      const glob = `${patterns(policy)[0]}x`;
      return [findingAt(policy, refOf(policy, "forbidden", 0), { edit: { glob }, safe: true })];
    });
    expect(result.text).toBe(policyText(`a${"x".repeat(10)}`));
  });
  test("of globs that stand twice the one at the place goes", () => {
    const text = policyText().replace("[x, y]", "[x, y, x]");
    const at = (tool: number) => (policy: Policy) =>
      policy.capabilities[0]!.tools.length === 3
        ? [findingAt(policy, refOf(policy, "capability", 0, tool), { edit: "remove" })]
        : [];
    expect(fixed(text, at(0)).text).toBe(text.replace("[x, y, x]", "[y, x]"));
    expect(fixed(text, at(2)).text).toBe(text.replace("[x, y, x]", "[x, y]"));
  });
});
