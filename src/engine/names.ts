import type { PackedNames } from "./evaluator.js";

/** Bytes that `encodeName` may need: three a code unit. */
export function nameBytesMax(name: string): number {
  return name.length * 3;
}

/**
 * Writes the name as UTF-8 at `at`; a lone surrogate becomes its three WTF-8 bytes (TextEncoder would write U+FFFD and so rename
 * the tool). Returns the end. The caller made room for `nameBytesMax(name)`.
 */
export function encodeName(name: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < name.length; i++) {
    let unit = name.charCodeAt(i);
    if (unit < 0x80) {
      bytes[at++] = unit;
      continue;
    }
    if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6);
      bytes[at++] = 0x80 | (unit & 63);
      continue;
    }
    const low = i + 1 < name.length ? name.charCodeAt(i + 1) : 0;
    if (unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      i++;
      bytes[at++] = 0xf0 | (unit >> 18);
      bytes[at++] = 0x80 | ((unit >> 12) & 63);
    } else bytes[at++] = 0xe0 | (unit >> 12);
    bytes[at++] = 0x80 | ((unit >> 6) & 63);
    bytes[at++] = 0x80 | (unit & 63);
  }
  return at;
}

/** Packs names for a batch. Linear in their length. */
export function packNames(names: readonly string[]): PackedNames {
  let room = 0;
  for (const name of names) room += nameBytesMax(name);
  const bytes = new Uint8Array(room);
  const offsets = new Uint32Array(names.length + 1);
  let at = 0;
  for (let i = 0; i < names.length; i++) {
    at = encodeName(names[i], bytes, at);
    offsets[i + 1] = at;
  }
  return { count: names.length, offsets, bytes: bytes.subarray(0, at) };
}
