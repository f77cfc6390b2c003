import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";
import { lines, step } from "../../support/traces.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

const agent_id = "support-1";
const orgPolicy = `meta: {schema_version: "1.0", name: floor, scope: org}
capability_mappings: {}
forbidden: [{pattern: "*delete*", reason: never, severity: critical}]
defaults: {unmapped_tool_action: warn, unmapped_severity: high, fail_open: false}
`;
const policy = (tools = '"mail_*"', forbidden = "") => `meta: {schema_version: "1.0", name: support, scope: agent}
capability_mappings: {mail: {tools: [${tools}], card_actions: [send_mail]}}
forbidden: [${forbidden}]
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false}
`;

describe("validate", () => {
  it("says what a policy contains, or everything that is wrong with it and where", async () => {
    expect(await test.registry.validate({ policy: policy() })).toMatchObject({
      valid: true,
      diagnostics: [],
      summary: { name: "support", scope: "agent", tool_patterns: 1 },
    });
    const wrong = await test.registry.validate({ policy: policy().replace("forbidden:", "forbiden:") });
    expect(wrong).toMatchObject({ valid: false, summary: null });
    expect(wrong.diagnostics.map(({ code, line }) => [code, line])).toContainEqual(["unknown_key", 3]);
    await test.registry.publish({}, yaml(orgPolicy.replace("_action: warn", "_action: deny")));
    expect(await test.registry.validate({ policy: orgPolicy })).toMatchObject({ valid: true });
    const scoped = await test.registry.validate({ policy: orgPolicy, agent_id });
    expect(scoped).toMatchObject({ valid: false, diagnostics: [{ code: "merge_wrong_scope" }] });
    const broad = await test.registry.validate({ policy: policy('"*"'), agent_id });
    expect(broad).toMatchObject({ valid: true, diagnostics: [{ code: "merge_broad_mapping", level: "warning" }] });
  });
});

