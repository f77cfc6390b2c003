import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExpectationFailed } from "../src/store/failures.js";
import { openDatabase, openStore } from "../src/store/open.js";
import type { Owner, Store } from "../src/store/store.js";
import { BundledChild, ended } from "./support/bundled-child.js";
import { type Acknowledged, faultsOf } from "./support/store-integrity.js";
import { draftOf, type Place, storeKinds } from "./support/stores.js";

const owner: Owner = { org: "acme", agent: "shared" };

describe.each(storeKinds)("many publishers at once on $name", (kind) => {
  let place: Place;
  let publisher: BundledChild;
  beforeAll(async () => {
    place = await kind.place();
    publisher = await BundledChild.of("store-publisher.ts");
  });
  afterAll(async () => {
    publisher.remove();
    await place.remove();
  });

  /** Reads, publishes with If-Match, and begins again when somebody was first. */
  async function publishOnce(store: Store, text: string, lost: { count: number }): Promise<Acknowledged> {
    for (;;) {
      const active = (await store.policies.active(owner))?.version;
      const expected = active === undefined ? ({ kind: "absent" } as const) : ({ kind: "version", versions: [active] } as const);
      try {
        const { version, sourceDigest, archived } = await store.policies.publish(draftOf(owner, text), expected);
        expect(archived).toBe(active);
        expect(version).toBe((active ?? 0) + 1);
        return ["shared", version, sourceDigest];
      } catch (error) {
        if (!(error instanceof ExpectationFailed)) throw error;
        expect(error.active).not.toBe(active);
        lost.count++;
      }
    }
  }

  it("gives 100 of them 100 numbers without gap or duplicate, and tells the losers", async () => {
    const stores = await Promise.all([openStore(place.where, { poolSize: 4 }), openStore(place.where, { poolSize: 4 })]);
    const lost = { count: 0 };
    // Two connections of this process with 20 each, and three processes with 20 rounds each.
    const children = [1, 2, 3].map(() =>
      ended(publisher.start([JSON.stringify(place.where), JSON.stringify([owner]), "20", "matching"])),
    );
    const here = stores.flatMap((store, i) => Array.from({ length: 20 }, (_, j) => publishOnce(store, `${i} ${j}`, lost)));
    const acknowledged = await Promise.all(here);
    for (const { out, error, code } of await Promise.all(children)) {
      expect([error, code]).toEqual(["", 0]);
      acknowledged.push(
        ...out
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Acknowledged),
      );
    }
    for (const store of stores) await store.close();
    expect(acknowledged.map(([, version]) => version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    expect(lost.count).toBeGreaterThan(0);
    const db = await openDatabase(place.where, { poolSize: 2 });
    expect(await faultsOf(db, "acme", acknowledged)).toEqual([]);
    await db.close();
  });

  it("never lets an agent's version pass that was verified against an org version of before", async () => {
    const stores = await Promise.all([1, 2].map(() => openStore(place.where, { poolSize: 4 })));
    const org = "layers";
    const publishOrg = async (store: Store) => (await store.policies.publish(draftOf({ org }, "base"), { kind: "any" })).version;
    await publishOrg(stores[0] as Store);
    let moved = 0;
    const publishAgent = async (store: Store, agent: string) => {
      for (;;) {
        const orgVersion = (await store.policies.active({ org }))?.version;
        try {
          return await store.policies.publish(draftOf({ org, agent }, "mine", { orgVersion }), { kind: "any" });
        } catch (error) {
          if ((error as Error).name !== "LayerMoved") throw error;
          moved++;
        }
      }
    };
    const all = stores.flatMap((store, i) =>
      Array.from(
        { length: 20 },
        async (_, j): Promise<unknown> => (j % 4 === 0 ? publishOrg(store) : publishAgent(store, `a${i}-${j}`)),
      ),
    );
    await Promise.all(all);
    // In the order of the changes, each agent's version stands on the org version of that moment.
    const db = await openDatabase(place.where, { poolSize: 1 });
    const entries = await db.read((q) => q.selectFrom("audit_log").where("org", "=", org).orderBy("id").selectAll().execute());
    const changes = await db.read((q) => q.selectFrom("changes").where("org", "=", org).orderBy("seq").selectAll().execute());
    const built = await db.read((q) => q.selectFrom("policy_versions").where("org", "=", org).selectAll().execute());
    let orgVersion = 0;
    for (const { agent } of changes) {
      if (agent === null) orgVersion++;
      else expect(built.find((row) => row.agent === agent)?.org_version).toBe(orgVersion);
    }
    expect([entries.length, changes.length, orgVersion]).toEqual([41, 41, 11]);
    expect(moved).toBeGreaterThan(0);
    await db.close();
    for (const store of stores) await store.close();
  });

  it.runIf(kind.name === "postgres")("keeps the org's layer where it is until the agent's version is in", async () => {
    const org = "held";
    const [store, admin] = [await openStore(place.where, { poolSize: 3 }), new pg.Client({ connectionString: place.where.url })];
    await admin.connect();
    const waiting = async () => {
      // A transaction sees the activity of when it first looked.
      await admin.query("select pg_stat_clear_snapshot()");
      const { rows } = await admin.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rows.length;
    };
    await store.policies.publish(draftOf({ org }, "base"), { kind: "any" });
    // The agent's publish stops here after it looked at the org's layer.
    await admin.query("begin");
    await admin.query(
      `insert into policy_versions (org, agent, version, name, source_digest, digest, created_at_ms, created_by, media_type, source, artifact)
        values ($1, 'a', 1, '', '', '', 0, '', '', '', '')`,
      [org],
    );
    const agent = store.policies.publish(draftOf({ org, agent: "a" }, "mine", { orgVersion: 1 }), { kind: "any" });
    while ((await waiting()) < 1) await pause(5);
    let orgDone = false;
    const moved = store.policies.publish(draftOf({ org }, "base 2"), { kind: "any" }).then(() => {
      orgDone = true;
    });
    while ((await waiting()) < 2 && !orgDone) await pause(5);
    expect(orgDone).toBe(false);
    await admin.query("rollback");
    expect(await agent).toMatchObject({ version: 1, orgVersion: 1 });
    await moved;
    await admin.end();
    await store.close();
  });
});
