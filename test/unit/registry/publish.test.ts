import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { edited, validPolicy } from "../../support/policy-text.js";
import { json, openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

const org = `meta: {schema_version: "1.0", name: floor, scope: org}
capability_mappings: {}
forbidden:
  - {pattern: "*delete*", reason: "nobody deletes", severity: critical}
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false, enforcement_mode: enforce}
`;
const agent = { agent: "support-1" };
const named = (name: string) => edited("name: support", `name: ${name}`);

describe("publishing", () => {
  it("stores a policy, makes it active and answers it", async () => {
    const answer = await test.registry.publish(agent, yaml(`# ours\n${validPolicy}`), { message: "first" });
    expect(answer).toMatchObject({
      version: 1,
      message: "first",
      archived_version: null,
      created_at: "2026-01-15T12:00:00.000Z",
      updated_at: "2026-01-15T12:00:00.000Z",
      updated_by: "tester",
      warnings: [],
      meta: { name: "support", scope: "agent" },
    });
    expect(answer.id).toMatch(/^pol-[a-z0-9]{20}$/);
    expect(answer.digest).toMatch(/^[0-9a-f]{64}$/);
    const { archived_version: _a, warnings: _w, ...document } = answer;
    expect(await test.registry.getPolicy(agent)).toEqual(document);
    expect((await test.registry.getPolicySource(agent)).text).toBe(`# ours\n${validPolicy}`);
  });

  it("numbers versions, keeps the first time and the id, and says what was archived", async () => {
    const first = await test.registry.publish(agent, yaml(validPolicy));
    test.nowMs += 60_000;
    const second = await test.registry.publish(agent, yaml(named("second")));
    expect(second).toMatchObject({ id: first.id, version: 2, archived_version: 1, created_at: first.created_at });
    expect(second.updated_at).toBe("2026-01-15T12:01:00.000Z");
    expect((await test.registry.getPolicy(agent, 1)).meta.name).toBe("support");
    await test.registry.removePolicy(agent);
    const third = await test.registry.publish(agent, yaml(validPolicy));
    expect(third).toMatchObject({ id: first.id, version: 3, archived_version: null });
  });

  it("makes no version of the same bytes again, unless there is something new to say", async () => {
    const first = await test.registry.publish(agent, yaml(validPolicy), { message: "m" });
    expect(await test.registry.publish(agent, yaml(validPolicy))).toEqual({ ...first, archived_version: null });
    expect((await test.registry.publish(agent, yaml(validPolicy), { message: "m" })).version).toBe(1);
    expect((await test.registry.publish(agent, yaml(`${validPolicy}# new\n`))).version).toBe(2);
    expect((await test.registry.publish(agent, yaml(`${validPolicy}# new\n`), { message: "why" })).version).toBe(3);
  });

  it("refuses a text that is no policy with every place, and stores nothing", async () => {
    const text = edited("severity: high", "severity: huge").replace("fail_open: false", "fail_open: nope");
    const refused = test.registry.publish(agent, yaml(text));
    await expect(refused).rejects.toMatchObject({
      code: "invalid_request",
      details: [
        { path: "forbidden[0].severity", code: "unknown_value", line: 12, column: 15 },
        { path: "defaults.fail_open", code: "wrong_type", line: 20 },
      ],
    });
    await expect(test.registry.getPolicy(agent)).rejects.toMatchObject({ code: "not_found" });
    await expect(test.registry.publish(agent, json("{"))).rejects.toMatchObject({
      code: "invalid_request",
      details: [{ code: "json_syntax", line: 1, column: 2 }],
    });
  });

  it("refuses the scope of another path", async () => {
    const wrong = { code: "validation_error", details: [{ path: "meta.scope", code: "merge_wrong_scope", line: 4, column: 10 }] };
    await expect(test.registry.publish({}, yaml(validPolicy))).rejects.toMatchObject(wrong);
    await expect(test.registry.publish(agent, yaml(org))).rejects.toMatchObject({ code: "validation_error" });
  });

  it("asks for a confirmation of a glob of any server over an org deny (M4), also for a rollback", async () => {
    await test.registry.publish(agent, yaml(edited('"mcp__browser__*"', '"*_read"')));
    await test.registry.publish(agent, yaml(validPolicy));
    await test.registry.publish({}, yaml(org));
    const refused = {
      code: "validation_error",
      details: [{ path: "capability_mappings.web.tools", code: "merge_broad_mapping", line: 7 }],
    };
    const broad = yaml(edited('"mcp__browser__*"', '"*_write"'));
    await expect(test.registry.publish(agent, broad)).rejects.toMatchObject(refused);
    await expect(test.registry.rollback(agent, 1)).rejects.toMatchObject(refused);
    const answer = await test.registry.publish(agent, broad, { confirmBroad: true });
    expect(answer.warnings).toMatchObject([{ code: "merge_broad_mapping", level: "warning" }]);
    expect((await test.registry.rollback(agent, 1, { confirmBroad: true })).version).toBe(4);
  });

  it("checks what the caller expects to be active", async () => {
    const failed = { code: "precondition_failed" };
    await expect(test.registry.publish(agent, yaml(validPolicy), { expected: { kind: "present" } })).rejects.toMatchObject(
      failed,
    );
    await test.registry.publish(agent, yaml(validPolicy), { expected: { kind: "absent" } });
    await expect(test.registry.publish(agent, yaml(validPolicy), { expected: { kind: "absent" } })).rejects.toMatchObject(failed);
    const one = { kind: "version", versions: [1] } as const;
    await test.registry.publish(agent, yaml(named("b")), { expected: one });
    await expect(test.registry.publish(agent, yaml(named("c")), { expected: one })).rejects.toMatchObject(failed);
    await expect(test.registry.removePolicy(agent, one)).rejects.toMatchObject(failed);
    await test.registry.removePolicy(agent, { kind: "version", versions: [7, 2] });
    await expect(test.registry.removePolicy(agent)).rejects.toMatchObject({ code: "not_found" });
  });

  it("lets one of many through who expect the same version", async () => {
    await test.registry.publish(agent, yaml(validPolicy));
    const expected = { kind: "version", versions: [1] } as const;
    const attempts = Array.from({ length: 20 }, (_, i) => test.registry.publish(agent, yaml(named(`n${i}`)), { expected }));
    const settled = await Promise.allSettled(attempts);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of settled) {
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "precondition_failed" });
    }
    expect((await test.registry.getPolicy(agent)).version).toBe(2);
  });

  it("is judged by the new policy at once", async () => {
    const tools = ["mcp__browser__open"];
    await test.registry.publish(agent, yaml(validPolicy));
    expect((await test.registry.evaluate({ agent_id: "support-1", tools })).verdict).toBe("pass");
    await test.registry.publish({}, yaml(org.replace('"*delete*"', '"*open*"')));
    expect(await test.registry.evaluate({ agent_id: "support-1", tools })).toMatchObject({ verdict: "fail", decision: "deny" });
    await test.registry.removePolicy({});
    expect((await test.registry.evaluate({ agent_id: "support-1", tools })).verdict).toBe("pass");
  });
});

