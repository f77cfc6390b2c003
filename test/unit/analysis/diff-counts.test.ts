import { expect, test } from "vitest";
import { diffPolicies } from "../../../src/analysis/diff.js";
import { floorOf } from "../../../src/analysis/floor.js";
import { subjectOf } from "../../../src/analysis/subject.js";
import type { Policy } from "../../../src/policy/model.js";
import { parsePolicy } from "../../../src/syntax/policy.js";

/** What is too rare among drawn policies: counts, and whose they are. */
function policy(
  scope: "org" | "agent",
  conditions: readonly string[],
  tools: readonly string[] = [],
  unmapped = "allow",
): Policy {
  const text = JSON.stringify({
    meta: { schema_version: "1.0", name: scope, scope },
    capability_mappings: tools.length === 0 ? {} : { all: { tools, card_actions: ["read"] } },
    forbidden: [],
    escalation_triggers: conditions.map((condition) => ({ condition, action: "deny", reason: condition })),
    defaults: { unmapped_tool_action: unmapped, unmapped_severity: "low", fail_open: false },
  });
  const { value, diagnostics } = parsePolicy(text, { file: `${scope}.json` });
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return value;
}

test("the same count is another one in the other layer", () => {
  const condition = "tool_matches('a*') and unmapped_tool_count >= 1";
  const before = subjectOf({ org: policy("org", [condition]), agent: policy("agent", [], ["ab"]) });
  const after = subjectOf({ org: policy("org", []), agent: policy("agent", [condition], ["ab"]) });
  const { changes, equal } = diffPolicies(before, after);
  // Org left `ab` unmapped, the agent did not; all other names are unmapped for both.
  expect(equal).toBe(false);
  expect(changes.map(({ direction, witness, size }) => [direction, witness, size])).toEqual([["weaker", "ab", 1n]]);
  expect(diffPolicies(after, before).changes.map(({ direction, witness }) => [direction, witness])).toEqual([["stricter", "ab"]]);
  expect(diffPolicies(before, before).equal).toBe(true);
});

test("what a call counts as is brought about by a changed term also beside an unchanged one as strong", () => {
  const counting = ["tool_count >= 1", "violation_count > 5"];
  const before = subjectOf({ agent: policy("agent", counting, ["a*"]) });
  const after = subjectOf({ agent: policy("agent", [...counting, "tool_matches('a*') and tool_matches('*b')"], ["a*"]) });
  const { changes } = diffPolicies(before, after);
  expect(changes.length).toBe(1);
  const [{ before: from, after: to, witness, causes, causesComplete }] = changes;
  expect([from.cause, from.counted, to.cause, to.counted, witness]).toEqual([
    "escalation_denied",
    "",
    "escalation_denied",
    "violation",
    "ab",
  ]);
  expect(causes.map(({ side, change, rule }) => [side, change, rule.kind, rule.index])).toEqual([
    ["after", "added", "trigger", 2],
  ]);
  expect(causesComplete).toBe(true);
});

test("a default is a cause where only what a call counts as differs", () => {
  // While the trigger fires it decides under both; a call that would be denied as unmapped is a violation beside it.
  const counting = ["violation_count <= 3"];
  const before = subjectOf({ agent: policy("agent", counting, [], "deny") });
  const after = subjectOf({ agent: policy("agent", counting, [], "warn") });
  for (const [from, to] of [
    [before, after],
    [after, before],
  ] as const) {
    const { changes, complete } = diffPolicies(from, to);
    const only = changes.filter((change) => change.before.cause === change.after.cause);
    expect([complete, only.length]).toEqual([true, 1]);
    expect(new Set([only[0].before.counted, only[0].after.counted])).toEqual(new Set(["violation", ""]));
    for (const { causes, causesComplete } of changes) {
      expect(causes.map(({ side, change, rule }) => [side, change, rule.kind, rule.label])).toEqual([
        ["after", "changed", "default", "unmapped_tool_action"],
      ]);
      expect(causesComplete).toBe(true);
    }
  }
});

test("org denies what is unmapped by counting that as a violation: mapping it is an exception to the floor, no breach", () => {
  const org = policy("org", ["violation_count >= 1"], [], "deny");
  const { broken, exceptions, holds } = floorOf(org, policy("agent", [], ["a*"], "deny"));
  expect([broken, holds]).toEqual([[], true]);
  const [first] = exceptions;
  expect([first.before.cause, first.after.cause, first.witness, first.size]).toEqual([
    "escalation_denied",
    "mapped",
    "a",
    "infinite",
  ]);
  // A violation before the call keeps the trigger firing, so nothing is below then.
  expect(exceptions.map(({ circumstance }) => circumstance.prior.violationCount)).toEqual([0]);
});
