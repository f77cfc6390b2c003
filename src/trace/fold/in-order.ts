import type { Session } from "../../engine/result.js";
import { callsInOrder, type SessionCalls } from "../call-order.js";
import type { CallTable } from "../trace-set.js";
import type { Knowledge } from "./knowledge.js";
import type { Outcomes } from "./outcomes.js";
import type { PolicyViews } from "./views.js";

type Counts = { -readonly [name in keyof Session]: Session[name] };

/** The counts of one session under one policy, in call order (E7). */
class SessionWalk {
  private readonly counts: Counts = { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 };
  /** For an engine without a catalogue: its own session, advanced by evaluating each call. */
  private session: Session | undefined;

  constructor(private readonly views: PolicyViews) {}

  open(): void {
    Object.assign(this.counts, { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 });
    this.session = this.views.hasCatalogue ? undefined : this.views.openSession();
  }

  /** The view of the next call. */
  next(tool: number, timeMs: number, firstMs: number): number {
    const { views, counts } = this;
    const grace = Number.isNaN(timeMs) ? undefined : views.grace(tool);
    const base = grace !== undefined && timeMs < views.expiryMs(tool, firstMs) ? grace : views.plain(tool);
    if (this.session !== undefined) return views.inSession(base, this.session);
    const { adds } = views.views[base].says;
    counts.toolCount += adds.toolCount;
    counts.unmappedOrgCount += adds.unmappedOrgCount;
    counts.unmappedCount += adds.unmappedCount;
    counts.violationCount += adds.violationCount;
    return views.withCounts(base, counts);
  }
}

/**
 * What each call comes to where triggers count (E7): every call of a session that is looked at is walked in call order, also
 * those that are not reported, because they count. `pairs`: the agent and tool of each call. Linear in the calls.
 */
export function decideInOrder(
  outcomes: Outcomes,
  known: Knowledge,
  set: SessionCalls & { readonly calls: CallTable },
  pairs: Uint32Array,
  wanted: Uint8Array,
): Int32Array {
  const { session, tool, timeMs, trace, length } = set.calls;
  const { firstMs } = known.sightings;
  const decided = new Int32Array(length);
  const looked = new Uint8Array(set.sessions);
  for (let call = 0; call < length; call++) if (wanted[trace[call]] === 1) looked[session[call]] = 1;
  const now = new SessionWalk(outcomes.now);
  const then = outcomes.then && new SessionWalk(outcomes.then);
  let current = -1;
  for (const call of callsInOrder(set)) {
    if (looked[session[call]] === 0) continue;
    if (session[call] !== current) {
      current = session[call];
      now.open();
      then?.open();
    }
    const firstSeenMs = firstMs[pairs[call]];
    const after = now.next(tool[call], timeMs[call], firstSeenMs);
    decided[call] = outcomes.pair(after, then?.next(tool[call], timeMs[call], firstSeenMs));
  }
  return decided;
}
