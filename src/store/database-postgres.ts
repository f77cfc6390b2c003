import { setTimeout as pause } from "node:timers/promises";
import { Kysely, sql, type Transaction } from "kysely";
import { storeRetriesMax } from "../limits.js";
import { addChange } from "./change-log.js";
import type { Database } from "./database.js";
import { type PostgresAddress, postgresDialect, postgresPlace, postgresPool } from "./dialect-postgres.js";
import { StoreUnavailable } from "./failures.js";
import { changesChannel, listening } from "./listening.js";
import { migrate } from "./migrations/migrate.js";
import type { Tables } from "./tables.js";
import { codeOf, connectionLost, unavailable } from "./unavailable.js";

/** "smoltbot" as a number: the advisory lock that puts changes in the order of their commits. */
const changesLock = 7_813_577_629_180_260n;

export async function openPostgres(address: PostgresAddress): Promise<Database> {
  const place = `the store ${postgresPlace(address.url)}`;
  const pool = postgresPool(address);
  const db = new Kysely<Tables>({ dialect: postgresDialect(pool) });
  try {
    await migrate(db, "postgres", place);
  } catch (error) {
    await db.destroy().catch(() => {});
    throw unavailable(error, place) ?? error;
  }
  return database(place, db, address.url);
}

/** Lost a race or the connection before anything was committed: the same once more is right. */
function worthRepeating(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01" || connectionLost(error);
}

async function repeated<T>(place: string, work: () => Promise<T>, safe: () => boolean = () => true): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= storeRetriesMax || !safe() || !worthRepeating(error)) throw unavailable(error, place) ?? error;
    }
    await pause(attempt * 20 * (0.5 + Math.random()));
  }
}

/** Once the commit was sent, a lost connection does not say whether it arrived: that must not be done twice. */
async function write<T>(place: string, db: Kysely<Tables>, queries: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
  let committing = false;
  let lost = false;
  const attempt = async () => {
    committing = false;
    try {
      return await db.transaction().execute(async (trx) => {
        const result = await queries(trx);
        committing = true;
        return result;
      });
    } catch (error) {
      lost = connectionLost(error);
      throw error;
    }
  };
  return repeated(place, attempt, () => !(committing && lost));
}

function database(place: string, db: Kysely<Tables>, url: string): Database {
  let closed: Promise<void> | undefined;
  const whileOpen = <T>(work: () => Promise<T>): Promise<T> =>
    closed === undefined ? work() : Promise.reject(new StoreUnavailable(`${place} was closed`));
  return {
    kind: "postgres",
    place,
    read: (queries) => whileOpen(() => repeated(place, () => queries(db))),
    snapshot: (queries) =>
      whileOpen(() =>
        repeated(place, () => db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(queries)),
      ),
    write: (queries) => whileOpen(() => write(place, db, queries)),
    announce: async (trx, change) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(changesLock)})`.execute(trx);
      await addChange(trx, change);
      await sql`select pg_notify(${changesChannel}, '')`.execute(trx);
    },
    changes: listening(url),
    backup: undefined,
    close: () => {
      closed ??= db.destroy();
      return closed;
    },
  };
}
