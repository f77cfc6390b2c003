import type { CallRange } from "./store.js";

/** The last millisecond, before and after 1970, that a `Date` can say: what is beyond is no time. */
const timeMaxMs = 8_640_000_000_000_000;

/** Recorded times may have fractions, and what is no time at all. */
export function wholeMs(timeMs: number | undefined): number | undefined {
  return timeMs !== undefined && Math.abs(timeMs) <= timeMaxMs ? Math.floor(timeMs) : undefined;
}

/** The nearest time there is. NaN is the latest: it takes nothing for granted. */
export function nearestMs(timeMs: number): number {
  return Number.isNaN(timeMs) ? timeMaxMs : Math.floor(Math.min(timeMaxMs, Math.max(-timeMaxMs, timeMs)));
}

/** The same range of whole milliseconds. */
export function wholeRange(range: CallRange): CallRange {
  const { sinceMs, untilMs } = range;
  return { ...range, sinceMs: bound(sinceMs), untilMs: bound(untilMs) };
}

function bound(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : Math.ceil(Math.min(timeMaxMs + 1, Math.max(-timeMaxMs, timeMs)));
}
