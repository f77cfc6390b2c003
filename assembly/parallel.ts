// The bit-parallel lane: 128 globs a group, one vector per token position. See FORMAT.md for the step.

import {
  PARALLEL_CLASS_COUNT,
  PARALLEL_GLOB_BYTES,
  PARALLEL_GROUP_BYTES,
  PARALLEL_GROUP_COUNT,
  PARALLEL_HEAD_BYTES,
  PARALLEL_VECTOR_COUNT,
  PARALLEL_WIDTH,
} from "../src/artifact/layout";
import { covered, join } from "./rows";
import { vectors } from "./state";

/** Joins the rows of all globs of the block that match the name. Name bytes x vectors steps; groups that cannot match are left out. */
export function runBlock(block: usize, name: usize, end: usize): void {
  const groupCount = load<u32>(block + PARALLEL_GROUP_COUNT);
  const vectorBytes = <usize>load<u32>(block + PARALLEL_VECTOR_COUNT) << 4;
  const classCount = load<u32>(block + PARALLEL_CLASS_COUNT);
  const classes = block + PARALLEL_HEAD_BYTES;
  const groups = classes + 256;
  const globs = groups + <usize>groupCount * PARALLEL_GROUP_BYTES;
  const first = globs + <usize>groupCount * (PARALLEL_WIDTH * PARALLEL_GLOB_BYTES);
  const restart = first + (<usize>groupCount << 4);
  const loop = restart + (<usize>groupCount << 4);
  const loopMore = loop + vectorBytes;
  const accept = loopMore + vectorBytes;
  const masks = accept + vectorBytes;
  if (classCount == 0) return;
  for (let g: u32 = 0; g < groupCount; g++) {
    const group = groups + <usize>g * PARALLEL_GROUP_BYTES;
    if (<usize>load<u32>(group + 8) > end - name) return;
    const start = <usize>load<u32>(group) << 4;
    const bytes = <usize>load<u32>(group + 4) << 4;
    const again = v128.load(restart + (<usize>g << 4));
    if (runGroup(name, end, classes, masks + start, vectorBytes, loop + start, loopMore + start, bytes, v128.load(first + (<usize>g << 4)), again)) {
      joinAccepted(accept + start, bytes, globs + <usize>load<u32>(group + 12) * PARALLEL_GLOB_BYTES);
    }
  }
}

/** Steps one group over the name, states in `vectors`; false when it died, which only a group without a leading `*` can. */
function runGroup(
  name: usize,
  end: usize,
  classes: usize,
  masks: usize,
  maskStride: usize,
  loop: usize,
  loopMore: usize,
  bytes: usize,
  first: v128,
  again: v128,
): bool {
  memory.fill(vectors, 0, bytes);
  let entering = first;
  const mortal = !v128.any_true(again);
  for (let n = name; n < end; n++) {
    const byte: u32 = load<u8>(n);
    const mask = masks + <usize>load<u8>(classes + byte) * maskStride;
    const stay = (byte & 0xc0) == 0x80 ? loopMore : loop;
    let before = entering;
    let live = i32x4.splat(0);
    for (let v: usize = 0; v < bytes; v += 16) {
      const now = v128.load(vectors + v);
      const next = v128.or(v128.and(before, v128.load(mask + v)), v128.and(now, v128.load(stay + v)));
      v128.store(vectors + v, next);
      live = v128.or(live, next);
      before = now;
    }
    if (mortal && !v128.any_true(live)) return false;
    entering = again;
  }
  return true;
}

function joinAccepted(accept: usize, bytes: usize, globs: usize): void {
  for (let v: usize = 0; v < bytes; v += 16) {
    const hit = v128.and(v128.load(vectors + v), v128.load(accept + v));
    if (!v128.any_true(hit)) continue;
    for (let half: u32 = 0; half < 2; half++) {
      let bits = half == 0 ? i64x2.extract_lane(hit, 0) : i64x2.extract_lane(hit, 1);
      while (bits != 0) {
        const bit = half * 64 + <u32>ctz(bits);
        bits &= bits - 1;
        const row = load<u32>(globs + <usize>bit * PARALLEL_GLOB_BYTES + 4);
        if (!covered(row)) join(row);
      }
    }
  }
}
