import { SessionState } from "../engine/session.js";
import { sessionsKeptMax, sessionUnitsKeptMax } from "../limits.js";
import { Lru } from "./lru.js";

/** A session that nobody has called in for so long is over. */
const idleMs = 24 * 3_600_000;

/** The counts of sessions (E7), by agent and session id, in this process. */
export class SessionCounts {
  readonly #sessions = new Lru<string, { readonly state: SessionState; usedMs: number }>(sessionsKeptMax, sessionUnitsKeptMax);

  constructor(private readonly elapsed: () => number) {}

  /** The state that the next call advances. */
  of(org: string, agent: string, session: string): SessionState {
    const key = `${org}\u0000${agent}\u0000${session}`;
    const now = this.elapsed();
    const kept = this.#sessions.get(key);
    if (kept !== undefined && now - kept.usedMs < idleMs) {
      kept.usedMs = now;
      return kept.state;
    }
    const state = new SessionState();
    this.#sessions.set(key, { state, usedMs: now }, key.length);
    return state;
  }

  /** As `of`, for a question that changes nothing. */
  copyOf(org: string, agent: string, session: string): SessionState {
    const kept = this.#sessions.peek(`${org}\u0000${agent}\u0000${session}`);
    const copy = new SessionState();
    if (kept === undefined || this.elapsed() - kept.usedMs >= idleMs) return copy;
    const { toolCount, unmappedOrgCount, unmappedCount, violationCount } = kept.state;
    return Object.assign(copy, { toolCount, unmappedOrgCount, unmappedCount, violationCount });
  }
}
