import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { remoteRegistry } from "../src/cli/registry/remote.js";
import { SmoltbotClient as CommandClient } from "../src/client/client.js";
import { everyItem, PreconditionFailedError, SmoltbotClient, SmoltbotError } from "../src/client.js";
import { RegistryFailure } from "../src/registry/failure.js";
import type { Registry, SourceText } from "../src/registry/registry.js";
import { routes } from "../src/server/routes/table.js";
import { openTestRegistry, type TestRegistry, yaml } from "./support/registry.js";
import { storeKinds } from "./support/stores.js";
import { agentPolicy, agentYaml, apTraces, card, orgPolicy, otlpJson } from "./unit/server/routes/rest-documents.js";
import { org, RestServer, routeOf } from "./unit/server/routes/rest-server.js";

const sqlite = storeKinds.filter(({ name }) => name === "sqlite")[0];
let server: RestServer;
/** Operations of the route table that the SDK has asked. */
const asked = new Set<string>();

beforeAll(async () => {
  if (sqlite === undefined) throw new Error("SQLite is always there");
  server = await RestServer.start(sqlite);
});
afterAll(() => server?.stop());

function clientOf(apiKey: string, baseUrl = server.url): SmoltbotClient {
  const watched = async (address: string, request: { readonly method: string }) => {
    const operation = routeOf(request.method, new URL(address).pathname)?.operation;
    if (operation !== undefined) asked.add(operation);
    return fetch(address, request as RequestInit);
  };
  return new SmoltbotClient({ baseUrl, apiKey, fetch: watched, retries: 0 });
}

async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => ({ answered: value }),
    (error: unknown) => {
      if (error instanceof SmoltbotError) return [error.name, error.status, error.code];
      if (error instanceof RegistryFailure) return [error.code, error.message, error.details];
      throw error;
    },
  );
}

async function linesOf(pieces: AsyncIterable<Uint8Array>): Promise<string[]> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of pieces) text += decoder.decode(piece, { stream: true });
  return text.split("\n").filter((line) => line !== "");
}

const range = { start: new Date("2026-01-10T00:00:00Z"), end: new Date("2026-01-20T00:00:00Z") };

