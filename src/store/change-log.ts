import type { Kysely, Transaction } from "kysely";
import { storeChangesMax } from "../limits.js";
import type { Change } from "./changes.js";
import type { Tables } from "./tables.js";

/** Adds to the log and forgets what is too old. The caller sees to it that numbers are given in the order of commits. */
export async function addChange(trx: Transaction<Tables>, { org, agent, kind, id }: Omit<Change, "seq">): Promise<void> {
  const row = { org, agent: agent ?? null, kind, id: id ?? null };
  const { seq } = await trx.insertInto("changes").values(row).returning("seq").executeTakeFirstOrThrow();
  await trx
    .deleteFrom("changes")
    .where("seq", "<=", seq - storeChangesMax)
    .execute();
}

/** The number of the latest change; 0 for none. */
export async function latestChange(db: Kysely<Tables>): Promise<number> {
  const row = await db.selectFrom("changes").select("seq").orderBy("seq", "desc").limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

/** What came after, oldest first; undefined when some of it was forgotten already. */
export async function changesAfter(db: Kysely<Tables>, after: number, limit: number): Promise<readonly Change[] | undefined> {
  const rows = await db.selectFrom("changes").selectAll().where("seq", ">", after).orderBy("seq").limit(limit).execute();
  const first = rows[0];
  if (first !== undefined && first.seq > after + 1 && after > 0) {
    // A number may be missing because its transaction was undone. Where older ones are still there, none was forgotten.
    const older = await db.selectFrom("changes").select("seq").where("seq", "<=", after).limit(1).executeTakeFirst();
    if (older === undefined) return undefined;
  }
  return rows.map(({ seq, org, agent, kind, id }) => ({
    seq,
    org,
    agent: agent ?? undefined,
    kind: kind as Change["kind"],
    id: id ?? undefined,
  }));
}
