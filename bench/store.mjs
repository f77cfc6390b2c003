// Question: does what was observed stay within reach of an index, with 10,000 agents, 1 M sightings and 5 M calls?
//   --quick              a hundredth of it; --runs <n> other than 250,000 of 20 calls
//   --only sqlite        or postgres, which has to run (SMOLTBOT_TEST_DATABASE_URL)
//   --plans              prints how each statement is answered
// Fills a store through its own interface, asks every question of it, and shows how the database goes about each statement.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompiledQuery } from "kysely";
import pg from "pg";
import { benchOptions, digits, duration, finish, row, size, skippedRow } from "./harness/report.mjs";
import { median } from "./harness/rounds.mjs";
import { planOf, recorded } from "./harness/statements.mjs";
import { agentOf, questions, runOf, sightingOf, subject, transactionOf } from "./harness/store-questions.mjs";

const { openDatabase, storeOn } = await import(new URL("../build/store/open.js", import.meta.url).href);

const options = benchOptions();
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : undefined;
const scale = options.quick
  ? { agents: 1_000, toolsEach: 10, runs: 2_500, transactions: 200, cards: 100 }
  : { agents: 10_000, toolsEach: 100, runs: 250_000, transactions: 5_000, cards: 2_000 };
if (process.argv.includes("--runs")) scale.runs = Number(process.argv[process.argv.indexOf("--runs") + 1]);
const serverUrl = process.env.SMOLTBOT_TEST_DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const raw = (sql, parameters) => CompiledQuery.raw(sql, parameters);
const say = (text) => process.stderr.write(`${text}\n`);

const tables = [];
const details = { scale, plans: { sqlite: {}, postgres: {} }, samplesMs: { sqlite: {}, postgres: {} } };
for (const kind of ["sqlite", "postgres"]) {
  if (only !== undefined && only !== kind) continue;
  const place = kind === "sqlite" ? sqlitePlace() : await postgresPlace().catch((error) => error);
  if (place instanceof Error) {
    tables.push({ title: kind, rows: [skippedRow(kind, place.message)] });
    continue;
  }
  try {
    tables.push(...(await measure(kind, place)));
  } finally {
    await place.remove();
  }
}
const notes = [
  "calls a run: 20; PostgreSQL as it is installed, after VACUUM ANALYZE, as its autovacuum would; SQLite without ANALYZE",
  "a statement of the table is a distinct text; plans and the first samples are in the record",
  "through a whole table: counts of a whole org, where it is all there is, and tables of a page or two",
];
const title = `A store with ${digits(scale.agents)} agents, ${digits(scale.agents * scale.toolsEach)} sightings, ${digits(scale.runs * 20)} calls`;
finish({ name: "store", title, tables, notes, details }, options);

function sqlitePlace() {
  const folder = mkdtempSync(join(tmpdir(), "smoltbot-bench-"));
  const path = join(folder, "store.db");
  return {
    where: { path },
    settle: async () => {},
    bytes: async () => statSync(path).size,
    remove: async () => rmSync(folder, { recursive: true }),
  };
}

