import type { Kysely, Transaction } from "kysely";
import { seeAgents } from "./agents.js";
import { blocksOf, turn } from "./blocks.js";
import type { Database } from "./database.js";
import { larger, smaller } from "./extremes.js";
import { pageOf } from "./pages.js";
import type { Sighting, ToolSightings } from "./store.js";
import type { SightingRow, Tables } from "./tables.js";
import { fromName, toName } from "./text.js";
import { nearestMs } from "./times.js";

/** Agents asked about in one statement: each is a query of its own in it. */
const agentsEach = 50;

export function sightingsOf(db: Database): ToolSightings {
  return {
    observe: async (org, sightings) => {
      if (sightings.length === 0) return;
      await db.write((trx) => keepSightings(trx, org, sightings));
    },
    firstSeen: async (org, agent, tools) => {
      const keys = new Map<string, string>();
      for (const tool of tools) keys.set(toName(tool).key, tool);
      const found = new Map<string, number>();
      for (const block of blocksOf([...keys.keys()])) {
        const rows = await db.read((q) => firstSeenQuery(q, org, agent, block).execute());
        for (const row of rows) found.set(keys.get(row.tool_key) as string, row.first_ms);
      }
      return found;
    },
    list: (org, agent, page) =>
      db.snapshot((q) =>
        pageOf(q.selectFrom("sightings").where("org", "=", org).where("agent", "=", agent), page, async (rows) => {
          const latest = rows.selectAll().orderBy("last_ms", "desc").orderBy("tool_key", "desc");
          return (await latest.execute()).map(stored);
        }),
      ),
    recent: async (org, agents, limit) => {
      let latest: SightingRow[] = [];
      for (const block of blocksOf([...new Set(agents)], agentsEach)) {
        // Nothing before the last of enough is asked for.
        const sinceMs = latest.length < limit ? undefined : latest.at(-1)?.last_ms;
        const rows = await db.read((q) => recentQuery(q, org, block, limit, sinceMs).execute());
        latest = latest.concat(rows).sort(byLatest).slice(0, limit);
        await turn();
      }
      return latest.map(stored);
    },
  };
}

export function firstSeenQuery(q: Kysely<Tables>, org: string, agent: string, keys: readonly string[]) {
  return q
    .selectFrom("sightings")
    .where("org", "=", org)
    .where("agent", "=", agent)
    .where("tool_key", "in", keys)
    .select(["tool_key", "first_ms"]);
}

/** The most recent of each agent, so that no more is read than `limit` each. */
export function recentQuery(
  q: Kysely<Tables>,
  org: string,
  agents: readonly string[],
  limit: number,
  sinceMs: number | undefined,
) {
  const each = agents.map((agent) => {
    const all = q.selectFrom("sightings").where("org", "=", org).where("agent", "=", agent);
    const late = sinceMs === undefined ? all : all.where("last_ms", ">=", sinceMs);
    const latest = late.selectAll().orderBy("last_ms", "desc").orderBy("tool_key", "desc").limit(limit);
    return q.selectFrom(latest.as("latest")).selectAll();
  });
  return each.reduce((all, one) => all.unionAll(one));
}

function byLatest(a: SightingRow, b: SightingRow): number {
  return b.last_ms - a.last_ms || (a.agent < b.agent ? -1 : a.agent > b.agent ? 1 : a.tool_key < b.tool_key ? 1 : -1);
}

/** One for each agent and tool, with the earliest and the latest time, in the order in which everybody locks them. */
export function joined(org: string, sightings: Iterable<Sighting>): SightingRow[] {
  const agents = new Map<string, Map<string, SightingRow>>();
  for (const { agent, tool, ...times } of sightings) {
    const [firstMs, lastMs] = [nearestMs(times.firstMs), nearestMs(times.lastMs)];
    const rows = agents.get(agent) ?? new Map<string, SightingRow>();
    agents.set(agent, rows);
    const there = rows.get(tool);
    if (there === undefined) {
      const { key, full } = toName(tool);
      rows.set(tool, { org, agent, tool_key: key, tool: full, first_ms: firstMs, last_ms: lastMs });
    } else {
      there.first_ms = Math.min(there.first_ms, firstMs);
      there.last_ms = Math.max(there.last_ms, lastMs);
    }
  }
  const rows = [...agents.values()].flatMap((tools) => [...tools.values()]);
  return rows.sort((a, b) => compare(a.agent, b.agent) || compare(a.tool_key, b.tool_key));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export async function keepSightings(trx: Transaction<Tables>, org: string, sightings: Iterable<Sighting>): Promise<void> {
  const rows = joined(org, sightings);
  if (rows.length === 0) return;
  const lastSeenMs = new Map<string, number>();
  let firstMs = Infinity;
  for (const row of rows) {
    lastSeenMs.set(row.agent, Math.max(lastSeenMs.get(row.agent) ?? row.last_ms, row.last_ms));
    firstMs = Math.min(firstMs, row.first_ms);
  }
  await seeAgents(trx, org, lastSeenMs, firstMs);
  for (const block of blocksOf(rows)) {
    await upsertQuery(trx, block).execute();
    await turn();
  }
}

export function upsertQuery(q: Kysely<Tables>, rows: readonly SightingRow[]) {
  return q
    .insertInto("sightings")
    .values(rows)
    .onConflict((c) =>
      c
        .columns(["org", "agent", "tool_key"])
        .doUpdateSet({ first_ms: smaller("sightings", "first_ms"), last_ms: larger("sightings", "last_ms") })
        .where((e) =>
          e.or([
            e("sightings.first_ms", ">", e.ref("excluded.first_ms")),
            e("sightings.last_ms", "<", e.ref("excluded.last_ms")),
          ]),
        ),
    );
}

function stored(row: SightingRow): Sighting {
  return { agent: row.agent, tool: fromName(row.tool_key, row.tool), firstMs: row.first_ms, lastMs: row.last_ms };
}
