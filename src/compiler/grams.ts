import { GRAM_BYTES, GRAM3_SALT } from "../artifact/layout.js";
import type { ByteGlob } from "./byte-glob.js";
import { bloomBit, log2Ceil, mix } from "./key-table.js";

/** A glob filed under its rarest gram. */
export interface Filed {
  readonly glob: ByteGlob;
  /** Little-endian value of the gram's bytes. */
  readonly gram: number;
  readonly size: 3 | 4;
}

export interface GramTable {
  /** Slots as u32: gram, size, posting start, posting count. */
  readonly slots: Uint32Array;
  readonly shift: number;
  readonly probes: number;
  readonly bloom: Uint8Array;
  readonly bloomShift: number;
  /** Postings in the order of the file: per gram, ascending in fewest name bytes. */
  readonly postings: readonly Filed[];
  /** Length of the posting list that each posting stands in. */
  readonly listLengths: readonly number[];
}

/** A key that tells three-byte grams from four-byte ones; a number, for maps. */
function gramKey(gram: number, size: 3 | 4): number {
  return size === 4 ? gram : gram + 2 ** 32;
}

/** Little-endian values of all runs of `size` literal bytes. */
function grams(glob: ByteGlob, size: 3 | 4): number[] {
  const found: number[] = [];
  for (const piece of glob.pieces) {
    for (let i = 0; i + size <= piece.length; i++) {
      const low = piece[i] | (piece[i + 1] << 8) | (piece[i + 2] << 16);
      found.push((size === 4 ? low | (piece[i + 3] << 24) : low) >>> 0);
    }
  }
  return found;
}

/** Three words of bits for the grams of four bytes, one for the bytes (FORMAT.md). A name that lacks a bit cannot match. */
export function signature(glob: ByteGlob): [number, number, number, number] {
  const words: [number, number, number, number] = [0, 0, 0, 0];
  for (const gram of grams(glob, 4)) {
    const mixed = mix(gram);
    const word = (((mixed >>> 5) & 255) * 3) >>> 8;
    words[word] = (words[word] | (1 << (mixed & 31))) >>> 0;
  }
  for (const piece of glob.pieces) for (const byte of piece) words[3] = (words[3] | (1 << (byte & 31))) >>> 0;
  return words;
}

/**
 * Files each glob under the gram that the fewest names should contain. The policy's own globs stand for the names: a gram that
 * many of them hold (`mcp_`) is a poor key. Globs without three literal bytes in a row are given back.
 */
export function fileByGram(globs: readonly ByteGlob[], corpus: readonly ByteGlob[]): { filed: Filed[]; gramless: ByteGlob[] } {
  const frequency = new Map<number, number>();
  for (const glob of corpus) {
    for (const size of [3, 4] as const) {
      for (const gram of new Set(grams(glob, size))) {
        const key = gramKey(gram, size);
        frequency.set(key, (frequency.get(key) ?? 0) + 1);
      }
    }
  }
  const listLength = new Map<number, number>();
  const filed: Filed[] = [];
  const gramless: ByteGlob[] = [];
  for (const glob of globs) {
    const four = grams(glob, 4);
    const size = four.length > 0 ? 4 : 3;
    const choices = size === 4 ? four : grams(glob, 3);
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const gram of choices) {
      const key = gramKey(gram, size);
      const cost = (frequency.get(key) ?? 0) + 4 * (listLength.get(key) ?? 0);
      if (cost < bestCost || (cost === bestCost && gram < best)) {
        best = gram;
        bestCost = cost;
      }
    }
    if (best < 0) gramless.push(glob);
    else {
      const key = gramKey(best, size);
      listLength.set(key, (listLength.get(key) ?? 0) + 1);
      filed.push({ glob, gram: best, size });
    }
  }
  return { filed, gramless };
}

/** Builds the gram slots, Bloom bits and postings. */
export function buildGramTable(filed: readonly Filed[]): GramTable {
  const lists = new Map<number, Filed[]>();
  for (const entry of filed) {
    const key = gramKey(entry.gram, entry.size);
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [entry]);
    else list.push(entry);
  }
  const bits = log2Ceil(lists.size * 2);
  // A false positive costs a slot and a mispredicted branch, at every byte of a name.
  const bloomBits = Math.max(9, log2Ceil(lists.size * 64));
  const slotCount = 2 ** bits;
  const slots = new Uint32Array((slotCount * GRAM_BYTES) / 4);
  const bloom = new Uint8Array(2 ** bloomBits / 8);
  const postings: Filed[] = [];
  const listLengths: number[] = [];
  let probes = 1;
  for (const key of [...lists.keys()].sort((a, b) => a - b)) {
    const list = lists.get(key) as Filed[];
    const { gram, size } = list[0];
    const mixed = mix((size === 3 ? gram ^ GRAM3_SALT : gram) >>> 0);
    let slot = mixed >>> (32 - bits);
    let probe = 1;
    while (slots[slot * 4 + 1] !== 0) {
      slot = (slot + 1) & (slotCount - 1);
      probe++;
    }
    slots.set([gram, size, postings.length, list.length], slot * 4);
    const bit = bloomBit(mixed, 32 - bloomBits);
    bloom[bit >> 3] |= 1 << (bit & 7);
    probes = Math.max(probes, probe);
    list.sort((a, b) => a.glob.nameBytesMin - b.glob.nameBytesMin || a.glob.id - b.glob.id);
    for (const entry of list) {
      postings.push(entry);
      listLengths.push(list.length);
    }
  }
  return { slots, shift: 32 - bits, probes, bloom, bloomShift: 32 - bloomBits, postings, listLengths };
}
