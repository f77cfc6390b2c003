import type { Transaction } from "kysely";
import type { Tables } from "./tables.js";

/** Makes the org and the agent where they are missing. */
export async function ensureOwner(trx: Transaction<Tables>, org: string, agent: string | undefined, atMs: number): Promise<void> {
  await trx
    .insertInto("orgs")
    .values({ org, created_at_ms: atMs })
    .onConflict((c) => c.column("org").doNothing())
    .execute();
  if (agent === undefined) return;
  await trx
    .insertInto("agents")
    .values({ org, agent, created_at_ms: atMs, last_seen_at_ms: null })
    .onConflict((c) => c.columns(["org", "agent"]).doNothing())
    .execute();
}
