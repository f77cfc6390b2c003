import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExpectationFailed, LayerMoved } from "../../../src/store/failures.js";
import { openStore } from "../../../src/store/open.js";
import type { Store } from "../../../src/store/store.js";
import { draftOf, hostileTexts, type Place, storeKinds } from "../../support/stores.js";

const any = { kind: "any" } as const;
const page = { page: 1, perPage: 100 };

describe.each(storeKinds)("policy versions on $name", (kind) => {
  let place: Place;
  let store: Store;
  let count = 0;
  let org = "";
  beforeAll(async () => {
    place = await kind.place();
    store = await openStore(place.where, { poolSize: 3 });
  });
  afterAll(async () => {
    await store.close();
    await place.remove();
  });
  const fresh = (): string => {
    org = `org-${++count}`;
    return org;
  };

  it("numbers versions from 1 and keeps all of them", async () => {
    const owner = { org: fresh(), agent: "a" };
    const first = await store.policies.publish(draftOf(owner, "one", { message: "begin" }), any);
    expect(first).toMatchObject({ version: 1, active: true, archived: undefined, policyId: "pol-01234567890123456789" });
    const second = await store.policies.publish(
      draftOf(owner, "two", { createdAtMs: 2_000, newPolicyId: "pol-other", mediaType: "json", description: "d" }),
      any,
    );
    expect(second).toMatchObject({ version: 2, archived: 1, policyId: "pol-01234567890123456789", firstCreatedAtMs: 1_000 });
    const { archived: _, ...stored } = second;
    expect(await store.policies.active(owner)).toEqual(stored);
    expect(await store.policies.version(owner, 2)).toEqual(stored);
    const { archived: __, ...old } = first;
    expect(await store.policies.version(owner, 1)).toEqual({ ...old, active: false });
    expect(await store.policies.version(owner, 3)).toBeUndefined();
    const history = await store.policies.history(owner, page);
    expect(history.total).toBe(2);
    expect(history.items.map((item) => [item.version, item.active, item.message])).toEqual([
      [2, true, undefined],
      [1, false, "begin"],
    ]);
    expect(await store.policies.history(owner, { page: 2, perPage: 1 })).toMatchObject({ total: 2, items: [{ version: 1 }] });
    expect((await store.policies.history(owner, { page: 9, perPage: 1 })).items).toEqual([]);
  });

  it("keeps the artifact byte for byte", async () => {
    const owner = { org: fresh() };
    const artifact = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 0xff);
    await store.policies.publish(draftOf(owner, "x", { artifact }), any);
    expect(Buffer.from((await store.policies.active(owner))?.artifact ?? []).equals(artifact)).toBe(true);
  });

  it.each([
    ["absent", { kind: "absent" }, [true, false, true]],
    ["present", { kind: "present" }, [false, true, false]],
    ["version 1", { kind: "version", versions: [1] }, [false, true, false]],
    ["version 7 or 1", { kind: "version", versions: [7, 1] }, [false, true, false]],
    ["version 2", { kind: "version", versions: [2] }, [false, false, false]],
    ["no version at all", { kind: "version", versions: [] }, [false, false, false]],
    ["any", any, [true, true, true]],
  ] as const)("expects %s of nothing, of version 1, and of what was removed", async (_, expected, met) => {
    for (const [step, works] of met.entries()) {
      const owner = { org: fresh(), agent: "a" };
      if (step > 0) await store.policies.publish(draftOf(owner, "one"), any);
      if (step > 1) await store.policies.remove(owner, any, { actor: "ann", atMs: 1 });
      const published = store.policies.publish(draftOf(owner, "two"), expected);
      if (works) expect(await published).toMatchObject({ version: step === 0 ? 1 : 2 });
      else {
        await expect(published).rejects.toThrow(ExpectationFailed);
        await expect(published).rejects.toMatchObject({ active: step === 1 ? 1 : undefined });
        expect((await store.policies.history(owner, page)).total).toBe(step === 0 ? 0 : 1);
        const { total } = await store.audit.list(org, page);
        expect(total).toBe(step);
      }
    }
  });

  it("leaves nothing of an owner whose first publish was refused", async () => {
    fresh();
    await expect(store.policies.publish(draftOf({ org, agent: "a" }, "x"), { kind: "present" })).rejects.toThrow(
      ExpectationFailed,
    );
    expect(await store.agents.list(org, page)).toEqual({ items: [], total: 0 });
    expect(await store.policies.list(org, page)).toEqual({ items: [], total: 0 });
  });

  it("refuses an agent's version that was verified against another org version", async () => {
    fresh();
    const owner = { org, agent: "a" };
    const moved = store.policies.publish(draftOf(owner, "x", { orgVersion: 1 }), any);
    await expect(moved).rejects.toThrow(LayerMoved);
    await expect(moved).rejects.toMatchObject({ orgVersion: undefined });
    await store.policies.publish(draftOf({ org }, "base"), any);
    await expect(store.policies.publish(draftOf(owner, "x"), any)).rejects.toMatchObject({ orgVersion: 1 });
    expect(await store.policies.publish(draftOf(owner, "x", { orgVersion: 1 }), any)).toMatchObject({
      version: 1,
      orgVersion: 1,
    });
    await store.policies.remove({ org }, any, { actor: "ann", atMs: 1 });
    await expect(store.policies.publish(draftOf(owner, "x", { orgVersion: 1 }), any)).rejects.toThrow(LayerMoved);
  });

  it("gives both layers", async () => {
    fresh();
    expect(await store.policies.layers(org, "a")).toEqual({});
    await store.policies.publish(draftOf({ org, agent: "a" }, "mine"), any);
    expect(Object.keys(await store.policies.layers(org, "a"))).toEqual(["agent"]);
    await store.policies.publish(draftOf({ org }, "base"), any);
    const both = await store.policies.layers(org, "a");
    expect([both.org?.source, both.agent?.source, both.org?.owner]).toEqual(["base", "mine", { org }]);
    expect(Object.keys(await store.policies.layers(org, "b"))).toEqual(["org"]);
  });

  it("removes what is active and goes on counting", async () => {
    const owner = { org: fresh(), agent: "a" };
    const by = { actor: "bob", atMs: 5_000 };
    expect(await store.policies.remove(owner, any, by)).toBeUndefined();
    await expect(store.policies.remove(owner, { kind: "present" }, by)).rejects.toThrow(ExpectationFailed);
    await store.policies.publish(draftOf(owner, "one"), any);
    await expect(store.policies.remove(owner, { kind: "version", versions: [2] }, by)).rejects.toMatchObject({ active: 1 });
    expect(await store.policies.remove(owner, any, by)).toBe(1);
    expect(await store.policies.active(owner)).toBeUndefined();
    expect(await store.policies.version(owner, 1)).toMatchObject({ active: false });
    expect(await store.policies.remove(owner, any, by)).toBeUndefined();
    expect(await store.policies.publish(draftOf(owner, "two"), any)).toMatchObject({ version: 2, archived: undefined });
    const audit = await store.audit.list(org, page);
    expect(audit.items.map(({ action, actor, subject, atMs }) => [action, actor, subject, atMs])).toEqual([
      ["policy.publish", "ann", "agent/a", 1_000],
      ["policy.remove", "bob", "agent/a", 5_000],
      ["policy.publish", "ann", "agent/a", 1_000],
    ]);
    expect(audit.items.map(({ detail }) => JSON.parse(detail).archived)).toEqual([undefined, 1, undefined]);
  });

  it("lists active policies: the org's own, then agents by id", async () => {
    fresh();
    for (const agent of ["b", "a", "B", "_", "__proto__", "0"]) await store.policies.publish(draftOf({ org, agent }, agent), any);
    await store.policies.remove({ org, agent: "_" }, any, { actor: "ann", atMs: 1 });
    await store.policies.publish(draftOf({ org }, "base"), any);
    const { items, total } = await store.policies.list(org, page);
    expect(total).toBe(6);
    expect(items.map((item) => item.owner.agent)).toEqual([undefined, "0", "B", "__proto__", "a", "b"]);
    const second = await store.policies.list(org, { page: 2, perPage: 2 });
    expect(second.items.map((item) => item.owner.agent)).toEqual(["B", "__proto__"]);
  });

  it("keeps orgs apart", async () => {
    const [one, two] = [fresh(), fresh()];
    await store.policies.publish(draftOf({ org: one, agent: "a" }, "secret"), any);
    expect(await store.policies.active({ org: two, agent: "a" })).toBeUndefined();
    expect((await store.policies.history({ org: two, agent: "a" }, page)).total).toBe(0);
    expect((await store.policies.list(two, page)).total).toBe(0);
    expect((await store.audit.list(two, page)).total).toBe(0);
  });

  it.each(hostileTexts)("gives %s back as it went in", async (_, text) => {
    const owner = { org: fresh(), agent: "a" };
    const more = { name: text, description: text, message: text, createdBy: text };
    await store.policies.publish(draftOf(owner, text, more), any);
    expect(await store.policies.active(owner)).toMatchObject({ source: text, ...more });
    expect((await store.policies.history(owner, page)).items).toMatchObject([more]);
    expect((await store.audit.list(org, page)).items).toMatchObject([{ actor: text }]);
  });

  it("marks what a rollback made", async () => {
    const owner = { org: fresh(), agent: "a" };
    await store.policies.publish(draftOf(owner, "one"), any);
    await store.policies.publish(draftOf(owner, "one", { restoredFrom: 1 }), any);
    expect(await store.policies.active(owner)).toMatchObject({ version: 2, restoredFrom: 1 });
    expect((await store.audit.list(org, page)).items[0]).toMatchObject({ action: "policy.rollback" });
  });

  it("numbers without gap or duplicate when many publish at once", async () => {
    const owner = { org: fresh(), agent: "a" };
    const done = await Promise.all(Array.from({ length: 40 }, (_, i) => store.policies.publish(draftOf(owner, `${i}`), any)));
    expect(done.map((version) => version.version).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });
});
