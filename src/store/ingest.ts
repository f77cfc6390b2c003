import type { Kysely, Transaction } from "kysely";
import { storeBlockRows, storeCallsBlock } from "../limits.js";
import { seeAgents } from "./agents.js";
import { blocksOf, turn } from "./blocks.js";
import { Identities } from "./call-identity.js";
import type { Database } from "./database.js";
import { larger, smaller } from "./extremes.js";
import { keepSightings } from "./sightings.js";
import type { Actor, AlikeCalls, IngestedCall, IngestedTrace, Ingestion, Sighting } from "./store.js";
import type { Tables, TraceCallRow, TraceRow } from "./tables.js";
import { toName, toStored, toStoredMaybe } from "./text.js";
import { wholeMs } from "./times.js";

/** A run with everything that one ingestion says of it. */
interface SentTrace {
  readonly agent: string;
  readonly traceId: string;
  readonly format: string;
  readonly calls: SentCall[];
  /** Of what has a time. */
  firstMs: number | undefined;
  lastMs: number | undefined;
}

interface SentCall {
  readonly call: IngestedCall;
  readonly timeMs: number | undefined;
  readonly identity: Uint8Array;
}

/** A run that has its number. */
interface KeptTrace {
  readonly sent: SentTrace;
  readonly trace: number;
  /** Of its first call in what was sent. */
  readonly place: number;
  /** It has no time yet. */
  readonly undated: boolean;
  /** Calls that were not there. */
  readonly added: SentCall[];
}

/** Stand for no time: every time is before the one and after the other. */
const noFirstMs = Number.MAX_SAFE_INTEGER;
const noLastMs = Number.MIN_SAFE_INTEGER;

export async function ingest(
  db: Database,
  org: string,
  traces: readonly IngestedTrace[],
  by: Actor,
  alike: AlikeCalls = new Map(),
): Promise<Ingestion> {
  const { sent, sentCalls } = await identified(org, traces, alike);
  if (sent.length === 0) return { traces: 0, calls: 0, repeatedCalls: 0 };
  return db.write(async (trx) => {
    await seeAgents(trx, org, seenOf(sent), by.atMs);
    const kept = await keepTraces(trx, org, sent, by);
    await keepCalls(trx, kept, by.atMs);
    await countCalls(trx, org, kept, by);
    await keepSightings(trx, org, sightingsOf(kept, by.atMs));
    const calls = kept.reduce((sum, { added }) => sum + added.length, 0);
    return { traces: kept.length, calls, repeatedCalls: sentCalls - calls };
  });
}

/** One for each run, in the order in which everybody locks them; of calls that are the same, the first. */
async function identified(
  org: string,
  traces: readonly IngestedTrace[],
  alike: AlikeCalls,
): Promise<{ sent: readonly SentTrace[]; sentCalls: number }> {
  const byAgent = new Map<string, Map<string, SentTrace>>();
  const identities = new Identities(org, alike);
  const known = new Set<string>();
  let sentCalls = 0;
  for (const { agent, traceId, format, seenMs, calls } of traces) {
    const ofAgent = byAgent.get(agent) ?? new Map<string, SentTrace>();
    byAgent.set(agent, ofAgent);
    const sent = ofAgent.get(traceId) ?? { agent, traceId, format, calls: [], firstMs: undefined, lastMs: undefined };
    ofAgent.set(traceId, sent);
    widen(sent, wholeMs(seenMs));
    for (const call of calls) {
      const identity = identities.of({ agent, format, traceId }, call);
      const timeMs = wholeMs(call.timeMs);
      const before = known.size;
      if (known.add(identity.toString("latin1")).size > before) sent.calls.push({ call, timeMs, identity });
      widen(sent, timeMs);
      if (++sentCalls % storeCallsBlock === 0) await turn();
    }
  }
  const all = [...byAgent.values()].flatMap((ofAgent) => [...ofAgent.values()]);
  return { sent: all.sort((a, b) => compare(a.agent, b.agent) || compare(a.traceId, b.traceId)), sentCalls };
}

