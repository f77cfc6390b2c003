import type { Kysely, SelectQueryBuilder } from "kysely";
import { storeAgentsEach, storeTracesBlock } from "../limits.js";
import { turn } from "./blocks.js";
import type { Database } from "./database.js";
import type { CallRange } from "./store.js";
import type { Tables, TraceRow } from "./tables.js";

/** A recorded run as a row, without its calls. */
export type TraceHead = Pick<
  TraceRow,
  "org" | "agent" | "trace_key" | "trace_id" | "format" | "first_ms" | "last_ms" | "calls" | "ingested_at_ms"
> & { readonly trace: number };

export const headColumns = [
  "trace",
  "org",
  "agent",
  "trace_key",
  "trace_id",
  "format",
  "first_ms",
  "last_ms",
  "calls",
  "ingested_at_ms",
] as const satisfies readonly (keyof TraceHead)[];

/** One way through the runs of an org: along one of the two times, from one end of it, after what was read before. */
export interface Walk {
  readonly by: "first_ms" | "last_ms";
  readonly from: "oldest" | "newest";
  readonly firstFromMs?: number | undefined;
  readonly firstBeforeMs?: number | undefined;
  readonly lastFromMs?: number | undefined;
}

/**
 * The runs that lasted into the range, by the time they began; of the most recent ones, as many as asked for. Each block is a statement
 * of its own, so that nobody waits for the reader; what is written meanwhile may be in it or not.
 */
export async function* tracesIn(db: Database, org: string, range: CallRange): AsyncGenerator<readonly TraceHead[]> {
  const { sinceMs, untilMs, traces } = range;
  const agents = range.agents && [...new Set(range.agents)];
  if (agents?.length === 0 || traces === 0) return;
  if (traces !== undefined) {
    const latest: TraceHead[] = [];
    for await (const block of walk(db, org, agents, {
      by: "last_ms",
      from: "newest",
      lastFromMs: sinceMs,
      firstBeforeMs: untilMs,
    })) {
      for (const head of block) if (latest.length < traces) latest.push(head);
      if (latest.length >= traces) break;
    }
    latest.sort((a, b) => a.first_ms - b.first_ms || a.trace - b.trace);
    if (latest.length > 0) yield latest;
    return;
  }
  if (sinceMs !== undefined) {
    // Few: they had begun when the range begins.
    const begun = earliest(sinceMs, untilMs);
    const open: TraceHead[] = [];
    for await (const block of walk(db, org, agents, { by: "last_ms", from: "oldest", lastFromMs: sinceMs, firstBeforeMs: begun }))
      open.push(...block);
    open.sort((a, b) => a.first_ms - b.first_ms || a.trace - b.trace);
    if (open.length > 0) yield open;
  }
  yield* walk(db, org, agents, { by: "first_ms", from: "oldest", firstFromMs: sinceMs, firstBeforeMs: untilMs });
}

function earliest(a: number, b: number | undefined): number {
  return b === undefined ? a : Math.min(a, b);
}

async function* walk(
  db: Database,
  org: string,
  agents: readonly string[] | undefined,
  way: Walk,
): AsyncGenerator<readonly TraceHead[]> {
  const each = agents !== undefined && agents.length <= storeAgentsEach ? agents : undefined;
  const wanted = agents === undefined || each !== undefined ? undefined : new Set(agents);
  let after: TraceHead | undefined;
  for (;;) {
    const block: readonly TraceHead[] = await db.read((q) => walkQuery(q, org, each, way, after).execute());
    after = block.at(-1);
    const found = wanted === undefined ? block : block.filter(({ agent }) => wanted.has(agent));
    if (found.length > 0) yield found;
    if (block.length < storeTracesBlock) return;
    await turn();
  }
}

/** One block: of each agent at most a block is read, and the first ones of all are it. */
export function walkQuery(
  q: Kysely<Tables>,
  org: string,
  agents: readonly string[] | undefined,
  way: Walk,
  after: TraceHead | undefined,
): SelectQueryBuilder<Tables, "traces", TraceHead> {
  const ofOrg = q.selectFrom("traces").where("org", "=", org);
  if (agents === undefined) return inOrder(narrowed(ofOrg, way, after), way);
  const each = agents.map((agent) => inOrder(narrowed(ofOrg.where("agent", "=", agent), way, after), way));
  if (each.length === 1) return each[0] as SelectQueryBuilder<Tables, "traces", TraceHead>;
  const all = each.map((one) => q.selectFrom(one.as("traces")).selectAll()).reduce((some, one) => some.unionAll(one));
  return inOrder(q.selectFrom(all.as("traces")), way);
}

type Traces = SelectQueryBuilder<Tables, "traces", object>;

function narrowed(traces: Traces, way: Walk, after: TraceHead | undefined): Traces {
  const { by, from, firstFromMs, firstBeforeMs, lastFromMs } = way;
  let out = traces;
  if (firstFromMs !== undefined) out = out.where("first_ms", ">=", firstFromMs);
  if (firstBeforeMs !== undefined) out = out.where("first_ms", "<", firstBeforeMs);
  if (lastFromMs !== undefined) out = out.where("last_ms", ">=", lastFromMs);
  if (after === undefined) return out;
  return out.where((e) => e(e.refTuple(by, "trace"), from === "oldest" ? ">" : "<", e.tuple(after[by], after.trace)));
}

function inOrder(traces: Traces, { by, from }: Walk): SelectQueryBuilder<Tables, "traces", TraceHead> {
  const direction = from === "oldest" ? "asc" : "desc";
  return traces.select(headColumns).orderBy(by, direction).orderBy("trace", direction).limit(storeTracesBlock);
}
