import type { Kysely, SelectQueryBuilder, Transaction } from "kysely";
import { enter } from "./audit.js";
import { blocksOf } from "./blocks.js";
import type { Database } from "./database.js";
import { larger } from "./extremes.js";
import { ensureOwner } from "./owners.js";
import { pageOf } from "./pages.js";
import type { Agents, StoredAgent } from "./store.js";
import type { Tables } from "./tables.js";
import { toStored } from "./text.js";

export function agentsOf(db: Database): Agents {
  return {
    list: (org, page) =>
      db.snapshot((q) =>
        pageOf(q.selectFrom("agents").where("org", "=", org), page, (rows) =>
          storedAgents(q, rows.orderBy("agent").select(columns)),
        ),
      ),
    get: (org, agent) =>
      db.read(async (q) => {
        const one = q.selectFrom("agents").where("org", "=", org).where("agent", "=", agent).select(columns);
        return (await storedAgents(q, one))[0];
      }),
    team: (org, team) => db.snapshot((q) => membersOf(q, org, team)),
    putTeam: (org, team, agents, by) =>
      db.write(async (trx) => {
        await ensureOwner(trx, org, undefined, by.atMs);
        await trx
          .insertInto("teams")
          .values({ org, team, created_at_ms: by.atMs, created_by: toStored(by.actor) })
          // Whoever else puts the same team waits here.
          .onConflict((c) => c.columns(["org", "team"]).doUpdateSet({ team }))
          .execute();
        await trx.deleteFrom("team_agents").where("org", "=", org).where("team", "=", team).execute();
        const members = [...new Set(agents)];
        for (const block of blocksOf(members)) {
          const rows = block.map((agent) => ({ org, team, agent }));
          await trx.insertInto("team_agents").values(rows).execute();
        }
        const detail = JSON.stringify({ agents: members.length });
        await enter(trx, org, { ...by, action: "team.put", subject: `team/${team}`, detail });
      }),
    removeTeam: (org, team, by) =>
      db.write(async (trx) => {
        const removed = await trx.deleteFrom("teams").where("org", "=", org).where("team", "=", team).executeTakeFirst();
        if (removed.numDeletedRows === 0n) return false;
        await trx.deleteFrom("team_agents").where("org", "=", org).where("team", "=", team).execute();
        await enter(trx, org, { ...by, action: "team.remove", subject: `team/${team}`, detail: "{}" });
        return true;
      }),
    teams: (org, page) =>
      db.snapshot((q) =>
        pageOf(q.selectFrom("teams").where("org", "=", org), page, (rows) =>
          q
            .selectFrom(rows.select(["org", "team"]).orderBy("team").as("listed"))
            .select("listed.team")
            .select((e) =>
              e
                .selectFrom("team_agents")
                .whereRef("team_agents.org", "=", "listed.org")
                .whereRef("team_agents.team", "=", "listed.team")
                .select((member) => member.fn.countAll<number>().as("count"))
                .$asScalar()
                .$notNull()
                .as("agents"),
            )
            .orderBy("listed.team")
            .execute(),
        ),
      ),
  };
}

const columns = ["org", "agent", "created_at_ms", "last_seen_at_ms"] as const;

/** By id. What they have is looked up for these only. */
async function storedAgents(
  q: Kysely<Tables>,
  agents: SelectQueryBuilder<Tables, "agents", Pick<Tables["agents"], (typeof columns)[number]>>,
): Promise<StoredAgent[]> {
  const rows = await q
    .selectFrom(agents.as("listed"))
    .select(["listed.agent", "listed.created_at_ms", "listed.last_seen_at_ms"])
    .select((e) => [
      e
        .selectFrom("policy_owners")
        .whereRef("policy_owners.org", "=", "listed.org")
        .whereRef("policy_owners.agent", "=", "listed.agent")
        .select("policy_owners.active_version")
        .as("active_version"),
      e
        .selectFrom("cards")
        .whereRef("cards.org", "=", "listed.org")
        .whereRef("cards.agent", "=", "listed.agent")
        .select((card) => card.fn.max("cards.version").as("version"))
        .as("card_version"),
    ])
    .orderBy("listed.agent")
    .execute();
  return rows.map((row) => ({
    agent: row.agent,
    createdAtMs: row.created_at_ms,
    lastSeenAtMs: row.last_seen_at_ms ?? undefined,
    policyVersion: row.active_version ?? undefined,
    cardVersion: row.card_version ?? undefined,
  }));
}

async function membersOf(q: Kysely<Tables>, org: string, team: string): Promise<readonly string[] | undefined> {
  const there = await q.selectFrom("teams").where("org", "=", org).where("team", "=", team).select("team").executeTakeFirst();
  if (there === undefined) return undefined;
  const members = q.selectFrom("team_agents").where("org", "=", org).where("team", "=", team);
  return (await members.select("agent").orderBy("agent").execute()).map(({ agent }) => agent);
}

/** Makes the org and its agents where they are missing, and keeps the latest time each was seen, where one is known. */
export async function seeAgents(
  trx: Transaction<Tables>,
  org: string,
  lastSeenMs: ReadonlyMap<string, number | undefined>,
  atMs: number,
): Promise<void> {
  await ensureOwner(trx, org, undefined, atMs);
  // Everybody locks them in one order.
  const agents = [...lastSeenMs.keys()].sort();
  for (const block of blocksOf(agents)) {
    const rows = block.map((agent) => ({ org, agent, created_at_ms: atMs, last_seen_at_ms: lastSeenMs.get(agent) ?? null }));
    await trx
      .insertInto("agents")
      .values(rows)
      .onConflict((c) =>
        c
          .columns(["org", "agent"])
          .doUpdateSet({ last_seen_at_ms: larger("agents", "last_seen_at_ms") })
          .where((e) =>
            e.or([e("agents.last_seen_at_ms", "is", null), e("agents.last_seen_at_ms", "<", e.ref("excluded.last_seen_at_ms"))]),
          ),
      )
      .execute();
  }
}
