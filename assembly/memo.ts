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

// The name as four zero-padded vectors, its hash, and where in its bucket it stands or would stand.
let k0: v128 = i32x4.splat(0);
let k1: v128 = i32x4.splat(0);
let k2: v128 = i32x4.splat(0);
let k3: v128 = i32x4.splat(0);
let hash: u32 = 0;

const ramp = memory.data<u8>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 16);

// @ts-ignore: decorator
@inline
function chunk(name: usize, bytes: i32): v128 {
  if (bytes <= 0) return i32x4.splat(0);
  const all = v128.load(name);
  return bytes >= 16 ? all : v128.and(all, i8x16.lt_s(v128.load(ramp), i8x16.splat(<i8>bytes)));
}

// @ts-ignore: decorator
@inline
function fold(k: v128, salt: v128): v128 {
  const salted = i32x4.add(k, salt);
  return i64x2.extmul_low_i32x4_u(salted, v128.shuffle<i32>(salted, salted, 2, 3, 0, 1));
}

/** The row of a name of at most 64 bytes, or 0xffffffff; leaves the name ready for `memoPut`. Reads up to 15 bytes past the name. */
export function memoGet(name: usize, bytes: u32): u32 {
  const n = <i32>bytes;
  k0 = chunk(name, n);
  k1 = chunk(name + 16, n - 16);
  k2 = chunk(name + 32, n - 32);
  k3 = chunk(name + 48, n - 48);
  let sum = fold(k0, i32x4(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344));
  if (n > 16) sum = i64x2.add(sum, fold(k1, i32x4(0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89)));
  if (n > 32) sum = i64x2.add(sum, fold(k2, i32x4(0x452821e6, 0x38d01377, 0xbe5466cf, 0x34e90c6c)));
  if (n > 48) sum = i64x2.add(sum, fold(k3, i32x4(0xc0ac29b7, 0xc97c50dd, 0x3f84d5b5, 0xb5470917)));
  let x = <u64>i64x2.extract_lane(sum, 0) ^ (<u64>i64x2.extract_lane(sum, 1) * 0x9e3779b97f4a7c15) ^ <u64>bytes;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93;
  hash = <u32>(x >> 32) | 1;
  const bucket = <u32>x & bucketMask;
  let hits = i32x4.bitmask(i32x4.eq(v128.load(tags + (<usize>bucket << 4)), i32x4.splat(hash)));
  victim = bucket;
  while (hits != 0) {
    const way = <u32>ctz(hits);
    hits &= hits - 1;
    const entry = (bucket << 2) + way;
    const line = keys + (<usize>entry << 6);
    const differ = v128.or(
      v128.or(v128.xor(k0, v128.load(line)), v128.xor(k1, v128.load(line + 16))),
      v128.or(v128.xor(k2, v128.load(line + 32)), v128.xor(k3, v128.load(line + 48))),
    );
    const record = meta + (<usize>entry << 3);
    if (!v128.any_true(differ) && load<u32>(record + 4) == bytes) return load<u32>(record);
  }
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

/** Evictions since they were last asked for. */
export function memoEvictions(): u32 {
  const count = evictions;
  evictions = 0;
  return count;
}

/** Misses since they were last asked for. */
export function memoMisses(): u32 {
  const count = misses;
  misses = 0;
  return count;
}
