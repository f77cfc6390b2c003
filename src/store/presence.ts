import { Kysely, sql } from "kysely";
import { postgresDialect, postgresPlace, postgresPool } from "./dialect-postgres.js";
import type { Tables } from "./tables.js";
import { unavailable } from "./unavailable.js";

/** Whether a PostgreSQL database holds a store already. Makes nothing. @throws StoreUnavailable */
export async function holdsStore(url: string): Promise<boolean> {
  const db = new Kysely<Tables>({ dialect: postgresDialect(postgresPool({ url, poolSize: 1 })) });
  try {
    const there = sql<{ there: boolean }>`select to_regclass('policy_versions') is not null as there`;
    return (await there.execute(db)).rows[0]?.there === true;
  } catch (error) {
    throw unavailable(error, `the store ${postgresPlace(url)}`) ?? error;
  } finally {
    await db.destroy().catch(() => {});
  }
}
