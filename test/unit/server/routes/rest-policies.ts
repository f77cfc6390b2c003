import { expect, test } from "vitest";
import { agentPolicy, agentYaml, orgPolicy } from "./rest-documents.js";
import { type Answered, org, type Sent } from "./rest-server.js";

export const own = "/v1/agents/support-1";

/** How the suite asks; a line is `GET /v1/agents`. */
export interface Asking {
  readonly ask: (line: string, sent?: Sent) => Promise<Answered>;
  readonly done: (line: string, sent?: Sent, status?: number) => Promise<Answered>;
  readonly refused: (line: string, status: number, error: string, sent?: Sent) => Promise<Answered>;
  /** A writer's key for another agent. */
  readonly others: { readonly key: string };
}

export function policyTests({ done, refused, others }: Asking): void {
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

    await refused(`GET ${own}/policy/history`, 404, "not_found", others);
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
    await refused(`GET ${own}/policy/resolved`, 404, "not_found");
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
}
