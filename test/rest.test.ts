import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lintAskedGlobsMax, requestBytesMax } from "../src/limits.js";
import { routes } from "../src/server/routes/table.js";
import { LayerMoved } from "../src/store/failures.js";
import { protobufOf } from "./support/otlp-wire.js";
import { storeKinds } from "./support/stores.js";
import { agentPolicy, agentYaml, apTraces, card, narrowCard, orgPolicy, otlpJson } from "./unit/server/routes/rest-documents.js";
import { type Asking, own, policyTests } from "./unit/server/routes/rest-policies.js";
import { org, RestServer } from "./unit/server/routes/rest-server.js";

/** Everything documented, asked over a socket; every answer is compared with openapi.json (`RestServer`). */
describe.each(storeKinds)("REST on $name", (kind) => {
  let server: RestServer | undefined;
  /** Whether the org's policy changes under every publish. */
  let moves = false;
  const ask: RestServer["ask"] = (line, sent) => (server as RestServer).ask(line, sent);
  const others = { key: "" };

  beforeAll(async () => {
    server = await RestServer.start(kind, {
      wrap: (store) => {
        const publish: typeof store.policies.publish = (...given) =>
          moves ? Promise.reject(new LayerMoved(7)) : store.policies.publish(...given);
        return { ...store, policies: { ...store.policies, publish } };
      },
    });
    others.key = await server.key("writer", ["another"]);
  });
  afterAll(() => server?.stop());

  const refused: Asking["refused"] = async (line, status, error, sent) => {
    const answer = await ask(line, sent);
    expect([answer.status, answer.json?.error], answer.text).toEqual([status, error]);
    return answer;
  };
  const done: Asking["done"] = async (line, sent, status = 200) => {
    const answer = await ask(line, sent);
    expect(answer.status, answer.text).toBe(status);
    return answer;
  };

  policyTests({ ask, done, refused, others });

  test("evaluate says the verdict of every tool, and the effective one in a header", async () => {
    await done("PUT /v1/agents/judged/policy", { body: agentPolicy });
    const tools = ["mcp__mail__send", "mcp__files__delete_all", "unheard_of"];
    const judged = await done("POST /v1/policies/evaluate", { body: { agent_id: "judged", tools } });
    expect(judged.json).toMatchObject({ verdict: "fail", decision: "deny", mode: "enforce", context: "cicd", policy_version: 1 });
    expect(judged.json.tools.map(({ tool, verdict }: { tool: string; verdict: string }) => [tool, verdict])).toEqual([
      ["mcp__mail__send", "pass"],
      ["mcp__files__delete_all", "fail"],
      ["unheard_of", "warn"],
    ]);
    expect(judged.headers.get("x-policy-verdict")).toBe("fail");
    const verdictIn = async (mode: string, asked: readonly string[]) => {
      const policy = { ...agentPolicy, defaults: { ...agentPolicy.defaults, enforcement_mode: mode } };
      const { headers, json } = await done("POST /v1/policies/evaluate", { body: { policy, tools: asked } });
      return [json.verdict, headers.get("x-policy-verdict")];
    };
    expect(await verdictIn("enforce", tools)).toEqual(["fail", "fail"]);
    expect(await verdictIn("warn", tools)).toEqual(["fail", "warn"]);
    expect(await verdictIn("off", tools)).toEqual(["fail", "pass"]);
    expect(await verdictIn("enforce", ["mcp__mail__send"])).toEqual(["pass", "pass"]);
    expect((await done("POST /v1/policies/evaluate", { body: { policy: agentYaml, tools } })).json.policy_id).toBeNull();
    const escalated = await done("POST /v1/policies/evaluate", { body: { agent_id: "judged", tools: ["mcp__pay__refund"] } });
    expect(escalated.json).toMatchObject({ decision: "escalate", escalations: [{ tool: "mcp__pay__refund" }] });
    await done("PUT /v1/agents/judged/card", { body: { ...narrowCard, agent_id: "judged" } });
    const observed = await done("POST /v1/policies/evaluate", { body: { agent_id: "judged", tools, context: "audit" } });
    expect(observed.json.context).toBe("observer");
    expect(observed.json.card_gaps).toEqual([
      expect.objectContaining({ tool: "mcp__mail__send", missing_card_actions: ["send_mail"] }),
    ]);
    expect(observed.json.violations).toContainEqual(expect.objectContaining({ missing_card_actions: ["send_mail"] }));
    await refused("POST /v1/policies/evaluate", 404, "not_found", { body: { agent_id: "nobody", tools } });
    for (const body of [
      {},
      { tools },
      { agent_id: "judged" },
      { agent_id: "a b", tools },
      { agent_id: "judged", tools, context: "x" },
    ]) {
      await refused("POST /v1/policies/evaluate", 400, "invalid_request", { body });
    }
    const twice = '{"agent_id":"judged","tools":[],"tools":["a"]}';
    const json = { "content-type": "application/json" };
    await refused("POST /v1/policies/evaluate", 400, "invalid_request", { body: twice, headers: json });
  });

  test("a real call is seen, and a new tool has its grace", async () => {
    const defaults = { ...agentPolicy.defaults, unmapped_tool_action: "deny", grace_period_hours: 48 };
    await done("PUT /v1/agents/fresh/policy", { body: { ...agentPolicy, defaults } });
    const call = { agent_id: "fresh", tools: ["brand_new"], context: "gateway", session_id: "s" };
    const judged = (await done("POST /v1/policies/evaluate", { body: call })).json;
    expect(judged).toMatchObject({
      verdict: "warn",
      grace: "applied",
      context: "gateway",
      warnings: [{ type: "unmapped_in_grace" }],
    });
    const { grace_expires_at } = judged.warnings[0] as { grace_expires_at: string };
    expect(Date.parse(grace_expires_at) - Date.parse(judged.evaluated_at)).toBe(48 * 3_600_000);
    const tools = async () => (await done("GET /v1/agents/fresh/tools")).json.tools;
    await expect.poll(tools, { timeout: 2_000 }).toEqual([expect.objectContaining({ tool: "brand_new", grace_expires_at })]);
  });

  test("names of any kind come back as they went in", async () => {
    const tools = ["__proto__", "0", "constructor", "a\u0000b", "\ud800", "é\r\nX-Injected: 1", "", "x".repeat(10_000)];
    const judged = await done("POST /v1/policies/evaluate", { body: { policy: agentPolicy, tools } });
    expect(judged.json.tools.map(({ tool }: { tool: string }) => tool)).toEqual(tools);
    expect(judged.headers.has("x-injected")).toBe(false);
  });

  test("a card is versioned, and decides about capabilities", async () => {
    await refused(`GET ${own}/card`, 404, "not_found");
    const saved = await done(`PUT ${own}/card`, { body: card });
    expect([saved.json.version, saved.json.card, saved.headers.get("etag")]).toEqual([1, card, '"1"']);
    expect((await done(`GET ${own}/card`)).json.card).toEqual(card);
    await done(`GET ${own}/card`, { headers: { "if-none-match": '"1"' } }, 304);
    const expired = await done(`PUT ${own}/card`, { body: { ...card, expires_at: "2026-01-02T00:00:00Z" } });
    expect(expired.json).toMatchObject({ version: 2, warnings: [{ level: "warning" }] });
    await refused(`PUT ${own}/card`, 412, "precondition_failed", { body: card, headers: { "if-match": '"4"' } });
    await refused(`PUT ${own}/card`, 400, "invalid_request", { body: [1] });
    const judged = await done("POST /v1/policies/evaluate", { body: { agent_id: "support-1", tools: ["mcp__mail__send"] } });
    expect(judged.json).toMatchObject({ card_checked: true, coverage: { total_card_actions: 2, coverage_pct: 50 } });
  });

  test("traces are stored, listed, read back and judged", async () => {
    const lines = apTraces("runner");
    const jsonl = { "content-type": "application/x-ndjson" };
    const stored = await done("POST /v1/traces", { body: lines, headers: jsonl });
    expect(stored.json).toMatchObject({ traces: 2, calls: 3, skipped_records: 0 });
    const zipped = { ...jsonl, "content-encoding": "gzip" };
    const again = await done("POST /v1/traces", { body: gzipSync(lines), headers: zipped });
    expect(again.json).toMatchObject({ calls: 0, repeated_calls: 3 });
    const listed = (await done("GET /v1/traces?agent_id=runner")).json;
    expect(listed).toMatchObject({
      total: 2,
      traces: [{ agent_id: "runner", format: "ap-trace", trace_id: "tr-2" }, { trace_id: "tr-1" }],
    });
    const runs = await done("GET /v1/agents/runner/runs");
    expect(runs.headers.get("content-type")).toContain("application/x-ndjson");
    const tools = runs.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).tool);
    expect(tools.filter((tool) => tool !== undefined)).toEqual(["mcp__mail__send", "mcp__files__delete_all", "mcp__mail__read"]);
    const latest = await done("GET /v1/agents/runner/runs?traces=1&since=2026-01-01T00:00:00Z");
    expect(latest.text).not.toContain("mcp__files__delete_all");
    expect((await done("GET /v1/agents/runner/runs?since=2026-01-15T10:05:00Z")).text).not.toContain("mcp__mail__send");
    expect((await done("GET /v1/agents/runner/runs?until=2026-01-15T11:05:00%2B01:00")).text).not.toContain("mcp__mail__read");
    await refused("GET /v1/agents/runner/runs?since=yesterday", 400, "invalid_request");
    await refused("GET /v1/agents/runner/runs", 404, "not_found", others);
    expect((await done("GET /v1/agents/runner/tools")).json).toMatchObject({ agent_id: "runner", total: 3 });
    await refused("GET /v1/agents/runner/tools", 404, "not_found", others);
    expect((await done("GET /v1/agents?per_page=100")).json.agents).toContainEqual(
      expect.objectContaining({ agent_id: "runner" }),
    );

    const range = { start: "2026-01-10T00:00:00Z", end: "2026-01-20T00:00:00Z" };
    const question = { agent_id: "runner", time_range: range, policy: agentPolicy };
    const judged = await done("POST /v1/policies/evaluate/historical", { body: question });
    expect(judged.json).toMatchObject({
      traces_evaluated: 2,
      calls_evaluated: 3,
      verdict: "fail",
      violation_count: 1,
      violations: [
        { type: "forbidden", tool: "mcp__files__delete_all", trace_id: "tr-1", occurred_at: "2026-01-15T10:00:00.000Z" },
      ],
      summary: { pass: 1, warn: 0, fail: 1, skipped: 0 },
    });
    const historical = "POST /v1/policies/evaluate/historical";
    await done("PUT /v1/agents/runner/policy", { body: agentPolicy });
    await done("PUT /v1/agents/runner/card", { body: { ...narrowCard, agent_id: "runner" } });
    const carded = await done(historical, { body: { agent_id: "runner", time_range: range, limit: 1 } });
    expect(carded.json).toMatchObject({
      policy_version: 1,
      traces_evaluated: 1,
      violations: [{ missing_card_actions: ["send_mail"] }],
    });
    await refused(historical, 404, "not_found", { body: { agent_id: "nobody", time_range: range } });
    const long = { ...range, start: "2025-12-01T00:00:00Z" };
    await refused(historical, 422, "validation_error", { body: { ...question, time_range: long } });
    await refused(historical, 400, "invalid_request", { body: { ...question, time_range: { start: "2026", end: "x" } } });

    const anonymous = '{"timestamp": "2026-03-02T08:00:00Z", "session_id": "s-1", "tool": "a"}';
    await refused("POST /v1/traces", 400, "invalid_request", { body: anonymous, headers: jsonl });
    await done("POST /v1/traces", { body: anonymous, headers: { ...jsonl, "x-agent-id": "by-header" } });
    await done("POST /v1/traces?agent_id=by-query", { body: anonymous, headers: jsonl });
    for (const agent of ["by-header", "by-query"]) expect((await done(`GET /v1/traces?agent_id=${agent}`)).json.total).toBe(1);
    const damaged = await done("POST /v1/traces", { body: `{"broken\n${lines}`, headers: jsonl });
    expect(damaged.json).toMatchObject({ calls: 0, skipped_records: 1, warnings: [{ level: "error", line: 1 }] });
    await refused("POST /v1/traces", 400, "invalid_request", { body: "no trace", headers: { "content-type": "text/plain" } });
    await refused("POST /v1/traces", 400, "invalid_request");
    await refused("POST /v1/traces", 415, "unsupported_media_type", { body: "x", headers: { "content-type": "image/png" } });
  });

  test("OTLP/HTTP at its standard path", async () => {
    const answer = await done("POST /v1/traces", { body: otlpJson("otel-agent") });
    expect(answer.json).toMatchObject({ traces: 1, calls: 1 });
    expect(answer.json.partialSuccess).toBeUndefined();
    expect((await done("GET /v1/traces?agent_id=otel-agent")).json.total).toBe(1);
    const partly = await done("POST /v1/traces", { body: otlpJson("otel-agent", [7]) });
    expect(partly.json.partialSuccess).toMatchObject({ rejectedSpans: "1" });
    // Exporters send whatever their program does: spans that are no tool calls are taken, and so is nothing at all.
    const plain = otlpJson("otel-agent", [], { name: "GET /health", attributes: [] });
    expect((await done("POST /v1/traces", { body: plain })).json.calls).toBe(0);
    expect((await done("POST /v1/traces", { body: { resourceSpans: [] } })).json).toMatchObject({ traces: 0, calls: 0 });

    const headers = { "content-type": "application/x-protobuf" };
    const exported = await done("POST /v1/traces", { body: protobufOf(otlpJson("otel-binary")), headers });
    expect([exported.headers.get("content-type"), exported.bytes.length]).toEqual(["application/x-protobuf", 0]);
    expect((await done("GET /v1/traces?agent_id=otel-binary")).json.total).toBe(1);
    expect((await done("POST /v1/traces", { body: protobufOf(plain), headers })).bytes.length).toBe(0);
    expect((await done("POST /v1/traces", { body: new Uint8Array(0), headers })).bytes.length).toBe(0);
    const broken = await done("POST /v1/traces", { body: new Uint8Array([0xff, 0xff]), headers }, 400);
    expect(broken.headers.get("content-type")).toBe("application/x-protobuf");
    // google.rpc.Status: code 3, INVALID_ARGUMENT, and a message.
    expect([...broken.bytes.subarray(0, 3)]).toEqual([0x08, 3, 0x12]);
  });

  test("questions about policies", async () => {
    const asked = (path: string, body: object) => done(`POST /v1/policies/${path}`, { body });
    await done("PUT /v1/agents/asked/policy", { body: agentPolicy });
    const stricter = {
      ...agentPolicy,
      forbidden: [...agentPolicy.forbidden, { pattern: "mcp__mail__send", reason: "no", severity: "high" }],
    };

    expect((await asked("validate", { policy: agentPolicy, agent_id: "asked" })).json).toMatchObject({ valid: true });
    const invalid = (await asked("validate", { policy: agentYaml.replace("forbidden:", "forbiden:") })).json;
    expect(invalid).toMatchObject({ valid: false, summary: null });
    expect(invalid.diagnostics.map(({ code }: { code: string }) => code)).toContain("unknown_key");

    const diff = (await asked("diff", { old: { agent_id: "asked" }, new: { policy: stricter, agent_id: "asked" } })).json;
    expect(diff).toMatchObject({ equal: false, complete: true, summary: { weaker: 0 } });
    expect(diff.changes[0]).toMatchObject({ direction: "stricter", witness: "mcp__mail__send" });
    await refused("POST /v1/policies/diff", 404, "not_found", {
      body: { old: { agent_id: "nobody" }, new: { agent_id: "asked" } },
    });

    const off = { ...agentPolicy, defaults: { ...agentPolicy.defaults, enforcement_mode: "off" } };
    const weaker = (await asked("diff", { old: { agent_id: "asked", version: 1 }, new: { policy: off } })).json;
    expect(weaker.defaults).toEqual([expect.objectContaining({ field: "enforcement_mode" })]);

    const dead = {
      ...agentPolicy,
      forbidden: [...agentPolicy.forbidden, { pattern: "mcp__files__delete_one", reason: "twice", severity: "low" }],
    };
    expect((await asked("lint", { policy: dead })).json.findings.length).toBeGreaterThan(0);
    await refused("POST /v1/policies/lint", 404, "not_found", { body: { agent_id: "nobody" } });
    const many = Array.from({ length: lintAskedGlobsMax + 1 }, (_, i) => `tool_${i}`);
    const large = { ...agentPolicy, capability_mappings: { mail: { tools: many, card_actions: ["send_mail"] } } };
    expect((await asked("lint", { policy: large })).json.undecided).toEqual([expect.objectContaining({ code: "not_decided" })]);

    const explained = (await asked("explain", { agent_id: "asked", tools: ["mcp__files__delete_all"] })).json;
    expect(explained.tools[0]).toMatchObject({ tool: "mcp__files__delete_all", verdict: "fail", rule: { label: "*delete*" } });
    await refused("POST /v1/policies/explain", 404, "not_found", { body: { agent_id: "nobody", tools: [] } });
    await refused("POST /v1/policies/validate", 404, "not_found", {
      body: { policy: agentPolicy, agent_id: "support-1" },
      ...others,
    });
  });

  test("teams, and drafts from what their agents did", async () => {
    await refused("GET /v1/teams/support", 404, "not_found");
    expect((await done("PUT /v1/teams/support", { body: { agents: ["recent", "runner"] } })).json.agents).toEqual([
      "recent",
      "runner",
    ]);
    expect((await done("GET /v1/teams/support")).json.team_id).toBe("support");
    expect((await done("GET /v1/teams")).json.teams).toEqual([{ team_id: "support", agents: 2 }]);
    const headers = { "content-type": "application/x-ndjson" };
    await done("POST /v1/traces", { body: apTraces("recent", new Date(Date.now() - 3_600_000)), headers });
    await done("PUT /v1/agents/recent/card", { body: { ...card, agent_id: "recent" } });
    const draft = (await done("POST /v1/teams/recommend-policy", { body: { team_id: "support", strictness: "strict" } })).json;
    expect(draft).toMatchObject({ policy: { meta: { scope: "agent" } }, validation: { valid: true, errors: [] } });
    expect(draft.policy.forbidden).toEqual([expect.objectContaining({ pattern: "mcp__files__delete_all" })]);
    const ofAgent = (await done("POST /v1/teams/recommend-policy", { body: { agent_id: "recent" } })).json;
    expect(JSON.stringify(ofAgent.recommendation.capability_mappings)).toContain("mcp__mail__");
    await refused("POST /v1/teams/recommend-policy", 404, "not_found", { body: { team_id: "none" } });
    await refused("POST /v1/teams/recommend-policy", 400, "invalid_request", { body: { team_id: "support", agent_id: "x" } });
    await done("PUT /v1/teams/idle", { body: { agents: ["never"] } });
    await refused("POST /v1/teams/recommend-policy", 422, "validation_error", { body: { team_id: "idle" } });
    await done("DELETE /v1/teams/support", {}, 204);
    await refused("DELETE /v1/teams/support", 404, "not_found");
  });

  test("a transaction narrows, by body or by header, and denies when it has ended", async () => {
    await done("PUT /v1/agents/teller/policy", { body: agentPolicy });
    const request = { agent_id: "teller", description: "One refund", action_type: "refund", tools: ["mcp__mail__read"] };
    const made = await done("POST /v1/transactions", { body: request }, 201);
    expect(made.json).toMatchObject({ status: "active", tools: ["mcp__mail__read"], ended_at: null });
    const path = made.headers.get("location");
    expect((await done(`GET ${path}`)).json.transaction_id).toBe(made.json.transaction_id);
    expect((await done("GET /v1/transactions?agent_id=teller")).json).toMatchObject({ total: 1 });
    expect((await done("GET /v1/transactions?agent_id=judged")).json).toMatchObject({ total: 0, transactions: [] });
    const question = { agent_id: "teller", tools: ["mcp__mail__send"] };
    const evaluate = (headers: Record<string, string>, more = {}) =>
      done("POST /v1/policies/evaluate", { body: { ...question, ...more }, headers });
    expect((await evaluate({})).json.verdict).toBe("pass");
    const id = made.json.transaction_id as string;
    const narrowed = await evaluate({ "x-transaction-id": id });
    expect(narrowed.json).toMatchObject({ verdict: "fail", transaction_id: id, violations: [{ type: "guardrail_denied" }] });
    expect((await evaluate({}, { transaction_id: id })).json.verdict).toBe("fail");
    await refused("POST /v1/policies/evaluate", 400, "invalid_request", {
      body: { ...question, transaction_id: "another" },
      headers: { "x-transaction-id": id },
    });
    const more = { ...request, allowed_capabilities: ["mail"], session_id: "s-9", policy: agentYaml, duration_hours: 0.5 };
    const second = (await done("POST /v1/transactions", { body: more }, 201)).json;
    expect(second).toMatchObject({ allowed_capabilities: ["mail"], session_id: "s-9" });
    expect(Date.parse(second.expires_at) - Date.parse(second.created_at)).toBe(1_800_000);
    expect((await done("GET /v1/transactions?agent_id=teller")).json.transactions[0]).toMatchObject({ session_id: "s-9" });
    await done(`DELETE ${path}`, {}, 204);
    expect((await done(`GET ${path}`)).json.status).toBe("ended");
    const ended = await evaluate({ "x-transaction-id": id }, { tools: ["mcp__mail__read"] });
    expect(ended.json).toMatchObject({ verdict: "fail", decision: "deny" });
    await refused("GET /v1/transactions/tx-none", 404, "not_found");
    await refused("DELETE /v1/transactions/tx-none", 404, "not_found");
    await refused("POST /v1/transactions", 404, "not_found", { body: request, ...others });
    await refused("POST /v1/transactions", 400, "invalid_request", { body: { ...request, duration_hours: 25 } });
  });

  test("keys and the audit log", async () => {
    const made = await done(
      "POST /v1/keys",
      { body: { name: "gateway", role: "reader", agents: ["support-1"], expires_at: "2099-01-01T00:00:00Z" } },
      201,
    );
    expect(made.headers.get("cache-control")).toBe("no-store");
    const { key, id } = made.json as { key: string; id: string };
    await done(`GET ${own}/policy`, { key });
    await refused("GET /v1/agents/judged/policy", 404, "not_found", { key });
    await refused(`PUT ${own}/policy`, 403, "forbidden", { key, body: agentPolicy });
    await refused("GET /v1/keys", 403, "forbidden", { key });
    const listed = await done("GET /v1/keys");
    expect(listed.json.keys).toContainEqual(expect.objectContaining({ id, name: "gateway", agents: ["support-1"] }));
    expect(listed.text).not.toContain(key.slice(-43));
    await refused("POST /v1/keys", 400, "invalid_request", { body: { name: "x", role: "owner" } });
    await refused("POST /v1/keys", 400, "invalid_request", { body: { name: "x", role: "reader", expires_at: "soon" } });
    await done(`DELETE /v1/keys/${id}`, {}, 204);
    expect((await done("GET /v1/keys")).json.keys).toContainEqual(
      expect.objectContaining({ id, revoked_at: expect.any(String) }),
    );
    await refused(`DELETE /v1/keys/${id}`, 404, "not_found");
    await expect.poll(async () => (await ask(`GET ${own}/policy`, { key })).status, { timeout: 1_500 }).toBe(401);
    await refused(`GET ${own}/policy`, 401, "unauthorized", { key: null });
    const audit = (await done("GET /v1/audit?per_page=100")).json;
    const said = audit.entries.map(({ action, subject }: { action: string; subject: string }) => `${action} ${subject}`);
    expect(said.some((line: string) => line.includes(`key/${id}`))).toBe(true);
    expect(JSON.stringify(audit)).not.toContain(key.slice(-43));
  });

  test("a policy that moves under every attempt is a conflict", async () => {
    const lines = [
      [`PUT ${own}/policy`, agentPolicy],
      [`PUT /v1/orgs/${org}/policy`, orgPolicy],
      [`POST ${own}/policy/rollback`, { version: 1, message: "again" }],
      [`POST /v1/orgs/${org}/policy/rollback`, { version: 1, message: "again" }],
    ] as const;
    for (const [line, body] of lines) await done(line, { body });
    moves = true;
    try {
      for (const [line, body] of lines) {
        const path = line.startsWith("PUT") ? `${line}?message=other` : line;
        await refused(path, 409, "conflict", { body: "version" in body ? { ...body, message: "other" } : body });
      }
    } finally {
      moves = false;
    }
  });

  test("a key that is limited to some agents sees no others", async () => {
    expect((await done("GET /v1/policies", others)).json).toMatchObject({ total: 0, policies: [] });
    expect((await done("GET /v1/agents", others)).json).toMatchObject({ total: 0, agents: [] });
    expect((await done("GET /v1/traces", others)).json.total).toBe(0);
    expect((await done("GET /v1/transactions", others)).json.total).toBe(0);
    await refused("GET /v1/traces?agent_id=runner", 404, "not_found", others);
    await refused(`GET /v1/orgs/${org}/policy`, 403, "forbidden", others);
    await refused("GET /v1/teams", 403, "forbidden", others);
    const both = { old: { agent_id: "another", policy: agentPolicy }, new: { agent_id: "asked" } };
    await refused("POST /v1/policies/diff", 404, "not_found", { body: both, ...others });
    await refused("POST /v1/policies/lint", 403, "forbidden", { body: {}, ...others });
    await refused("POST /v1/policies/diff", 403, "forbidden", { body: { old: {}, new: {} }, ...others });
    const headers = { "content-type": "application/x-ndjson" };
    await refused("POST /v1/traces", 400, "invalid_request", { body: apTraces("runner"), headers, ...others });
    expect((await done("POST /v1/traces", { body: apTraces("another"), headers, ...others })).json.calls).toBe(3);
  });

  test("parameters are checked, and a mistyped one is guessed", async () => {
    const guessed = await refused("GET /v1/policies?perpage=3", 400, "invalid_request");
    expect(guessed.json.message).toContain("did you mean per_page?");
    for (const query of ["page=0", "per_page=101", "per_page=x", "page=1&page=2", "page=1.5"]) {
      await refused(`GET /v1/policies?${query}`, 400, "invalid_request");
    }
    await refused("GET /v1/agents/..%2F..%2Fetc/policy", 400, "invalid_request");
    await refused("GET /v1/nothing", 404, "not_found");
    const tools = Array.from({ length: requestBytesMax / 100 }, () => "x".repeat(100));
    await refused("POST /v1/policies/evaluate", 413, "payload_too_large", { body: { agent_id: "judged", tools } });
    await refused("POST /v1/policies", 405, "method_not_allowed", { body: {} });
  });

  test("every route has succeeded, and refused in every documented way", () => {
    const documented = routes.flatMap(({ operation, answers }) => Object.keys(answers).map((status) => `${operation} ${status}`));
    expect(documented.length).toBeGreaterThan(80);
    expect(documented.filter((line) => server?.seen.has(line) !== true)).toEqual([]);
  });

  test("every documented field has been answered", () => {
    // What is empty here: answers that take seconds to be undecided, a draft that is not valid.
    const elsewhere = ["DiffAnswer.undecided[]", "RecommendAnswer.validation.errors[]"];
    expect(server?.schemas.unseen()).toEqual(elsewhere);
  });
});
