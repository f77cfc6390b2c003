// Hash tables of whole literals, prefixes and suffixes: one rolling hash serves them all.

import { BLOOM_MIX, GLOB_TEXT_OFFSET, HASH_MIX, SLOT_GLOB, SLOT_HASH, SLOT_KEY_BYTES, SLOT_ROW } from "../src/artifact/layout";
import { globs, globText } from "./state";

/** No such key. */
export const MISS: u32 = 0xffffffff;

// @ts-ignore: decorator
@inline
export function mix(h: u32): u32 {
  const x = (h ^ (h >> 15)) * <u32>HASH_MIX;
  return x ^ (x >> 13);
}

// @ts-ignore: decorator
@inline
export function inBloom(bloom: usize, mixed: u32, shift: u32): bool {
  const bit = (mixed * <u32>BLOOM_MIX) >> shift;
  return ((<u32>load<u8>(bloom + <usize>(bit >> 3)) >> (bit & 7)) & 1) != 0;
}

function sameBytes(a: usize, b: usize, bytes: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= bytes; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i < bytes; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}

/**
 * The row of a key, or MISS. `keyOffset` skips the leading `*` of a suffix glob's text; the key stands at `at`.
 */
export function lookup(
  slots: usize,
  slotMask: u32,
  shift: u32,
  probes: u32,
  hash: u32,
  mixed: u32,
  at: usize,
  bytes: u32,
  keyOffset: u32,
): u32 {
  let slot = (mixed >> shift) & slotMask;
  for (let probe: u32 = 0; probe < probes; probe++) {
    const record = slots + (<usize>slot << 4);
    const glob = load<u32>(record + SLOT_GLOB);
    if (glob == 0xffffffff) return MISS;
    if (load<u32>(record + SLOT_HASH) == hash && load<u32>(record + SLOT_KEY_BYTES) == bytes) {
      const text = globText + <usize>load<u32>(globs + (<usize>glob << 5) + GLOB_TEXT_OFFSET) + keyOffset;
      if (sameBytes(text, at, bytes)) return load<u32>(record + SLOT_ROW);
    }
    slot = (slot + 1) & slotMask;
  }
  return MISS;
}
