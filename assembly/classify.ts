// A name to its row: which lanes there are decides between the plain walk and the general one.

import {
  FLAG_DFA,
  FLAG_GRAM3,
  FLAG_GRAM4,
  FLAG_LENGTH,
  FLAG_LITERALS,
  FLAG_LITERALS_OPEN,
  FLAG_PARALLEL,
  FLAG_PARALLEL_RESERVE,
  FLAG_PREFIX,
  FLAG_SUFFIX,
  GRAM3_SALT,
  GRAM_COUNT,
  GRAM_SIZE,
  GRAM_START,
  GRAM_VALUE,
  HASH_PRIME,
  POSTING_BYTES,
  POSTING_GLOB,
  POSTING_NAME_BYTES_MIN,
  POSTING_RESERVED,
  POSTING_ROW,
  POSTING_SIGNATURE,
  SIGNATURE_NAME_BYTES_MAX,
} from "../src/artifact/layout";
import { matches } from "./glob";
import { inBloom, lookup, MISS, mix } from "./keys";
import { runBlock } from "./parallel";
import { covered, finishRow, join, startRow } from "./rows";
import * as S from "./state";

const GENERAL: u32 = FLAG_PREFIX | FLAG_SUFFIX | FLAG_GRAM3 | FLAG_GRAM4 | FLAG_LENGTH | FLAG_PARALLEL | FLAG_LITERALS_OPEN;

let stamp: u32 = 0;
let work: u64 = 0;
/** The budget of the current name. */
let limit: u64 = 0;
let signature: v128 = i32x4.splat(-1);

/** The row id of one name, or FULL. Linear in the name. */
export function classify(name: usize, bytes: u32): u32 {
  if (S.flags & GENERAL) return classifyGeneral(name, bytes);
  if (S.flags & FLAG_LITERALS) {
    const row = S.flags & FLAG_DFA ? walkHashing(name, bytes) : hashOnly(name, bytes);
    return row;
  }
  return S.flags & FLAG_DFA ? walk(name, bytes) : 0;
}

/** The automaton alone. */
function walk(name: usize, bytes: u32): u32 {
  const classes = S.classes;
  const cells = S.cells;
  const end = name + bytes;
  let state = S.dfaStart;
  for (let n = name; n < end; n++) state = load<u32>(cells + (<usize>(state + load<u8>(classes + load<u8>(n))) << 2));
  return load<u32>(cells + (<usize>(state + S.dfaLast) << 2));
}

/** The automaton and the hash of the whole name in one pass: two chains that do not wait for each other. */
function walkHashing(name: usize, bytes: u32): u32 {
  const classes = S.classes;
  const cells = S.cells;
  const end = name + bytes;
  let state = S.dfaStart;
  let h = S.basis;
  for (let n = name; n < end; n++) {
    const byte: u32 = load<u8>(n);
    state = load<u32>(cells + (<usize>(state + load<u8>(classes + byte)) << 2));
    h = (h ^ byte) * <u32>HASH_PRIME;
  }
  const row = literal(h, name, bytes);
  return row != MISS ? row : load<u32>(cells + (<usize>(state + S.dfaLast) << 2));
}

function hashOnly(name: usize, bytes: u32): u32 {
  const end = name + bytes;
  let h = S.basis;
  for (let n = name; n < end; n++) h = (h ^ <u32>load<u8>(n)) * <u32>HASH_PRIME;
  const row = literal(h, name, bytes);
  return row != MISS ? row : 0;
}

// @ts-ignore: decorator
@inline
function literal(h: u32, name: usize, bytes: u32): u32 {
  return lookup(S.literals, S.literalMask, S.literalShift, S.literalProbes, h, mix(h), name, bytes, 0);
}

