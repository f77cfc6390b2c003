import {
  HEADER_BYTES,
  HEADER_FLAGS,
  HEADER_SECTIONS,
  SECTION_COUNT,
  SECTION_LANES,
  SECTION_ROWS,
} from "../../src/artifact/layout.js";
import { forge, sectionAt } from "./forge.js";

/** A small generator with a seed: the same seed gives the same damage. */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/** Words that sit on the edges of what tables allow. */
const edges = [
  0, 1, 2, 3, 4, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
];

/**
 * One forged artifact: one to four edits, mostly in the tables that evaluation walks, and a checksum that fits. Edits are
 * bytes, words, words copied from elsewhere (cycles and overlaps come from these), small steps, doubles, and section ranges.
 */
export function corrupt(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  return forge(bytes, (view, copy) => {
    for (let edits = 1 + random(3); edits > 0; edits--) edit(view, copy, random);
  });
}

function edit(view: DataView, copy: Uint8Array, random: (n: number) => number): void {
  const at = place(copy, random);
  switch (random(10)) {
    case 0:
      copy[at + random(4)] = random(256);
      return;
    case 1:
      copy[at + random(4)] ^= 1 << random(8);
      return;
    case 2:
    case 3:
      view.setUint32(at, edges[random(edges.length)], true);
      return;
    case 4:
      view.setUint32(at, view.getUint32(at, true) + random(9) - 4, true);
      return;
    case 5:
    case 6:
      // Same neighbourhood: likely a number of the same kind.
      view.setUint32(at, view.getUint32(near(copy, at, random), true), true);
      return;
    case 7:
      view.setUint32(at, view.getUint32(place(copy, random), true), true);
      return;
    case 8:
      if (at + 8 <= copy.length) view.setFloat64(at, [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 1e300][random(5)], true);
      return;
    default:
      sectionEdit(view, random);
  }
}

/** A word, a third of the time in the numbers that steer lanes, else anywhere in some section. */
function place(copy: Uint8Array, random: (n: number) => number): number {
  const kind = random(12);
  if (kind === 0) return HEADER_FLAGS;
  if (kind === 1) return random(HEADER_BYTES / 4) * 4;
  const section =
    kind < 5 ? SECTION_LANES : kind < 9 ? SECTION_LANES + random(SECTION_COUNT - SECTION_LANES) : SECTION_ROWS + random(12);
  const { offset, size } = sectionAt(copy, section);
  const words = Math.floor(size / 4);
  if (words === 0 || offset + size > copy.length) return random(Math.floor(copy.length / 4)) * 4;
  return offset + random(words) * 4;
}

function near(copy: Uint8Array, at: number, random: (n: number) => number): number {
  const there = at + (random(65) - 32) * 4;
  return there >= 0 && there + 4 <= copy.length ? there : at;
}

function sectionEdit(view: DataView, random: (n: number) => number): void {
  const at = HEADER_SECTIONS + random(SECTION_COUNT) * 8;
  const other = HEADER_SECTIONS + random(SECTION_COUNT) * 8;
  if (random(2) === 0) view.setUint32(at, view.getUint32(other, true), true);
  if (random(2) === 0)
    view.setUint32(at + 4, view.getUint32(random(2) === 0 ? other + 4 : at + 4, true) + random(5) * 4 - 8, true);
}
