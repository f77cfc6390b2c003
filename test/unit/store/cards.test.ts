import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExpectationFailed } from "../../../src/store/failures.js";
import { openStore } from "../../../src/store/open.js";
import type { Expectation, Store, StoredCard } from "../../../src/store/store.js";
import { hostileNames } from "../../support/hostile-names.js";
import { type Place, storeKinds } from "../../support/stores.js";

type Draft = Omit<StoredCard, "version">;

function card(more: Partial<Draft> = {}): Draft {
  const texts = { agent: "a", cardId: "card-1", source: "card_id: card-1\n", mediaType: "yaml", sourceDigest: "ab" } as const;
  return { ...texts, createdAtMs: 7, createdBy: "tests", ...more };
}

describe.each(storeKinds)("cards on $name", (kind) => {
  let place: Place;
  let store: Store;
  let orgs = 0;
  const newOrg = () => `org-${orgs++}`;

  beforeAll(async () => {
    place = await kind.place();
    store = await openStore(place.where, { poolSize: 5 });
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  it("gives back the latest, as it was written", async () => {
    const org = newOrg();
    expect(await store.cards.get(org, "a")).toBeUndefined();
    expect(await store.cards.put(org, card(), { kind: "any" })).toEqual({ ...card(), version: 1 });
    const other = card({ cardId: undefined, source: hostileNames.join("\n"), mediaType: "json", createdBy: "\0\ud800" });
    expect(await store.cards.put(org, other, { kind: "any" })).toEqual({ ...other, version: 2 });
    expect(await store.cards.get(org, "a")).toEqual({ ...other, version: 2 });
    expect(await store.cards.get(newOrg(), "a")).toBeUndefined();
    expect(
      (await store.audit.list(org, { page: 1, perPage: 9 })).items.map(({ action, subject }) => `${action} ${subject}`),
    ).toEqual(["card.put agent/a", "card.put agent/a"]);
  });

  it("refuses what was not expected, and changes nothing then", async () => {
    const org = newOrg();
    const put = (expected: Expectation) => store.cards.put(org, card(), expected);
    await expect(put({ kind: "present" })).rejects.toEqual(new ExpectationFailed(undefined));
    await expect(put({ kind: "version", versions: [1] })).rejects.toEqual(new ExpectationFailed(undefined));
    expect(await store.agents.get(org, "a")).toBeUndefined();
    expect((await put({ kind: "absent" })).version).toBe(1);
    await expect(put({ kind: "absent" })).rejects.toMatchObject({ name: "ExpectationFailed", active: 1 });
    await expect(put({ kind: "version", versions: [0, 2] })).rejects.toMatchObject({ active: 1 });
    expect((await put({ kind: "version", versions: [9, 1] })).version).toBe(2);
    expect((await put({ kind: "present" })).version).toBe(3);
  });

  it("numbers without gap or duplicate when many write at once; of those who expect one version, one wins", async () => {
    const org = newOrg();
    const other = await openStore(place.where, { poolSize: 4 });
    try {
      const stores = Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? store : other));
      const all = await Promise.all(stores.map((one) => one.cards.put(org, card(), { kind: "any" })));
      expect(all.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(stores.map((_, i) => i + 1));
      const raced = await Promise.allSettled(
        stores.map((one) => one.cards.put(org, card(), { kind: "version", versions: [24] })),
      );
      expect(raced.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const one of raced)
        if (one.status === "rejected") expect(one.reason).toMatchObject({ name: "ExpectationFailed", active: 25 });
    } finally {
      await other.close();
    }
  });
});
