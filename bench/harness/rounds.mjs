/**
 * Interleaved rounds. Every candidate gets one sample a round, in an order that rotates, so that a busy second or a clock
 * that slows down hits all of them; the result is the median over rounds, and a ratio is the median of the ratios within
 * rounds. What a candidate returns is added up and kept, so that no work can be left out as dead.
 */

let sink = 0;

/** The sum of all that was returned; put into the record. */
export function sunk() {
  return sink;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** Runs `run(count)` once; ns per operation. */
function sample({ run, unit = 1 }, units) {
  untimedMs = 0;
  const start = performance.now();
  sink += run(units * unit);
  return ((performance.now() - start - untimedMs) * 1e6) / (units * unit);
}

/** Units that take about `sampleMs`; also the warm-up. At least one. */
function calibrate(candidate, sampleMs, warmMs) {
  let units = 1;
  const end = performance.now() + warmMs;
  for (;;) {
    const start = performance.now();
    sink += candidate.run(units * (candidate.unit ?? 1));
    const ms = performance.now() - start;
    if (ms < sampleMs / 2 && units < 2 ** 30) units *= 2;
    else if (performance.now() >= end || ms > warmMs) return Math.max(1, Math.round((units * sampleMs) / Math.max(ms, 1e-3)));
  }
}

/**
 * @param candidates `{ name, run(count): number, unit? }`: `run` does `count` operations, a multiple of `unit`.
 * @returns by name: median ns per operation, the 10 % and 90 % quantiles, and the samples by round.
 */
export function interleave(candidates, { rounds = 11, sampleMs = 25, warmMs = 150 } = {}) {
  const units = candidates.map((candidate) => calibrate(candidate, sampleMs, warmMs));
  const samples = candidates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < candidates.length; i++) {
      const c = (i + round) % candidates.length;
      samples[c].push(sample(candidates[c], units[c]));
    }
  }
  const results = new Map();
  candidates.forEach(({ name }, c) => {
    results.set(name, {
      ns: median(samples[c]),
      low: quantile(samples[c], 0.1),
      high: quantile(samples[c], 0.9),
      samples: samples[c],
    });
  });
  return results;
}

/** How many times `slow` takes as long as `fast`, round by round. */
export function ratio(slow, fast) {
  return median(slow.samples.map((ns, round) => ns / fast.samples[round]));
}

/** Names handed over at a time. */
const handedOver = 512;
let untimedMs = 0;

/**
 * Goes round a list of names for ever, `count` at a time; `each` returns a number. A name to be checked has just been read from a
 * message, so its characters are in the cache although the name is new: the names are touched, outside the clock, 512 at a time.
 */
export function cycle(names, each) {
  let at = 0;
  return (count) => {
    let sum = 0;
    for (let done = 0; done < count; ) {
      const take = Math.min(handedOver, count - done, names.length - at);
      const start = performance.now();
      for (let i = at; i < at + take; i++) sum += names[i].charCodeAt(0) + names[i].charCodeAt(names[i].length - 1);
      untimedMs += performance.now() - start;
      for (let i = at; i < at + take; i++) sum += each(names[i]);
      done += take;
      at = at + take === names.length ? 0 : at + take;
    }
    return sum;
  };
}
