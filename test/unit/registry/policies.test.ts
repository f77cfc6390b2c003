import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../../src/store/failures.js";
import type { Store } from "../../../src/store/store.js";
import { edited, validPolicy } from "../../support/policy-text.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

const org = validPolicy.replace("scope: agent", "scope: org").replace("name: support", "name: floor");
const named = (name: string) => edited("name: support", `name: ${name}`);

describe("lists", () => {
  it("shows the org's policy first, then agents by id, in pages", async () => {
    for (const agent of ["b", "a", "c"]) await test.registry.publish({ agent }, yaml(named(agent)));
    await test.registry.publish({}, yaml(org));
    await test.registry.removePolicy({ agent: "c" });
    const all = await test.registry.list();
    expect(all).toMatchObject({ org_id: "acme", total: 3, page: 1, per_page: 20 });
    expect(all.policies.map((p) => [p.scope, p.agent_id, p.name, p.version])).toEqual([
      ["org", null, "floor", 1],
      ["agent", "a", "a", 1],
      ["agent", "b", "b", 1],
    ]);
    const second = await test.registry.list({ page: 2, perPage: 2 });
    expect(second).toMatchObject({ policies: [{ agent_id: "b" }], total: 3, page: 2, per_page: 2 });
    const limited = await test.as({ agents: ["b", "c", "a"] }).list({ page: 2, perPage: 1 });
    expect(limited).toMatchObject({ policies: [{ agent_id: "b" }], total: 2 });
  });

  it("shows the history newest first, in pages, also of what was removed", async () => {
    for (let i = 1; i <= 5; i++) await test.registry.publish({ agent: "a" }, yaml(named(`n${i}`)), { message: `m${i}` });
    await test.registry.removePolicy({ agent: "a" });
    const page = await test.registry.history({ agent: "a" }, { page: 2, perPage: 2 });
    expect(page).toMatchObject({ total: 5, page: 2, per_page: 2 });
    expect(page.versions.map((v) => [v.version, v.meta.name, v.message, v.active, v.updated_by])).toEqual([
      [3, "n3", "m3", false, "tester"],
      [2, "n2", "m2", false, "tester"],
    ]);
    expect(await test.registry.history({ agent: "nobody" })).toMatchObject({ versions: [], total: 0 });
  });

  it("refuses pages there cannot be", async () => {
    for (const paging of [{ page: 0 }, { page: 1.5 }, { perPage: 0 }, { perPage: 101 }, { page: Number.NaN }, { page: 1e300 }]) {
      await expect(test.registry.list(paging)).rejects.toMatchObject({ code: "invalid_request" });
      await expect(test.registry.history({}, paging)).rejects.toMatchObject({ code: "invalid_request" });
    }
  });
});

describe("one policy", () => {
  it("is found by version, also when nothing is active", async () => {
    await test.registry.publish({}, yaml(org));
    await test.registry.removePolicy({});
    expect((await test.registry.getPolicy({}, 1)).meta).toMatchObject({ name: "floor", scope: "org" });
    expect(await test.registry.getPolicySource({}, 1)).toEqual({ text: org, mediaType: "yaml", version: 1 });
    await expect(test.registry.getPolicy({})).rejects.toMatchObject({ code: "not_found", message: /org `acme`/ });
    await expect(test.registry.getPolicy({}, 2)).rejects.toMatchObject({ code: "not_found" });
    await expect(test.registry.getPolicy({}, 0)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("falls back to the org's when the agent's is removed", async () => {
    await test.registry.publish({}, yaml(org));
    await test.registry.publish(
      { agent: "a" },
      yaml(validPolicy.replace("unmapped_tool_action: warn", "unmapped_tool_action: deny")),
    );
    const asked = { agent_id: "a", tools: ["other"], context: "cicd" } as const;
    expect(await test.registry.evaluate(asked)).toMatchObject({ policy: { sources: [{ layer: "org" }, { layer: "agent" }] } });
    await test.registry.removePolicy({ agent: "a" });
    expect(await test.registry.evaluate(asked)).toMatchObject({ policy: { sources: [{ layer: "org" }] } });
  });
});

describe("a store that cannot be reached", () => {
  const down = async () => {
    throw new StoreUnavailable("the registry is full: the disk has no space left");
  };

  it("is answered as unavailable, with the reason and when to try again", async () => {
    const broken = {
      ...test.store,
      policies: { active: down, layers: down, list: down, version: down },
      agents: { get: down },
    } as unknown as Store;
    const { registry } = await openTestRegistry(broken);
    const failed = { code: "unavailable", status: 503, retryAfterS: 1, message: /disk has no space left/ };
    await expect(registry.getPolicy({ agent: "a" })).rejects.toMatchObject(failed);
    await expect(registry.list()).rejects.toMatchObject(failed);
    await expect(registry.publish({ agent: "a" }, yaml(validPolicy))).rejects.toMatchObject(failed);
    await expect(registry.evaluate({ agent_id: "a", tools: ["x"] })).rejects.toMatchObject(failed);
    const runs = registry.runs({ agent: "a" })[Symbol.asyncIterator]();
    await expect(runs.next()).rejects.toMatchObject(failed);
  });
});

it("keeps teams and agents", async () => {
  await test.registry.publish({ agent: "b" }, yaml(validPolicy));
  expect(await test.registry.putTeam("ops", ["b", "a", "b"])).toEqual({ team_id: "ops", agents: ["a", "b"] });
  expect(await test.registry.getTeam("ops")).toEqual({ team_id: "ops", agents: ["a", "b"] });
  expect(await test.registry.listTeams()).toMatchObject({ teams: [{ team_id: "ops", agents: 2 }], total: 1 });
  expect((await test.registry.listAgents()).agents.map((a) => [a.agent_id, a.policy_version, a.card_version])).toEqual([
    ["b", 1, null],
  ]);
  expect(await test.as({ agents: ["b"] }).listAgents()).toMatchObject({ agents: [{ agent_id: "b" }], total: 1 });
  await expect(test.as({ agents: ["b"] }).getTeam("ops")).rejects.toMatchObject({ code: "forbidden" });
  await expect(test.as({ org: "globex" }).getTeam("ops")).rejects.toMatchObject({ code: "not_found" });
  for (const agents of [["a/b"], [""], "ab", [1], Array.from({ length: 10_001 }, (_, i) => `a${i}`)]) {
    await expect(test.registry.putTeam("ops", agents as string[])).rejects.toMatchObject({ code: "invalid_request" });
  }
  await test.registry.removeTeam("ops");
  await expect(test.registry.removeTeam("ops")).rejects.toMatchObject({ code: "not_found" });
});

it("writes down who changed what", async () => {
  await test.registry.publish({ agent: "a" }, yaml(validPolicy), { message: "m" });
  test.nowMs += 1000;
  await test.as({ actor: "key/k1" }).removePolicy({ agent: "a" });
  const { entries, total } = await test.registry.audit();
  expect(total).toBe(2);
  expect(entries.map((e) => [e.actor, e.subject, e.at])).toEqual([
    ["key/k1", "agent/a", "2026-01-15T12:00:01.000Z"],
    ["tester", "agent/a", "2026-01-15T12:00:00.000Z"],
  ]);
  expect(entries.every((e) => e.action.startsWith("policy.") && typeof e.detail === "object")).toBe(true);
  await expect(test.as({ agents: ["a"] }).audit()).rejects.toMatchObject({ code: "forbidden" });
  expect((await test.as({ org: "globex" }).audit()).total).toBe(0);
});