describe("diff", () => {
  it("compares versions, active policies and documents for all names", async () => {
    await test.registry.publish({}, yaml(orgPolicy));
    await test.registry.publish({ agent: agent_id }, yaml(policy()));
    await test.registry.publish({ agent: agent_id }, yaml(policy('"mail_*", "shop_*"')));
    const versions = await test.registry.diff({ old: { agent_id, version: 1 }, new: { agent_id } });
    expect(versions).toMatchObject({
      equal: false,
      complete: true,
      old: { label: "agent support-1 version 1" },
      summary: { weaker: 1, stricter: 0, other: 0, undecided: 0 },
      changes: [{ direction: "weaker", witness: "shop_" }],
    });
    const same = await test.registry.diff({ old: { agent_id }, new: { agent_id, policy: policy('"shop_*", "mail_*"') } });
    expect(same).toMatchObject({ equal: true, complete: true });
    const org = await test.registry.diff({ old: { version: 1 }, new: { policy: orgPolicy.replace("*delete*", "*drop*") } });
    expect(org.summary).toEqual({ weaker: 1, stricter: 1, other: 0, undecided: 0 });
  });

  it("refuses what is not there", async () => {
    const inline = { policy: policy() };
    const refused = (old: object) => expect(test.registry.diff({ old, new: inline })).rejects;
    await refused({ agent_id }).toMatchObject({ code: "not_found" });
    await refused({}).toMatchObject({ code: "not_found" });
    await refused({ policy: policy(), version: 1 }).toMatchObject({ code: "invalid_request" });
    await refused({ policy: "x" }).toMatchObject({ code: "invalid_request" });
    await expect(test.as({ agents: ["a"] }).diff({ old: {}, new: inline })).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("lint", () => {
  it("finds rules that do nothing, of the layer that was asked about", async () => {
    await test.registry.publish({}, yaml(orgPolicy));
    const found = await test.registry.lint({
      agent_id,
      policy: policy('"mail_*"', '{pattern: "mail_delete_all", reason: r, severity: low}'),
    });
    expect(found.findings).toMatchObject([
      { code: "forbidden_overlap", severity: "notice", line: 2 },
      { code: "shadowed_rule", severity: "warning", line: 3 },
    ]);
    expect(found.summary).toEqual({ errors: 0, warnings: 1, notices: 1 });
    expect(found.undecided).toEqual([]);
  });

  it("says of a policy that would take too long that it was not decided", async () => {
    const globs = Array.from({ length: 1001 }, (_, i) => `"t${i}*x"`).join(", ");
    const found = await test.registry.lint({ policy: policy(globs) });
    expect(found).toMatchObject({
      summary: { notices: 1 },
      findings: [{ code: "not_decided" }],
      undecided: [{ code: "not_decided" }],
    });
  });
});

describe("explain", () => {
  it("says which rules decide, and what would be without them", async () => {
    await test.registry.publish({}, yaml(orgPolicy));
    await test.registry.publish({ agent: agent_id }, yaml(policy()));
    const answer = await test.registry.explain({ agent_id, tools: ["mail_delete", "mail_send"] });
    expect(answer.tools).toMatchObject([
      { tool: "mail_delete", cause: "forbidden", rules: [{ decides: true, without: { cause: "mapped" } }, { decides: false }] },
      { tool: "mail_send", cause: "mapped" },
    ]);
    expect(answer.policy).toMatchObject({ name: "support (resolved)" });
    await expect(test.registry.explain({ agent_id, tools: "x" as never })).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("recommend", () => {
  const runs = (agent: string, tools: readonly string[], n = 3) =>
    lines(
      ...Array.from({ length: n }, (_, i) =>
        step(`${agent}-${i}`, tools, {
          agent_id: agent,
          timestamp: `2026-01-1${i}T00:00:00Z`,
          context: { session_id: `${agent}-s${i}` },
        }),
      ),
    );
  const ingest = (text: string) => test.registry.ingest(new TextEncoder().encode(text), { name: "body" });

  it("drafts a policy from the stored runs of a team, which maps what was called and nothing else", async () => {
    await ingest(runs("one", ["mcp__mail__send", "mcp__mail__read"]));
    await ingest(runs("two", ["mcp__files__read"]));
    await ingest(runs("three", ["mcp__secret__read"]));
    await test.registry.putTeam("support", ["one", "two"]);
    const answer = await test.registry.recommend({ team_id: "support", strictness: "strict" });
    expect(answer.recommendation_id).toMatch(/^rec-[0-9a-f]{16}$/);
    expect(answer.validation).toEqual({ valid: true, errors: [] });
    expect(answer).toMatchObject({ strictness: "strict", observed: { calls: 9, sessions: 6, tools: 3 } });
    expect(answer.reasoning_chain.length).toBeGreaterThan(0);
    const tools = ["mcp__mail__send", "mcp__mail__read", "mcp__files__read", "mcp__secret__read", "other"];
    const judged = await test.registry.evaluate({ policy: answer.policy as never, tools });
    expect((judged.tools as { verdict: string }[]).map(({ verdict }) => verdict)).toEqual([
      "pass",
      "pass",
      "pass",
      "fail",
      "fail",
    ]);
    expect((await test.registry.recommend({ team_id: "support", strictness: "strict" })).recommendation_id).toBe(
      answer.recommendation_id,
    );
  });

  it("looks at the window only, and keeps the agent's own policy", async () => {
    await test.registry.publish({ agent: "one" }, yaml(policy('"mail_*"', '{pattern: "x", reason: kept, severity: low}')));
    await ingest(runs("one", ["mail_send"]));
    const answer = await test.registry.recommend({ agent_id: "one", analysis_window_days: 4, strictness: "strict" });
    expect(answer).toMatchObject({ observed: { calls: 1 }, policy: { forbidden: [{ pattern: "x", reason: "kept" }] } });
    test.nowMs += 40 * 86_400_000;
    await expect(test.registry.recommend({ agent_id: "one" })).rejects.toMatchObject({ code: "validation_error" });
  });

  it("refuses what it cannot answer", async () => {
    const refused = (request: object) => expect(test.registry.recommend(request)).rejects;
    await refused({}).toMatchObject({ code: "invalid_request" });
    await refused({ team_id: "t", agent_id: "a" }).toMatchObject({ code: "invalid_request" });
    await refused({ team_id: "t" }).toMatchObject({ code: "not_found" });
    await refused({ agent_id: "a", strictness: "wild" }).toMatchObject({ code: "invalid_request" });
    await refused({ agent_id: "a", analysis_window_days: 0.5 }).toMatchObject({ code: "invalid_request" });
    await expect(test.as({ agents: ["a"] }).recommend({ team_id: "t" })).rejects.toMatchObject({ code: "forbidden" });
  });
});
