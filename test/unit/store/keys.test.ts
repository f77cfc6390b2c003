import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../src/store/open.js";
import type { Store, StoredKey } from "../../../src/store/store.js";
import { hostileTexts, type Place, storeKinds } from "../../support/stores.js";

const page = { page: 1, perPage: 100 };
const by = { actor: "root", atMs: 9_000 };

function keyOf(keyId: string, more: Partial<StoredKey> = {}): StoredKey {
  return {
    keyId,
    org: "acme",
    name: `key ${keyId}`,
    role: "writer",
    agents: undefined,
    secretHash: "ab".repeat(32),
    createdAtMs: 1_000,
    createdBy: "root",
    expiresAtMs: undefined,
    revokedAtMs: undefined,
    lastUsedAtMs: undefined,
    ...more,
  };
}

describe.each(storeKinds)("API keys on $name", (kind) => {
  let place: Place;
  let store: Store;
  beforeAll(async () => {
    place = await kind.place();
    store = await openStore(place.where, { poolSize: 2 });
  });
  afterAll(async () => {
    await store.close();
    await place.remove();
  });

  it("finds a key by its id alone, as it was made", async () => {
    const key = keyOf("k1", { agents: ["a", "__proto__"], role: "reader", expiresAtMs: 5_000 });
    await store.keys.create(key);
    expect(await store.keys.find("k1")).toEqual(key);
    expect(await store.keys.find("k0")).toBeUndefined();
    expect(await store.keys.find("k1' or '1'='1")).toBeUndefined();
    expect(await store.keys.find("\0\ud800")).toBeUndefined();
    expect((await store.audit.list("acme", page)).items).toMatchObject([
      { action: "key.create", subject: "key/k1", actor: "root" },
    ]);
  });

  it("tells a key of every agent from one of none", async () => {
    await store.keys.create(keyOf("none", { org: "few", agents: [] }));
    await store.keys.create(keyOf("every", { org: "few" }));
    expect((await store.keys.find("none"))?.agents).toEqual([]);
    expect((await store.keys.find("every"))?.agents).toBeUndefined();
  });

  it("lists the keys of an org, newest first", async () => {
    for (const n of [1, 2, 3]) await store.keys.create(keyOf(`l${n}`, { org: "listed", createdAtMs: n }));
    const { items, total } = await store.keys.list("listed", { page: 1, perPage: 2 });
    expect([total, items.map((key) => key.keyId)]).toEqual([3, ["l3", "l2"]]);
    expect((await store.keys.list("nobody", page)).total).toBe(0);
  });

  it("revokes once, and only for its org", async () => {
    await store.keys.create(keyOf("r", { org: "mine" }));
    expect(await store.keys.revoke("other", "r", by)).toBe(false);
    expect(await store.keys.revoke("mine", "absent", by)).toBe(false);
    expect((await store.keys.find("r"))?.revokedAtMs).toBeUndefined();
    expect(await store.keys.revoke("mine", "r", by)).toBe(true);
    expect(await store.keys.revoke("mine", "r", { actor: "later", atMs: 10_000 })).toBe(false);
    expect((await store.keys.find("r"))?.revokedAtMs).toBe(9_000);
    expect((await store.audit.list("mine", page)).items.map(({ action }) => action)).toEqual(["key.revoke", "key.create"]);
    expect((await store.audit.list("other", page)).total).toBe(0);
  });

  it("notes the last use in steps, never backwards", async () => {
    await store.keys.create(keyOf("u"));
    const lastUse = async () => (await store.keys.find("u"))?.lastUsedAtMs;
    await store.keys.used("u", 1_000_000);
    expect(await lastUse()).toBe(1_000_000);
    await store.keys.used("u", 1_059_999);
    expect(await lastUse()).toBe(1_000_000);
    await store.keys.used("u", 1_060_000);
    expect(await lastUse()).toBe(1_060_000);
    await store.keys.used("u", 500_000);
    expect(await lastUse()).toBe(1_060_000);
    await store.keys.used("absent", 1_000_000);
  });

  it("counts keys that open something", async () => {
    const before = await store.keys.countLive(10_000);
    await store.keys.create(keyOf("c1", { expiresAtMs: 10_000 }));
    await store.keys.create(keyOf("c2", { expiresAtMs: 10_001 }));
    await store.keys.create(keyOf("c3", { org: "elsewhere" }));
    await store.keys.create(keyOf("c4"));
    await store.keys.revoke("acme", "c4", by);
    expect(await store.keys.countLive(10_000)).toBe(before + 2);
  });

  it.each(hostileTexts)("keeps %s as a name", async (what, text) => {
    const key = keyOf(`h ${what}`, { name: text, createdBy: text });
    await store.keys.create(key);
    expect(await store.keys.find(key.keyId)).toEqual(key);
  });
});
