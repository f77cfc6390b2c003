import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../../src/store/failures.js";
import { openDatabase, openStore } from "../../../src/store/open.js";
import { faultsOf } from "../../support/store-integrity.js";
import { draftOf, storeKinds } from "../../support/stores.js";

const any = { kind: "any" } as const;
const owner = { org: "acme", agent: "a" };
const postgres = storeKinds.find(({ name }) => name === "postgres");

describe("a backup of SQLite", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "smoltbot-backup-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is whole while others write, goes on counting, and leaves nothing beside it", async () => {
    const path = join(folder, "live", "store.db");
    const [store, other] = [await openStore({ path }), await openStore({ path })];
    let stop = false;
    const writing = (async () => {
      for (let i = 0; !stop; i++)
        await other.policies.publish(draftOf({ org: "acme", agent: `a${i % 3}` }, `${i} `.repeat(500)), any);
    })();
    for (let n = 0; n < 5; n++) {
      await store.policies.publish(draftOf(owner, `${n}`), any);
      await store.backup(join(folder, "backups", `${n}.db`));
    }
    stop = true;
    await writing;
    await store.close();
    await other.close();
    expect(readdirSync(join(folder, "backups")).sort()).toEqual(["0.db", "1.db", "2.db", "3.db", "4.db"]);
    for (let n = 0; n < 5; n++) {
      const backup = join(folder, "backups", `${n}.db`);
      expect(statSync(backup).mode & 0o777).toBe(0o600);
      const db = await openDatabase({ path: backup });
      expect(await faultsOf(db, "acme", [])).toEqual([]);
      await db.close();
      const restored = await openStore({ path: backup });
      expect((await restored.policies.active(owner))?.version).toBe(n + 1);
      expect((await restored.policies.publish(draftOf(owner, "later"), any)).version).toBe(n + 2);
      await restored.close();
    }
  });

  it("copies a store in memory, too", async () => {
    const store = await openStore({ path: ":memory:" });
    await store.policies.publish(draftOf(owner, "x"), any);
    await store.backup(join(folder, "copy.db"));
    await store.close();
    const copy = await openStore({ path: join(folder, "copy.db") });
    expect((await copy.policies.active(owner))?.source).toBe("x");
    await copy.close();
  });

  it("overwrites nothing, least of all the store", async () => {
    const path = join(folder, "store.db");
    const store = await openStore({ path });
    writeFileSync(join(folder, "mine"), "precious");
    for (const taken of [join(folder, "mine"), path]) {
      const refused = store.backup(taken);
      await expect(refused).rejects.toThrow(StoreUnavailable);
      await expect(refused).rejects.toThrow(/is there already/);
    }
    expect(readFileSync(join(folder, "mine"), "utf8")).toBe("precious");
    await store.ping();
    await store.close();
  });

  it("says why there is none", async () => {
    const store = await openStore({ path: join(folder, "store.db") });
    writeFileSync(join(folder, "file"), "");
    await expect(store.backup(join(folder, "file", "copy.db"))).rejects.toThrow(
      /the folder .*file cannot be made: a file of that name is there/,
    );
    await store.close();
    await expect(store.backup(join(folder, "late.db"))).rejects.toThrow(/was closed/);
    expect(existsSync(join(folder, "late.db"))).toBe(false);
  });

  it("takes the place of the store when it is put back", async () => {
    const path = join(folder, "store.db");
    const store = await openStore({ path });
    await store.policies.publish(draftOf(owner, "1"), any);
    await store.backup(join(folder, "old.db"));
    await store.policies.publish(draftOf(owner, "2"), any);
    await store.close();
    copyFileSync(join(folder, "old.db"), path);
    const again = await openStore({ path });
    expect((await again.policies.active(owner))?.version).toBe(1);
    await again.close();
  });
});

it.runIf(postgres !== undefined)("a backup of PostgreSQL is left to pg_dump", async () => {
  const place = await postgres!.place();
  const store = await openStore(place.where, { poolSize: 1 });
  await expect(store.backup("anywhere")).rejects.toThrow(TypeError);
  await store.close();
  await place.remove();
});
