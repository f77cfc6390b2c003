import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Change } from "../../../src/store/changes.js";
import { openDatabase, openStore } from "../../../src/store/open.js";
import type { Store } from "../../../src/store/store.js";
import { draftOf, type Place, storeKinds, until } from "../../support/stores.js";

const any = { kind: "any" } as const;

describe.each(storeKinds)("changes on $name", (kind) => {
  let place: Place;
  const open: Store[] = [];
  const another = async () => {
    const store = await openStore(place.where, { poolSize: 2 });
    open.push(store);
    return store;
  };
  beforeEach(async () => {
    place = await kind.place();
  });
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    await place.remove();
  });

  /** What a listener was told, and how often it was to look at everything. */
  const heard = (store: Store) => {
    const told: { changes: Change[]; resets: number; stop: () => void } = { changes: [], resets: 0, stop: () => {} };
    told.stop = store.changes.listen((changes) => {
      if (changes === undefined) told.resets++;
      else told.changes.push(...changes);
    });
    return told;
  };

  it("tells this process and others within a second, in order, with what changed", async () => {
    const [writer, reader] = [await another(), await another()];
    const [own, other] = [heard(writer), heard(reader)];
    await until(() => own.resets === 1 && other.resets === 1);
    await writer.policies.publish(draftOf({ org: "acme" }, "base"), any);
    const begun = performance.now();
    await until(() => own.changes.length === 1 && other.changes.length === 1);
    expect(performance.now() - begun).toBeLessThan(1_000);
    await writer.policies.publish(draftOf({ org: "acme", agent: "a" }, "x", { orgVersion: 1 }), any);
    await writer.policies.remove({ org: "acme", agent: "a" }, any, { actor: "ann", atMs: 1 });
    await until(() => own.changes.length === 3 && other.changes.length === 3);
    for (const { changes } of [own, other]) {
      expect(changes.map(({ seq: _, ...change }) => change)).toEqual([
        { org: "acme", agent: undefined, kind: "policy", id: undefined },
        { org: "acme", agent: "a", kind: "policy", id: undefined },
        { org: "acme", agent: "a", kind: "policy", id: undefined },
      ]);
      expect(changes.map(({ seq }) => seq)).toEqual(changes.map(({ seq }) => seq).sort((a, b) => a - b));
    }
    expect([writer.changes.healthy, reader.changes.healthy]).toEqual([true, true]);
  });

  it("tells nothing of what was undone", async () => {
    const store = await another();
    const told = heard(store);
    await until(() => told.resets === 1);
    await expect(store.policies.publish(draftOf({ org: "acme" }, "x"), { kind: "present" })).rejects.toThrow();
    await store.policies.publish(draftOf({ org: "last" }, "x"), any);
    await until(() => told.changes.length > 0);
    expect(told.changes.map(({ org }) => org)).toEqual(["last"]);
  });

  it("misses nothing while many processes publish at once", async () => {
    const stores = await Promise.all([another(), another(), another()]);
    const told = stores.map(heard);
    await until(() => told.every(({ resets }) => resets === 1));
    const publish = (store: Store, agent: string) => store.policies.publish(draftOf({ org: "acme", agent }, "x"), any);
    await Promise.all(stores.flatMap((store, i) => Array.from({ length: 40 }, (_, j) => publish(store, `a-${i}-${j}`))));
    await until(() => told.every(({ changes }) => changes.length >= 120));
    for (const { changes, resets } of told) {
      expect(new Set(changes.map(({ agent }) => agent)).size).toBe(120);
      expect(resets).toBe(1);
    }
  });

  it("stops for who leaves, and survives who throws", async () => {
    const store = await another();
    store.changes.listen(() => {
      throw new Error("a listener's own fault");
    });
    const [left, right] = [heard(store), heard(store)];
    await until(() => left.resets + right.resets >= 1);
    left.stop();
    await store.policies.publish(draftOf({ org: "acme" }, "x"), any);
    await until(() => right.changes.length === 1);
    expect(left.changes).toEqual([]);
  });

  it("says when it was away for longer than changes are kept", async () => {
    const store = await another();
    const told = heard(store);
    await until(() => told.resets === 1);
    await store.policies.publish(draftOf({ org: "acme" }, "x"), any);
    await until(() => told.changes.length === 1);
    const db = await openDatabase(place.where, { poolSize: 1 });
    await db.write(async (trx) => {
      for (let i = 0; i < 3; i++) await db.announce(trx, { org: "acme", agent: `${i}`, kind: "card", id: undefined });
      await trx.deleteFrom("changes").where("agent", "is", null).execute();
      await trx.deleteFrom("changes").where("agent", "=", "0").execute();
    });
    await until(() => told.resets === 2);
    await db.write((trx) => db.announce(trx, { org: "acme", agent: "after", kind: "card", id: undefined }));
    await until(() => told.changes.at(-1)?.agent === "after");
    await db.close();
  });

  it("keeps the table of changes small", async () => {
    const db = await openDatabase(place.where, { poolSize: 1 });
    await db.write(async (trx) => {
      await db.announce(trx, { org: "first", agent: undefined, kind: "card", id: undefined });
      const rows = Array.from({ length: 400 }, () => ({ org: "many", agent: null, kind: "card", id: null }));
      for (let i = 0; i < 25; i++) await trx.insertInto("changes").values(rows).execute();
      await db.announce(trx, { org: "last", agent: undefined, kind: "card", id: undefined });
    });
    const count = await db.read((q) =>
      q
        .selectFrom("changes")
        .select((e) => e.fn.countAll<number>().as("n"))
        .executeTakeFirst(),
    );
    expect(count?.n).toBe(10_000);
    await db.close();
  });

  it.runIf(kind.name === "postgres")("goes on after its connections were cut, and misses nothing", async () => {
    const [writer, reader] = [await another(), await another()];
    const told = heard(reader);
    await until(() => told.resets === 1);
    const server = new pg.Client({ connectionString: place.where.url });
    await server.connect();
    for (let round = 0; round < 5; round++) {
      const cut = server.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
      await cut;
      const begun = performance.now();
      await writer.policies.publish(draftOf({ org: "acme", agent: `a${round}` }, "x"), any);
      await until(() => told.changes.length === round + 1);
      expect(performance.now() - begun).toBeLessThan(2_000);
    }
    await server.end();
    expect(told.changes.map(({ agent }) => agent)).toEqual(["a0", "a1", "a2", "a3", "a4"]);
    expect([told.resets, reader.changes.healthy]).toEqual([1, true]);
  });
});
