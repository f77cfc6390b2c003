import { type RawBuilder, sql } from "kysely";

// Both databases have these as functions, but under different names.

/** In `on conflict do update`: the smaller of what is there and what was to be inserted. */
export function smaller(table: string, column: string): RawBuilder<number> {
  const [there, given] = [sql.ref(`${table}.${column}`), sql.ref(`excluded.${column}`)];
  return sql<number>`case when ${given} < ${there} then ${given} else ${there} end`;
}

/** The larger of the two; what is there may be null. */
export function larger(table: string, column: string): RawBuilder<number> {
  const [there, given] = [sql.ref(`${table}.${column}`), sql.ref(`excluded.${column}`)];
  return sql<number>`case when ${there} >= ${given} then ${there} else ${given} end`;
}
