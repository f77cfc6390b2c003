import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { keyStaleMsMax } from "../../../src/limits.js";
import { KeyRing, presentedKey } from "../../../src/server/keys.js";
import { StoreUnavailable } from "../../../src/store/failures.js";
import type { Store, StoredKey } from "../../../src/store/store.js";

const keyId = "a".repeat(16);
const secret = "S".repeat(43);
const presented = { keyId, secret };
const stored: StoredKey = {
  keyId,
  org: "acme",
  name: "k",
  role: "reader",
  agents: undefined,
  secretHash: createHash("sha256").update(secret).digest("hex"),
  createdAtMs: 0,
  createdBy: "t",
  expiresAtMs: undefined,
  revokedAtMs: undefined,
  lastUsedAtMs: undefined,
};

function ring() {
  const state = {
    key: stored as StoredKey | undefined,
    healthy: true,
    down: false,
    asked: 0,
    used: 0,
    nowMs: 1_000,
    wallMs: 0,
    wait: Promise.resolve(),
  };
  const store = {
    keys: {
      find: async () => {
        state.asked++;
        const { key } = state;
        await state.wait;
        if (state.down) throw new StoreUnavailable("away");
        return key;
      },
      used: async () => {
        state.used++;
      },
    },
    changes: {
      listen: () => () => {},
      get healthy() {
        return state.healthy;
      },
    },
  } as unknown as Store;
  return {
    state,
    keys: new KeyRing(
      store,
      () => state.wallMs,
      () => state.nowMs,
    ),
  };
}

describe("the keys that are kept", () => {
  test("a key is looked up once, its use is noted once a minute", async () => {
    const { state, keys } = ring();
    for (let i = 0; i < 5; i++) expect(await keys.find(presented)).toBe(stored);
    expect([state.asked, state.used]).toEqual([1, 1]);
    state.nowMs += 60_000;
    await keys.find(presented);
    expect([state.asked, state.used]).toEqual([1, 2]);
  });

  test("neither another secret, nor a revoked or expired key", async () => {
    const { state, keys } = ring();
    expect(await keys.find({ keyId, secret: `${secret.slice(1)}T` })).toBeUndefined();
    state.key = { ...stored, revokedAtMs: 1 };
    keys.heard([{ seq: 1, org: "acme", agent: undefined, kind: "key", id: keyId }]);
    expect(await keys.find(presented)).toBeUndefined();
    state.key = { ...stored, expiresAtMs: 100 };
    keys.heard(undefined);
    expect(await keys.find(presented)).toBe(state.key);
    state.wallMs = 100;
    expect(await keys.find(presented)).toBeUndefined();
  });

  test("what others change means nothing", async () => {
    const { state, keys } = ring();
    await keys.find(presented);
    keys.heard([{ seq: 1, org: "acme", agent: "a", kind: "policy", id: undefined }]);
    keys.heard([{ seq: 2, org: "acme", agent: undefined, kind: "key", id: "b".repeat(16) }]);
    await keys.find(presented);
    expect(state.asked).toBe(1);
  });

  test("a change during a look-up makes it look again", async () => {
    const { state, keys } = ring();
    let go = () => {};
    state.wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    const found = keys.find(presented);
    state.key = { ...stored, revokedAtMs: 1 };
    keys.heard([{ seq: 1, org: "acme", agent: undefined, kind: "key", id: keyId }]);
    go();
    expect(await found).toBeUndefined();
    expect(state.asked).toBe(2);
  });

  test("while nobody tells of changes it asks each second", async () => {
    const { state, keys } = ring();
    await keys.find(presented);
    state.healthy = false;
    state.nowMs += 1_000;
    await keys.find(presented);
    expect(state.asked).toBe(1);
    state.nowMs += 1;
    state.key = { ...stored, revokedAtMs: 1 };
    expect(await keys.find(presented)).toBeUndefined();
    expect(state.asked).toBe(2);
  });

  test("while the store is away, what was good stays so for some minutes", async () => {
    const { state, keys } = ring();
    await keys.find(presented);
    [state.healthy, state.down] = [false, true];
    keys.heard(undefined);
    expect(await keys.find(presented)).toBe(stored);
    state.nowMs += keyStaleMsMax - 1;
    expect(await keys.find(presented)).toBe(stored);
    state.nowMs += 2_000;
    await expect(keys.find(presented)).rejects.toThrow(StoreUnavailable);
    await expect(keys.find({ keyId: "c".repeat(16), secret })).rejects.toThrow(StoreUnavailable);
    state.down = false;
    expect(await keys.find(presented)).toBe(stored);
  });

  test("an unknown key is asked for again after some seconds, or when it is made", async () => {
    const { state, keys } = ring();
    state.key = undefined;
    await keys.find(presented);
    await keys.find(presented);
    expect([state.asked, keys.needsQuery(keyId)]).toEqual([1, false]);
    state.key = stored;
    keys.heard([{ seq: 1, org: "acme", agent: undefined, kind: "key", id: keyId }]);
    expect(await keys.find(presented)).toBe(stored);
    expect(keys.needsQuery(keyId)).toBe(false);
  });
});

test("what an Authorization header may hold", () => {
  expect(presentedKey(`Bearer sbk_${keyId}_${secret}`)).toEqual(presented);
  expect(presentedKey(`bearer   sbk_${keyId}_${secret}`)).toEqual(presented);
  const dashes = `${"_-".repeat(21)}_`;
  expect(presentedKey(`Bearer sbk_${keyId}_${dashes}`)?.secret).toBe(dashes);
  for (const text of [
    undefined,
    "",
    "Bearer",
    `sbk_${keyId}_${secret}`,
    `Bearer sbk_${keyId}_${secret}\n`,
    `Bearer sbk_${keyId.toUpperCase()}_${secret}`,
    `Bearer sbk_${keyId}_${secret}=`,
  ])
    expect(presentedKey(text)).toBeUndefined();
});
