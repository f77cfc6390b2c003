import { type Kysely, type Migration, Migrator, sql } from "kysely";
import { StoreUnavailable } from "../failures.js";
import type { Tables } from "../tables.js";
import { registryMigration } from "./0001-registry.js";

/** Where the steps that were done are noted: a database that has it holds a store. */
export const migrationTable = "schema_migrations";

/** Every step ever published, oldest first. A published one is never edited: a later one changes what it made. */
function migrationsOf(kind: "sqlite" | "postgres"): Readonly<Record<string, Migration>> {
  return { "0001-registry": registryMigration(kind) };
}

/**
 * Brings the database to the present schema, in one transaction; several processes may try at once. @throws StoreUnavailable for a
 * database that a newer version has changed.
 */
export async function migrate(db: Kysely<Tables>, kind: "sqlite" | "postgres", place: string): Promise<void> {
  const migrations = migrationsOf(kind);
  const done = await applied(db, kind);
  const unknown = done.find((name) => !(name in migrations));
  if (unknown !== undefined) throw newer(place);
  if (done.length === Object.keys(migrations).length) return;
  const schema = kind === "postgres" ? await currentSchema(db, place) : {};
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: migrationTable,
    migrationLockTableName: `${migrationTable}_lock`,
    ...schema,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if ((await applied(db, kind)).some((name) => !(name in migrations))) throw newer(place);
  throw error;
}

function newer(place: string): StoreUnavailable {
  return new StoreUnavailable(
    `${place} was last used by a newer version of smoltbot: install that version, or use another store`,
  );
}

async function applied(db: Kysely<Tables>, kind: "sqlite" | "postgres"): Promise<readonly string[]> {
  const there =
    kind === "sqlite"
      ? sql<{ there: number }>`select count(*) as there from sqlite_master where type = 'table' and name = ${migrationTable}`
      : sql<{ there: number }>`select (to_regclass(${migrationTable}) is not null)::int as there`;
  if ((await there.execute(db)).rows[0]?.there !== 1) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(migrationTable)} order by name`.execute(db);
  return rows.map((row) => row.name);
}

/** The migrator looks for its table in every schema unless it is told which one. */
async function currentSchema(db: Kysely<Tables>, place: string): Promise<{ migrationTableSchema: string }> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
  const schema = rows[0]?.schema;
  if (typeof schema === "string") return { migrationTableSchema: schema };
  throw new StoreUnavailable(`${place} has no schema to put tables in: create the one that search_path names`);
}
