import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { StorePlace } from "../../src/store/open.js";

export { draftOf } from "./drafts.js";

/** An empty place for a store, and how to take it away again. */
export interface Place {
  readonly where: StorePlace;
  remove(): Promise<void>;
}

export interface StoreKind {
  readonly name: "sqlite" | "postgres";
  place(): Promise<Place>;
}

const serverUrl = process.env.SMOLTBOT_TEST_DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl, connectionTimeoutMillis: 3_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-store-"));
  return { where: { path: join(folder, "store.db") }, remove: async () => rmSync(folder, { recursive: true, force: true }) };
}

/** A database of its own, with a name nobody has. */
async function postgresPlace(): Promise<Place> {
  const name = `smoltbot_test_${randomBytes(8).toString("hex")}`;
  await onServer(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { where: { url: url.href }, remove: () => onServer(`drop database if exists ${name} with (force)`) };
}

async function postgresAnswers(): Promise<boolean> {
  try {
    await onServer("select 1");
    return true;
  } catch {
    process.stderr.write("no PostgreSQL answers: its half of the store's tests is left out (SMOLTBOT_TEST_DATABASE_URL)\n");
    return false;
  }
}

const all: readonly StoreKind[] = [
  { name: "sqlite", place: sqlitePlace },
  { name: "postgres", place: postgresPlace },
];

/** For `describe.each`: SQLite, and PostgreSQL where one answers. */
export const storeKinds: readonly StoreKind[] = (await postgresAnswers()) ? all : all.slice(0, 1);

/** Texts that databases change, refuse or obey. */
export const hostileTexts: readonly (readonly [string, string])[] = [
  ["an injection", "x'); drop table policy_versions; --"],
  ["placeholders", "? ?1 :a $1 @b %s \\'"],
  ["NUL", "a\0b\0"],
  ["unpaired surrogates", "\ud800 \udfff \udc00\ud800 \u{1f600}"],
  ["the escape itself", "\x10 \x100000 \x10# \x10d800 \x1010\x10"],
  ["what is not normalised", "e\u0301 \u00e9 \ufeff\u200b\u202e"],
  ["names of prototypes", "__proto__"],
  ["nothing", ""],
  ["1 MB", `${"\u20ac'\"\\".repeat(170_000)}end`],
];

/** Waits until it is so. */
export async function until(is: () => boolean, whileMs = 10_000): Promise<void> {
  const end = performance.now() + whileMs;
  while (!is()) {
    if (performance.now() > end) throw new Error(`not so after ${whileMs} ms: ${is}`);
    await pause(5);
  }
}