function widen(sent: SentTrace, timeMs: number | undefined): void {
  if (timeMs === undefined) return;
  sent.firstMs = Math.min(sent.firstMs ?? timeMs, timeMs);
  sent.lastMs = Math.max(sent.lastMs ?? timeMs, timeMs);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Only times that what was sent has itself: it may be sent again, later. */
function seenOf(sent: readonly SentTrace[]): ReadonlyMap<string, number | undefined> {
  const seen = new Map<string, number | undefined>();
  for (const { agent, lastMs } of sent) {
    const before = seen.get(agent);
    seen.set(agent, before === undefined || (lastMs !== undefined && lastMs > before) ? lastMs : before);
  }
  return seen;
}

type TraceInsert = Omit<TraceRow, "trace">;

/** Makes the runs that are not there, and locks all of them until the transaction ends. */
async function keepTraces(
  trx: Transaction<Tables>,
  org: string,
  sent: readonly SentTrace[],
  by: Actor,
): Promise<readonly KeptTrace[]> {
  const kept: KeptTrace[] = [];
  for (const block of blocksOf(sent)) {
    const rows = block.map((one) => {
      const times = { first_ms: one.firstMs ?? noFirstMs, last_ms: one.lastMs ?? noLastMs };
      return traceRow(org, one, { ...times, calls: 0, places: one.calls.length }, by);
    });
    const numbered = await upsertTraces(trx, rows).returning(["trace", "agent", "trace_key", "places", "first_ms"]).execute();
    const byAgent = new Map<string, Map<string, (typeof numbered)[number]>>();
    for (const row of numbered) {
      const ofAgent = byAgent.get(row.agent) ?? new Map();
      byAgent.set(row.agent, ofAgent);
      ofAgent.set(row.trace_key, row);
    }
    block.forEach((one, i) => {
      const row = byAgent.get(one.agent)?.get((rows[i] as TraceInsert).trace_key);
      if (row === undefined) throw new TypeError("a run that was written has no number");
      const { trace, places, first_ms } = row;
      kept.push({ sent: one, trace, place: places - one.calls.length, undated: first_ms === noFirstMs, added: [] });
    });
    await turn();
  }
  return kept;
}

function traceRow(
  org: string,
  { agent, traceId, format }: SentTrace,
  numbers: Pick<TraceInsert, "first_ms" | "last_ms" | "calls" | "places">,
  by: Actor,
): TraceInsert {
  const { key, full } = toName(traceId);
  const about = { org, agent, trace_key: key, trace_id: full, format: toStored(format) };
  return { ...about, ...numbers, ingested_at_ms: by.atMs, ingested_by: toStored(by.actor) };
}

/** Runs that are there grow by what is given. */
export function upsertTraces(q: Kysely<Tables>, rows: readonly TraceInsert[]) {
  return q
    .insertInto("traces")
    .values(rows)
    .onConflict((c) =>
      c.columns(["org", "agent", "trace_key"]).doUpdateSet((e) => ({
        first_ms: smaller("traces", "first_ms"),
        last_ms: larger("traces", "last_ms"),
        calls: e("traces.calls", "+", e.ref("excluded.calls")),
        places: e("traces.places", "+", e.ref("excluded.places")),
      })),
    );
}

async function keepCalls(trx: Transaction<Tables>, kept: readonly KeptTrace[], atMs: number): Promise<void> {
  const byTrace = new Map(kept.map((one) => [one.trace, one]));
  let rows: TraceCallRow[] = [];
  const write = async () => {
    const added = await insertCalls(trx, rows).returning(["trace", "place"]).execute();
    rows = [];
    for (const { trace, place } of added) {
      const one = byTrace.get(trace) as KeptTrace;
      one.added.push(one.sent.calls[place - one.place] as SentCall);
    }
    await turn();
  };
  for (const { sent, trace, place } of kept) {
    for (const [i, one] of sent.calls.entries()) {
      rows.push(callRow(sent, one, { trace, place: place + i }, atMs));
      if (rows.length === storeBlockRows) await write();
    }
  }
  if (rows.length > 0) await write();
}

/** Those that are there already stay as they are, and are not returned. */
export function insertCalls(q: Kysely<Tables>, rows: readonly TraceCallRow[]) {
  return q
    .insertInto("trace_calls")
    .values(rows)
    .onConflict((c) => c.column("identity").doNothing());
}

function callRow(
  { traceId }: SentTrace,
  { call, timeMs, identity }: SentCall,
  at: Pick<TraceCallRow, "trace" | "place">,
  atMs: number,
): TraceCallRow {
  return {
    ...at,
    time_ms: timeMs ?? atMs,
    identity,
    dated: timeMs === undefined ? 0 : 1,
    session: call.session === traceId ? null : toStored(call.session),
    call_id: toStoredMaybe(call.callId),
    tool: toStored(call.tool),
    subagent: call.subagent ? 1 : 0,
    decision: call.decision ?? null,
  };
}

/** Runs count their new calls, and those without any time get that of this ingestion. */
async function countCalls(trx: Transaction<Tables>, org: string, kept: readonly KeptTrace[], by: Actor): Promise<void> {
  const grown = kept.filter(({ added, undated }) => added.length > 0 || undated);
  for (const block of blocksOf(grown)) {
    const rows = block.map(({ sent, added, undated }) => {
      const withoutTime = undated || added.some(({ timeMs }) => timeMs === undefined);
      const times = withoutTime ? { first_ms: by.atMs, last_ms: by.atMs } : { first_ms: noFirstMs, last_ms: noLastMs };
      return traceRow(org, sent, { ...times, calls: added.length, places: 0 }, by);
    });
    await upsertTraces(trx, rows).execute();
    await turn();
  }
}

function* sightingsOf(kept: readonly KeptTrace[], atMs: number): Generator<Sighting> {
  for (const { sent, added } of kept) {
    for (const { call, timeMs = atMs } of added) yield { agent: sent.agent, tool: call.tool, firstMs: timeMs, lastMs: timeMs };
  }
}
