import { expect, test } from "vitest";
import { diffPolicies } from "../../../src/analysis/diff.js";
import { floorOf } from "../../../src/analysis/floor.js";
import { subjectOf } from "../../../src/analysis/subject.js";
import { parseGlob } from "../../../src/glob/parse.js";
import type { Capability, ForbiddenRule, GlobRef, Policy, Scope } from "../../../src/policy/model.js";
import { Random } from "../../support/random.js";

const severities = ["low", "medium", "high", "critical"] as const;

function globAt(random: Random, line: number): GlobRef {
  const server = `srv${random.below(40)}`;
  const verb = `${random.pick(["get", "delete", "list", "put", "send"])}${line}`;
  const kind = random.next();
  const text =
    kind < 0.55
      ? `mcp__${server}__${verb}_file`
      : kind < 0.85
        ? `mcp__${server}__${verb}*`
        : kind < 0.9
          ? `mcp__*__${verb}*`
          : kind < 0.95
            ? `*__${verb}_*`
            : `*_${verb}`;
  const glob = parseGlob(text);
  if (typeof glob === "string") throw new Error(`drew a glob that is ${glob}`);
  return { glob, span: { file: "large.yaml", line, column: 5, endLine: line, endColumn: 6 } };
}

/** Half forbidden rules, half globs of capabilities, in a mix as large policies have it. */
function largePolicy(rules: number, seed: number, scope: Scope = "agent"): Policy {
  const random = new Random(seed);
  const forbidden = random.times(rules / 2, (i): ForbiddenRule => {
    const pattern = globAt(random, i + 1);
    return { pattern, reason: "no", severity: random.pick(severities), span: pattern.span };
  });
  const capabilities = random.times(rules / 10, (i): Capability => {
    const tools = random.times(5, (k) => globAt(random, rules + i * 5 + k));
    return { name: `c${i}`, tools, cardActions: [{ value: `a${i % 7}`, span: tools[0].span }], span: tools[0].span };
  });
  return {
    meta: { schemaVersion: "1.0", name: "large", scope },
    capabilities,
    forbidden,
    triggers: [],
    defaults: { unmappedToolAction: "deny", unmappedSeverity: "medium", failOpen: false, spans: new Map() },
    file: "large.yaml",
  };
}

/** Fifty rules are others: forty forbidden ones, and a glob in ten capabilities. */
function edited(policy: Policy, rules: number): Policy {
  const other = largePolicy(rules, 2);
  return {
    ...policy,
    forbidden: policy.forbidden.map((rule, i) => (i % (rules / 80) === 3 ? other.forbidden[i] : rule)),
    capabilities: policy.capabilities.map((capability, i) =>
      i % (rules / 100) === 1
        ? { ...capability, tools: [...capability.tools.slice(1), other.capabilities[i].tools[0]] }
        : capability,
    ),
  };
}

const card = { boundedActions: ["a0", "a1", "a2", "a3"], forbiddenActions: ["a4"] };

test.each([1_000, 10_000])("%i rules of which fifty differ are decided within the budget", (rules) => {
  const old = largePolicy(rules, 1);
  const [before, after] = [subjectOf({ agent: old }), subjectOf({ agent: edited(old, rules) })];
  const diff = diffPolicies(before, after);
  expect(diff.changes.length).toBeGreaterThan(10);
  expect(diff.rules.filter(({ kind }) => kind === "capability")).toHaveLength(10);
  const causes = diff.changes.flatMap((change) => change.causes.map(({ side, rule }) => `${side} ${rule.kind} ${rule.line}`));
  expect(new Set(causes).size).toBeGreaterThan(40);
  // With each list of actions a rank of its own, what capabilities ask of any card may be left open, and nothing else.
  expect(diff.undecided.filter(({ question }) => !question.includes("ask a card"))).toEqual([]);
  if (rules === 1_000) expect(diffPolicies(before, after, { card }).undecided).toEqual([]);
});

test("fifty forbidden rules of 10,000 leave nothing open", () => {
  const old = largePolicy(10_000, 1);
  const after = { ...old, forbidden: edited(old, 10_000).forbidden };
  const diff = diffPolicies(subjectOf({ agent: old }), subjectOf({ agent: after }));
  expect([diff.complete, diff.undecided]).toEqual([true, []]);
  expect(diff.changes.every(({ size }) => size !== "unknown")).toBe(true);
});

test.each([
  ["enforcement_mode", { enforcementMode: "enforce" }],
  ["unmapped_tool_action", { unmappedToolAction: "warn" }],
  ["fail_on", { failOn: "high" }],
] as const)("another %s over 10,000 rules is decided within the budget", (field, defaults) => {
  const old = largePolicy(10_000, 1);
  const diff = diffPolicies(
    subjectOf({ agent: old }),
    subjectOf({ agent: { ...old, defaults: { ...old.defaults, ...defaults } } }),
  );
  expect(diff.undecided).toEqual([]);
  expect(new Set(diff.changes.flatMap(({ causes }) => causes.map(({ rule }) => rule.label)))).toEqual(new Set([field]));
});

test("the floor of 1,000 rules under 1,000 is proven", () => {
  const report = floorOf(largePolicy(1_000, 1, "org"), largePolicy(1_000, 3));
  expect([report.holds, report.broken]).toEqual([true, []]);
  expect(report.exceptions.map(({ before, after }) => [before.cause, after.cause])).toEqual([["unmapped_denied", "mapped"]]);
});
