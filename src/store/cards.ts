import type { Kysely } from "kysely";
import { enter } from "./audit.js";
import type { Database } from "./database.js";
import { ExpectationFailed } from "./failures.js";
import { ensureOwner } from "./owners.js";
import type { Cards, Expectation, MediaType, StoredCard } from "./store.js";
import type { CardRow, Tables } from "./tables.js";
import { fromStored, fromStoredMaybe, toStored, toStoredMaybe } from "./text.js";

export function cardsOf(db: Database): Cards {
  return {
    get: (org, agent) =>
      db.read(async (q) => {
        const row = await latest(q, org, agent).selectAll().executeTakeFirst();
        return row && stored(row);
      }),
    put: (org, card, expected) =>
      db.write(async (trx) => {
        await ensureOwner(trx, org, card.agent, card.createdAtMs);
        // Whoever else puts a card for this agent waits here.
        const lock = trx.updateTable("agents").set((e) => ({ created_at_ms: e.ref("created_at_ms") }));
        await lock.where("org", "=", org).where("agent", "=", card.agent).execute();
        const before = await latest(trx, org, card.agent).select("version").executeTakeFirst();
        requireExpected(expected, before?.version);
        const row = toRow(org, { ...card, version: (before?.version ?? 0) + 1 });
        await trx.insertInto("cards").values(row).execute();
        const detail = JSON.stringify({ version: row.version, digest: row.source_digest });
        const by = { actor: card.createdBy, atMs: card.createdAtMs };
        await enter(trx, org, { ...by, action: "card.put", subject: `agent/${card.agent}`, detail });
        await db.announce(trx, { org, agent: card.agent, kind: "card", id: undefined });
        return stored(row);
      }),
  };
}

function latest(q: Kysely<Tables>, org: string, agent: string) {
  return q.selectFrom("cards").where("org", "=", org).where("agent", "=", agent).orderBy("version", "desc").limit(1);
}

function requireExpected(expected: Expectation, version: number | undefined): void {
  const met =
    expected.kind === "any" ||
    (expected.kind === "absent" && version === undefined) ||
    (expected.kind === "present" && version !== undefined) ||
    (expected.kind === "version" && version !== undefined && expected.versions.includes(version));
  if (!met) throw new ExpectationFailed(version);
}

function toRow(org: string, card: StoredCard): CardRow {
  return {
    org,
    agent: card.agent,
    version: card.version,
    card_id: toStoredMaybe(card.cardId),
    media_type: card.mediaType,
    source_digest: card.sourceDigest,
    created_at_ms: card.createdAtMs,
    created_by: toStored(card.createdBy),
    source: toStored(card.source),
  };
}

function stored(row: CardRow): StoredCard {
  return {
    agent: row.agent,
    version: row.version,
    cardId: fromStoredMaybe(row.card_id),
    source: fromStored(row.source),
    mediaType: row.media_type as MediaType,
    sourceDigest: row.source_digest,
    createdAtMs: row.created_at_ms,
    createdBy: fromStored(row.created_by),
  };
}
