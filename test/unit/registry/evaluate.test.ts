import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sightingsOfAgentKeptMax } from "../../../src/limits.js";
import type { EvaluateAnswer } from "../../../src/registry/shapes.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

const hourMs = 3_600_000;
const agent = { agent: "support-1" };
const agent_id = "support-1";

const orgPolicy = `meta: {schema_version: "1.0", name: floor, scope: org}
capability_mappings: {}
forbidden:
  - {pattern: "*delete*", reason: "nobody deletes", severity: critical}
defaults: {unmapped_tool_action: warn, unmapped_severity: high, fail_open: false, enforcement_mode: warn}
`;

function policy(rules = "", defaults = ""): string {
  return `meta: {schema_version: "1.0", name: support, scope: agent}
capability_mappings:
  mail: {tools: ["mcp__mail__*"], card_actions: [send_mail]}
  files: {tools: ["mcp__files__read*", "mcp__files__delete"], card_actions: [read_files]}
forbidden: []
${rules}
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false, enforcement_mode: enforce${defaults}}
`;
}

const outcomes = (answer: EvaluateAnswer) =>
  (answer.tools as { tool: string; cause: string; decision: string }[]).map(({ tool, cause, decision }) => [
    tool,
    cause,
    decision,
  ]);
const causes = (answer: EvaluateAnswer) => outcomes(answer).map(([, cause]) => cause);

