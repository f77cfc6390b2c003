// A memo from names to rows: four tags a bucket, 64-byte key lines, for names that repeat.
//
//   tags   bucket x 16 bytes      4 x u32 hash of the name (0: empty)
//   meta   bucket x 32 bytes      4 x (row, name bytes)
//   keys   bucket x 256 bytes     4 x 64 bytes, zero padded

import { HASH_MIX } from "../src/artifact/layout";

let tags: usize = 0;
let meta: usize = 0;
let keys: usize = 0;
let bucketMask: u32 = 0;
let victim: u32 = 0;
/** Names put over others since the counters were read: the host doubles the memo when there are many. */
let evictions: u32 = 0;
/** Names that were not there, likewise. */
let misses: u32 = 0;

/** Longest name kept, bytes. */
export const memoNameBytesMax: u32 = 64;

/** Bytes of a memo of `1 << bits` buckets. */
export function memoBytes(bits: u32): u32 {
  return 304 << bits;
}

export function memoOpen(at: usize, bits: u32): void {
  tags = at;
  meta = tags + (<usize>16 << bits);
  keys = meta + (<usize>32 << bits);
  bucketMask = (1 << bits) - 1;
  evictions = 0;
  misses = 0;
  memory.fill(tags, 0, <usize>16 << bits);
}

// What `memoGet` leaves for `memoPut`: the name as four zero-padded vectors, its hash, and its bucket.
let k0: v128 = i32x4.splat(0);
let k1: v128 = i32x4.splat(0);
let k2: v128 = i32x4.splat(0);
let k3: v128 = i32x4.splat(0);
let hash: u32 = 0;

// 64 bytes of ones, then as many zeros: read from `64 - bytes` on, it keeps the name and clears what follows.
const ones = memory.data<u64>([-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0], 16);

/**
 * The row of a name of at most 64 bytes, or 0xffffffff; a miss leaves the name ready for `memoPut`. Reads up to 64 bytes past
 * the name. All four vectors are worked on whatever the length: a branch on lengths that vary costs more than the work it
 * saves. The hash multiplies salted 16-bit words of two vectors with one another (NH); names that collide are told apart by
 * their bytes, so they cost a miss, never a wrong row.
 */
// @ts-ignore: decorator
@inline
export function memoGet(name: usize, bytes: u32): u32 {
  const mask = ones + 64 - <usize>bytes;
  const a = v128.and(v128.load(name), v128.load(mask));
  const b = v128.and(v128.load(name, 16), v128.load(mask, 16));
  const c = v128.and(v128.load(name, 32), v128.load(mask, 32));
  const d = v128.and(v128.load(name, 48), v128.load(mask, 48));
  const low = i32x4.dot_i16x8_s(
    i16x8.add(a, i32x4(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344)),
    i16x8.add(b, i32x4(0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89)),
  );
  const high = i32x4.dot_i16x8_s(
    i16x8.add(c, i32x4(0x452821e6, 0x38d01377, 0xbe5466cf, 0x34e90c6c)),
    i16x8.add(d, i32x4(0xc0ac29b7, 0xc97c50dd, 0x3f84d5b5, 0xb5470917)),
  );
  const sum = i32x4.add(low, v128.shuffle<i32>(high, high, 1, 2, 3, 0));
  const x = (<u64>i64x2.extract_lane(sum, 0) ^ rotl<u64>(i64x2.extract_lane(sum, 1), 27)) * 0x9e3779b97f4a7c15;
  // The upper bits have seen the whole name.
  const tag = <u32>(x >> 16) | 1;
  const bucket = <u32>(x >> 48) & bucketMask;
  let hits = i32x4.bitmask(i32x4.eq(v128.load(tags + (<usize>bucket << 4)), i32x4.splat(tag)));
  while (hits != 0) {
    const entry = (bucket << 2) + <u32>ctz(hits);
    hits &= hits - 1;
    const line = keys + (<usize>entry << 6);
    const differ = v128.or(
      v128.or(v128.xor(a, v128.load(line)), v128.xor(b, v128.load(line, 16))),
      v128.or(v128.xor(c, v128.load(line, 32)), v128.xor(d, v128.load(line, 48))),
    );
    const record = load<u64>(meta + (<usize>entry << 3));
    if (!v128.any_true(differ) && <u32>(record >> 32) == bytes) return <u32>record;
  }
  k0 = a;
  k1 = b;
  k2 = c;
  k3 = d;
  hash = tag;
  victim = bucket;
  return 0xffffffff;
}

/** Keeps the row of the name that `memoGet` missed last: in an empty way, or over one chosen by the hash. */
export function memoPut(bytes: u32, row: u32): void {
  misses++;
  const bucket = victim;
  const empty = i32x4.bitmask(i32x4.eq(v128.load(tags + (<usize>bucket << 4)), i32x4.splat(0)));
  let way: u32 = 0;
  if (empty != 0) way = <u32>ctz(empty);
  else {
    way = (hash * <u32>HASH_MIX) >> 30;
    evictions++;
  }
  const entry = (bucket << 2) + way;
  store<u32>(tags + (<usize>entry << 2), hash);
  const record = meta + (<usize>entry << 3);
  store<u32>(record, row);
  store<u32>(record + 4, bytes);
  const line = keys + (<usize>entry << 6);
  v128.store(line, k0);
  v128.store(line + 16, k1);
  v128.store(line + 32, k2);
  v128.store(line + 48, k3);
}

/** Misses, and evictions << 14, since they were last asked for. */
export function takeMemoEvents(): u32 {
  const events = misses | (evictions << 14);
  evictions = 0;
  misses = 0;
  return events;
}