function classifyGeneral(name: usize, bytes: u32): u32 {
  const flags = S.flags;
  startRow();
  if (flags & (FLAG_LITERALS | FLAG_PREFIX)) {
    const whole = hashForward(name, bytes);
    if (flags & FLAG_LITERALS) {
      const row = literal(whole, name, bytes);
      if (row != MISS) {
        if (!(flags & FLAG_LITERALS_OPEN)) return row;
        join(row);
      }
    }
    if (flags & FLAG_PREFIX) joinPrefix(name);
  }
  if (flags & FLAG_DFA) join(walk(name, bytes));
  if (flags & FLAG_LENGTH) join(lengthRow(name, bytes));
  if (flags & FLAG_SUFFIX) joinSuffix(name, bytes);
  if (flags & (FLAG_GRAM3 | FLAG_GRAM4)) joinGrams(name, bytes);
  if (flags & FLAG_PARALLEL) runBlock(S.parallel, name, name + bytes);
  return finishRow();
}

let candidatesEnd: usize = 0;

/** Hashes the name; keeps the hash after each of the first bytes, and the lengths at which some prefix ends in such a byte. */
function hashForward(name: usize, bytes: u32): u32 {
  let h = S.basis;
  const kept = min(bytes, min(S.prefixBytesMax, 255));
  const hashes = S.hashes;
  const masks = S.prefixMasks + 4;
  let end = S.candidates;
  for (let i: u32 = 0; i < kept; i++) {
    const byte = <u32>load<u8>(name + i);
    h = (h ^ byte) * <u32>HASH_PRIME;
    store<u32>(hashes + (<usize>i << 2), h);
    store<u32>(end, i);
    end += <usize>((load<u32>(masks + (<usize>i << 2)) >> (byte & 31)) & 1) << 2;
  }
  candidatesEnd = end;
  for (let i = kept; i < bytes; i++) h = (h ^ <u32>load<u8>(name + i)) * <u32>HASH_PRIME;
  return h;
}

/** From the longest key length down; rows are cumulative, so the first hit is all. */
function joinPrefix(name: usize): void {
  const first = S.candidates;
  for (let at = candidatesEnd; at > first; ) {
    at -= 4;
    const i = load<u32>(at);
    const h = load<u32>(S.hashes + (<usize>i << 2));
    const mixed = mix(h);
    if (!inBloom(S.prefixBloom, mixed, S.prefixBloomShift)) continue;
    const row = lookup(S.prefixes, S.prefixMask, S.prefixShift, S.prefixProbes, h, mixed, name, i + 1, 0);
    if (row != MISS) return join(row);
  }
}

/** The same from the other end. */
function joinSuffix(name: usize, bytes: u32): void {
  let h = S.basis;
  const kept = min(bytes, min(S.suffixBytesMax, 255));
  const last = name + bytes - 1;
  const hashes = S.hashes;
  const masks = S.suffixMasks + 4;
  const first = S.candidates;
  let at = first;
  for (let i: u32 = 0; i < kept; i++) {
    const byte = <u32>load<u8>(last - i);
    h = (h ^ byte) * <u32>HASH_PRIME;
    store<u32>(hashes + (<usize>i << 2), h);
    store<u32>(at, i);
    at += <usize>((load<u32>(masks + (<usize>i << 2)) >> (byte & 31)) & 1) << 2;
  }
  while (at > first) {
    at -= 4;
    const i = load<u32>(at);
    const hash = load<u32>(hashes + (<usize>i << 2));
    const mixed = mix(hash);
    if (!inBloom(S.suffixBloom, mixed, S.suffixBloomShift)) continue;
    const row = lookup(S.suffixes, S.suffixMask, S.suffixShift, S.suffixProbes, hash, mixed, last - i, i + 1, 1);
    if (row != MISS) return join(row);
  }
}

function lengthRow(name: usize, bytes: u32): u32 {
  let points: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) points += (load<u8>(name + i) & 0xc0) != 0x80 ? 1 : 0;
  return load<u32>(S.lengthRows + (<usize>min(points, S.lengthCount - 1) << 2));
}

/**
 * Every gram of the name against the Bloom bits. The hits of four bytes wait until the name's signature is whole; what they list and the
 * signature does not rule out is verified within a budget.
 */