describe("an evaluation", () => {
  it("answers every tool by the layers in force, with the documented fields", async () => {
    await test.registry.publish({}, yaml(orgPolicy));
    const { id } = await test.registry.publish(agent, yaml(policy("", ", grace_period_hours: 0")));
    const tools = ["mcp__mail__send", "mcp__files__delete", "odd"];
    const answer = await test.registry.evaluate({ agent_id, tools });
    expect(outcomes(answer)).toEqual([
      ["mcp__mail__send", "mapped", "allow"],
      ["mcp__files__delete", "forbidden", "deny"],
      ["odd", "unmapped_denied", "deny"],
    ]);
    expect(answer).toMatchObject({
      verdict: "fail",
      decision: "deny",
      mode: "enforce",
      policy_id: id,
      policy_version: 1,
      policy: { id, version: 1, name: "support (resolved)", sources: [{ layer: "org" }, { layer: "agent" }] },
      context: "cicd",
      grace: "disabled",
      card_checked: false,
      evaluated_at: "2026-01-15T12:00:00.000Z",
    });
    expect(answer.violations).toMatchObject([
      { type: "forbidden", tool: "mcp__files__delete", severity: "critical", reason: "nobody deletes", rule: { layer: "org" } },
      { type: "unmapped_denied", tool: "odd", severity: "high" },
    ]);
    expect(answer.duration_ms).toBeGreaterThanOrEqual(0);
    expect(Object.keys(answer)).not.toContain("exit");
  });

  it("falls back to the org's policy, and to 404 without any", async () => {
    await expect(test.registry.evaluate({ agent_id, tools: ["x"] })).rejects.toMatchObject({ code: "not_found" });
    await test.registry.publish({}, yaml(orgPolicy));
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["x", "delete"] }))).toEqual(["unmapped_warned", "forbidden"]);
    await test.registry.publish(agent, yaml(policy("", ", grace_period_hours: 0")));
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["x"] }))).toEqual(["unmapped_denied"]);
    await test.registry.removePolicy(agent);
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["x"] }))).toEqual(["unmapped_warned"]);
  });

  it("judges by a new org policy at once, also agents with a policy of their own", async () => {
    await test.registry.publish(agent, yaml(policy()));
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["mcp__files__delete"] }))).toEqual(["mapped"]);
    await test.registry.publish({}, yaml(orgPolicy));
    const answer = await test.registry.evaluate({ agent_id, tools: ["mcp__files__delete"] });
    expect(causes(answer)).toEqual(["forbidden"]);
    expect(answer.policy).toMatchObject({ sources: [{ layer: "org" }, { layer: "agent" }] });
  });

  it("takes an inline policy over the org's, alone without an agent, and keeps the order of names", async () => {
    await test.registry.publish({}, yaml(orgPolicy));
    const inline = policy("", ", grace_period_hours: 0");
    const over = await test.registry.evaluate({ agent_id: "nobody", policy: inline, tools: ["mcp__files__delete"] });
    expect(causes(over)).toEqual(["forbidden"]);
    expect(over).toMatchObject({ policy_id: null, policy_version: null });
    const alone = await test.registry.evaluate({ policy: inline, tools: ["mcp__files__delete"] });
    expect(causes(alone)).toEqual(["mapped"]);
    expect(alone.grace).toBe("disabled");
    const document = {
      meta: { schema_version: "1.0", name: "d", scope: "agent" },
      capability_mappings: new Map([
        ["b", { tools: ["t"], card_actions: ["x"] }],
        ["0", { tools: ["t"], card_actions: ["x"] }],
      ]),
      forbidden: [],
      defaults: { unmapped_tool_action: "deny", unmapped_severity: "low", fail_open: false },
    };
    const ordered = await test.registry.evaluate({ policy: document as never, tools: ["t"] });
    expect(ordered.tools).toMatchObject([{ capability: { label: "b" }, also_matches: [{ label: "0" }] }]);
  });

  it("refuses what cannot be judged", async () => {
    const refused = (request: object) => expect(test.registry.evaluate(request as never)).rejects;
    await refused({ tools: [] }).toMatchObject({ code: "invalid_request" });
    await refused({ agent_id, tools: "x" }).toMatchObject({ code: "invalid_request" });
    await refused({ agent_id: "../x", tools: [] }).toMatchObject({ code: "invalid_request" });
    await refused({ agent_id, tools: [], context: "live" }).toMatchObject({ code: "invalid_request" });
    await refused({ policy: "meta: {}", tools: [] }).toMatchObject({ code: "invalid_request" });
    await refused({ agent_id, tools: Array(10_001).fill("x") }).toMatchObject({ code: "invalid_request" });
    const others = test.as({ agents: ["other"] });
    await expect(others.evaluate({ agent_id, tools: [] })).rejects.toMatchObject({ code: "not_found" });
  });

  it("judges names of any kind, as many as are sent", async () => {
    await test.registry.publish(agent, yaml(policy()));
    const names = ["", "__proto__", "constructor", "0", "\ud800", "a\0b", "x".repeat(100_000), "mcp__mail__\u{1f600}"];
    const answer = await test.registry.evaluate({ agent_id, tools: [...names, ...names], context: "gateway" });
    expect((answer.tools as { tool: string; calls: number }[]).map(({ tool, calls }) => [tool, calls])).toEqual(
      names.map((name) => [name, 2]),
    );
    await test.service.services.engines.flush();
    const { total } = await test.registry.listTools(agent_id);
    expect(total).toBe(names.length);
  });
});

describe("cards", () => {
  const card = { card_id: "c", agent_id, autonomy_envelope: { bounded_actions: ["send_mail", "pay"], forbidden_actions: [] } };

  it("are those of the agent, and a new one counts at once", async () => {
    await test.registry.publish(agent, yaml(policy()));
    const bytes = (value: object) => ({
      bytes: new TextEncoder().encode(JSON.stringify(value)),
      mediaType: "json" as const,
      file: "card.json",
    });
    await test.registry.putCard(agent_id, bytes(card));
    const tools = ["mcp__mail__send", "mcp__files__read"];
    const answer = await test.registry.evaluate({ agent_id, tools, context: "observer" });
    expect(causes(answer)).toEqual(["mapped", "capability_exceeded"]);
    expect(answer).toMatchObject({ card_checked: true, coverage: { total_card_actions: 2, coverage_pct: 50 } });
    expect(answer.card_gaps).toMatchObject([{ tool: "mcp__files__read", missing_card_actions: ["read_files"] }]);
    const wider = { ...card, autonomy_envelope: { bounded_actions: ["send_mail", "read_files"], forbidden_actions: [] } };
    await test.registry.putCard(agent_id, bytes(wider));
    expect(causes(await test.registry.evaluate({ agent_id, tools }))).toEqual(["mapped", "mapped"]);
  });
});

