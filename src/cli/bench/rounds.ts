/** One thing to be timed: `run` does at least `count` operations and returns how many; its answers go into `sink`. */
export interface Candidate<Id extends string> {
  readonly id: Id;
  run(count: number): number;
}

export interface Timed<Id extends string> {
  readonly id: Id;
  /** Nanoseconds per operation, by round. */
  readonly samples: readonly number[];
}

/** What the operations returned, added up: work whose result is used cannot be left out. */
export const sink = { sum: 0 };

/** Milliseconds of the running sample that are not part of what is measured. */
export const untimed = { ms: 0 };

/**
 * Interleaved rounds: every candidate gets one sample a round, in an order that rotates, so that a busy second hits all of them.
 * Takes about `seconds`, a quarter of it to warm up; longer only when single operations take longer than their share.
 */
export async function interleave<Id extends string>(
  candidates: readonly Candidate<Id>[],
  rounds: number,
  seconds: number,
  onRound: (round: number) => void,
): Promise<Timed<Id>[]> {
  const shareMs = (seconds * 1000) / Math.max(1, candidates.length);
  const counts = candidates.map((candidate) => calibrate(candidate, (shareMs * 0.75) / rounds, shareMs / 4));
  const timed = candidates.map(({ id }) => ({ id, samples: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    onRound(round);
    // The display of progress, and Ctrl-C, get their turn.
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < candidates.length; i++) {
      const c = (i + round) % candidates.length;
      timed[c]!.samples.push(sample(candidates[c]!, counts[c]!).ns);
    }
  }
  return timed;
}

function sample(candidate: Candidate<string>, count: number): { ms: number; ns: number } {
  untimed.ms = 0;
  const started = performance.now();
  const done = candidate.run(count);
  const ms = Math.max(1e-6, performance.now() - started - untimed.ms);
  return { ms, ns: (ms * 1e6) / done };
}

/** Operations that take about `sampleMs`, found while warming up. */
function calibrate(candidate: Candidate<string>, sampleMs: number, warmMs: number): number {
  const started = performance.now();
  let count = 1;
  for (;;) {
    const { ms, ns } = sample(candidate, count);
    const isLong = ms >= sampleMs / 2;
    if (isLong && performance.now() - started >= warmMs) return Math.max(1, Math.round((sampleMs * 1e6) / ns));
    if (ms > warmMs) return 1;
    if (!isLong) count *= 2;
  }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Of at least one value; between two neighbours, their mean by distance. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}
