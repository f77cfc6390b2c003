import { keyUseStepMs, keyUsesKeptMax } from "../limits.js";
import { enter } from "./audit.js";
import type { Database } from "./database.js";
import { ensureOwner } from "./owners.js";
import { pageOf } from "./pages.js";
import type { ApiKeys, Role, StoredKey } from "./store.js";
import type { ApiKeyRow } from "./tables.js";
import { fromStored, toStored } from "./text.js";

export function keysOf(db: Database): ApiKeys {
  const noted = new Map<string, number>();
  return {
    create: (key) =>
      db.write(async (trx) => {
        await ensureOwner(trx, key.org, undefined, key.createdAtMs);
        await trx.insertInto("api_keys").values(rowOf(key)).execute();
        const detail = { name: key.name, role: key.role, agents: key.agents, expires_at_ms: key.expiresAtMs };
        const entry = { actor: key.createdBy, atMs: key.createdAtMs, action: "key.create", subject: `key/${key.keyId}` };
        await enter(trx, key.org, { ...entry, detail: JSON.stringify(detail) });
        await db.announce(trx, { org: key.org, agent: undefined, kind: "key", id: key.keyId });
      }),
    find: async (keyId) => {
      const row = await db.read((q) =>
        q.selectFrom("api_keys").where("key_id", "=", toStored(keyId)).selectAll().executeTakeFirst(),
      );
      return row && keyOf(row);
    },
    list: (org, page) =>
      db.snapshot((q) =>
        pageOf(q.selectFrom("api_keys").where("org", "=", org), page, async (keys) => {
          const rows = await keys.selectAll().orderBy("created_at_ms", "desc").orderBy("key_id").execute();
          return rows.map(keyOf);
        }),
      ),
    revoke: (org, keyId, by) =>
      db.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("api_keys")
          .set({ revoked_at_ms: by.atMs })
          .where("key_id", "=", toStored(keyId))
          .where("org", "=", org)
          .where("revoked_at_ms", "is", null)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await enter(trx, org, { ...by, action: "key.revoke", subject: `key/${keyId}`, detail: "{}" });
        await db.announce(trx, { org, agent: undefined, kind: "key", id: keyId });
        return true;
      }),
    used: async (keyId, atMs) => {
      // Most requests write nothing: the time is kept in steps.
      if (Math.abs(atMs - (noted.get(keyId) ?? Number.NEGATIVE_INFINITY)) < keyUseStepMs) return;
      if (noted.size >= keyUsesKeptMax) noted.clear();
      noted.set(keyId, atMs);
      const written = db.write((trx) =>
        trx
          .updateTable("api_keys")
          .set({ last_used_at_ms: atMs })
          .where("key_id", "=", toStored(keyId))
          .where((e) => e.or([e("last_used_at_ms", "is", null), e("last_used_at_ms", "<", atMs)]))
          .execute(),
      );
      await written.catch((error: unknown) => {
        noted.delete(keyId);
        throw error;
      });
    },
    countLive: async (nowMs) => {
      const { live } = await db.read((q) =>
        q
          .selectFrom("api_keys")
          .where("revoked_at_ms", "is", null)
          .where((e) => e.or([e("expires_at_ms", "is", null), e("expires_at_ms", ">", nowMs)]))
          .select((e) => e.fn.countAll<number>().as("live"))
          .executeTakeFirstOrThrow(),
      );
      return live;
    },
  };
}

function rowOf(key: StoredKey): ApiKeyRow {
  return {
    key_id: toStored(key.keyId),
    org: key.org,
    name: toStored(key.name),
    role: key.role,
    agents: key.agents === undefined ? null : JSON.stringify(key.agents),
    secret_hash: key.secretHash,
    created_at_ms: key.createdAtMs,
    created_by: toStored(key.createdBy),
    expires_at_ms: key.expiresAtMs ?? null,
    revoked_at_ms: key.revokedAtMs ?? null,
    last_used_at_ms: key.lastUsedAtMs ?? null,
  };
}

function keyOf(row: ApiKeyRow): StoredKey {
  return {
    keyId: fromStored(row.key_id),
    org: row.org,
    name: fromStored(row.name),
    role: row.role as Role,
    agents: row.agents === null ? undefined : (JSON.parse(row.agents) as string[]),
    secretHash: row.secret_hash,
    createdAtMs: row.created_at_ms,
    createdBy: fromStored(row.created_by),
    expiresAtMs: row.expires_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  };
}
