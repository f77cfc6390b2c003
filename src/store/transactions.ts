import { enter } from "./audit.js";
import type { Database } from "./database.js";
import { ensureOwner } from "./owners.js";
import { pageOf } from "./pages.js";
import type { StoredTransaction, Transactions } from "./store.js";
import type { TransactionRow } from "./tables.js";
import { fromName, fromStored, fromStoredMaybe, toName, toStored, toStoredMaybe } from "./text.js";

export function transactionsOf(db: Database): Transactions {
  return {
    create: (org, transaction) =>
      db.write(async (trx) => {
        const { transactionId, agent, createdAtMs, createdBy, expiresAtMs } = transaction;
        await ensureOwner(trx, org, agent, createdAtMs);
        await trx.insertInto("transactions").values(toRow(org, transaction)).execute();
        const by = { actor: createdBy, atMs: createdAtMs };
        const detail = JSON.stringify({ agent, expires_at_ms: expiresAtMs });
        await enter(trx, org, { ...by, action: "transaction.create", subject: subjectOf(transactionId), detail });
        await db.announce(trx, { org, agent, kind: "transaction", id: transactionId });
      }),
    get: (org, transactionId) =>
      db.read(async (q) => {
        const found = q.selectFrom("transactions").where("org", "=", org).where("transaction_id", "=", toStored(transactionId));
        const row = await found.selectAll().executeTakeFirst();
        return row && stored(row);
      }),
    ofSession: (org, agent, session, limit) =>
      db.read(async (q) => {
        const rows = await q
          .selectFrom("transactions")
          .where("org", "=", org)
          .where("agent", "=", agent)
          .where("session_key", "=", toName(session).key)
          .orderBy("created_at_ms")
          .orderBy("transaction_id")
          .limit(limit)
          .selectAll()
          .execute();
        return rows.map(stored);
      }),
    bind: (org, transactionId, session) =>
      db.write(async (trx) => {
        const { key, full } = toName(session);
        const bound = await trx
          .updateTable("transactions")
          .set({ session_key: key, session: full })
          .where("org", "=", org)
          .where("transaction_id", "=", toStored(transactionId))
          .where("session_key", "is", null)
          .returning("agent")
          .executeTakeFirst();
        if (bound !== undefined) {
          await db.announce(trx, { org, agent: bound.agent, kind: "transaction", id: transactionId });
          return session;
        }
        const found = trx.selectFrom("transactions").where("org", "=", org).where("transaction_id", "=", toStored(transactionId));
        const row = await found.select(["session_key", "session"]).executeTakeFirst();
        return row === undefined || row.session_key === null ? undefined : fromName(row.session_key, row.session);
      }),
    end: (org, transactionId, by) =>
      db.write(async (trx) => {
        const ended = await trx
          .updateTable("transactions")
          .set({ ended_at_ms: by.atMs })
          .where("org", "=", org)
          .where("transaction_id", "=", toStored(transactionId))
          .where("ended_at_ms", "is", null)
          .returning("agent")
          .executeTakeFirst();
        if (ended === undefined) return false;
        const detail = JSON.stringify({ agent: ended.agent });
        await enter(trx, org, { ...by, action: "transaction.end", subject: subjectOf(transactionId), detail });
        await db.announce(trx, { org, agent: ended.agent, kind: "transaction", id: transactionId });
        return true;
      }),
    list: (org, agent, page) =>
      db.snapshot((q) => {
        const ofOrg = q.selectFrom("transactions").where("org", "=", org);
        const wanted = agent === undefined ? ofOrg : ofOrg.where("agent", "=", agent);
        return pageOf(wanted, page, async (rows) => {
          const newest = rows.selectAll().orderBy("created_at_ms", "desc").orderBy("transaction_id", "desc");
          return (await newest.execute()).map(stored);
        });
      }),
  };
}

function subjectOf(transactionId: string): string {
  return `transaction/${transactionId}`;
}

function toRow(org: string, transaction: StoredTransaction): TransactionRow {
  const session = transaction.session === undefined ? undefined : toName(transaction.session);
  return {
    org,
    transaction_id: transaction.transactionId,
    agent: transaction.agent,
    description: toStored(transaction.description),
    action_type: toStored(transaction.actionType),
    tools: toList(transaction.tools),
    allowed_capabilities: toList(transaction.allowedCapabilities),
    session_key: session?.key ?? null,
    session: session?.full ?? null,
    created_at_ms: transaction.createdAtMs,
    created_by: toStored(transaction.createdBy),
    expires_at_ms: transaction.expiresAtMs,
    ended_at_ms: transaction.endedAtMs ?? null,
    policy_source: toStoredMaybe(transaction.policySource),
  };
}

function stored(row: TransactionRow): StoredTransaction {
  return {
    transactionId: row.transaction_id,
    agent: row.agent,
    description: fromStored(row.description),
    actionType: fromStored(row.action_type),
    tools: fromList(row.tools),
    allowedCapabilities: fromList(row.allowed_capabilities),
    session: row.session_key === null ? undefined : fromName(row.session_key, row.session),
    policySource: fromStoredMaybe(row.policy_source),
    createdAtMs: row.created_at_ms,
    createdBy: fromStored(row.created_by),
    expiresAtMs: row.expires_at_ms,
    endedAtMs: row.ended_at_ms ?? undefined,
  };
}

/** JSON writes NUL and unpaired surrogates as escapes, so it is text that every database keeps. */
function toList(texts: readonly string[] | undefined): string | null {
  return texts === undefined ? null : JSON.stringify(texts);
}

function fromList(json: string | null): readonly string[] | undefined {
  return json === null ? undefined : (JSON.parse(json) as string[]);
}