describe("grace (T1, T2)", () => {
  it("begins with the first real call, ends, and is not begun by tests", async () => {
    await test.registry.publish(agent, yaml(policy()));
    const ask = (context: "cicd" | "gateway" | "runtime" | "observer") =>
      test.registry.evaluate({ agent_id, tools: ["new_tool"], context });
    expect(causes(await ask("cicd"))).toEqual(["unmapped_in_grace"]);
    test.nowMs += 30 * hourMs;
    expect(causes(await ask("observer"))).toEqual(["unmapped_in_grace"]);
    const first = await ask("gateway");
    expect(first.warnings).toMatchObject([{ type: "unmapped_in_grace", grace_expires_at: "2026-01-17T18:00:00.000Z" }]);
    test.nowMs += 23 * hourMs;
    expect((await ask("runtime")).warnings).toMatchObject([{ grace_expires_at: "2026-01-17T18:00:00.000Z" }]);
    test.nowMs += 2 * hourMs;
    expect(causes(await ask("gateway"))).toEqual(["unmapped_denied"]);
    expect(causes(await ask("cicd"))).toEqual(["unmapped_denied"]);
    const tools = await test.registry.listTools(agent_id);
    expect(tools.tools).toEqual([
      {
        tool: "new_tool",
        first_seen_at: "2026-01-16T18:00:00.000Z",
        last_seen_at: "2026-01-17T19:00:00.000Z",
        grace_expires_at: null,
      },
    ]);
  });

  it("is known to another process on the same store", async () => {
    await test.registry.publish(agent, yaml(policy()));
    await test.registry.evaluate({ agent_id, tools: ["new_tool"], context: "gateway" });
    await test.service.services.engines.flush();
    const other = await openTestRegistry(test.store);
    other.nowMs = test.nowMs + 23 * hourMs;
    const answer = await other.registry.evaluate({ agent_id, tools: ["new_tool"] });
    expect(answer.warnings).toMatchObject([{ grace_expires_at: "2026-01-16T12:00:00.000Z" }]);
    other.nowMs += 2 * hourMs;
    expect(causes(await other.registry.evaluate({ agent_id, tools: ["new_tool"] }))).toEqual(["unmapped_denied"]);
  });

  it("began when the store says, also for a tool that was called before anybody asked the store", async () => {
    await test.store.sightings.observe("acme", [{ agent: agent_id, tool: "old", firstMs: test.nowMs - 30 * hourMs, lastMs: 0 }]);
    await test.registry.publish(agent, yaml(policy("", ", grace_period_hours: 0")));
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["old"], context: "gateway" }))).toEqual(["unmapped_denied"]);
    await test.registry.publish(agent, yaml(policy()));
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["old"] }))).toEqual(["unmapped_denied"]);
  });

  it("does not begin again for a tool that many others push out of memory", async () => {
    const firstMs = test.nowMs - 30 * hourMs;
    const others = Array.from({ length: sightingsOfAgentKeptMax }, (_, i) => `n${i}`);
    const sightings = ["old", ...others].map((tool) => ({ agent: agent_id, tool, firstMs, lastMs: firstMs }));
    await test.store.sightings.observe("acme", sightings);
    await test.registry.publish(agent, yaml(policy()));
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["old", "n0"] }))).toEqual(Array(2).fill("unmapped_denied"));
    const flood = await test.registry.evaluate({ agent_id, tools: ["old", ...others.slice(1)] });
    expect(causes(flood)).toEqual(Array(sightingsOfAgentKeptMax).fill("unmapped_denied"));
  });

  it("does not begin again while traces come in", async () => {
    await test.registry.publish(agent, yaml(policy()));
    await test.registry.evaluate({ agent_id, tools: ["new_tool"], context: "gateway" });
    test.service.services.engines.firstSeen.forget("acme", agent_id);
    test.nowMs += 25 * hourMs;
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["new_tool"] }))).toEqual(["unmapped_denied"]);
  });

  it("survives a clock that jumps back", async () => {
    await test.registry.publish(agent, yaml(policy()));
    await test.registry.evaluate({ agent_id, tools: ["t"], context: "gateway" });
    test.nowMs -= 10 * 24 * hourMs;
    const answer = await test.registry.evaluate({ agent_id, tools: ["t"], context: "gateway" });
    expect(answer.warnings).toMatchObject([{ grace_expires_at: "2026-01-06T12:00:00.000Z" }]);
    test.nowMs += 10 * 24 * hourMs;
    expect(causes(await test.registry.evaluate({ agent_id, tools: ["t"] }))).toEqual(["unmapped_denied"]);
  });

  it("is not given while the store does not answer, and the answer says so", async () => {
    const { store } = test;
    await test.registry.publish(agent, yaml(policy()));
    await test.registry.evaluate({ agent_id, tools: ["mcp__mail__send"], context: "gateway" });
    const down = () => Promise.reject(new Error("down"));
    Object.assign(store.sightings, { firstSeen: down, observe: down });
    const answer = await test.registry.evaluate({ agent_id, tools: ["t", "mcp__mail__send"], context: "gateway" });
    expect(causes(answer)).toEqual(["unmapped_denied", "mapped"]);
    expect(answer.grace).toBe("store_down");
    expect(test.faults.filter(({ kind }) => kind === "store_down")).toHaveLength(1);
  });
});