function joinGrams(name: usize, bytes: u32): void {
  stamp++;
  if (stamp == 0) {
    memory.fill(S.stamps, 0, <usize>(S.gramMask + 1) << 2);
    stamp = 1;
  }
  work = 0;
  limit = <u64>S.verifyBudget * <u64>max(bytes, 64) >> 6;
  const end = name + bytes;
  signature = i32x4.splat(-1);
  if (S.flags & FLAG_GRAM4 && bytes >= 4) {
    if (bytes > <u32>SIGNATURE_NAME_BYTES_MAX) scanLong(name, end);
    else scan(name, end);
  }
  if (S.flags & FLAG_GRAM3 && bytes >= 3) {
    const last = end - 3;
    for (let n = name; n <= last; n++) {
      const gram = <u32>load<u16>(n) | (<u32>load<u8>(n + 2) << 16);
      const mixed = mix(gram ^ <u32>GRAM3_SALT);
      if (inBloom(S.gramBloom, mixed, S.gramBloomShift)) joinPostings(gram, 3, mixed, name, end);
    }
  }
  if (work > limit && S.flags & FLAG_PARALLEL_RESERVE) runBlock(S.reserve, name, end);
}

function scan(name: usize, end: usize): void {
  const bloom = S.gramBloom;
  const shift = S.gramBloomShift;
  const last = end - 4;
  const hits = S.hashes;
  let hitsEnd = hits;
  let low: u64 = 0;
  let high: u64 = 0;
  let seen: u32 = 0;
  for (let n = name; n <= last; n++) {
    const mixed = mix(load<u32>(n));
    const place = (((((mixed >> 5) & 255) * 3) >> 8) << 5) + (mixed & 31);
    const bit = <u64>1 << (place & 63);
    const upper = -(<u64>(place >> 6));
    low |= bit & ~upper;
    high |= bit & upper;
    seen |= <u32>1 << (load<u8>(n) & 31);
    if (inBloom(bloom, mixed, shift)) {
      store<u32>(hitsEnd, <u32>n);
      hitsEnd += 4;
    }
  }
  for (let n = last + 1; n < end; n++) seen |= <u32>1 << (load<u8>(n) & 31);
  high |= <u64>seen << 32;
  signature = i64x2.replace_lane(i64x2.splat(low), 1, high);
  for (let hit = hits; hit < hitsEnd; hit += 4) {
    const gram = load<u32>(<usize>load<u32>(hit));
    joinPostings(gram, 4, mix(gram), name, end);
  }
}

function scanLong(name: usize, end: usize): void {
  const last = end - 4;
  for (let n = name; n <= last; n++) {
    const gram = load<u32>(n);
    const mixed = mix(gram);
    if (inBloom(S.gramBloom, mixed, S.gramBloomShift)) joinPostings(gram, 4, mixed, name, end);
  }
}

function joinPostings(gram: u32, size: u32, mixed: u32, name: usize, end: usize): void {
  let slot = (mixed >> S.gramShift) & S.gramMask;
  for (let probe: u32 = 0; probe < S.gramProbes; probe++) {
    const record = S.grams + (<usize>slot << 4);
    const slotSize = load<u32>(record + GRAM_SIZE);
    if (slotSize == 0) return;
    if (slotSize == size && load<u32>(record + GRAM_VALUE) == gram) {
      const walked = S.stamps + (<usize>slot << 2);
      if (load<u32>(walked) == stamp) return;
      store<u32>(walked, stamp);
      const from = S.postings + <usize>load<u32>(record + GRAM_START) * POSTING_BYTES;
      verifyPostings(from, from + <usize>load<u32>(record + GRAM_COUNT) * POSTING_BYTES, name, end);
      return;
    }
    slot = (slot + 1) & S.gramMask;
  }
}

function verifyPostings(from: usize, to: usize, name: usize, end: usize): void {
  const bytes = <u32>(end - name);
  const hasReserve = (S.flags & FLAG_PARALLEL_RESERVE) != 0;
  const missing = v128.not(signature);
  for (let posting = from; posting < to; posting += POSTING_BYTES) {
    if (load<u32>(posting + POSTING_NAME_BYTES_MIN) > bytes) return;
    work++;
    if (v128.any_true(v128.and(missing, v128.load(posting + POSTING_SIGNATURE)))) continue;
    if (hasReserve && work > limit && load<u32>(posting + POSTING_RESERVED) != 0) continue;
    const row = load<u32>(posting + POSTING_ROW);
    if (covered(row)) continue;
    work += 16 + bytes;
    if (matches(load<u32>(posting + POSTING_GLOB), name, end)) join(row);
  }
}
