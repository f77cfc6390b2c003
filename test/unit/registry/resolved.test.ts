import { afterEach, beforeEach, expect, it } from "vitest";
import { orderedJson } from "../../../src/report/json/ordered.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

const org = `meta: {schema_version: "1.0", name: floor, scope: org, description: for all}
capability_mappings:
  files: {tools: ["fs_*"], card_actions: [read]}
forbidden:
  - {pattern: "*delete*", reason: "nobody deletes", severity: critical}
defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: true, grace_period_hours: 24}
`;
const agent = `meta: {schema_version: "1.0", name: support, scope: agent}
capability_mappings:
  "1": {tools: ["one"], card_actions: [count]}
  files: {tools: ["gs_*", "fs_*"], card_actions: [write]}
forbidden:
  - {pattern: "*delete*", reason: "nobody deletes", severity: critical}
escalation_triggers:
  - {condition: "tool_count > 3", action: escalate, reason: many}
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: true, enforcement_mode: enforce}
`;

it("is the org's floor with the agent's additions, and says where each field comes from", async () => {
  await test.registry.publish({}, yaml(org));
  const { id } = await test.registry.publish({ agent: "a" }, yaml(agent));
  const resolved = await test.registry.getResolvedPolicy("a");
  expect(resolved).toMatchObject({
    agent_id: "a",
    org_id: "acme",
    sources: { org_policy_version: 1, agent_policy_version: 1, merge_strategy: "org_floor" },
    resolved_at: "2026-01-15T12:00:00.000Z",
  });
  const text = orderedJson(resolved.resolved_policy);
  expect(JSON.parse(text)).toEqual({
    id,
    version: 1,
    meta: { schema_version: "1.0", name: "support (resolved)", description: "for all", scope: "resolved" },
    capability_mappings: {
      files: { tools: ["fs_*", "gs_*"], card_actions: ["read", "write"] },
      "1": { tools: ["one"], card_actions: ["count"] },
    },
    forbidden: [{ pattern: "*delete*", reason: "nobody deletes", severity: "critical" }],
    escalation_triggers: [{ condition: "tool_count > 3", action: "escalate", reason: "many" }],
    defaults: {
      unmapped_tool_action: "deny",
      unmapped_severity: "high",
      fail_open: true,
      enforcement_mode: "enforce",
      grace_period_hours: 24,
      fail_on: "low",
    },
  });
  // In the order that decides, which an object of JavaScript loses.
  expect(text.indexOf('"files"')).toBeLessThan(text.indexOf('"1"'));
  expect(resolved.fields).toMatchObject({
    forbidden: [{ layer: "org", file: "orgs/acme/policy.yaml", line: 5 }],
    defaults: {
      unmapped_tool_action: { value: "deny", layer: "agent", file: "agents/a/policy.yaml", line: 9 },
      grace_period_hours: { value: 24, layer: "org", line: 6 },
      fail_on: { value: "low", layer: "default", line: null },
    },
  });
});

it("is one layer where there is one, and not found without any", async () => {
  await expect(test.registry.getResolvedPolicy("a")).rejects.toMatchObject({ code: "not_found" });
  await test.registry.publish({ agent: "a" }, yaml(agent));
  expect(await test.registry.getResolvedPolicy("a")).toMatchObject({
    resolved_policy: { meta: { name: "support (resolved)", scope: "resolved" } },
    sources: { org_policy_version: null, agent_policy_version: 1 },
  });
  await test.registry.publish({}, yaml(org));
  expect(await test.registry.getResolvedPolicy("unheard-of")).toMatchObject({
    resolved_policy: { meta: { name: "floor (resolved)" } },
    sources: { org_policy_version: 1, agent_policy_version: null },
  });
  await expect(test.as({ agents: ["b"] }).getResolvedPolicy("a")).rejects.toMatchObject({ code: "not_found" });
});

it("has the digest that answers name", async () => {
  await test.registry.publish({}, yaml(org));
  await test.registry.publish({ agent: "a" }, yaml(agent));
  const { digest } = await test.registry.getResolvedPolicy("a");
  expect(await test.registry.evaluate({ agent_id: "a", tools: ["x"] })).toMatchObject({ policy: { digest } });
});