describe("the SDK and the server", () => {
  let client: SmoltbotClient;
  beforeAll(() => {
    client = clientOf(server.adminKey);
  });

  test("an agent's policy: published, read, refused over another version, rolled back, deleted", async () => {
    const first = await client.agents.setPolicy("own", agentYaml, { message: "zuerst & äöü" });
    expect([first.version, first.archived_version, first.message]).toEqual([1, null, "zuerst & äöü"]);
    expect(await client.agents.getPolicyText("own")).toEqual({ text: agentYaml, mediaType: "yaml", version: 1 });
    const read = await client.agents.getPolicy("own");
    const second = await client.agents.setPolicy(
      "own",
      { ...read, defaults: { ...read.defaults, fail_open: true } },
      { ifVersion: 1 },
    );
    expect([second.version, second.archived_version, second.defaults.fail_open]).toEqual([2, 1, true]);
    expect((await client.agents.getPolicyText("own")).mediaType).toBe("json");
    // What was answered can be sent back as it is, and bytes as they are.
    expect((await client.agents.setPolicy("own", second)).defaults).toEqual(second.defaults);
    const late = client.agents.setPolicy("own", agentYaml, { ifVersion: 1 });
    await expect(late).rejects.toBeInstanceOf(PreconditionFailedError);
    await expect(late).rejects.toMatchObject({ status: 412, code: "precondition_failed", uncertain: false });
    expect(await refusalOf(client.agents.setPolicy("own", agentYaml, { ifVersion: "none" }))).toEqual([
      "PreconditionFailedError",
      412,
      "precondition_failed",
    ]);
    const third = await client.agents.setPolicy("own", new TextEncoder().encode(agentYaml), { ifVersion: "any" });
    const back = await client.agents.rollbackPolicy("own", 1, { message: "back", ifVersion: [1, third.version] });
    expect([back.message, (await client.agents.getPolicyText("own")).text]).toEqual(["back", agentYaml]);
    const history = await client.agents.policyHistory("own", { perPage: 2 });
    expect([history.versions.length, history.total, history.versions[0]?.active]).toEqual([2, back.version, true]);
    expect((await client.agents.getPolicy("own", { version: 2 })).version).toBe(2);
    expect(await client.agents.deletePolicy("own", { ifVersion: back.version })).toBeUndefined();
    expect(await refusalOf(client.agents.getPolicy("own"))).toEqual(["NotFoundError", 404, "not_found"]);
    expect(await refusalOf(client.agents.deletePolicy("own"))).toEqual(["NotFoundError", 404, "not_found"]);
  });

  test("YAML that begins like JSON is YAML", async () => {
    const flow = `{ meta: { schema_version: "1.0", name: flow, scope: agent }, capability_mappings: {}, forbidden: [],
      defaults: { unmapped_tool_action: warn, unmapped_severity: low, fail_open: false } } # all`;
    expect((await client.agents.setPolicy("flow", flow)).meta.name).toBe("flow");
    expect((await client.agents.getPolicyText("flow")).text).toBe(flow);
  });

  test("an org's policy is the floor, and the resolved one is both", async () => {
    expect((await client.orgs.setPolicy(org, orgPolicy as never)).version).toBe(1);
    await client.agents.setPolicy("floored", agentPolicy as never);
    const resolved = await client.agents.getResolvedPolicy("floored");
    expect([resolved.org_id, resolved.sources.org_policy_version, resolved.sources.agent_policy_version]).toEqual([org, 1, 1]);
    expect((await client.orgs.getPolicyText(org)).mediaType).toBe("json");
    expect(await refusalOf(client.orgs.getPolicy("another"))).toEqual(["NotFoundError", 404, "not_found"]);
    const wrong = client.agents.setPolicy("floored", orgPolicy as never);
    expect(await refusalOf(wrong)).toEqual(["ValidationError", 422, "validation_error"]);
    expect((await client.orgs.policyHistory(org)).total).toBe(1);
    await client.orgs.setPolicy(org, { ...orgPolicy, forbidden: [] } as never);
    expect((await client.orgs.rollbackPolicy(org, 1)).version).toBe(3);
    expect((await client.policies.list({ perPage: 1 })).org_id).toBe(org);
    await client.orgs.deletePolicy(org);
  });

  test("a mistake is told with its place", async () => {
    const wrong = await client.agents.setPolicy("own", "meta: 1").catch((error: unknown) => error);
    expect(wrong).toMatchObject({ name: "InvalidRequestError", status: 400, code: "invalid_request" });
    expect((wrong as SmoltbotError).details[0]).toMatchObject({ line: 1, message: expect.any(String), fix: expect.any(String) });
    expect((wrong as SmoltbotError).requestId).toMatch(/./);
  });

  test("questions about policies", async () => {
    await client.agents.setPolicy("asked", agentYaml);
    const tools = ["mcp__mail__send", "mcp__files__delete_all"];
    const result = await client.policies.evaluate({ agentId: "asked", tools, context: "gateway" });
    expect([result.verdict, result.context, result.violations.length]).toEqual(["fail", "gateway", 1]);
    expect((await client.policies.evaluate({ policy: agentYaml, tools: [] })).verdict).toBe("pass");
    expect((await client.policies.validate({ policy: "meta: 1", agentId: "asked" })).valid).toBe(false);
    const diff = await client.policies.diff({ old: { agentId: "asked", version: 1 }, new: { policy: agentPolicy as never } });
    expect(diff.equal).toBe(false);
    expect((await client.policies.lint({ agentId: "asked" })).summary.errors).toBe(0);
    expect((await client.policies.explain({ agentId: "asked", tools })).tools).toHaveLength(2);
  });

  test("traces, tools, runs, history and recommendations", async () => {
    const stored = await client.traces.ingest(apTraces("seen"));
    expect([stored.traces, stored.calls]).toEqual([2, 3]);
    const again = await client.traces.ingest(new TextEncoder().encode(apTraces("seen")));
    expect([again.calls, again.repeated_calls]).toEqual([0, 3]);
    const streamed = new Blob([apTraces("streamed")]).stream();
    expect((await client.traces.ingest(streamed)).calls).toBe(3);
    expect((await client.traces.ingest(new Blob([apTraces("blob")]))).calls).toBe(3);
    async function* pieces() {
      for (const letter of apTraces("letters")) yield new TextEncoder().encode(letter);
      yield new Uint8Array();
    }
    expect((await client.traces.ingest(pieces())).calls).toBe(3);
    expect((await client.traces.ingest(otlpJson("otlp"), { agentId: "spans" })).calls).toBe(1);
    expect((await client.traces.list({ agentId: "seen" })).total).toBe(2);
    expect((await client.agents.listTools("seen")).tools.map(({ tool }) => tool).sort()).toEqual([
      "mcp__files__delete_all",
      "mcp__mail__read",
      "mcp__mail__send",
    ]);
    expect(await linesOf(client.agents.runs("seen"))).toHaveLength(3);
    expect(await linesOf(client.agents.runs("seen", { since: new Date("2026-01-15T10:05:00Z") }))).toHaveLength(1);
    expect(await linesOf(client.agents.runs("seen", { until: "2026-01-15T10:05:00Z", traces: 5 }))).toHaveLength(2);
    expect(await refusalOf(linesOf(client.agents.runs("nobody")))).toEqual(["NotFoundError", 404, "not_found"]);
    await client.agents.setPolicy("seen", agentYaml);
    const past = await client.policies.evaluateHistorical({ agentId: "seen", timeRange: range, context: "cicd", limit: 5 });
    expect([past.traces_evaluated, past.calls_evaluated, past.verdict]).toEqual([2, 3, "fail"]);
    await client.agents.setCard("seen", card, { ifVersion: "none" });
    expect((await client.agents.getCard("seen")).card).toEqual(card);
    await client.teams.put("all", ["seen"]);
    const { teams } = await client.teams.list();
    expect([teams, (await client.teams.get("all")).agents]).toEqual([[{ team_id: "all", agents: 1 }], ["seen"]]);
    await client.traces.ingest(apTraces("recent", new Date(Date.now() - 3_600_000)));
    await client.teams.put("all", ["seen", "recent"]);
    const draft = await client.teams.recommendPolicy({ teamId: "all", analysisWindowDays: 7, strictness: "strict" });
    expect(draft.validation).toEqual({ valid: true, errors: [] });
    expect((await client.teams.recommendPolicy({ agentId: "recent" })).policy).toBeDefined();
    await client.teams.delete("all");
  });

  test("transactions, keys and the audit log", async () => {
    await client.agents.setPolicy("guarded", agentYaml);
    const made = await client.transactions.create({
      agentId: "guarded",
      description: "Refund",
      actionType: "refund",
      tools: ["mcp__mail__send"],
      durationHours: 2,
      sessionId: "s-1",
      allowedCapabilities: ["mail"],
    });
    expect([made.status, made.session_id, made.allowed_capabilities]).toEqual(["active", "s-1", ["mail"]]);
    const judged = await client.policies.evaluate({
      ...{ agentId: "guarded", tools: ["mcp__mail__read"], transactionId: made.transaction_id, sessionId: "s-1" },
    });
    expect([judged.transaction_id, judged.verdict]).toEqual([made.transaction_id, "fail"]);
    expect((await client.transactions.list({ agentId: "guarded" })).total).toBe(1);
    await client.transactions.end(made.transaction_id);
    expect((await client.transactions.get(made.transaction_id)).status).toBe("ended");
    const key = await client.keys.create({ name: "r", role: "reader", agents: ["guarded"], expiresAt: new Date("2099-01-01") });
    const reader = clientOf(key.key);
    expect(await refusalOf(reader.agents.setPolicy("guarded", agentYaml))).toEqual(["ForbiddenError", 403, "forbidden"]);
    expect((await client.keys.list()).keys.map(({ id }) => id)).toContain(key.id);
    await client.keys.revoke(key.id);
    expect(await refusalOf(reader.agents.list())).toEqual(["UnauthorizedError", 401, "unauthorized"]);
    const { entries } = await client.audit.list({ perPage: 2 });
    expect(entries.map(({ action }) => action)).toContain("key.revoke");
    const error = await refusalOf(clientOf("sbk_wrong_key").agents.list());
    expect(error).toEqual(["UnauthorizedError", 401, "unauthorized"]);
  });

  test("every page of a list", async () => {
    for (let i = 0; i < 5; i++) await client.teams.put(`t-${i}`, []);
    const met = [];
    for await (const team of everyItem(
      (page) => client.teams.list({ page, perPage: 2 }),
      ({ teams }) => teams,
    )) {
      met.push(team.team_id);
    }
    expect(met).toEqual(["t-0", "t-1", "t-2", "t-3", "t-4"]);
  });

  test("every operation of the route table has been asked", async () => {
    expect((await client.agents.list()).total).toBeGreaterThan(3);
    const all = routes.filter(({ path }) => path.startsWith("/v1/")).map(({ operation }) => operation);
    expect(all.length).toBeGreaterThan(25);
    expect(all.filter((operation) => !asked.has(operation))).toEqual([]);
  });
});

