import { resolve } from "node:path";
import { sql } from "kysely";
import { storeLockWaitMs } from "../limits.js";
import { agentsOf } from "./agents.js";
import { auditLog } from "./audit.js";
import { cardsOf } from "./cards.js";
import { changeFeed } from "./change-feed.js";
import type { Database } from "./database.js";
import { openPostgres } from "./database-postgres.js";
import { openSqlite } from "./database-sqlite.js";
import { StoreUnavailable } from "./failures.js";
import { keysOf } from "./keys.js";
import { policiesOf } from "./policies.js";
import { sightingsOf } from "./sightings.js";
import type { Store } from "./store.js";
import { tracesOf } from "./traces.js";
import { transactionsOf } from "./transactions.js";

/** Where a store is: `url` of a PostgreSQL, or else `path` of a SQLite file, which may be `:memory:`. */
export interface StorePlace {
  readonly url?: string | undefined;
  readonly path?: string | undefined;
}

export interface StoreOptions {
  /** Connections of this process to PostgreSQL; one more listens for changes. */
  readonly poolSize?: number | undefined;
  /** How long a write waits for another one that keeps the store locked, and anything for a connection. */
  readonly lockWaitMs?: number | undefined;
}

/** Opens the store, makes it where there is none, and brings it to the present schema. @throws StoreUnavailable */
export async function openStore(where: StorePlace, options: StoreOptions = {}): Promise<Store> {
  return storeOn(await openDatabase(where, options));
}

export async function openDatabase({ url, path }: StorePlace, options: StoreOptions = {}): Promise<Database> {
  const { poolSize = 10, lockWaitMs = storeLockWaitMs } = options;
  if (url !== undefined) {
    if (/^postgres(ql)?:\/\//.test(url)) return openPostgres({ url, poolSize, lockWaitMs });
    throw new StoreUnavailable("the address of a store begins with postgres://; a SQLite file is given as a path");
  }
  if (path === undefined || path === "")
    throw new StoreUnavailable("no store was named: give a file, or the address of a PostgreSQL");
  return openSqlite(path === ":memory:" ? path : resolve(path), lockWaitMs);
}

/** The store that a database holds. */
export function storeOn(db: Database): Store {
  const feed = changeFeed(db.changes);
  return {
    kind: db.kind,
    policies: policiesOf(db),
    agents: agentsOf(db),
    cards: cardsOf(db),
    traces: tracesOf(db),
    sightings: sightingsOf(db),
    transactions: transactionsOf(db),
    keys: keysOf(db),
    audit: auditLog(db),
    changes: feed,
    ping: () => db.read(async (q) => void (await sql`select count(*) from (select 1 from orgs limit 1) as one`.execute(q))),
    backup: async (path) => {
      if (db.backup === undefined) throw new TypeError("PostgreSQL brings pg_dump");
      await db.backup(path);
    },
    close: async () => {
      await feed.close();
      await db.close();
    },
  };
}
