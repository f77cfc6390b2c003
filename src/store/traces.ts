import type { Database } from "./database.js";
import { ingest } from "./ingest.js";
import { pageOf } from "./pages.js";
import { prune } from "./prune.js";
import type { StoredTrace, Traces } from "./store.js";
import { fromName, fromStored } from "./text.js";
import { nearestMs, wholeRange } from "./times.js";
import { callsIn } from "./trace-calls.js";
import { headColumns, type TraceHead, tracesIn } from "./trace-heads.js";

export function tracesOf(db: Database): Traces {
  return {
    ingest: (org, traces, by, alike) => ingest(db, org, traces, by, alike),
    list: (org, agent, page) =>
      db.snapshot((q) => {
        const ofOrg = q.selectFrom("traces").where("org", "=", org);
        const wanted = agent === undefined ? ofOrg : ofOrg.where("agent", "=", agent);
        return pageOf(wanted, page, async (rows) => {
          const latest = rows.select(headColumns).orderBy("last_ms", "desc").orderBy("trace", "desc");
          return (await latest.execute()).map(stored);
        });
      }),
    calls: (org, range) => callsIn(db, org, wholeRange(range)),
    async *inRange(org, range) {
      for await (const heads of tracesIn(db, org, wholeRange(range))) yield heads.map(stored);
    },
    prune: (org, beforeMs) => prune(db, org, nearestMs(beforeMs)),
  };
}

function stored(head: TraceHead): StoredTrace {
  return {
    agent: head.agent,
    traceId: fromName(head.trace_key, head.trace_id),
    format: fromStored(head.format),
    firstMs: head.first_ms,
    lastMs: head.last_ms,
    calls: head.calls,
    ingestedAtMs: head.ingested_at_ms,
  };
}