describe("sessions (E7)", () => {
  const counted = `escalation_triggers:
  - {condition: "tool_count > 4", action: deny, reason: too many}`;

  it("count real calls over requests, and tests look on", async () => {
    await test.registry.publish(agent, yaml(policy(counted)));
    const ask = (context: "gateway" | "cicd", session_id: string) =>
      test.registry.evaluate({ agent_id, tools: ["mcp__mail__a", "mcp__mail__b"], context, session_id });
    expect((await ask("gateway", "s")).verdict).toBe("pass");
    for (let i = 0; i < 5; i++) expect((await ask("cicd", "s")).verdict).toBe("pass");
    expect((await ask("gateway", "other")).verdict).toBe("pass");
    const fourth = await test.registry.evaluate({ agent_id, tools: ["mcp__mail__c"], context: "gateway", session_id: "s" });
    expect(fourth.verdict).toBe("pass");
    expect((await ask("gateway", "s")).verdict).toBe("fail");
    expect((await ask("gateway", "s")).decision).toBe("deny");
  });
});

describe("while policies are published", () => {
  it("each evaluation is of one version, whole, and none older than what was published before it", async () => {
    const version = (action: "deny" | "allow") => `meta: {schema_version: "1.0", name: ${action}, scope: agent}
capability_mappings: {}
forbidden: []
defaults: {unmapped_tool_action: ${action}, unmapped_severity: high, fail_open: false, grace_period_hours: 0}
`;
    await test.registry.publish(agent, yaml(version("allow")));
    let published = 1;
    let isDone = false;
    const seen = new Set<number>();
    const reader = async () => {
      while (!isDone) {
        const atLeast = published;
        const answer = await test.registry.evaluate({ agent_id, tools: ["a", "b", "c"], context: "gateway", session_id: "s" });
        const now = answer.policy_version as number;
        seen.add(now);
        expect(now).toBeGreaterThanOrEqual(atLeast);
        const cause = now % 2 === 1 ? "unmapped_allowed" : "unmapped_denied";
        expect(causes(answer)).toEqual([cause, cause, cause]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const readers = [reader(), reader(), reader()];
    for (let i = 2; i <= 20; i++) {
      await test.registry.publish(agent, yaml(version(i % 2 === 1 ? "allow" : "deny")));
      published = i;
      await new Promise((resolve) => setImmediate(resolve));
    }
    isDone = true;
    await Promise.all(readers);
    expect(seen.size).toBeGreaterThan(10);
    expect(test.service.services.engines.counts()).toMatchObject({ reloadsFailed: 0, faults: 0 });
  });
});
