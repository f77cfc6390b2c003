import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { StoreUnavailable } from "../src/store/failures.js";
import { openDatabase, openStore } from "../src/store/open.js";
import { BundledChild, ended } from "./support/bundled-child.js";
import { draftOf, storeKinds, until } from "./support/stores.js";

const any = { kind: "any" } as const;
const owner = { org: "acme", agent: "a" };
const postgres = storeKinds.find(({ name }) => name === "postgres");

interface Said {
  readonly refused?: readonly [string, string];
  readonly failed?: readonly [string, string];
  readonly acknowledged?: number;
  readonly active?: number;
  readonly whole?: boolean;
}

describe("a SQLite file that fails", () => {
  let folder: string;
  let path: string;
  let writer: BundledChild;
  beforeAll(async () => {
    writer = await BundledChild.of("store-writer.ts");
  });
  afterAll(() => writer.remove());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "smoltbot-faults-"));
    path = join(folder, "store.db");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const prepared = async (versions = 1) => {
    const store = await openStore({ path });
    for (let i = 1; i <= versions; i++) await store.policies.publish(draftOf(owner, `${i}`), any);
    await store.close();
  };

  it("refuses in a sentence when files may not grow, keeps what it said, and goes on when they may", async () => {
    await prepared(0);
    // In blocks of 512 or 1024 bytes, as the shell has it. Files may be some MB larger than an empty store.
    const args = [writer.file, JSON.stringify({ path })];
    const limited = spawn("sh", ["-c", 'ulimit -f 3000 && exec "$0" "$@"', process.execPath, ...args], { cwd: process.cwd() });
    const { out, error } = await ended(limited);
    expect(error).toBe("");
    const said = JSON.parse(out) as Said;
    expect(said.refused?.[0]).toBe("StoreUnavailable");
    expect(said.refused?.[1]).toMatch(/store\.db (is full|cannot be read or written): the disk/);
    expect(said.acknowledged).toBeGreaterThan(10);
    expect([said.active, said.whole]).toEqual([said.acknowledged, true]);
    const store = await openStore({ path });
    expect((await store.policies.active(owner))?.version).toBe(said.acknowledged);
    const next = await store.policies.publish(draftOf(owner, "after"), any);
    expect(next.version).toBe((said.acknowledged ?? 0) + 1);
    await store.close();
  });

  it.runIf(mounts())("does the same on a disk that is full", async () => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
    try {
      const store = await openStore({ path: join(disk, "store.db") });
      let acknowledged = 0;
      let refused: unknown;
      while (refused === undefined) {
        await store.policies.publish(draftOf(owner, `${acknowledged} `.repeat(2_000)), any).then(
          () => acknowledged++,
          (error: unknown) => {
            refused = error;
          },
        );
      }
      expect(refused).toBeInstanceOf(StoreUnavailable);
      expect((refused as Error).message).toMatch(/is full/);
      expect((await store.policies.active(owner))?.version).toBe(acknowledged);
      expect((await store.policies.history(owner, { page: 1, perPage: 1 })).total).toBe(acknowledged);
      execFileSync("mount", ["-o", "remount,size=16m", disk]);
      expect((await store.policies.publish(draftOf(owner, "after"), any)).version).toBe(acknowledged + 1);
      await store.close();
    } finally {
      execFileSync("umount", ["-l", disk]);
    }
  });

  it("refuses a file that may only be read", async () => {
    await prepared(3);
    chmodSync(folder, 0o755);
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    // The superuser may write anything.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { out } = await ended(writer.start([JSON.stringify({ path })], nobody));
    chmodSync(folder, 0o755);
    const said = JSON.parse(out) as Said;
    const [name, message] = said.refused ?? said.failed ?? [];
    expect(name).toBe("StoreUnavailable");
    expect(message).toMatch(/cannot be (written|opened): check/);
  });

  it("waits for another process that keeps it locked, without standing still, and then says so", async () => {
    await prepared();
    const other = await openDatabase({ path });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let inside = false;
    const holding = other.write(async (trx) => {
      await trx.updateTable("orgs").set({ created_at_ms: 2 }).execute();
      inside = true;
      await held;
    });
    await until(() => inside);
    const store = await openStore({ path }, { lockWaitMs: 300 });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    const refused = store.policies.publish(draftOf(owner, "2"), any);
    await expect(refused).rejects.toThrow(StoreUnavailable);
    await expect(refused).rejects.toThrow(/is locked by another process/);
    expect(ticks).toBeGreaterThan(10);
    clearInterval(timer);
    expect((await store.policies.active(owner))?.version).toBe(1);
    const patient = openStore({ path }).then(async (waiting) => {
      const { version } = await waiting.policies.publish(draftOf(owner, "2"), any);
      await waiting.close();
      return version;
    });
    setTimeout(release, 200);
    expect(await patient).toBe(2);
    await holding;
    await other.close();
    await store.close();
  });

  it.each([
    ["is something else", () => writeFileSync(path, "policies: []\n".repeat(1_000)), /is not a SQLite database/],
    ["is a folder", () => mkdirSync(path), /cannot be opened/],
    [
      "lies under a file",
      () => writeFileSync(join(folder, "file"), ""),
      /folder .*file cannot be made: a file of that name is there/,
    ],
  ])("says that it %s", async (what, make, sentence) => {
    make();
    const opened = openStore({ path: what === "lies under a file" ? join(folder, "file", "store.db") : path });
    await expect(opened).rejects.toThrow(StoreUnavailable);
    await expect(opened).rejects.toThrow(sentence);
  });

  it("says that it is damaged, wherever the damage is met", async () => {
    await prepared(40);
    const whole = join(folder, "whole.db");
    copyFileSync(path, whole);
    const { size } = statSync(path);
    const outcomes = new Set<string>();
    for (const damage of ["cut", "zeros"]) {
      for (let at = 4_096; at < size; at += 4_096) {
        copyFileSync(whole, path);
        truncateSync(path, at);
        if (damage === "zeros") appendFileSync(path, Buffer.alloc(size - at));
        outcomes.add(await readAll(path));
        for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
      }
    }
    expect([...outcomes].filter((outcome) => outcome !== "read" && !/is damaged|is not a SQLite/.test(outcome))).toEqual([]);
    expect([...outcomes].some((outcome) => outcome.includes("is damaged"))).toBe(true);
  });

  async function readAll(file: string): Promise<string> {
    try {
      const store = await openStore({ path: file });
      try {
        const { total } = await store.policies.history(owner, { page: 1, perPage: 100 });
        for (let version = 1; version <= total; version++) await store.policies.version(owner, version);
      } finally {
        await store.close();
      }
      return "read";
    } catch (error) {
      return error instanceof StoreUnavailable ? error.message : `${error}`;
    }
  }

  it("is private to its owner", async () => {
    path = join(folder, "new", "store.db");
    await prepared();
    const store = await openStore({ path });
    await store.policies.publish(draftOf(owner, "2"), any);
    expect(statSync(join(folder, "new")).mode & 0o777).toBe(0o700);
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("answers after it was closed that it was", async () => {
    const store = await openStore({ path });
    await store.close();
    await store.close();
    await expect(store.policies.active(owner)).rejects.toThrow(/was closed/);
    await expect(store.policies.publish(draftOf(owner, "x"), any)).rejects.toThrow(StoreUnavailable);
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
  });
});

