// The kernel: raw (address, count) exports over one memory. No imports, no allocation, no callbacks. The host copies an
// artifact that decode.ts has checked to `base()`, asks `scratchEnd` how much memory to have, then opens it.

import { LAYOUT_REVISION } from "../src/artifact/layout";
import { classify as classifyName } from "./classify";
import { matches } from "./glob";
import { memoBytes, memoEvictions, memoGet, memoMisses, memoNameBytesMax, memoOpen, memoPut } from "./memo";
import { forgetJoined, FULL, rowAddress } from "./rows";
import { gramMask, joinedMax, layScratch, readArtifact, stamps } from "./state";

export { memoBytes, memoEvictions, memoMisses, memoOpen, rowAddress };

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

/** After memory has grown to what `layout` said: empties scratch. */
export function open(): void {
  memory.fill(stamps, 0, <usize>(gramMask + 1) << 2);
  forgetJoined();
}

export function resetRows(): void {
  forgetJoined();
}

/** The row id of the name, or 0xffffffff when the table of joined rows is full. */
export function classify(name: usize, bytes: u32): u32 {
  return classifyName(name, bytes);
}

/** Rows of names `from ..< count`; returns the index after the last one done. */
export function classifyBatch(offsets: usize, bytes: usize, from: u32, count: u32, out: usize): u32 {
  let start = load<u32>(offsets + (<usize>from << 2));
  for (let i = from; i < count; i++) {
    const end = load<u32>(offsets + (<usize>(i + 1) << 2));
    const row = classifyName(bytes + start, end - start);
    if (row == FULL) return i;
    store<u32>(out + (<usize>i << 2), row);
    start = end;
  }
  return count;
}

/** The same with the memo in front. */
export function classifyBatchMemo(offsets: usize, bytes: usize, from: u32, count: u32, out: usize): u32 {
  let start = load<u32>(offsets + (<usize>from << 2));
  for (let i = from; i < count; i++) {
    const end = load<u32>(offsets + (<usize>(i + 1) << 2));
    const length = end - start;
    let row: u32 = FULL;
    if (length <= memoNameBytesMax) row = memoGet(bytes + start, length);
    if (row == FULL) {
      row = classifyName(bytes + start, length);
      if (row == FULL) return i;
      if (length <= memoNameBytesMax) memoPut(length, row);
    }
    store<u32>(out + (<usize>i << 2), row);
    start = end;
  }
  return count;
}

export function matchGlob(glob: u32, name: usize, bytes: u32): u32 {
  return matches(glob, name, name + bytes) ? 1 : 0;
}
