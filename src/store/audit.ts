import type { Transaction } from "kysely";
import type { Database } from "./database.js";
import { pageOf } from "./pages.js";
import type { AuditEntry, AuditLog } from "./store.js";
import type { Tables } from "./tables.js";
import { fromStored, toStored } from "./text.js";

/** In the transaction of what it tells of. */
export async function enter(trx: Transaction<Tables>, org: string, entry: AuditEntry): Promise<void> {
  const { atMs, action } = entry;
  const [actor, subject, detail] = [toStored(entry.actor), toStored(entry.subject), toStored(entry.detail)];
  await trx.insertInto("audit_log").values({ org, actor, at_ms: atMs, action, subject, detail }).execute();
}

export function auditLog(db: Database): AuditLog {
  return {
    list: (org, page) =>
      db.snapshot((q) =>
        pageOf(q.selectFrom("audit_log").where("org", "=", org), page, async (entries) => {
          const rows = await entries.selectAll().orderBy("id", "desc").execute();
          return rows.map((row) => ({
            id: row.id,
            actor: fromStored(row.actor),
            atMs: row.at_ms,
            action: row.action,
            subject: fromStored(row.subject),
            detail: fromStored(row.detail),
          }));
        }),
      ),
  };
}
