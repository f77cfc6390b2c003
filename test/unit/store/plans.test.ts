import { CompiledQuery } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planOf, recorded } from "../../../bench/harness/statements.mjs";
import { agentOf, questions, runOf, sightingOf, subject, transactionOf } from "../../../bench/harness/store-questions.mjs";
import type { Database } from "../../../src/store/database.js";
import { openDatabase, storeOn } from "../../../src/store/open.js";
import type { Store } from "../../../src/store/store.js";
import { type Place, storeKinds } from "../../support/stores.js";

const agents = 60;
const at = subject(agents);

/** What a question may look at, and the columns by which it has to find it: nothing else may be read and thrown away. */
interface Way {
  readonly [table: string]: readonly string[];
}
const owner: Way = { orgs: ["org"], agents: ["org", "agent"] };
const team: Way = { orgs: ["org"], teams: ["org", "team"], team_agents: ["org", "team"] };
const callsOfAgent: Way = { traces: ["org", "agent"], trace_calls: ["trace"] };
const callsOfOrg: Way = { traces: ["org"], trace_calls: ["trace"] };
const transaction: Way = { transactions: ["org", "transaction_id"] };

const ways: Readonly<Record<string, Way>> = {
  "agents.list, first page": { agents: ["org"], policy_owners: ["org", "agent"], cards: ["org", "agent"] },
  "agents.list, last page": { agents: ["org"], policy_owners: ["org", "agent"], cards: ["org", "agent"] },
  "agents.get": { ...owner, policy_owners: ["org", "agent"], cards: ["org", "agent"] },
  "agents.team": team,
  "agents.teams": { teams: ["org"], team_agents: ["org", "team"] },
  "cards.get": { cards: ["org", "agent"] },
  "cards.put": { ...owner, cards: ["org", "agent"], changes: ["seq"] },
  "sightings.firstSeen, 10 tools": { sightings: ["org", "agent", "tool_key"] },
  "sightings.list, first page": { sightings: ["org", "agent"] },
  "sightings.recent, one agent": { sightings: ["org", "agent"] },
  "sightings.recent, 200 agents": { sightings: ["org", "agent"] },
  "sightings.observe, 500": {},
  "traces.list of the org": { traces: ["org"] },
  "traces.list of an agent": { traces: ["org", "agent"] },
  "traces.calls of an agent": callsOfAgent,
  "traces.calls of an agent, a month": callsOfAgent,
  "traces.calls of an agent, 50 runs": callsOfAgent,
  "traces.calls of 20 agents, a month": callsOfAgent,
  "traces.calls of the org, the first 10,000 of a month": callsOfOrg,
  "traces.calls of the org, 50 runs": callsOfOrg,
  "traces.inRange of an agent": { traces: ["org", "agent"] },
  "traces.ingest, 10 runs of 20 calls": {},
  "traces.prune, nothing to do": { traces: ["org", "last_ms"] },
  "transactions.get": transaction,
  "transactions.ofSession": { transactions: ["org", "agent", "session_key"] },
  "transactions.bind": { ...transaction, changes: ["seq"] },
  "transactions.list of the org": { transactions: ["org"] },
  "transactions.list of an agent": { transactions: ["org", "agent"] },
};
/** Puts a block of each agent's in order. */
const sorting = new Set(["traces.calls of 20 agents, a month"]);

/** A look into a table. No columns: all of it. */
interface Look {
  readonly table: string;
  readonly columns: readonly string[];
  readonly line: string;
}

function looksOf(kind: Database["kind"], plan: readonly string[]): Look[] {
  return kind === "sqlite" ? sqliteLooks(plan) : postgresLooks(plan);
}

function sqliteLooks(plan: readonly string[]): Look[] {
  const made = new Map<string, number>();
  const looks: Look[] = [];
  for (const line of plan) {
    const subquery = /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(line)?.[1];
    if (subquery !== undefined) made.set(subquery, (made.get(subquery) ?? 0) + 1);
    const [, how, table = ""] = /^(SEARCH|SCAN) (\w+)/.exec(line) ?? [];
    if (how === undefined || /^SCAN (?:\d+|CONSTANT)/.test(line)) continue;
    const ofSubquery = how === "SCAN" && (made.get(table) ?? 0) > 0;
    if (ofSubquery) made.set(table, (made.get(table) as number) - 1);
    else {
      const columns =
        how === "SCAN" ? [] : [.../(?<= \().*(?=\))/.exec(line)![0].matchAll(/(\w+)[=<>]/g)].map(([, name]) => name as string);
      looks.push({ table, columns: columns.map((name) => (name === "rowid" ? numberOf(table) : name)), line });
    }
  }
  return looks;
}

function numberOf(table: string): string {
  return { traces: "trace", changes: "seq" }[table] ?? "rowid";
}

