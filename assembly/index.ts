// The kernel: raw (address, count) exports over one memory. No imports, no allocation, no callbacks. The host copies an
// artifact that decode.ts has checked to `base()`; `layout` says how much memory scratch needs, and expects that memory fresh: all zeros.

import { LAYOUT_REVISION } from "../src/artifact/layout";
import { classify } from "./classify";
import { matches } from "./glob";
import { countIds } from "./ids";
import { memoBytes, memoGet, memoNameBytesMax, memoOpen, memoPut, takeMemoEvents } from "./memo";
import { forgetJoined, FULL, rowAddress } from "./rows";
import { joinedMax, layScratch, readArtifact } from "./state";

export { classify, countIds, forgetJoined as resetRows, memoBytes, memoOpen, rowAddress };

export function revision(): u32 {
  return LAYOUT_REVISION;
}

/** First address the host may write to. */
export function base(): usize {
  return (__heap_base + 63) & ~63;
}

export function joinedRowsMax(): u32 {
  return joinedMax;
}

/** Reads the header of the artifact at `at` and lays out scratch behind it; returns where the host's own memory starts. */
export function layout(at: usize, bytes: u32): usize {
  return layScratch(readArtifact(at, bytes));
}

/** Set when a batch held a name that is empty or not all ASCII. */
let odd: u32 = 0;

/** What happened since the host last asked: names the memo did not have, those put over others << 14, odd names << 28. */
export function batchEvents(): u32 {
  const events = takeMemoEvents() | (odd << 28);
  odd = 0;
  return events;
}

/**
 * Classifies at most 16,383 names, with the memo in front if `memo`; returns the index after the last one done. Without
 * `counts` the rows go to `out`. With it, a table of zeros with a u32 for every row there may be, `out` gets the number of distinct
 * rows, a gap, and pairs of row and count; the table is zeros again.
 */
export function classifyBatch(
  offsets: usize,
  bytes: usize,
  count: u32,
  out: usize,
  memo: u32,
  counts: usize,
): u32 {
  let start = load<u32>(offsets);
  lookForWide(bytes + start, bytes + load<u32>(offsets + (<usize>count << 2)));
  const keptMax: u32 = memo ? memoNameBytesMax : 0;
  let pairs = out + 8;
  let i: u32 = 0;
  for (; i < count; i++) {
    const end = load<u32>(offsets + (<usize>(i + 1) << 2));
    const length = end - start;
    let row: u32 = FULL;
    // An empty name is not kept either: one comparison tells both ends.
    const kept = length - 1 < keptMax;
    if (kept) row = memoGet(bytes + start, length);
    if (row == FULL) {
      if (length == 0) odd = 1;
      row = classify(bytes + start, length);
      if (row == FULL) break;
      if (kept) memoPut(length, row);
    }
    if (counts) {
      const seen = load<u32>(counts + (<usize>row << 2));
      store<u32>(counts + (<usize>row << 2), seen + 1);
      if (seen == 0) {
        store<u32>(pairs, row);
        pairs += 8;
      }
    } else store<u32>(out + (<usize>i << 2), row);
    start = end;
  }
  if (counts) {
    store<u32>(out, <u32>((pairs - out) >> 3) - 1);
    for (let pair = out + 8; pair < pairs; pair += 8) {
      const at = counts + (<usize>load<u32>(pair) << 2);
      store<u32>(pair, load<u32>(at), 4);
      store<u32>(at, 0);
    }
  }
  return i;
}

/** Whether some byte is no ASCII. Reads up to 31 bytes further, which may say yes for what is not a name: the host looks again. */
function lookForWide(from: usize, to: usize): void {
  let all = i32x4.splat(0);
  for (let at = from; at < to; at += 32) all = v128.or(all, v128.or(v128.load(at), v128.load(at, 16)));
  if (i8x16.bitmask(all) != 0) odd = 1;
}

export function matchGlob(glob: u32, name: usize, bytes: u32): u32 {
  return matches(glob, name, name + bytes) ? 1 : 0;
}
