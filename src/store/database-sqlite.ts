import { closeSync, existsSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { Kysely } from "kysely";
import { storePollMs } from "../limits.js";
import { backUp, type Copy, copyThrough, vacuumInto } from "./backup.js";
import { addChange } from "./change-log.js";
import type { Database } from "./database.js";
import { type Patience, sqliteDialect } from "./dialect-sqlite.js";
import { StoreUnavailable } from "./failures.js";
import { makeFolder } from "./folder.js";
import { migrate } from "./migrations/migrate.js";
import { loadSqlite, type SqliteFile } from "./sqlite-file.js";
import type { Tables } from "./tables.js";
import { codeOf, unavailable } from "./unavailable.js";

export async function openSqlite(path: string, lockWaitMs: number): Promise<Database> {
  const patiently = patience(lockWaitMs);
  const place = path === ":memory:" ? "the store in memory" : `the store ${path}`;
  const mapped = mapping(place);
  const open = await loadSqlite();
  return mapped(async () => {
    const memory = path === ":memory:";
    if (!memory) makePrivate(path);
    const files: SqliteFile[] = [];
    try {
      const writer = await prepared(open(path), files, patiently);
      const writes = new Kysely<Tables>({ dialect: sqliteDialect(writer, "begin immediate", patiently) });
      await migrate(writes, "sqlite", place);
      // A database in memory belongs to one connection.
      const reads = memory ? writes : readingFrom(await prepared(open(path), files, patiently), patiently);
      const copy: Copy = memory ? (target) => vacuumInto(writer, target) : (target) => copyThrough(open(path), target);
      return database({ place, writes, reads, files, copy, mapped });
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  });
}

/** Nobody else on the machine may read it: it holds policies and hashes of keys. What SQLite makes beside it has the same rights. */
function makePrivate(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

async function prepared(file: SqliteFile, opened: SqliteFile[], patiently: Patience): Promise<SqliteFile> {
  opened.push(file);
  // SQLite itself would stand still while it waits, and with it everything else of this process.
  file.exec("pragma busy_timeout = 0");
  await patiently(() => file.exec("pragma journal_mode = wal"));
  // A commit is on the disk when it returns.
  file.exec("pragma synchronous = full");
  file.exec("pragma foreign_keys = on");
  return file;
}

function readingFrom(file: SqliteFile, patiently: Patience): Kysely<Tables> {
  file.exec("pragma query_only = on");
  return new Kysely<Tables>({ dialect: sqliteDialect(file, "begin", patiently) });
}

/** Other connections write to the file, too: asks again until it is free. */
function patience(lockWaitMs: number): Patience {
  return async (work) => {
    const until = performance.now() + lockWaitMs;
    for (let waitMs = 1; ; waitMs = Math.min(20, waitMs * 1.5)) {
      try {
        return work();
      } catch (error) {
        if (!codeOf(error)?.startsWith("SQLITE_BUSY") || performance.now() > until) throw error;
      }
      await pause(waitMs * (0.5 + Math.random()));
    }
  };
}

type Mapped = <T>(work: () => Promise<T>) => Promise<T>;

function mapping(place: string): Mapped {
  return async (work) => {
    try {
      return await work();
    } catch (error) {
      throw unavailable(error, place) ?? error;
    }
  };
}

interface Opened {
  readonly place: string;
  readonly writes: Kysely<Tables>;
  readonly reads: Kysely<Tables>;
  readonly files: readonly SqliteFile[];
  readonly copy: Copy;
  readonly mapped: Mapped;
}

function database({ place, writes, reads, files, copy, mapped }: Opened): Database {
  const hints = new Set<() => void>();
  let closed: Promise<void> | undefined;
  const whileOpen: Mapped = (work) => {
    if (closed !== undefined) return Promise.reject(new StoreUnavailable(`${place} was closed`));
    return mapped(work);
  };
  return {
    kind: "sqlite",
    place,
    read: (queries) => whileOpen(() => queries(reads)),
    snapshot: (queries) => whileOpen(() => reads.transaction().execute(queries)),
    write: async (queries) => {
      // Nothing else here waits for anything: who writes in a loop would keep timers and requests from ever having their turn.
      await turn();
      const result = await whileOpen(() => writes.transaction().execute(queries));
      for (const hint of hints) hint();
      return result;
    },
    // One writer at a time: numbers are given in the order of commits.
    announce: addChange,
    changes: {
      everyMs: storePollMs,
      look: (queries) => whileOpen(() => queries(reads)),
      onHint: (hint) => {
        hints.add(hint);
        return () => void hints.delete(hint);
      },
      close: async () => {},
    },
    backup: async (path) => {
      if (closed !== undefined) throw new StoreUnavailable(`${place} was closed`);
      await backUp(copy, path);
    },
    close: () => {
      closed ??= mapped(async () => {
        if (reads !== writes) await reads.destroy();
        await writes.destroy();
        // A connection that was never asked anything is not closed by the above, and would keep the others' log from being merged.
        for (const file of files) file.close();
      });
      return closed;
    },
  };
}
