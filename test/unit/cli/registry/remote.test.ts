import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { connectRegistry } from "../../../../src/cli/registry/remote.js";
import { FakeServer, failureOf, json, raw, refused } from "../../client/fake-server.js";

let server: FakeServer;
beforeAll(async () => {
  server = await FakeServer.start();
});
afterAll(() => server.stop());
afterEach(() => void vi.unstubAllEnvs());

const connect = (url = server.url, apiKey: string | undefined = "sbk_a_b") => connectRegistry({ kind: "server", url, apiKey });

test("the org is the one of the key, unless it is named", async () => {
  vi.stubEnv("SMOLTBOT_ORG", "");
  server.next(json(200, { org_id: "acme", policies: [], total: 0 }));
  const registry = await connect();
  expect([registry.org, registry.place, server.lines]).toEqual(["acme", server.url, ["GET /v1/policies?per_page=1"]]);
  server.next(json(200, { version: 1 }));
  await registry.getPolicy({});
  expect(server.lines).toEqual(["GET /v1/orgs/acme/policy"]);
  vi.stubEnv("SMOLTBOT_ORG", "named");
  server.next();
  expect([(await connect()).org, server.lines]).toEqual(["named", []]);
});

test("what keeps the command from asking is said in its own words", async () => {
  vi.stubEnv("SMOLTBOT_ORG", "named");
  for (const [url, words] of [
    ["http://registry:7400", "the key would travel unencrypted: use https, or set SMOLTBOT_ALLOW_INSECURE=1"],
    ["https://user:pass@example.com", "SMOLTBOT_URL holds a password: use SMOLTBOT_API_KEY"],
  ] as const) {
    expect(await failureOf(connect(url))).toMatchObject({ diagnostics: [{ code: "registry_address", message: words }] });
  }
  expect(await failureOf(connect(server.url, "a b"))).toMatchObject({
    diagnostics: [{ code: "registry_address", message: "SMOLTBOT_API_KEY is not a key" }],
  });
  vi.stubEnv("SMOLTBOT_ALLOW_INSECURE", "1");
  expect((await connect("http://registry:7400")).place).toBe("http://registry:7400");
});

test("refusals and silence are those of every registry", async () => {
  vi.stubEnv("SMOLTBOT_ORG", "named");
  const registry = await connect();
  server.next(refused(403, "forbidden"));
  expect(await failureOf(registry.listKeys())).toMatchObject({
    name: "RegistryFailure",
    code: "forbidden",
    message: "no: forbidden",
  });
  server.next(refused(429, "rate_limited", { "retry-after": "3000" }));
  expect(await failureOf(registry.listKeys())).toMatchObject({ code: "rate_limited", retryAfterS: 3000 });
  // A 404 of a proxy does not mean that nothing is stored.
  for (const answer of [raw(404, "<html>"), raw(200, "<html>"), json(402, { error: "pay" }), raw(302, "", { location: "/x" })]) {
    server.next(answer);
    expect(await failureOf(registry.getPolicy({ agent: "a" }))).toMatchObject({ name: "RegistryFailure", code: "unavailable" });
  }
  server.next();
  expect(await failureOf(registry.getPolicy({ agent: ".." }))).toMatchObject({ code: "invalid_request" });
  expect(server.lines).toEqual([]);
});
