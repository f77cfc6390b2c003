import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routes } from "../src/server/routes/table.js";
import { LayerMoved } from "../src/store/failures.js";
import { storeKinds } from "./support/stores.js";
import { agentPolicy, agentYaml, apTraces, card, orgPolicy, otlpJson } from "./unit/server/routes/rest-documents.js";
import { org, RestServer } from "./unit/server/routes/rest-server.js";

/** Everything documented, asked over a socket; every answer is compared with openapi.json (`RestServer`). */
describe.each(storeKinds)("REST on $name", (kind) => {
  let server: RestServer;
  let limitedKey = "";
  const ask: RestServer["ask"] = (line, sent) => server.ask(line, sent);
  const own = "/v1/agents/support-1";
  const others = { key: "" };

  beforeAll(async () => {
    server = await RestServer.start(kind);
    limitedKey = await server.key("writer", ["another"]);
    others.key = limitedKey;
  });
  afterAll(() => server.stop());

  const refused = async (line: string, status: number, error: string, sent?: Parameters<typeof ask>[1]) => {
    const answer = await ask(line, sent);
    expect([answer.status, answer.json?.error], answer.text).toEqual([status, error]);
    return answer;
  };
  const done = async (line: string, sent?: Parameters<typeof ask>[1], status = 200) => {
    const answer = await ask(line, sent);
    expect(answer.status, answer.text).toBe(status);
    return answer;
  };

  test("an agent's policy: published, read, published again, rolled back, taken out of use", async () => {
    await refused(`GET ${own}/policy`, 404, "not_found");
    await refused(`DELETE ${own}/policy`, 404, "not_found");
    await refused(`PUT ${own}/policy`, 412, "precondition_failed", { body: agentPolicy, headers: { "if-match": '"1"' } });
    const first = await done(`PUT ${own}/policy?message=first`, { body: agentPolicy, headers: { "if-none-match": "*" } });
    expect(first.headers.get("etag")).toBe('"1"');
    expect(first.json).toMatchObject({ version: 1, archived_version: null, message: "first", meta: agentPolicy.meta });
    expect(first.json.id).toMatch(/^pol-[a-z0-9]{20}$/);

    const read = await done(`GET ${own}/policy`);
    expect(read.headers.get("etag")).toBe('"1"');
    expect(read.json).toMatchObject({ ...agentPolicy, id: first.json.id, version: 1 });
    const known = await done(`GET ${own}/policy`, { headers: { "if-none-match": '"1"' } }, 304);
    expect(known.headers.get("etag")).toBe('"1"');

    const yaml = { "content-type": "application/yaml" };
    const second = await done(`PUT ${own}/policy`, { body: agentYaml, headers: { ...yaml, "if-match": '"1"' } });
    expect(second.json).toMatchObject({ version: 2, archived_version: 1, id: first.json.id, created_at: first.json.created_at });
    await refused(`PUT ${own}/policy`, 412, "precondition_failed", { body: agentPolicy, headers: { "if-match": '"1"' } });
    await refused(`PUT ${own}/policy`, 412, "precondition_failed", { body: agentPolicy, headers: { "if-none-match": "*" } });

    const text = await done(`GET ${own}/policy`, { headers: { accept: "application/yaml" } });
    expect([text.text, text.headers.get("content-type")]).toEqual([agentYaml, "application/yaml; charset=utf-8"]);
    const asJson = await done(`GET ${own}/policy?version=1`, { headers: { accept: "application/yaml" } });
    expect(asJson.headers.get("content-type")).toContain("application/json");
    expect(JSON.parse(asJson.text)).toEqual(agentPolicy);
    expect((await done(`GET ${own}/policy?version=1`)).json.version).toBe(1);
    await refused(`GET ${own}/policy?version=9`, 404, "not_found");

    const page = (await done(`GET ${own}/policy/history?per_page=1&page=2`)).json;
    expect(page).toMatchObject({ total: 2, page: 2, per_page: 1, versions: [{ version: 1, message: "first", active: false }] });

    await refused(`POST ${own}/policy/rollback`, 404, "not_found", { body: { version: 7 } });
    await refused(`POST ${own}/policy/rollback`, 412, "precondition_failed", {
      body: { version: 1 },
      headers: { "if-match": '"1"' },
    });
    const back = await done(`POST ${own}/policy/rollback`, {
      body: { version: 1, message: "back" },
      headers: { "if-match": '"2"' },
    });
    expect(back.json).toMatchObject({ version: 3, archived_version: 2, message: "back", digest: first.json.digest });
    expect((await done(`GET ${own}/policy/history`)).json.versions[0]).toMatchObject({
      version: 3,
      restored_from: 1,
      active: true,
    });

    await refused(`DELETE ${own}/policy`, 412, "precondition_failed", { headers: { "if-match": '"1"' } });
    await done(`DELETE ${own}/policy`, { headers: { "if-match": '"3"' } }, 204);
    await refused(`GET ${own}/policy`, 404, "not_found");
    expect((await done(`GET ${own}/policy?version=3`)).json.version).toBe(3);
    expect((await done(`PUT ${own}/policy`, { body: agentPolicy })).json.version).toBe(4);
  });

  test("what a GET answered can be sent back, and policy_json may stand around it", async () => {
    await done("PUT /v1/agents/echo/policy", { body: { policy_json: agentPolicy } });
    const { json } = await done("GET /v1/agents/echo/policy");
    const again = await done("PUT /v1/agents/echo/policy?message=again", {
      body: { ...json, meta: { ...json.meta, name: "echo" } },
    });
    expect(again.json).toMatchObject({
      version: 2,
      meta: { name: "echo" },
      capability_mappings: agentPolicy.capability_mappings,
    });
  });

  test("the order of capabilities survives, also of names that look like numbers", async () => {
    const mapping = '{"tools":["t*"],"card_actions":["a"]}';
    const text = JSON.stringify(agentPolicy).replace(
      /"capability_mappings":\{.*?\},"forbidden"/,
      `"capability_mappings":{"b":${mapping},"0":${mapping},"__proto__":${mapping},"a":${mapping}},"forbidden"`,
    );
    await done("PUT /v1/agents/order/policy", { body: text, headers: { "content-type": "application/json" } });
    const read = await done("GET /v1/agents/order/policy");
    const names = [...read.text.matchAll(/"(\w+)":\{"tools":/g)].map(([, name]) => name);
    expect(names).toEqual(["b", "0", "__proto__", "a"]);
    const evaluate = (policy: string) =>
      done("POST /v1/policies/evaluate", {
        body: `{"tools":["tool"],"policy":${policy}}`,
        headers: { "content-type": "application/json" },
      });
    expect((await evaluate(text)).json.tools[0].capability.label).toBe("b");
  });

  test("what is wrong with a policy is said with its place", async () => {
    const wrong = await refused(`PUT ${own}/policy`, 400, "invalid_request", {
      body: agentYaml.replace("forbidden:", "forbiden:"),
      headers: { "content-type": "text/yaml" },
    });
    expect(wrong.json.details).toContainEqual(expect.objectContaining({ code: "unknown_key", line: expect.any(Number) }));
    expect(JSON.stringify(wrong.json.details)).toContain("forbidden");
    await refused(`PUT ${own}/policy`, 400, "invalid_request", { body: "{", headers: { "content-type": "application/json" } });
    await refused(`PUT ${own}/policy`, 400, "invalid_request");
    await refused(`PUT ${own}/policy`, 415, "unsupported_media_type", { body: "x=1", headers: { "content-type": "text/html" } });
    await refused(`PUT ${own}/policy`, 422, "validation_error", { body: orgPolicy });
    await refused(`PUT /v1/orgs/${org}/policy`, 422, "validation_error", { body: agentPolicy });
    await refused(`PUT ${own}/policy`, 400, "invalid_request", { body: agentPolicy, headers: { "if-match": "1" } });
    await refused(`PUT ${own}/policy?if_match=1`, 400, "invalid_request", { body: agentPolicy });
  });

  test("the org's policy is the floor; any other org is not there", async () => {
    const path = `/v1/orgs/${org}/policy`;
    await refused(`GET ${path}`, 404, "not_found");
    await refused(`DELETE ${path}`, 404, "not_found");
    const saved = await done(`PUT ${path}`, { body: orgPolicy });
    expect(saved.json).toMatchObject({ version: 1, meta: { scope: "org" } });
    expect((await done(`GET ${path}`)).json).toMatchObject(orgPolicy);
    await done(`GET ${path}`, { headers: { "if-none-match": "*" } }, 304);
    expect((await done(`GET ${path}/history`)).json.total).toBe(1);
    await refused(`PUT ${path}`, 412, "precondition_failed", { body: orgPolicy, headers: { "if-none-match": "*" } });
    await refused(`POST ${path}/rollback`, 412, "precondition_failed", { body: { version: 1 }, headers: { "if-match": '"2"' } });
    await refused(`POST ${path}/rollback`, 404, "not_found", { body: { version: 2 } });
    await done(`POST ${path}/rollback`, { body: { version: 1, message: "again" } });
    await refused(`DELETE ${path}`, 412, "precondition_failed", { headers: { "if-match": '"7"' } });
    for (const line of [`GET ${path}`, `GET ${path}/history`, `PUT ${path}`, `DELETE ${path}`, `POST ${path}/rollback`]) {
      const body = line.startsWith("PUT") ? orgPolicy : line.startsWith("POST") ? { version: 1 } : undefined;
      const foreign = await refused(line.replace(org, "rival"), 404, "not_found", { body });
      expect(foreign.text).not.toContain("rival");
    }

    await done("PUT /v1/agents/resolved/policy", { body: agentPolicy });
    const resolved = await done("GET /v1/agents/resolved/policy/resolved");
    expect(resolved.json).toMatchObject({
      agent_id: "resolved",
      org_id: org,
      resolved_policy: { meta: { scope: "resolved" } },
      sources: { org_policy_version: 2, agent_policy_version: 1, merge_strategy: "org_floor" },
    });
    const broad = { ...agentPolicy, capability_mappings: { all: { tools: ["*"], card_actions: ["a"] } } };
    const unconfirmed = await refused("PUT /v1/agents/broad/policy", 422, "validation_error", { body: broad });
    expect(unconfirmed.json.details[0].code).toBe("merge_broad_mapping");
    await done("PUT /v1/agents/broad/policy?confirm_broad=true", { body: broad });
    // A rollback to it is asked as well.
    await done("PUT /v1/agents/broad/policy", { body: agentPolicy });
    await refused("POST /v1/agents/broad/policy/rollback", 422, "validation_error", { body: { version: 1 } });
    await done("POST /v1/agents/broad/policy/rollback", { body: { version: 1, confirm_broad: true } });

    const list = (await done("GET /v1/policies?per_page=2")).json;
    expect(list).toMatchObject({ org_id: org, per_page: 2, policies: [{ scope: "org", agent_id: null }, { scope: "agent" }] });
    await done(`DELETE ${path}`, {}, 204);
  });

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
    const observed = await done("POST /v1/policies/evaluate", { body: { agent_id: "judged", tools, context: "audit" } });
    expect(observed.json.context).toBe("observer");
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

  test("a card is versioned, and decides about capabilities", async () => {
    await refused(`GET ${own}/card`, 404, "not_found");
    const saved = await done(`PUT ${own}/card`, { body: card });
    expect([saved.json.version, saved.json.card, saved.headers.get("etag")]).toEqual([1, card, '"1"']);
    expect((await done(`GET ${own}/card`)).json.card).toEqual(card);
    await done(`GET ${own}/card`, { headers: { "if-none-match": '"1"' } }, 304);
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
    await refused(historical, 404, "not_found", { body: { agent_id: "nobody", time_range: range } });
    const long = { ...range, start: "2025-12-01T00:00:00Z" };
    await refused(historical, 422, "validation_error", { body: { ...question, time_range: long } });
    await refused(historical, 400, "invalid_request", { body: { ...question, time_range: { start: "2026", end: "x" } } });

    await refused("POST /v1/traces", 400, "invalid_request", { body: "no trace", headers: { "content-type": "text/plain" } });
    await refused("POST /v1/traces", 400, "invalid_request");
    await refused("POST /v1/traces", 415, "unsupported_media_type", { body: "x", headers: { "content-type": "image/png" } });
  });

  test("OTLP/HTTP at its standard path", async () => {
    const answer = await done("POST /v1/traces", { body: otlpJson("otel-agent") });
    expect(answer.json).toMatchObject({ traces: 1, calls: 1 });
    expect(answer.json.partialSuccess).toBeUndefined();
    expect((await done("GET /v1/traces?agent_id=otel-agent")).json.total).toBe(1);
    const headers = { "content-type": "application/x-protobuf" };
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

    const dead = {
      ...agentPolicy,
      forbidden: [...agentPolicy.forbidden, { pattern: "mcp__files__delete_one", reason: "twice", severity: "low" }],
    };
    expect((await asked("lint", { policy: dead })).json.findings.length).toBeGreaterThan(0);
    await refused("POST /v1/policies/lint", 404, "not_found", { body: { agent_id: "nobody" } });

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
    const draft = (await done("POST /v1/teams/recommend-policy", { body: { team_id: "support", strictness: "strict" } })).json;
    expect(draft).toMatchObject({ policy: { meta: { scope: "agent" } }, validation: { valid: true, errors: [] } });
    expect(JSON.stringify(draft.policy)).toContain("mcp__mail__");
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
    await refused(`DELETE /v1/keys/${id}`, 404, "not_found");
    await expect.poll(async () => (await ask(`GET ${own}/policy`, { key })).status, { timeout: 1_500 }).toBe(401);
    await refused(`GET ${own}/policy`, 401, "unauthorized", { key: null });
    const audit = (await done("GET /v1/audit?per_page=100")).json;
    const said = audit.entries.map(({ action, subject }: { action: string; subject: string }) => `${action} ${subject}`);
    expect(said.some((line: string) => line.includes(`key/${id}`))).toBe(true);
    expect(JSON.stringify(audit)).not.toContain(key.slice(-43));
  });

  test("a policy that moves under every attempt is a conflict", async () => {
    const wrap: Parameters<typeof RestServer.start>[1] = {
      wrap: (store) => ({
        ...store,
        policies: { ...store.policies, publish: () => Promise.reject(new LayerMoved(7)) },
      }),
    };
    const moving = await RestServer.start(kind, wrap);
    try {
      for (const [line, body] of [
        [`PUT ${own}/policy`, agentPolicy],
        [`PUT /v1/orgs/${org}/policy`, orgPolicy],
      ] as const) {
        const { status, json } = await moving.ask(line, { body });
        expect([status, json.error]).toEqual([409, "conflict"]);
      }
      for (const line of moving.seen) server.seen.add(line);
    } finally {
      await moving.stop();
    }
  });

  test("parameters are checked, and a mistyped one is guessed", async () => {
    const guessed = await refused("GET /v1/policies?perpage=3", 400, "invalid_request");
    expect(guessed.json.message).toContain("did you mean per_page?");
    for (const query of ["page=0", "per_page=101", "per_page=x", "page=1&page=2", "page=1.5"]) {
      await refused(`GET /v1/policies?${query}`, 400, "invalid_request");
    }
    await refused("GET /v1/agents/..%2F..%2Fetc/policy", 400, "invalid_request");
    await refused("GET /v1/nothing", 404, "not_found");
    await refused("POST /v1/policies", 405, "method_not_allowed", { body: {} });
  });

  test("every route has succeeded, and refused in every documented way", () => {
    const documented = routes.flatMap(({ operation, answers }) => Object.keys(answers).map((status) => `${operation} ${status}`));
    expect(documented.length).toBeGreaterThan(80);
    expect(documented.filter((line) => !server.seen.has(line))).toEqual([]);
  });
});
