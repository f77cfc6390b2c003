import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase, openStore } from "../../../src/store/open.js";
import { type Place, storeKinds } from "../../support/stores.js";

describe.each(storeKinds)("opening a store on $name", (kind) => {
  let place: Place;
  beforeEach(async () => {
    place = await kind.place();
  });
  afterEach(() => place.remove());

  it("makes it where there is none, and finds it again", async () => {
    const store = await openStore(place.where);
    await store.ping();
    expect(await store.audit.list("acme", { page: 1, perPage: 10 })).toEqual({ items: [], total: 0 });
    await store.close();
    const again = await openStore(place.where);
    await again.ping();
    await again.close();
  });

  it("lets many open it at once", async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(place.where, { poolSize: 1 })));
    await Promise.all(stores.map((store) => store.ping()));
    await Promise.all(stores.map((store) => store.close()));
  });

  it("refuses one that a newer version has changed", async () => {
    const db = await openDatabase(place.where);
    await db.write(async (trx) => {
      await trx
        .insertInto("schema_migrations" as never)
        .values({ name: "9999-later", timestamp: "2030-01-01T00:00:00.000Z" } as never)
        .execute();
    });
    await db.close();
    await expect(openStore(place.where)).rejects.toThrow(/newer version of smoltbot/);
  });
});
