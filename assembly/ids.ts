// How often each id occurs in a column of a dictionary: what counting needs when names were interned already.

/**
 * Adds the ids to up to four tables of `limit` counts, `stride` bytes apart: an id that follows itself would else wait for the
 * store before it. Stride 0: one table. Returns 0, and has counted nothing, when some id is not below `limit`.
 */
export function countIds(ids: usize, count: u32, limit: u32, counts: usize, stride: usize): u32 {
  const end = ids + (<usize>count << 2);
  const whole = ids + (<usize>(count & ~3) << 2);
  let most = i32x4.splat(0);
  for (let at = ids; at < whole; at += 16) most = i32x4.max_u(most, v128.load(at));
  most = i32x4.max_u(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
  let last = max(<u32>i32x4.extract_lane(most, 0), <u32>i32x4.extract_lane(most, 1));
  for (let at = whole; at < end; at += 4) last = max(last, load<u32>(at));
  if (count > 0 && last >= limit) return 0;
  const second = counts + stride;
  const third = second + stride;
  const fourth = third + stride;
  for (let at = ids; at < whole; at += 16) {
    const a = load<u64>(at);
    const b = load<u64>(at, 8);
    add(counts, <u32>a);
    add(second, <u32>(a >> 32));
    add(third, <u32>b);
    add(fourth, <u32>(b >> 32));
  }
  for (let at = whole; at < end; at += 4) add(counts, load<u32>(at));
  return 1;
}

// @ts-ignore: decorator
@inline
function add(counts: usize, id: u32): void {
  const at = counts + (<usize>id << 2);
  store<u32>(at, load<u32>(at) + 1);
}
