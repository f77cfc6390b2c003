import { expect, test } from "vitest";
import { specified } from "../../../src/analysis/confirm.js";
import { floorOf } from "../../../src/analysis/floor.js";
import { subjectOf } from "../../../src/analysis/subject.js";
import { verdicts } from "../../../src/policy/lattice.js";
import type { Policy } from "../../../src/policy/model.js";
import { referenceMatch } from "../../../src/reference/evaluate.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

function policy(scope: "org" | "agent", tools: string[], action: string, forbidden: string[] = []): Policy {
  const text = JSON.stringify({
    meta: { schema_version: "1.0", name: scope, scope },
    capability_mappings: tools.length === 0 ? {} : { c: { tools, card_actions: ["act"] } },
    forbidden: forbidden.map((pattern) => ({ pattern, reason: "no", severity: "high" })),
    defaults: { unmapped_tool_action: action, unmapped_severity: "medium", fail_open: false },
  });
  const { value } = parsePolicy(new TextEncoder().encode(text), { file: `${scope}.json` });
  if (value === undefined) throw new Error("the test policy is not valid");
  return value;
}

test("an agent that only strengthens has no exceptions", () => {
  const report = floorOf(policy("org", ["a*"], "warn"), policy("agent", ["ab"], "deny", ["ac"]));
  expect([report.holds, report.exceptions, report.broken, report.undecided, report.broad]).toEqual([true, [], [], [], []]);
});

test("exceptions are exactly the names that the agent newly maps", () => {
  const org = policy("org", ["a*"], "deny", ["mcp__fs__del*"]);
  const report = floorOf(org, policy("agent", ["mcp__fs__*", "ab"], "allow"), {
    inventory: ["mcp__fs__read", "mcp__fs__del", "ab", ""],
  });
  expect(report.holds).toBe(true);
  expect(report.exceptions.map(({ before, after, witness, size }) => [before.cause, after.cause, witness, size])).toEqual([
    ["unmapped_denied", "mapped", "mcp__fs__", "infinite"],
  ]);
  expect(report.exceptions[0].inventory).toEqual(["mcp__fs__read"]);
  expect(report.exceptions[0].causes.map(({ change, rule }) => [change, rule.layer, rule.pattern])).toEqual([
    ["added", "agent", "mcp__fs__*"],
  ]);
  expect(report.inventory).toEqual({ names: 4, exceptions: 1, invalid: 1 });
});

test("a mapping of any server over an org deny is pointed out", () => {
  const broad = floorOf(policy("org", [], "deny"), policy("agent", ["*_read"], "deny")).broad;
  expect(broad.map(({ code }) => code)).toEqual(["merge_broad_mapping"]);
  expect(floorOf(policy("org", [], "warn"), policy("agent", ["*_read"], "deny")).broad).toEqual([]);
});

function maps({ capabilities }: Policy, name: string): boolean {
  return capabilities.some(({ tools }) => tools.some(({ glob }) => referenceMatch(glob.text, name)));
}

test("the law holds for random layers, and its exceptions are those of the specification", () => {
  const pieces = ["a", "b", "c", "__", "é", "😀", "z"];
  const names = pieces.flatMap((a) => [a, ...pieces.map((b) => a + b)]);
  const draw = new PolicyDraw(defaultSeed + 5);
  let exceptions = 0;
  // A few agents map many names, and most map none: fewer rounds would prove little.
  const rounds = Math.max(100, scaled(25));
  for (let round = 0; round < rounds; round++) {
    const [org, agent] = [draw.policy("org"), draw.policy("agent")];
    const card = draw.chance(40) ? draw.card() : undefined;
    const report = floorOf(org, agent, { card, inventory: names });
    expect({ round, broken: report.broken, holds: report.holds }).toEqual({ round, broken: [], holds: true });
    const below = new Set(report.exceptions.flatMap(({ inventory }) => inventory));
    const alone = specified(subjectOf({ org }), names, { card });
    const merged = specified(subjectOf({ org, agent }), names, { card });
    for (const name of names) {
      const [from, to] = [alone.get(name)!, merged.get(name)!];
      if (verdicts.indexOf(to.verdict) < verdicts.indexOf(from.verdict)) {
        // The cause before need not be `unmapped`: a denial that org counts as a violation can set off a trigger of its own.
        expect(below).toContain(name);
        expect([maps(org, name), maps(agent, name)]).toEqual([false, true]);
      }
    }
    exceptions += below.size;
  }
  expect(exceptions).toBeGreaterThan(rounds);
});