/** Ids, keys and times differ from store to store, and how long something took. */
function comparable(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value, (name, each: unknown) => {
    if (name === "duration_ms" || name === "request_id") return 0;
    return each instanceof Map ? Object.fromEntries(each as Map<string, unknown>) : each;
  });
  return JSON.parse(text.replaceAll(anyId, "$1-x").replaceAll(anyKey, "key/x").replaceAll(anyTime, "T"), (name, each: unknown) =>
    name === "key" || name === "secret" || isKeyId(name, each) ? "k" : each,
  );
}

const anyId = /\b(pol|txn|rec|key)-[A-Za-z0-9]{8,}\b/g;
const anyKey = /\bkey\/[a-z0-9]{16}\b/g;
const anyTime = /\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/g;
const isKeyId = (name: string, value: unknown) => name === "id" && typeof value === "string" && /^[a-z0-9]{16}$/.test(value);

/** One answer or refusal a step. */
type Step = (registry: Registry, met: Map<string, string>) => Promise<unknown>;

const source = (text: string): SourceText => yaml(text);
const steps: Readonly<Record<string, Step>> = {
  "nothing is there": (r) => r.getPolicy({ agent: "a" }),
  "no source": (r) => r.getPolicySource({ agent: "a" }),
  "no resolved": (r) => r.getResolvedPolicy("a"),
  "no history": (r) => r.history({ agent: "a" }),
  "an empty list": (r) => r.list(),
  publish: (r) => r.publish({ agent: "a" }, source(agentYaml), { message: "one", expected: { kind: "absent" } }),
  "publish over nothing": (r) => r.publish({ agent: "a" }, source(agentYaml), { expected: { kind: "absent" } }),
  "publish over another": (r) => r.publish({ agent: "a" }, source(agentYaml), { expected: { kind: "version", versions: [9] } }),
  "publish what is broken": (r) => r.publish({ agent: "a" }, source("meta: 1")),
  "publish what is no YAML": (r) => r.publish({ agent: "a" }, source("{")),
  "publish for the wrong scope": (r) => r.publish({}, source(agentYaml)),
  "publish an org's": (r) => r.publish({}, { ...source(JSON.stringify(orgPolicy)), mediaType: "json" }),
  "publish a second": (r) => r.publish({ agent: "a" }, source(`${agentYaml}# two\n`), { expected: { kind: "present" } }),
  "publish for no id": (r) => r.publish({ agent: "a b" }, source(agentYaml)),
  get: (r) => r.getPolicy({ agent: "a" }),
  "get a version": (r) => r.getPolicy({ agent: "a" }, 1),
  "get no version": (r) => r.getPolicy({ agent: "a" }, 77),
  "get the source": (r) => r.getPolicySource({ agent: "a" }, 1),
  "get the org's source": (r) => r.getPolicySource({}),
  resolved: (r) => r.getResolvedPolicy("a"),
  rollback: (r) => r.rollback({ agent: "a" }, 1, { message: "back", expected: { kind: "version", versions: [2, 5] } }),
  "rollback to nothing": (r) => r.rollback({ agent: "a" }, 50),
  history: (r) => r.history({ agent: "a" }, { page: 1, perPage: 2 }),
  "a page too large": (r) => r.history({ agent: "a" }, { perPage: 101 }),
  list: (r) => r.list({ perPage: 5 }),
  evaluate: (r) => r.evaluate({ agent_id: "a", tools: ["mcp__mail__send", "x_delete", "odd"], context: "cicd" }),
  "evaluate inline": (r) => r.evaluate({ policy: agentYaml, tools: ["odd"], context: "observer", session_id: "s" }),
  "evaluate nobody": (r) => r.evaluate({ agent_id: "nobody-here", tools: [] }),
  validate: (r) => r.validate({ policy: "meta: 1" }),
  "validate for an agent": (r) => r.validate({ policy: agentYaml, agent_id: "a" }),
  diff: (r) => r.diff({ old: { agent_id: "a", version: 1 }, new: { policy: agentYaml.replace("warn", "deny"), agent_id: "a" } }),
  lint: (r) => r.lint({ agent_id: "a" }),
  explain: (r) => r.explain({ agent_id: "a", tools: ["x_delete"] }),
  "no card": (r) => r.getCard("a"),
  "put a card": (r) => r.putCard("a", { ...source(JSON.stringify(card)), mediaType: "json" }, { kind: "absent" }),
  "put a broken card": (r) => r.putCard("a", source("- 1")),
  card: (r) => r.getCard("a"),
  ingest: (r) => r.ingest(new TextEncoder().encode(apTraces("a")), { name: "body" }),
  "ingest a stream": (r) => r.ingest(new Blob([apTraces("a")]).stream() as never, { name: "body", agent: "b" }),
  "ingest what is nothing": (r) => r.ingest(new TextEncoder().encode("nothing at all"), { name: "body" }),
  "ingest what fails": (r) => r.ingest(failing(), { name: "body" }),
  traces: (r) => r.listTraces("a", { perPage: 1 }),
  "all traces": (r) => r.listTraces(undefined),
  tools: (r) => r.listTools("a"),
  runs: (r) => linesOf(r.runs({ agent: "a" })),
  "some runs": (r) => linesOf(r.runs({ agent: "a", sinceMs: Date.UTC(2026, 0, 15), untilMs: Date.UTC(2026, 0, 16), traces: 1 })),
  "no runs": (r) => linesOf(r.runs({ agent: "nobody-here" })),
  historical: (r) =>
    r.evaluateHistorical({ agent_id: "a", time_range: { start: "2026-01-10T00:00:00Z", end: "2026-01-20T00:00:00Z" } }),
  "historical of too much": (r) =>
    r.evaluateHistorical({ agent_id: "a", time_range: { start: "2025-01-10T00:00:00Z", end: "2026-01-20T00:00:00Z" } }),
  recommend: (r) => r.recommend({ agent_id: "nobody-here" }),
  agents: (r) => r.listAgents({ perPage: 100 }),
  "put a team": (r) => r.putTeam("t", ["a", "b"]),
  team: (r) => r.getTeam("t"),
  teams: (r) => r.listTeams(),
  "remove the team": (r) => r.removeTeam("t"),
  "remove it again": (r) => r.removeTeam("t"),
  "create a transaction": async (r, met) => {
    const request = { agent_id: "a", description: "d", action_type: "t", tools: ["x"], duration_hours: 3, session_id: "s" };
    const made = await r.createTransaction({ ...request, allowed_capabilities: ["mail"] });
    met.set("transaction", made.transaction_id);
    return made;
  },
  "evaluate under it": (r, met) =>
    r.evaluate({ agent_id: "a", tools: ["x"], transaction_id: met.get("transaction") ?? "", session_id: "s" }),
  transaction: (r, met) => r.getTransaction(met.get("transaction") ?? ""),
  transactions: (r) => r.listTransactions("a"),
  "end it": (r, met) => r.endTransaction(met.get("transaction") ?? ""),
  "an unknown one": (r) => r.getTransaction("txn-unknown"),
  "create a key": async (r, met) => {
    const made = await r.createKey({ name: "n", role: "writer", agents: ["a"], expiresAtMs: Date.UTC(2099, 1, 1) });
    met.set("key", made.id);
    return { ...made, created_by: "whoever" };
  },
  keys: async (r) => (await r.listKeys()).keys.map(({ name, role, agents }) => ({ name, role, agents })).slice(0, 1),
  "revoke it": (r, met) => r.revokeKey(met.get("key") ?? ""),
  "revoke nothing": (r) => r.revokeKey("nothing"),
  audit: async (r) => (await r.audit({ perPage: 5 })).entries.map(({ action, subject }) => ({ action, subject })),
  "remove over another": (r) => r.removePolicy({ agent: "a" }, { kind: "version", versions: [1] }),
  remove: (r) => r.removePolicy({ agent: "a" }),
  "remove it twice": (r) => r.removePolicy({ agent: "a" }),
  "remove the org's": (r) => r.removePolicy({}, { kind: "present" }),
  close: (r) => r.close(),
};