async function postgresPlace() {
  const name = `smoltbot_bench_${randomBytes(8).toString("hex")}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    where: { url: url.href },
    settle: () => onServer(url.href, "vacuum analyze"),
    bytes: async () => Number((await onServer(url.href, "select pg_database_size(current_database()) as bytes")).rows[0].bytes),
    remove: () => onServer(serverUrl, `drop database ${name} with (force)`),
  };
}

async function onServer(url, statement) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}

async function measure(kind, place) {
  const db = await openDatabase(place.where, { poolSize: 3 });
  const listened = recorded(db);
  const store = storeOn(listened.db);
  try {
    const filled = await fill(kind, store, listened);
    await place.settle();
    filled.push(row("size", await place.bytes(), size));
    const asked = await askAll(kind, db, store, listened);
    const streamed = await readAll(kind, store);
    return [
      { title: `${kind}: filling, through the interface`, rows: filled },
      { title: `${kind}: questions`, rows: asked },
      { title: `${kind}: everything, in the order of time`, rows: streamed },
    ];
  } finally {
    await store.close();
  }
}

async function fill(kind, store, listened) {
  const { agents, toolsEach, runs, transactions, cards } = scale;
  const { org, by, card } = subject(agents);
  const rows = [];
  const timed = async (name, count, blocks, write) => {
    const start = performance.now();
    let shown = start;
    for (let block = 0; block < blocks; block++) {
      await write(block);
      listened.take();
      if (performance.now() - shown > 5_000) {
        say(`${kind}: ${name} ${Math.round((100 * (block + 1)) / blocks)} %`);
        shown = performance.now();
      }
    }
    const ms = performance.now() - start;
    rows.push(
      row(name, (count / ms) * 1_000, (value) => `${digits(value)}/s`, { note: `${digits(count)} in ${duration(ms * 1e6)}` }),
    );
  };
  const agentsEach = Math.max(1, Math.floor(5_000 / toolsEach));
  await timed("sightings", agents * toolsEach, Math.ceil(agents / agentsEach), (block) => {
    const some = Array.from({ length: Math.min(agentsEach, agents - block * agentsEach) }, (_, i) => block * agentsEach + i);
    return store.sightings.observe(
      org,
      some.flatMap((agent) => Array.from({ length: toolsEach }, (_, tool) => sightingOf(agent, tool))),
    );
  });
  await timed("calls", runs * 20, Math.ceil(runs / 1_000), (block) => {
    const numbers = Array.from({ length: Math.min(1_000, runs - block * 1_000) }, (_, i) => block * 1_000 + i);
    return store.traces.ingest(
      org,
      numbers.map((number) => runOf(number, number, agents, runs)),
      by,
    );
  });
  await timed("transactions", transactions, transactions, (i) => store.transactions.create(org, transactionOf(i, agents)));
  await timed("cards", cards, cards, (i) => store.cards.put(org, { ...card, agent: agentOf(i) }, { kind: "any" }));
  await timed("teams", 100, 100, (i) =>
    store.agents.putTeam(
      org,
      `team-${i}`,
      Array.from({ length: 50 }, (_, k) => agentOf((i * 50 + k) % agents)),
      by,
    ),
  );
  return rows;
}

async function askAll(kind, db, store, listened) {
  const at = subject(scale.agents);
  const rows = [];
  for (const { name, ask } of questions) {
    listened.take();
    const answer = await ask(store, at);
    const statements = listened.take();
    const samples = [];
    const end = performance.now() + (options.quick ? 200 : 1_500);
    while (samples.length < 5 || (samples.length < 200 && performance.now() < end)) {
      const start = performance.now();
      await ask(store, at);
      samples.push(performance.now() - start);
    }
    const plans = [];
    for (const statement of statements) plans.push({ sql: statement.sql, plan: await planOf(db, raw, statement) });
    details.plans[kind][name] = plans.map(({ sql, plan }) => ({ sql: shortened(sql), plan: firstLines(plan).map(shortened) }));
    details.samplesMs[kind][name] = samples.slice(0, 30).map((ms) => Math.round(ms * 1_000) / 1_000);
    const scans = plans.filter(({ plan }) =>
      plan.some((line) => /^SCAN (?!latest|traces$|\(subquery|\d+)|Seq Scan/.test(line.trim())),
    );
    const found = typeof answer === "number" ? `${digits(answer)} found, ` : "";
    const note = `${found}${statements.length} statements${scans.length > 0 ? `, ${scans.length} through a whole table` : ""}`;
    rows.push(row(name, median(samples) * 1e6, duration, { note }));
    if (process.argv.includes("--plans"))
      for (const { sql, plan } of plans) say(`${kind}: ${name}\n  ${shortened(sql)}\n    ${plan.join("\n    ")}`);
  }
  return rows;
}

/** Of a union all parts look the same. */
function firstLines(plan) {
  return plan.length <= 24 ? plan : [...plan.slice(0, 24), `... ${plan.length - 24} lines more`];
}

/** Lists of values are long and all alike. */
function shortened(text) {
  return text.length <= 900 ? text : `${text.slice(0, 700)} ... ${text.slice(-150)}`;
}

/** While one reader goes through everything, another process-wide visitor writes and looks at the clock. */
async function readAll(kind, store) {
  const { org, sightings } = subject(scale.agents);
  say(`${kind}: reading all calls`);
  let [stallMs, tickMs, heapMax] = [0, performance.now(), 0];
  const ticks = setInterval(() => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - tickMs - 5);
    tickMs = now;
    heapMax = Math.max(heapMax, process.memoryUsage().heapUsed);
  }, 5);
  const start = performance.now();
  const writesMs = [];
  let reading = true;
  const writer = (async () => {
    while (reading) {
      const began = performance.now();
      await store.sightings.observe(org, sightings.slice(0, 20));
      writesMs.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  let [calls, last] = [0, -Infinity];
  for await (const block of store.traces.calls(org, { agents: undefined })) {
    for (const { timeMs } of block) {
      if (timeMs < last) throw new Error("calls came out of order");
      last = timeMs;
    }
    calls += block.length;
  }
  const ms = performance.now() - start;
  reading = false;
  await writer;
  clearInterval(ticks);
  return [
    row("calls", (calls / ms) * 1_000, (value) => `${digits(value)}/s`, { note: `${digits(calls)} in ${duration(ms * 1e6)}` }),
    row("longest time nothing else could run", stallMs * 1e6, duration),
    row("heap at most", heapMax, size),
    row("a write of 20 sightings meanwhile", median(writesMs) * 1e6, duration, {
      note: `slowest ${duration(Math.max(...writesMs) * 1e6)}`,
    }),
  ];
}
