import type { History, ObservedTool } from "../analysis/recommend/history.js";
import type { StoredCall } from "../store/store.js";

const dayMs = 86_400_000;

interface Sum {
  calls: number;
  readonly sessions: Set<number>;
  readonly days: Set<number>;
  firstMs: number;
  lastMs: number;
  denied: number;
  approved: number;
  escalated: number;
}

/** Sums up stored calls tool by tool, for a recommendation. Memory grows with distinct pairs of a tool and a session. */
export class Observation {
  calls = 0;
  readonly #sums = new Map<string, Sum>();
  readonly #sessions = new Map<string, number>();
  readonly #days = new Set<number>();
  readonly #otherNames = new Set<string>();
  readonly #knownBefore = new Set<string>();

  add({ agent, format, session, tool, timeMs, dated, decision }: StoredCall): void {
    const sum = this.#sumOf(tool);
    this.calls++;
    sum.calls++;
    sum.sessions.add(this.#sessionOf(`${agent}\u0000${format}\u0000${session}`));
    if (decision !== undefined) sum[decision]++;
    if (!dated) return;
    const day = Math.floor(timeMs / dayMs);
    sum.days.add(day);
    this.#days.add(day);
    sum.firstMs = Math.min(sum.firstMs, timeMs);
    sum.lastMs = Math.max(sum.lastMs, timeMs);
  }

  /** A tool that some agent has used; `before`: before the window. */
  sawEarlier(tool: string, before: boolean): void {
    if (!this.#sums.has(tool)) this.#otherNames.add(tool);
    else if (before) this.#knownBefore.add(tool);
  }

  /** The tools that were called most are the evidence; of more, the others are only known to exist. */
  history(toolsMax: number): History {
    const all = [...this.#sums].sort(([a, x], [b, y]) => y.calls - x.calls || (a < b ? -1 : 1));
    const tools = all
      .slice(0, toolsMax)
      .map(([tool, sum]) => observed(tool, sum, this.#knownBefore.has(tool)))
      .sort((a, b) => (a.tool < b.tool ? -1 : 1));
    const times = all.map(([, sum]) => sum).filter(({ days }) => days.size > 0);
    const firstMs = times.reduce((least, sum) => Math.min(least, sum.firstMs), Number.POSITIVE_INFINITY);
    const lastMs = times.reduce((most, sum) => Math.max(most, sum.lastMs), Number.NEGATIVE_INFINITY);
    const otherNames = [...this.#otherNames, ...all.slice(toolsMax).map(([tool]) => tool)].sort();
    return {
      tools,
      calls: this.calls,
      sessions: this.#sessions.size,
      days: this.#days.size,
      firstMs: finite(firstMs),
      lastMs: finite(lastMs),
      otherNames,
    };
  }

  #sumOf(tool: string): Sum {
    let sum = this.#sums.get(tool);
    if (sum === undefined) {
      const none = { calls: 0, denied: 0, approved: 0, escalated: 0 };
      const never = { firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY };
      sum = { ...none, ...never, sessions: new Set(), days: new Set() };
      this.#sums.set(tool, sum);
    }
    return sum;
  }

  #sessionOf(name: string): number {
    let number = this.#sessions.get(name);
    if (number === undefined) {
      number = this.#sessions.size;
      this.#sessions.set(name, number);
    }
    return number;
  }
}

function observed(tool: string, { sessions, days, firstMs, lastMs, ...counts }: Sum, knownBefore: boolean): ObservedTool {
  const onlySession = sessions.size === 1 ? sessions.values().next().value : undefined;
  return {
    tool,
    ...counts,
    sessions: sessions.size,
    onlySession,
    days: days.size,
    firstMs: finite(firstMs),
    lastMs: finite(lastMs),
    knownBefore,
  };
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}