/** The server refuses these before the registry does, in other words. */
const checkedBySchema = new Set(["publish for no id", "a page too large"]);

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode("{");
  throw new Error("the file went away");
}

describe("the registry behind an address answers and refuses as the one on a store", () => {
  let [own, behind]: (TestRegistry | RestServer | undefined)[] = [];
  const called = new Set<string>();
  const met = [new Map<string, string>(), new Map<string, string>()] as const;
  let both: readonly [Registry, Registry];

  beforeAll(async () => {
    behind = await RestServer.start(sqlite as never);
    // The same caller: who did what is the same text.
    const admin = `key/${behind.adminKey.split("_")[1]}`;
    own = await openTestRegistry();
    // Lists are in the order of time: this key is the older one on both sides.
    own.nowMs = Date.now() - 1000;
    await own.registry.createKey({ name: "admin", role: "admin" });
    own.nowMs = Date.now();
    // The command has the client's modules in it; the SDK's bundle has classes of its own.
    const commandClient = new CommandClient({ apiKey: behind.adminKey, baseUrl: behind.url });
    const remote = remoteRegistry(commandClient, behind.url, org);
    const watched = new Proxy(remote, {
      get: (target, name) => {
        called.add(String(name));
        return target[name as keyof Registry];
      },
    });
    both = [own.as({ actor: admin }), watched];
  });
  afterAll(async () => {
    await (behind as RestServer | undefined)?.stop();
    await (own as TestRegistry | undefined)?.service.close();
  });

  test.each(Object.keys(steps))("%s", async (name) => {
    const outcomes = [];
    for (const [i, registry] of both.entries()) {
      const outcome = await steps[name]?.(registry, met[i] as Map<string, string>).catch((error: unknown) => {
        if (!(error instanceof RegistryFailure)) throw error;
        const { code, message, details } = error;
        return checkedBySchema.has(name) ? { refused: code } : { refused: code, message, details };
      });
      outcomes.push(comparable(outcome));
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  test("every operation was asked", () => {
    const all = Object.entries(both[1]).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter((name) => !called.has(name))).toEqual([]);
  });
});
