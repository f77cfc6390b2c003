import type { Kysely, Transaction } from "kysely";
import { storeCallsBlock, storeTracesBlock } from "../limits.js";
import { turn } from "./blocks.js";
import type { Database } from "./database.js";
import type { Tables } from "./tables.js";

/** Deletes runs that ended before, oldest first, in small transactions: others write in between. */
export async function prune(db: Database, org: string | undefined, beforeMs: number): Promise<number> {
  const orgs = org === undefined ? await db.read((q) => q.selectFrom("orgs").select("org").orderBy("org").execute()) : [{ org }];
  let deleted = 0;
  for (const one of orgs) {
    for (let more = true; more; ) {
      const ended = await db.write((trx) => pruneSome(trx, one.org, beforeMs));
      deleted += ended.deleted;
      more = ended.more;
      await turn();
    }
  }
  return deleted;
}

/** The oldest, with as many calls as one transaction should delete; of a long one a piece. */
async function pruneSome(trx: Transaction<Tables>, org: string, beforeMs: number): Promise<{ deleted: number; more: boolean }> {
  const oldest = await endedQuery(trx, org, beforeMs).execute();
  const [first] = oldest;
  if (first === undefined) return { deleted: 0, more: false };
  if (first.calls > storeCallsBlock) {
    await shorten(trx, first.trace, beforeMs);
    return { deleted: 0, more: true };
  }
  let calls = 0;
  const some = oldest.filter((head) => {
    calls += head.calls;
    return calls <= storeCallsBlock;
  });
  // Who adds to one of them meanwhile holds its row: it is looked at again then.
  const gone = await trx
    .deleteFrom("traces")
    .where(
      "trace",
      "in",
      some.map(({ trace }) => trace),
    )
    .where("last_ms", "<", beforeMs)
    .returning("trace")
    .execute();
  const numbers = gone.map(({ trace }) => trace);
  if (numbers.length > 0) await trx.deleteFrom("trace_calls").where("trace", "in", numbers).execute();
  return { deleted: gone.length, more: true };
}

export function endedQuery(q: Kysely<Tables>, org: string, beforeMs: number) {
  return q
    .selectFrom("traces")
    .where("org", "=", org)
    .where("last_ms", "<", beforeMs)
    .select(["trace", "calls"])
    .orderBy("last_ms")
    .orderBy("trace")
    .limit(storeTracesBlock);
}

async function shorten(trx: Transaction<Tables>, trace: number, beforeMs: number): Promise<void> {
  const run = trx.updateTable("traces").where("trace", "=", trace).where("last_ms", "<", beforeMs);
  const locked = await run.set((e) => ({ calls: e.ref("calls") })).executeTakeFirst();
  if (locked.numUpdatedRows === 0n) return;
  const own = trx.selectFrom("trace_calls").where("trace", "=", trace).orderBy("trace").orderBy("time_ms").orderBy("place");
  const end = await own.select(["time_ms", "place"]).offset(storeCallsBlock).limit(1).executeTakeFirst();
  let calls = trx.deleteFrom("trace_calls").where("trace", "=", trace);
  if (end !== undefined) calls = calls.where((e) => e(e.refTuple("time_ms", "place"), "<", e.tuple(end.time_ms, end.place)));
  const { numDeletedRows } = await calls.executeTakeFirst();
  await run.set((e) => ({ calls: end === undefined ? 0 : e("calls", "-", Number(numDeletedRows)) })).execute();
}
