import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { Database } from "../../src/store/database.js";
import { storeOn } from "../../src/store/open.js";
import type { Tables } from "../../src/store/tables.js";

/** What a publisher was told: agent, version, digest of the text. */
export type Acknowledged = readonly [agent: string, version: number, sourceDigest: string];

/** Everything in a store of published drafts (`drafts.ts`) that is torn, lost or twice. Empty when all is well. */
export async function faultsOf(db: Database, org: string, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const faults = await db.snapshot(async (q) => [
    ...(await damage(db, q)),
    ...(await tornVersions(q)),
    ...(await wrongNumbers(q)),
    ...(await untold(q)),
  ]);
  const { policies } = storeOn(db);
  for (const [agent, version, sourceDigest] of acknowledged) {
    const found = await policies.version({ org, agent }, version);
    if (found?.sourceDigest !== sourceDigest)
      faults.push(`${agent} ${version} was acknowledged and is ${found ? "another" : "lost"}`);
  }
  return faults;
}

async function damage(db: Database, q: Kysely<Tables>): Promise<string[]> {
  if (db.kind === "postgres") return [];
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(q);
  return rows.map((row) => row.integrity_check).filter((line) => line !== "ok");
}

async function tornVersions(q: Kysely<Tables>): Promise<string[]> {
  const rows = await q.selectFrom("policy_versions").selectAll().execute();
  return rows.flatMap((row) => {
    const whole =
      createHash("sha256").update(row.source).digest("hex") === row.source_digest &&
      Buffer.from(row.artifact).toString() === `compiled ${row.source}`;
    return whole ? [] : [`${row.agent} ${row.version} is torn`];
  });
}

/** 1 to the last without a gap, and the last is active. */
async function wrongNumbers(q: Kysely<Tables>): Promise<string[]> {
  const owners = await q.selectFrom("policy_owners").selectAll().execute();
  const versions = await q.selectFrom("policy_versions").select(["agent", "version"]).orderBy("version").execute();
  return owners.flatMap((owner) => {
    const own = versions.filter((row) => row.agent === owner.agent).map((row) => row.version);
    const gap = own.findIndex((version, i) => version !== i + 1);
    if (gap !== -1) return [`${owner.agent} has version ${own[gap]} where ${gap + 1} belongs`];
    if (owner.active_version === own.length && owner.last_version === own.length) return [];
    return [`${owner.agent} has ${own.length} versions, last ${owner.last_version}, active ${owner.active_version}`];
  });
}

/** Each version has its line in the audit log and its change. */
async function untold(q: Kysely<Tables>): Promise<string[]> {
  const count = async (table: "policy_versions" | "audit_log" | "changes") => {
    const row = await q
      .selectFrom(table)
      .select((e) => e.fn.countAll<number>().as("rows"))
      .executeTakeFirstOrThrow();
    return row.rows;
  };
  const [versions, entries, changes] = [await count("policy_versions"), await count("audit_log"), await count("changes")];
  const told = entries === versions && changes === Math.min(versions, 10_000);
  return told ? [] : [`${versions} versions, ${entries} entries of the audit log, ${changes} changes`];
}