describe("an org's policy", () => {
  it("is verified against its agents: what they map broadly becomes a warning that names them", async () => {
    await test.registry.publish(agent, yaml(edited('"mcp__browser__*"', '"*_read"')));
    await test.registry.publish({ agent: "narrow" }, yaml(validPolicy));
    const answer = await test.registry.publish({}, yaml(org));
    expect(answer.warnings).toMatchObject([{ code: "merge_broad_mapping", message: expect.stringContaining("`support-1`") }]);
    expect(answer.warnings).toHaveLength(1);
  });

  it("says for how many agents there was no time to prove the floor", async () => {
    for (const name of ["a", "b", "c"]) await test.registry.publish({ agent: name }, yaml(named(name)));
    let nowMs = 0;
    const slow = { ...test.service.services, elapsed: () => (nowMs += 1500) };
    const { publish } = await import("../../../src/registry/publish.js");
    const answer = await publish(slow, { org: "acme", actor: "t" }, {}, yaml(org));
    expect(answer.warnings).toMatchObject([{ code: "floor_not_proven", message: expect.stringMatching(/for 1 agent$/) }]);
  });

  it("is verified again when it moves while an agent's is published", async () => {
    await test.registry.publish({}, yaml(org));
    const { policies } = test.store;
    let moves = 2;
    const moving = {
      ...test.service.services,
      store: {
        ...test.store,
        policies: {
          ...policies,
          layers: async (id: string, name: string) => {
            const found = await policies.layers(id, name);
            if (moves-- > 0) await test.registry.publish({}, yaml(org.replace("name: floor", `name: floor${moves}`)));
            return found;
          },
          active: policies.active.bind(policies),
          publish: policies.publish.bind(policies),
        },
      },
    };
    const { publish } = await import("../../../src/registry/publish.js");
    const caller = { org: "acme", actor: "t" };
    const answer = await publish(moving as never, caller, agent, yaml(validPolicy));
    expect(answer.version).toBe(1);
    expect((await policies.active({ org: "acme", agent: "support-1" }))?.orgVersion).toBe(3);
    moves = 99;
    await expect(publish(moving as never, caller, agent, yaml(named("x")))).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("rolling back", () => {
  it("makes a new version with the old text", async () => {
    await test.registry.publish(agent, yaml(`# one\n${validPolicy}`));
    await test.registry.publish(agent, yaml(named("two")));
    const answer = await test.registry.rollback(agent, 1, { message: "back" });
    expect(answer).toMatchObject({ version: 3, archived_version: 2, message: "back", meta: { name: "support" } });
    expect((await test.registry.getPolicySource(agent)).text).toBe(`# one\n${validPolicy}`);
    const { versions } = await test.registry.history(agent);
    expect(versions.map((v) => [v.version, v.restored_from, v.active])).toEqual([
      [3, 1, true],
      [2, null, false],
      [1, null, false],
    ]);
  });

  it("refuses versions there are not", async () => {
    await expect(test.registry.rollback(agent, 1)).rejects.toMatchObject({ code: "not_found" });
    for (const version of [0, -1, 1.5, Number.NaN, 2 ** 60]) {
      await expect(test.registry.rollback(agent, version)).rejects.toMatchObject({ code: "invalid_request" });
    }
  });
});

describe("who may do what", () => {
  it("shows a key that is limited to some agents those agents only", async () => {
    await test.registry.publish(agent, yaml(validPolicy));
    await test.registry.publish({}, yaml(org));
    const limited = test.as({ agents: ["other"] });
    await expect(limited.getPolicy(agent)).rejects.toMatchObject({ code: "not_found" });
    await expect(limited.publish(agent, yaml(validPolicy))).rejects.toMatchObject({ code: "not_found" });
    await expect(limited.publish({}, yaml(org))).rejects.toMatchObject({ code: "forbidden" });
    await expect(limited.getPolicy({})).rejects.toMatchObject({ code: "forbidden" });
    expect(await limited.list()).toMatchObject({ policies: [], total: 0 });
    await limited.publish({ agent: "other" }, yaml(validPolicy));
    expect(await limited.list()).toMatchObject({ policies: [{ agent_id: "other" }], total: 1 });
  });

  it("keeps orgs apart", async () => {
    await test.registry.publish(agent, yaml(validPolicy));
    const other = test.as({ org: "globex" });
    await expect(other.getPolicy(agent)).rejects.toMatchObject({ code: "not_found" });
    expect((await other.history(agent)).total).toBe(0);
    expect((await other.publish(agent, yaml(named("theirs")))).version).toBe(1);
    expect((await test.registry.getPolicy(agent)).meta.name).toBe("support");
  });

  it("refuses what is no id", async () => {
    for (const id of ["", ".", "..", "a/b", "a b", "é", "x".repeat(129), "a\u0000"]) {
      await expect(test.registry.getPolicy({ agent: id })).rejects.toMatchObject({ code: "invalid_request" });
      expect(() => test.as({ org: id })).toThrow(/org_id is no id/);
    }
  });
});

it("compiles with the places of the text that is kept", async () => {
  const { value } = parsePolicy(validPolicy, { file: "p.yaml" });
  await test.registry.publish(agent, json({ id: "x", version: 1, policy_json: undefined, ...JSON.parse(asJson(validPolicy)) }));
  const source = (await test.registry.getPolicySource(agent)).text;
  const { tools } = (await test.registry.evaluate({ agent_id: "support-1", tools: ["mcp__admin__x"] })) as unknown as {
    tools: { rule: { line: number; file: string } }[];
  };
  expect(source.split("\n")[tools[0].rule.line - 1]).toContain("mcp__admin__*");
  expect(tools[0].rule.file).toBe("agents/support-1/policy.json");
  expect(value?.meta.name).toBe("support");
});

function asJson(text: string): string {
  const { value } = parsePolicy(text, { file: "p.yaml" });
  if (value === undefined) throw new Error("the policy does not parse");
  return JSON.stringify({
    meta: { schema_version: "1.0", name: value.meta.name, scope: value.meta.scope },
    capability_mappings: {},
    forbidden: value.forbidden.map((f) => ({ pattern: f.pattern.glob.source, reason: f.reason, severity: f.severity })),
    defaults: { unmapped_tool_action: "warn", unmapped_severity: "medium", fail_open: false },
  });
}
