import type { TraceCallRow } from "./tables.js";
import type { TraceHead } from "./trace-heads.js";

/** A call as it is read. */
export type CallRow = Omit<TraceCallRow, "identity">;

/** A run some of whose calls are out, and the next ones at hand: never empty. */
export interface OpenTrace {
  readonly head: TraceHead;
  rows: readonly CallRow[];
  /** The next of them. */
  at: number;
  /** Whether there may be calls after `rows`. */
  more: boolean;
}

/** Open runs, that with the earliest next call first: a binary heap. Calls of one time come run by run. */
export class CallQueue {
  private readonly runs: OpenTrace[] = [];

  get size(): number {
    return this.runs.length;
  }

  first(): OpenTrace | undefined {
    return this.runs[0];
  }

  add(run: OpenTrace): void {
    const { runs } = this;
    let at = runs.push(run) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (before(runs[above] as OpenTrace, run)) break;
      runs[at] = runs[above] as OpenTrace;
      at = above;
    }
    runs[at] = run;
  }

  /** After calls of the first run were taken: puts it where it belongs now, or away when it has no more. */
  settle(): void {
    const { runs } = this;
    const [first] = runs;
    if (first === undefined) return;
    const moved = first.at < first.rows.length ? first : (runs.pop() as OpenTrace);
    if (runs.length > 0) this.sink(moved);
  }

  private sink(run: OpenTrace): void {
    const { runs } = this;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= runs.length) break;
      if (below + 1 < runs.length && before(runs[below + 1] as OpenTrace, runs[below] as OpenTrace)) below++;
      if (before(run, runs[below] as OpenTrace)) break;
      runs[at] = runs[below] as OpenTrace;
      at = below;
    }
    runs[at] = run;
  }
}

function before(a: OpenTrace, b: OpenTrace): boolean {
  const [x, y] = [a.rows[a.at] as CallRow, b.rows[b.at] as CallRow];
  return x.time_ms !== y.time_ms ? x.time_ms < y.time_ms : x.trace < y.trace;
}