function postgresLooks(plan: readonly string[]): Look[] {
  const looks: Look[] = [];
  for (const [i, line] of plan.entries()) {
    const table = /(?:Seq|Index|Index Only) Scan.* on (\w+)/.exec(line)?.[1];
    const bitmap = /Bitmap Heap Scan on (\w+)/.exec(line)?.[1];
    if (/Bitmap Index Scan/.test(line) || (table ?? bitmap) === undefined) continue;
    const depth = line.search(/\S/);
    const below = plan.slice(i + 1).findIndex((next) => next.search(/\S/) <= depth);
    const own = plan.slice(i + 1, below === -1 ? undefined : i + 1 + below);
    const conditions = own.filter((next) => /(?:Index|Recheck) Cond:/.test(next));
    const columns = conditions.flatMap((text) =>
      [...text.matchAll(/(?<![':\w])([a-z_]+)(?=\)?(?:::\w+\)?)? (?:=|<|>|IS))/g)].map(([, name]) => name as string),
    );
    // More than one column compared at once.
    for (const text of conditions)
      for (const [, names = ""] of text.matchAll(/ROW\(([a-z_, ]+)\)/g)) columns.push(...names.split(", "));
    // One row is looked at whatever is asked of it.
    const filter = own.find((next) => /Filter:/.test(next) && !columns.includes("transaction_id"));
    looks.push({
      table: (table ?? bitmap) as string,
      columns: filter === undefined ? columns : [],
      line: [line, ...own].join("\n"),
    });
  }
  return looks;
}

describe("reading plans", () => {
  it("sees what is read whole, or read and thrown away", () => {
    expect(looksOf("sqlite", ["SCAN traces"])).toMatchObject([{ table: "traces", columns: [] }]);
    expect(looksOf("sqlite", ["CO-ROUTINE traces", "SCAN traces", "SCAN traces"])).toMatchObject([{ columns: [] }]);
    expect(looksOf("sqlite", ["SEARCH t USING COVERING INDEX i (org=? AND (a,b)>(?,?))"])).toMatchObject([{ table: "t" }]);
    expect(looksOf("postgres", ["Seq Scan on traces  (cost=1..2)", "  Filter: (org = 'x'::text)"])).toMatchObject([
      { columns: [] },
    ]);
    const filtered = [
      "Index Scan using i on traces  (cost=1..2)",
      "  Index Cond: (org = 'x'::text)",
      "  Filter: (agent = 'y'::text)",
    ];
    expect(looksOf("postgres", filtered)).toMatchObject([{ table: "traces", columns: [] }]);
    expect(looksOf("postgres", filtered.slice(0, 2))).toMatchObject([{ table: "traces", columns: ["org"] }]);
  });
});

describe.each(storeKinds)("plans on $name", (kind) => {
  let place: Place;
  let db: Database;
  let store: Store;
  let listened: ReturnType<typeof recorded>;

  beforeAll(async () => {
    place = await kind.place();
    db = await openDatabase(place.where, { poolSize: 3 });
    listened = recorded(db);
    store = storeOn(listened.db);
    const { org, by, card } = at;
    const all = Array.from({ length: agents }, (_, i) => i);
    await store.sightings.observe(
      org,
      all.flatMap((agent) => Array.from({ length: 100 }, (_, tool) => sightingOf(agent, tool))),
    );
    await store.traces.ingest(
      org,
      Array.from({ length: 1_500 }, (_, i) => runOf(i, i, agents, 1_500, 3)),
      by,
    );
    for (let i = 0; i < 40; i++) {
      await store.transactions.create(org, transactionOf(i, agents));
      await store.cards.put(org, { ...card, agent: agentOf(i) }, { kind: "any" });
      await store.agents.putTeam(
        org,
        `team-${i}`,
        [0, 1, 2].map((k) => agentOf(i + k)),
        by,
      );
    }
    if (kind.name === "sqlite") return;
    await store.close();
    await preferIndices(place.where.url as string);
    // For connections from now on.
    db = await openDatabase(place.where, { poolSize: 3 });
    listened = recorded(db);
    store = storeOn(listened.db);
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  it.each(questions.map((question) => [question.name, question] as const))("%s", async (name, { ask }) => {
    listened.take();
    await ask(store, at);
    const statements = listened.take();
    expect(statements.length).toBeGreaterThan(0);
    const way = ways[name] as Way;
    for (const statement of statements) {
      const plan = await planOf(db, (sql, parameters) => CompiledQuery.raw(sql, parameters), statement, { run: false });
      const shown = `${statement.sql}\n${plan.join("\n")}`;
      for (const look of looksOf(db.kind, plan)) {
        expect(way[look.table], `${look.table} in\n${shown}`).toBeDefined();
        expect(look.columns, `${look.line} in\n${shown}`).toEqual(expect.arrayContaining(way[look.table] as string[]));
      }
      if (!sorting.has(name))
        expect(
          plan.filter((line) => /TEMP B-TREE|^\s*(?:-> +)?(?:Incremental )?Sort/.test(line)),
          shown,
        ).toEqual([]);
    }
  });

  it("asks about every table of what was observed", () => {
    expect(Object.keys(ways).toSorted()).toEqual(questions.map(({ name }) => name).toSorted());
  });
});

/** Tables of a test are small enough to be read whole: what counts is whether they have to be. */
async function preferIndices(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("vacuum analyze");
    const { rows } = await client.query<{ name: string }>("select current_database() as name");
    for (const option of ["seqscan", "bitmapscan"])
      await client.query(`alter database ${rows[0]?.name} set enable_${option} = off`);
  } finally {
    await client.end();
  }
}
