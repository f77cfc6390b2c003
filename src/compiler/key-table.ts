import type { EncodedKeys } from "../artifact/encode.js";
import { BLOOM_MIX, HASH_MIX, HASH_PRIME, NONE, SLOT_BYTES } from "../artifact/layout.js";

/** One key of a hash table: a whole literal, a prefix, or a suffix. */
export interface Key {
  /** UTF-8 bytes of the key. */
  readonly bytes: Uint8Array;
  readonly globId: number;
  readonly row: number;
}

/** A finished table: see FORMAT.md, "Classifying a name". */
export type KeyTable = EncodedKeys;

/** The rolling hash over a whole key; `backwards` for suffixes, whose bytes are hashed from last to first. */
export function hashKey(bytes: Uint8Array, basis: number, backwards: boolean): number {
  let h = basis;
  if (backwards) for (let i = bytes.length - 1; i >= 0; i--) h = Math.imul(h ^ bytes[i], HASH_PRIME);
  else for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i], HASH_PRIME);
  return h >>> 0;
}

export function mix(h: number): number {
  const x = Math.imul(h ^ (h >>> 15), HASH_MIX);
  return (x ^ (x >>> 13)) >>> 0;
}

export function bloomBit(mixed: number, shift: number): number {
  return Math.imul(mixed, BLOOM_MIX) >>> shift;
}

/** Smallest b with 2^b >= n, at least 4, so that a shift of 32 - b is never 32. */
export function log2Ceil(n: number): number {
  let b = 4;
  while (2 ** b < n) b++;
  return b;
}

/** Slots are at least twice the keys: probes stay short. */
function slotBits(count: number): number {
  return log2Ceil(count * 2);
}

/** Longest probe that inserting the keys in order needs. Linear probing, as the evaluators read it. */
function probesNeeded(keys: readonly Key[], basis: number, backwards: boolean): number {
  const bits = slotBits(keys.length);
  const used = new Uint8Array(2 ** bits);
  let longest = 1;
  for (const key of keys) {
    let slot = mix(hashKey(key.bytes, basis, backwards)) >>> (32 - bits);
    let probes = 1;
    while (used[slot] === 1) {
      slot = (slot + 1) & (used.length - 1);
      probes++;
    }
    used[slot] = 1;
    if (probes > longest) longest = probes;
  }
  return longest;
}

const probesWanted = 24;
const basesTried = 64;

/**
 * One start value for all tables. Names and keys are chosen by strangers, so a start value under which some probe is long is
 * passed over: keys made to collide under one start value do not collide under the next. Deterministic.
 */
export function chooseBasis(tables: readonly { keys: readonly Key[]; backwards: boolean }[]): number {
  let best = { basis: 0x811c9dc5, probes: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < basesTried; attempt++) {
    const basis = (0x811c9dc5 + Math.imul(attempt, 0x9e3779b1)) >>> 0;
    let probes = 0;
    for (const { keys, backwards } of tables) probes = Math.max(probes, probesNeeded(keys, basis, backwards));
    if (probes < best.probes) best = { basis, probes };
    if (probes <= probesWanted) break;
  }
  return best.basis;
}

/** Builds slots and Bloom bits. O(total key bytes). */
export function buildKeyTable(keys: readonly Key[], basis: number, backwards: boolean): KeyTable {
  const bits = slotBits(keys.length);
  const shift = 32 - bits;
  const slotCount = 2 ** bits;
  const slots = new Uint32Array((slotCount * SLOT_BYTES) / 4);
  for (let i = 0; i < slotCount; i++) slots[i * 4 + 1] = NONE;
  const bloomBits = Math.max(9, log2Ceil(keys.length * 16));
  const bloom = new Uint8Array(2 ** bloomBits / 8);
  const lengths = new Uint32Array(8);
  const masks = new Uint32Array(256);
  let probes = 1;
  let keyBytesMax = 0;
  for (const key of keys) {
    const hash = hashKey(key.bytes, basis, backwards);
    const mixed = mix(hash);
    let slot = mixed >>> shift;
    let probe = 1;
    while (slots[slot * 4 + 1] !== NONE) {
      slot = (slot + 1) & (slotCount - 1);
      probe++;
    }
    slots.set([hash, key.globId, key.row, key.bytes.length], slot * 4);
    const bit = bloomBit(mixed, 32 - bloomBits);
    bloom[bit >> 3] |= 1 << (bit & 7);
    const length = key.bytes.length;
    if (length < 256) {
      lengths[length >> 5] |= 1 << (length & 31);
      masks[length] |= 1 << (key.bytes[backwards ? 0 : length - 1] & 31);
    }
    probes = Math.max(probes, probe);
    keyBytesMax = Math.max(keyBytesMax, length);
  }
  return { slots, shift, probes, bloom, bloomShift: 32 - bloomBits, lengths, masks, keyBytesMax };
}

/** Joins into each key the rows of all keys that begin it, so that the longest hit is the whole answer of its lane. */
export function cumulate(keys: readonly Key[], join: (a: number, b: number) => number, backwards: boolean): Key[] {
  const at = (key: Key, i: number) => (backwards ? key.bytes[key.bytes.length - 1 - i] : key.bytes[i]);
  const begins = (short: Key, long: Key) => {
    if (short.bytes.length > long.bytes.length) return false;
    for (let i = 0; i < short.bytes.length; i++) if (at(short, i) !== at(long, i)) return false;
    return true;
  };
  const compare = (a: Key, b: Key) => {
    const n = Math.min(a.bytes.length, b.bytes.length);
    for (let i = 0; i < n; i++) if (at(a, i) !== at(b, i)) return at(a, i) - at(b, i);
    return a.bytes.length - b.bytes.length;
  };
  const open: Key[] = [];
  return [...keys].sort(compare).map((key) => {
    while (open.length > 0 && !begins(open[open.length - 1], key)) open.pop();
    const parent = open[open.length - 1];
    const whole = parent === undefined ? key : { ...key, row: join(key.row, parent.row) };
    open.push(whole);
    return whole;
  });
}
