import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Registry } from "../../../src/registry/registry.js";
import { Credentials } from "../../../src/server/credentials.js";
import type { Store, StoredKey } from "../../../src/store/store.js";

const [keyId, secret] = ["a".repeat(16), "S".repeat(43)];
const stored: StoredKey = {
  ...{ keyId, org: "acme", name: "k", role: "reader", agents: undefined, createdAtMs: 0, createdBy: "t" },
  secretHash: createHash("sha256").update(secret).digest("hex"),
  ...{ expiresAtMs: undefined, revokedAtMs: undefined, lastUsedAtMs: undefined },
};

/** A server that serves its machine without keys, and whose store tells nothing of the first key that another process makes. */
function openServer() {
  const keys = new Map<string, StoredKey>();
  const store = {
    keys: { find: async (id: string) => keys.get(id), used: async () => {}, countLive: async () => keys.size },
    changes: { healthy: true, listen: () => () => {} },
  } as unknown as Store;
  const [clock, elapsed] = [() => 0, () => 0];
  const registryOf = () => ({}) as Registry;
  const credentials = new Credentials({ store, registryOf, clock, elapsed, openOrg: "default" });
  const host = "127.0.0.1:8080";
  const ask = (authorization?: string) =>
    credentials.of({ headers: { host, ...(authorization !== undefined && { authorization }) }, address: "127.0.0.1" });
  return { keys, ask };
}

test("who shows a key is of its org, also where nobody has told the server yet that there are keys", async () => {
  const { keys, ask } = openServer();
  expect(await ask()).toMatchObject({ org: "default", role: "admin", keyId: undefined });
  keys.set(keyId, stored);
  expect(await ask(`Bearer sbk_${keyId}_${secret}`)).toMatchObject({ org: "acme", role: "reader", keyId });
  await expect(ask()).rejects.toMatchObject({ code: "unauthorized" });
});

test("a key that is none is refused where others need none", async () => {
  const { ask } = openServer();
  await expect(ask(`Bearer sbk_${keyId}_${secret}`)).rejects.toMatchObject({ code: "unauthorized" });
  expect(await ask()).toMatchObject({ org: "default" });
});
