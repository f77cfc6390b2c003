import type { Kysely } from "kysely";
import { storeCallsBlock, storeCallsHeld } from "../limits.js";
import { turn } from "./blocks.js";
import { CallQueue, type CallRow, type OpenTrace } from "./call-queue.js";
import type { Database } from "./database.js";
import type { CallRange, IngestedCall, StoredCall } from "./store.js";
import type { Tables } from "./tables.js";
import { fromName, fromStored, fromStoredMaybe } from "./text.js";
import { type TraceHead, tracesIn } from "./trace-heads.js";

const callColumns = [
  "trace",
  "time_ms",
  "place",
  "dated",
  "session",
  "call_id",
  "tool",
  "subagent",
  "decision",
] as const satisfies readonly (keyof CallRow)[];

/**
 * Calls in the order of time. The runs come by the time they began; a run is opened when the calls before it are out, and the first
 * call of all open runs is the next. Short runs are read many at a time, long ones in pieces.
 */
export async function* callsIn(db: Database, org: string, range: CallRange): AsyncGenerator<readonly StoredCall[]> {
  const open = new CallQueue();
  let out: StoredCall[] = [];
  async function* before(timeMs: number): AsyncGenerator<readonly StoredCall[]> {
    for (let run = open.first(); run !== undefined && timeOf(run) <= timeMs; run = open.first()) {
      out.push(stored(run.head, run.rows[run.at++] as CallRow));
      if (run.at === run.rows.length && run.more) await readOn(db, run, range, shareOf(open.size));
      open.settle();
      if (out.length < storeCallsBlock) continue;
      yield out;
      out = [];
      await turn();
    }
  }
  for await (const heads of tracesIn(db, org, range)) {
    for (const group of groupsOf(heads)) {
      for (const run of await opened(db, group, range, shareOf(open.size))) {
        yield* before(run.head.first_ms);
        open.add(run);
      }
      await turn();
    }
  }
  yield* before(Infinity);
  if (out.length > 0) yield out;
}

function timeOf(run: OpenTrace): number {
  return (run.rows[run.at] as CallRow).time_ms;
}

/** Calls that one run may hold. */
function shareOf(openRuns: number): number {
  return Math.max(16, Math.min(storeCallsBlock, Math.floor(storeCallsHeld / (openRuns + 1))));
}

async function readOn(db: Database, run: OpenTrace, range: CallRange, limit: number): Promise<void> {
  const last = run.rows.at(-1) as CallRow;
  run.rows = await db.read((q) => pieceQuery(q, last.trace, range, last, limit).execute());
  run.at = 0;
  run.more = run.rows.length === limit;
}

/** Runs that are read together: one that is long on its own, or as many as one statement should give. */
function* groupsOf(heads: readonly TraceHead[]): Generator<readonly TraceHead[]> {
  let group: TraceHead[] = [];
  let calls = 0;
  for (const head of heads) {
    if (head.calls === 0) continue;
    if (group.length > 0 && calls + head.calls > storeCallsBlock) {
      yield group;
      group = [];
      calls = 0;
    }
    group.push(head);
    calls += head.calls;
  }
  if (group.length > 0) yield group;
}

async function opened(db: Database, group: readonly TraceHead[], range: CallRange, limit: number): Promise<readonly OpenTrace[]> {
  const [head] = group;
  if (group.length === 1 && head !== undefined) {
    const rows = await db.read((q) => pieceQuery(q, head.trace, range, undefined, limit).execute());
    return rows.length === 0 ? [] : [{ head, rows, at: 0, more: rows.length === limit }];
  }
  const numbers = group.map(({ trace }) => trace);
  const rows = await db.read((q) => groupQuery(q, numbers, range).execute());
  const byTrace = new Map<number, CallRow[]>();
  for (const row of rows) {
    const there = byTrace.get(row.trace);
    if (there === undefined) byTrace.set(row.trace, [row]);
    else there.push(row);
  }
  return group.flatMap((of) => {
    const own = byTrace.get(of.trace);
    return own === undefined ? [] : [{ head: of, rows: own, at: 0, more: false }];
  });
}

/** A piece of a long run, after the call that was read last. */
export function pieceQuery(q: Kysely<Tables>, trace: number, range: CallRange, after: CallRow | undefined, limit: number) {
  const calls = inRange(q, range).where("trace", "=", trace);
  const rest =
    after === undefined
      ? calls
      : calls.where((e) => e(e.refTuple("trace", "time_ms", "place"), ">", e.tuple(trace, after.time_ms, after.place)));
  return rest.orderBy("trace").orderBy("time_ms").orderBy("place").limit(limit);
}

/** All calls of short runs. */
export function groupQuery(q: Kysely<Tables>, traces: readonly number[], range: CallRange) {
  return inRange(q, range).where("trace", "in", traces).orderBy("trace").orderBy("time_ms").orderBy("place");
}

function inRange(q: Kysely<Tables>, { sinceMs, untilMs }: CallRange) {
  let calls = q.selectFrom("trace_calls").select(callColumns);
  if (sinceMs !== undefined) calls = calls.where("time_ms", ">=", sinceMs);
  if (untilMs !== undefined) calls = calls.where("time_ms", "<", untilMs);
  return calls;
}

function stored(head: TraceHead, row: CallRow): StoredCall {
  const traceId = fromName(head.trace_key, head.trace_id);
  return {
    agent: head.agent,
    traceId,
    format: fromStored(head.format),
    callId: fromStoredMaybe(row.call_id),
    session: row.session === null ? traceId : fromStored(row.session),
    tool: fromStored(row.tool),
    timeMs: row.time_ms,
    dated: row.dated === 1,
    subagent: row.subagent === 1,
    decision: (row.decision ?? undefined) as IngestedCall["decision"],
  };
}
