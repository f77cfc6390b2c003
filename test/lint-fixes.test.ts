import { expect, test } from "vitest";
import { lintPolicy } from "../src/analysis/lint/lint.js";
import { pointsOf } from "../src/analysis/product/points.js";
import { fixPolicy } from "../src/cli/lint/fix.js";
import { look } from "../src/cli/lint/look.js";
import { unchangedBy } from "../src/cli/lint/unchanged.js";
import { parsePolicyFile } from "../src/cli/policy-file.js";
import type { Card, Policy, Trigger } from "../src/policy/model.js";
import { referenceEvaluate } from "../src/reference/evaluate.js";
import { printPolicy } from "../src/syntax/print.js";
import { PolicyDraw } from "./support/random-policy.js";
import { scaled } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

const seed = Number(process.env.SMOLTBOT_SEED ?? defaultSeed);

/** Conditions of drawn policies are only terms; as texts they can be printed and read. */
function withTexts(policy: Policy): Policy {
  const termText = ({ globs, tests }: Trigger["condition"]["terms"][number]) =>
    [
      ...globs.map(({ source }) => `tool_matches('${source}')`),
      ...tests.map(({ count, comparison, value }) => `${count} ${comparison} ${value}`),
    ].join(" and ");
  const triggers = policy.triggers.map((trigger) => ({
    ...trigger,
    condition: { ...trigger.condition, text: trigger.condition.terms.map((term) => `(${termText(term)})`).join(" or ") },
  }));
  return { ...policy, triggers };
}

/** What a session of calls comes to, call by call, without the places of rules. */
function judged(org: Policy | undefined, agent: Policy, calls: readonly string[], card: Card | undefined) {
  const { verdict, tools } = referenceEvaluate({ ...(org && { org }), agent }, calls, { card });
  return { verdict, tools: tools.map((tool) => [tool.tool, tool.calls, tool.verdict, tool.action, tool.cause]) };
}

test("fixes of any policy are proven, leave nothing safe behind, and change no session", () => {
  let count = 0;
  let leftCount = 0;
  for (let round = 0; round < scaled(150); round++) {
    const draw = new PolicyDraw(seed + round);
    const org = draw.chance(50) ? withTexts(draw.policy("org")) : undefined;
    const text = printPolicy(withTexts(draw.policy("agent")));
    const again = (source: string) => look(source, "agent.yaml", { org, lint: lintPolicy, wanted: () => true });
    const start = again(text);
    if (!start.valid) throw new Error(`${JSON.stringify(start.diagnostics)}\n${text}`);
    const { looked, fixed, left } = fixPolicy(start, { spelling: false, look: again, unchanged: unchangedBy(org) });
    count += fixed.length;
    leftCount += left.length;
    expect(looked.findings.filter(({ safe, edit }) => safe && edit !== undefined)).toHaveLength(left.length);
    // The specification knows nothing of the analysis.
    for (let session = 0; session < 12; session++) {
      const calls = draw.list(6, () => draw.name()).filter((name) => pointsOf(name) !== undefined);
      const card = draw.chance(50) ? draw.card() : undefined;
      expect(judged(org, looked.policy, calls, card), text).toEqual(judged(org, start.policy, calls, card));
    }
  }
  expect(count).toBeGreaterThan(scaled(20));
  // Counts of violations under some cards: a rarity.
  expect(leftCount).toBeLessThan(count / 20);
});

test("an org policy that is proven unchanged is unchanged below every agent", () => {
  const of = (text: string) => {
    const { policy } = parsePolicyFile(text, "org.yaml");
    if (policy === undefined) throw new Error(text);
    return policy;
  };
  const org = (rules: string, defaults: string) =>
    of(`meta: {schema_version: "1.0", name: o, scope: org}
capability_mappings: {}
${rules}
defaults: {unmapped_severity: high, fail_open: false, ${defaults}}
`);
  const denying = "unmapped_tool_action: deny, grace_period_hours: 0";
  const triggers = "escalation_triggers: [{condition: \"tool_matches('a*')\", action: escalate, reason: r}]";
  const soft = "forbidden: [{pattern: a, reason: r, severity: low}]";
  const lenient = "unmapped_tool_action: warn, fail_on: high";
  const unchanged = unchangedBy(undefined);
  expect(unchanged(org(`forbidden: []\n${triggers}`, denying), org("forbidden: []", denying))).toBe("different");
  expect(unchanged(org(`${soft}\n${triggers}`, lenient), org(`forbidden: []\n${triggers}`, lenient))).toBe("different");
  expect(unchanged(org(`${soft}\n${triggers}`, lenient), org(`${soft}\n${triggers}`, lenient))).toBe("equal");
});