/** Whether this machine lets us make a small disk. */
function mounts(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("addresses that lead nowhere", () => {
  it.each([
    ["nothing", {}, /no store was named/],
    ["another kind of database", { url: "mysql://localhost/x" }, /begins with postgres:\/\//],
    [
      "a port where nobody listens",
      { url: "postgres://ann:secret@127.0.0.1:9/x" },
      /the store postgres:\/\/ann@127.0.0.1:9\/x cannot be reached/,
    ],
    ["a host that is not there", { url: "postgres://ann:secret@store.invalid/x" }, /cannot be reached/],
  ])("%s", async (_, where, sentence) => {
    const opened = openStore(where);
    await expect(opened).rejects.toThrow(StoreUnavailable);
    await expect(opened).rejects.toThrow(sentence);
    await expect(opened).rejects.not.toThrow(/secret/);
  });

  it("gives up on a server that says nothing", async () => {
    const sockets = new Set<import("node:net").Socket>();
    const silent = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const begun = performance.now();
    const opened = openStore({ url: `postgres://ann@127.0.0.1:${port}/x` }, { lockWaitMs: 500 });
    await expect(opened).rejects.toThrow(StoreUnavailable);
    await expect(opened).rejects.toThrow(/does not answer/);
    expect(performance.now() - begun).toBeLessThan(5_000);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe.runIf(postgres !== undefined)("a PostgreSQL that fails", () => {
  const withStore = async (use: (url: string, admin: pg.Client) => Promise<void>) => {
    const place = await postgres!.place();
    const admin = new pg.Client({ connectionString: place.where.url });
    await admin.connect();
    try {
      await use(place.where.url as string, admin);
    } finally {
      await admin.end();
      await place.remove();
    }
  };
  const cut = (admin: pg.Client) =>
    admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );

  it("cut during publishing: nothing acknowledged is lost, nothing comes twice, and it goes on", () =>
    withStore(async (url, admin) => {
      const store = await openStore({ url }, { poolSize: 4 });
      const acknowledged: number[] = [];
      const unknown: unknown[] = [];
      let stop = false;
      const publishers = Array.from({ length: 4 }, async () => {
        while (!stop) {
          await store.policies.publish(draftOf(owner, "x".repeat(20_000)), any).then(
            ({ version }) => acknowledged.push(version),
            (error: unknown) => unknown.push(error),
          );
        }
      });
      for (let round = 0; round < 10; round++) {
        const before = acknowledged.length;
        await until(() => acknowledged.length > before + 3);
        await cut(admin);
      }
      stop = true;
      await Promise.all(publishers);
      for (const error of unknown) expect(error).toBeInstanceOf(StoreUnavailable);
      const { items, total } = await store.policies.history(owner, { page: 1, perPage: 10_000 });
      expect(items.map(({ version }) => version)).toEqual(Array.from({ length: total }, (_, i) => total - i));
      expect(new Set(acknowledged).size).toBe(acknowledged.length);
      expect(acknowledged.every((version) => version <= total)).toBe(true);
      // What was not acknowledged may be there, once for each error at most.
      expect(total - acknowledged.length).toBeLessThanOrEqual(unknown.length);
      await store.close();
    }));

  it("cut while it commits: says so, and does not publish twice", () =>
    withStore(async (url, admin) => {
      const store = await openStore({ url }, { poolSize: 1 });
      await store.policies.publish(draftOf(owner, "1"), any);
      await admin.query(
        "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(2); return null; end'; " +
          "create constraint trigger slow after insert on audit_log deferrable initially deferred for each row execute function slow()",
      );
      const publishing = store.policies.publish(draftOf(owner, "2"), any);
      const outcome = publishing.then(
        () => "published",
        (error: unknown) => error,
      );
      let cutOff = 0;
      while (cutOff === 0) {
        const found = await admin.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query = 'commit' and state = 'active'",
        );
        cutOff = found.rowCount ?? 0;
      }
      expect(await outcome).toBeInstanceOf(StoreUnavailable);
      expect((await store.policies.history(owner, { page: 1, perPage: 9 })).total).toBe(1);
      await store.close();
    }));

  it("reads on after idle connections were cut", () =>
    withStore(async (url, admin) => {
      const store = await openStore({ url }, { poolSize: 2 });
      for (let round = 0; round < 3; round++) {
        await cut(admin);
        await store.ping();
        await store.policies.publish(draftOf(owner, "x"), any);
      }
      await store.close();
    }));

  it("locked by another transaction, read only, or without its database: says which", () =>
    withStore(async (url, admin) => {
      const store = await openStore({ url }, { poolSize: 2, lockWaitMs: 200 });
      await store.policies.publish(draftOf(owner, "x"), any);
      await admin.query("begin");
      await admin.query("select * from policy_owners for update");
      const locked = store.policies.publish(draftOf(owner, "x"), any);
      await expect(locked).rejects.toThrow(StoreUnavailable);
      await expect(locked).rejects.toThrow(/is locked by another transaction/);
      expect((await store.policies.active(owner))?.version).toBe(1);
      await admin.query("rollback");
      await store.close();

      await admin.query(`alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`);
      const readOnly = await openStore({ url }, { poolSize: 1 });
      expect((await readOnly.policies.active(owner))?.version).toBe(1);
      const refused = readOnly.policies.publish(draftOf(owner, "x"), any);
      await expect(refused).rejects.toThrow(StoreUnavailable);
      await expect(refused).rejects.toThrow(/cannot be written/);
      await readOnly.close();

      await expect(openStore({ url: `${url}_absent` })).rejects.toThrow(/has no such database/);
    }));
});
