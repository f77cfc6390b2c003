// Keys of a record to fields. The host fills the table: a slot a key, found by a multiplier under which no two keys meet.
//
//   slot   16 bytes of the key, zero padded | bit of the field, 0 in empty slots | number of the field, the last in empty slots

/** Fields that may have a key each; the last stands for every other key. */
export const FIELDS: u32 = 31;
/** In the set of fields seen: a key that could be anything. */
export const DOUBT: u32 = 1 << 31;

const SLOT_SHIFT: u32 = 25;
const SLOT_BYTES: usize = 32;
/** 128 slots. */
export const keyTable = memory.data(4096, 16);
/** Where the latest value of each field starts: one past the colon. */
export const values = memory.data(128, 16);

let multiplier: u64 = 0;

export function openKeys(low: u32, high: u32): void {
  multiplier = (<u64>high << 32) | <u64>low;
}

/** Keys of the line that stand behind an opening brace: more than one, and there are several records. */
let firsts: u32 = 0;

// @ts-ignore: decorator
@inline
export function openFirst(): void {
  firsts = 0;
}

// @ts-ignore: decorator
@inline
export function firstKeys(): u32 {
  return firsts;
}

// 16 bytes of ones, then as many zeros, as in dictionary.ts.
const ones = memory.data<u64>([-1, -1, 0, 0], 16);

/** Bit of the field whose key ends before the colon at `colon`, 0 for keys that no field has. Notes where its value starts. */
// @ts-ignore: decorator
@inline
export function fieldBefore(colon: usize, lineStart: usize): u32 {
  const window = v128.load(colon - 17);
  const quotes = <u32>i8x16.bitmask(i8x16.eq(window, i8x16.splat(0x22)));
  const escapes = i8x16.eq(window, i8x16.splat(0x5c));
  const plain = load<u8>(colon - 1) == 0x22 && load<u8>(colon - 18) != 0x5c && !v128.any_true(escapes);
  if (!plain || quotes == 0) return carefulField(colon, lineStart);
  return lookUp(colon - 1, clz(quotes) - 16, colon);
}

/** `end`: the closing quote of a key of at most 15 bytes. */
// @ts-ignore: decorator
@inline
function lookUp(end: usize, bytes: u32, colon: usize): u32 {
  let before = end - bytes - 2;
  while (isBlank(load<u8>(before))) before--;
  firsts += <u32>(load<u8>(before) == 0x7b);
  const key = v128.and(v128.load(end - bytes), v128.load(ones + 16 - bytes));
  const hash = <u64>i64x2.extract_lane(key, 0) ^ (<u64>i64x2.extract_lane(key, 1) * 0x9e3779b97f4a7c15);
  const slot = keyTable + <usize>(<u32>((hash * multiplier) >> 32) >> SLOT_SHIFT) * SLOT_BYTES;
  const same = i8x16.all_true(i8x16.eq(key, v128.load(slot)));
  const field = select<u32>(load<u32>(slot, 20), FIELDS, same);
  store<u32>(values + (<usize>field << 2), <u32>colon + 1);
  return select<u32>(load<u32>(slot, 16), 0, same);
}

/** Keys with blanks before the colon, long ones, and those near an escape. */
function carefulField(colon: usize, lineStart: usize): u32 {
  let end = colon - 1;
  while (end > lineStart && isBlank(load<u8>(end))) end--;
  if (load<u8>(end) != 0x22) return DOUBT;
  let at = end - 1;
  while (at > lineStart && load<u8>(at) != 0x22) {
    // Whatever an escape spells, it may be one of our keys.
    if (load<u8>(at) == 0x5c) return DOUBT;
    at--;
  }
  // A quote with an escape before it belongs to the key.
  if (at <= lineStart || load<u8>(at - 1) == 0x5c) return DOUBT;
  const bytes = <u32>(end - at) - 1;
  if (bytes <= 15) return lookUp(end, bytes, colon);
  let before = at - 1;
  while (before > lineStart && isBlank(load<u8>(before))) before--;
  firsts += <u32>(load<u8>(before) == 0x7b);
  return 0;
}

// @ts-ignore: decorator
@inline
export function isBlank(byte: u32): bool {
  return byte == 0x20 || byte == 0x09 || byte == 0x0d;
}
