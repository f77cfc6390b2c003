import { timelineBucketsMax } from "../../limits.js";
import type { Timeline, VerdictCounts } from "../replay-report.js";

export const hourMs = 3_600_000;
/** Hours in the fast window at first, and at most: seven years. A stray clock goes to the map beside it. */
const windowHours = 1_024;
const windowHoursMax = 65_536;
/** Widths of a bucket in hours, from the finest; then days are doubled. */
const widths = [1, 2, 3, 4, 6, 12, 24, 48, 72, 7 * 24, 14 * 24, 28 * 24];

/** Calls by verdict (0 pass, 1 warn, 2 fail) and hour. */
export class HourCounts {
  /** Three counts an hour, from `firstHour`. */
  counts = new Uint32Array(0);
  /** NaN until a call has a time. */
  firstHour = Number.NaN;
  readonly undated: [number, number, number] = [0, 0, 0];
  private readonly strays = new Map<number, [number, number, number]>();

  /** What the window does not hold: the first time of all, no time, a time far away. */
  addSlowly(timeMs: number, verdict: number): void {
    if (Number.isNaN(timeMs)) {
      this.undated[verdict]++;
      return;
    }
    const hour = Math.floor(timeMs / hourMs);
    if (Number.isNaN(this.firstHour)) {
      this.firstHour = hour - windowHours / 2;
      this.counts = new Uint32Array(windowHours * 3);
    }
    this.widenTo(hour);
    const at = (hour - this.firstHour) * 3;
    if (at >= 0 && at < this.counts.length) this.counts[at + verdict]++;
    else {
      const stray = this.strays.get(hour) ?? [0, 0, 0];
      stray[verdict]++;
      this.strays.set(hour, stray);
    }
  }

  /** Doubles the window towards an hour outside, unless that is too far. */
  private widenTo(hour: number): void {
    const { counts, firstHour } = this;
    const endHour = firstHour + counts.length / 3;
    const [from, to] = [Math.min(firstHour, hour), Math.max(endHour, hour + 1)];
    if ((from === firstHour && to === endHour) || to - from > windowHoursMax) return;
    const hours = Math.min(windowHoursMax, (to - from) * 2);
    this.firstHour = from < firstHour ? to - hours : from;
    this.counts = new Uint32Array(hours * 3);
    this.counts.set(counts, (firstHour - this.firstHour) * 3);
  }

  /** The finest width at which the buckets with calls are not too many. */
  timeline(): Timeline {
    const hours = this.hours();
    let width = widths[0];
    let buckets = joined(hours, width);
    for (let i = 1; buckets.length > timelineBucketsMax; i++) {
      width = widths[i] ?? width * 2;
      buckets = joined(hours, width);
    }
    return {
      bucketMs: width * hourMs,
      buckets: buckets.map(([start, counts]) => ({ startMs: start * width * hourMs, ...named(counts) })),
      undated: named(this.undated),
    };
  }

  private hours(): [number, readonly number[]][] {
    const hours: [number, readonly number[]][] = [...this.strays];
    const { counts, firstHour } = this;
    for (let at = 0; at < counts.length; at += 3) {
      const three = [counts[at], counts[at + 1], counts[at + 2]];
      if (three[0] + three[1] + three[2] > 0) hours.push([firstHour + at / 3, three]);
    }
    return hours.sort(([a], [b]) => a - b);
  }
}

function joined(hours: readonly [number, readonly number[]][], width: number): [number, number[]][] {
  const buckets: [number, number[]][] = [];
  for (const [hour, counts] of hours) {
    const start = Math.floor(hour / width);
    const last = buckets.at(-1);
    if (last === undefined || last[0] !== start) buckets.push([start, [...counts]]);
    else for (const [i, count] of counts.entries()) last[1][i] += count;
  }
  return buckets;
}

function named([pass, warn, fail]: readonly number[]): VerdictCounts {
  return { pass, warn, fail };
}
