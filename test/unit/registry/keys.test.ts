import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { randomLetters } from "../../../src/registry/ids.js";
import { openTestRegistry, type TestRegistry } from "../../support/registry.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

it("makes keys whose secret is shown once and kept as its hash", async () => {
  const expiresAtMs = test.nowMs + 1000;
  const made = await test.registry.createKey({ name: "ci", role: "writer", agents: ["b", "a", "b"], expiresAtMs });
  const [, id, secret] = /^sbk_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/.exec(made.key) ?? expect.fail(made.key);
  expect(made).toMatchObject({
    id,
    name: "ci",
    role: "writer",
    agents: ["a", "b"],
    created_at: "2026-01-15T12:00:00.000Z",
    created_by: "tester",
    expires_at: "2026-01-15T12:00:01.000Z",
    revoked_at: null,
    last_used_at: null,
  });
  const stored = (await test.store.keys.find(id)) ?? expect.fail("no key");
  expect(stored.secretHash).toBe(createHash("sha256").update(secret).digest("hex"));
  expect(Buffer.from(secret, "base64url")).toHaveLength(32);
  const listed = JSON.stringify(await test.registry.listKeys());
  expect(listed).toContain(id);
  expect(listed).not.toContain(secret);
  expect(listed).not.toContain(stored.secretHash);
  expect(JSON.stringify(await test.registry.audit())).not.toContain(secret);
});

it("makes another one each time", async () => {
  const keys = new Set<string>();
  for (let i = 0; i < 20; i++) keys.add((await test.registry.createKey({ name: "k", role: "reader" })).key);
  expect(keys.size).toBe(20);
  expect(await test.registry.listKeys({ perPage: 5, page: 2 })).toMatchObject({ total: 20, page: 2, per_page: 5 });
});

it("revokes a key once, and none of another org", async () => {
  const { id } = await test.registry.createKey({ name: "k", role: "admin" });
  await expect(test.as({ org: "globex" }).revokeKey(id)).rejects.toMatchObject({ code: "not_found" });
  await test.registry.revokeKey(id);
  expect((await test.registry.listKeys()).keys).toMatchObject([{ id, revoked_at: "2026-01-15T12:00:00.000Z" }]);
  await expect(test.registry.revokeKey(id)).rejects.toMatchObject({ code: "not_found" });
  for (const other of ["", "x".repeat(1000), "' or 1=1 --", "\u0000".repeat(16)]) {
    await expect(test.registry.revokeKey(other)).rejects.toMatchObject({ code: "not_found" });
  }
});

it("refuses keys that say nothing or could never be used", async () => {
  const wrong: [object, string][] = [
    [{ name: " ", role: "reader" }, "invalid_request"],
    [{ name: "a\nb", role: "reader" }, "invalid_request"],
    [{ name: "n".repeat(129), role: "reader" }, "invalid_request"],
    [{ name: "n", role: "owner" }, "invalid_request"],
    [{ name: "n", role: "reader", agents: [] }, "invalid_request"],
    [{ name: "n", role: "reader", agents: ["a/b"] }, "invalid_request"],
    [{ name: "n", role: "reader", agents: Array.from({ length: 1001 }, (_, i) => `a${i}`) }, "invalid_request"],
    [{ name: "n", role: "reader", expiresAtMs: test.nowMs }, "validation_error"],
    [{ name: "n", role: "reader", expiresAtMs: Number.NaN }, "validation_error"],
  ];
  for (const [request, code] of wrong) {
    await expect(test.registry.createKey(request as never)).rejects.toMatchObject({ code });
  }
  const limited = test.as({ agents: ["a"] });
  await expect(limited.createKey({ name: "n", role: "reader" })).rejects.toMatchObject({ code: "forbidden" });
  await expect(limited.listKeys()).rejects.toMatchObject({ code: "forbidden" });
  await expect(limited.revokeKey("a")).rejects.toMatchObject({ code: "forbidden" });
  expect((await test.registry.listKeys()).total).toBe(0);
});

it("draws each letter as often as the others", () => {
  const all = randomLetters((count) => Uint8Array.from({ length: count }, (_, i) => i % 256), 252);
  const counts = new Map<string, number>();
  for (const letter of all) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  expect([...counts.values()]).toEqual(Array.from({ length: 36 }, () => 7));
});
