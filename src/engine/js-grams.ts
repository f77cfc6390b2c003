import {
  BLOOM_MIX,
  FLAG_GRAM3,
  FLAG_GRAM4,
  GLOB_BYTES,
  GLOB_TEXT_BYTES,
  GLOB_TEXT_OFFSET,
  GRAM3_SALT,
  HINT_BEFORE_SHIFT,
  HINT_PIECE_BYTES_SHIFT,
  HINT_PIECE_OFFSET_SHIFT,
  HINT_RESERVED,
  LANES_GRAM_BLOOM_SHIFT,
  LANES_GRAM_PROBES,
  LANES_GRAM_SHIFT,
  LANES_VERIFY_BUDGET,
  POSTING_BYTES,
  POSTING_HINT,
  POSTING_NEAR,
  POSTING_NEAR_MASK,
  POSTING_NEAR_OFFSET,
  SECTION_GLOB_TEXT,
  SECTION_GLOBS,
  SECTION_GRAM_BLOOM,
  SECTION_GRAMS,
  SECTION_LANES,
  SECTION_POSTINGS,
} from "../artifact/layout.js";
import { sectionBytes, sectionInts, sectionWords } from "../artifact/sections.js";
import { mixHash } from "./js-keys.js";
import { matchesGlob } from "./js-names.js";
import type { RowJoin } from "./js-rows.js";

/** More units than any name costs that fits in memory; a small integer, so that comparing stays one. */
const unlimited = 0x7fffffff;

const POSTING_WORDS = POSTING_BYTES / 4;

/** Globs filed under their rarest three or four literal bytes. */
export class GramLane {
  readonly #four: boolean;
  readonly #three: boolean;
  readonly #bloom: Int32Array;
  readonly #bloomShift: number;
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #shift: number;
  readonly #probes: number;
  readonly #postings: Int32Array;
  readonly #globs: Int32Array;
  readonly #text: Uint8Array;
  /** Units of verification a name may cost before reserved postings are left to the reserve block; or no end. */
  readonly #budget: number;
  /** Nothing is left to do here once the budget is spent. */
  readonly #allReserved: boolean;
  /** Per slot, the number of the last name for which its postings were verified without hints: nothing is left there. */
  readonly #finished: Uint32Array;
  #nameNumber = 0;
  #units = 0;

  constructor(file: Uint8Array, flags: number, hasReserve: boolean) {
    const lanes = sectionWords(file, SECTION_LANES);
    this.#four = (flags & FLAG_GRAM4) !== 0;
    this.#three = (flags & FLAG_GRAM3) !== 0;
    this.#bloom = sectionInts(file, SECTION_GRAM_BLOOM);
    this.#bloomShift = lanes[LANES_GRAM_BLOOM_SHIFT / 4];
    this.#slots = sectionInts(file, SECTION_GRAMS);
    this.#mask = this.#slots.length / 4 - 1;
    this.#shift = lanes[LANES_GRAM_SHIFT / 4];
    this.#probes = lanes[LANES_GRAM_PROBES / 4];
    this.#postings = sectionInts(file, SECTION_POSTINGS);
    this.#globs = sectionInts(file, SECTION_GLOBS);
    this.#text = sectionBytes(file, SECTION_GLOB_TEXT);
    this.#budget = hasReserve ? lanes[LANES_VERIFY_BUDGET / 4] : unlimited;
    let allReserved = hasReserve;
    for (let at = POSTING_HINT / 4; at < this.#postings.length && allReserved; at += POSTING_WORDS) {
      allReserved = (this.#postings[at] & HINT_RESERVED) !== 0;
    }
    this.#allReserved = allReserved;
    this.#finished = new Uint32Array(this.#mask + 1);
  }

  /** Joins the rows of the matching globs; returns whether the reserve block has to finish the name. */
  run(name: Uint8Array, from: number, to: number, rows: RowJoin): boolean {
    this.#nameNumber++;
    if (this.#nameNumber > 0xffffffff) {
      this.#finished.fill(0);
      this.#nameNumber = 1;
    }
    this.#units = 0;
    const bloom = this.#bloom;
    const bloomShift = this.#bloomShift;
    const four = this.#four;
    const three = this.#three;
    if (to - from < 3) return false;
    // The last four bytes, little-endian.
    let gram = (name[from] << 16) | (name[from + 1] << 24);
    for (let i = from + 2; i < to; i++) {
      gram = (gram >>> 8) | (name[i] << 24);
      if (four && i > from + 2) {
        const mixed = mixHash(gram);
        const bit = Math.imul(mixed, BLOOM_MIX) >>> bloomShift;
        if ((bloom[bit >>> 5] >>> (bit & 31)) & 1 && this.#walk(gram, 4, mixed, i - 3, name, from, to, rows)) return true;
      }
      if (three) {
        const short = gram >>> 8;
        const mixed = mixHash(short ^ GRAM3_SALT);
        const bit = Math.imul(mixed, BLOOM_MIX) >>> bloomShift;
        if ((bloom[bit >>> 5] >>> (bit & 31)) & 1 && this.#walk(short, 3, mixed, i - 2, name, from, to, rows)) return true;
      }
    }
    return this.#units > this.#budget;
  }

  /** The gram stands at `place` of the name. Returns whether the reserve block can do all that is left. */
  #walk(
    gram: number,
    size: number,
    mixed: number,
    place: number,
    name: Uint8Array,
    from: number,
    to: number,
    rows: RowJoin,
  ): boolean {
    const slots = this.#slots;
    let slot = mixed >>> this.#shift;
    for (let probe = this.#probes; probe > 0; probe--) {
      const at = slot * 4;
      const slotSize = slots[at + 1];
      if (slotSize === 0) return false;
      if (slotSize === size && slots[at] === gram) {
        const start = slots[at + 2] * POSTING_WORDS;
        const end = start + slots[at + 3] * POSTING_WORDS;
        if (this.#units <= this.#budget) this.#search(start, end, place, name, from, to, rows);
        else if (this.#finished[slot] !== this.#nameNumber) {
          this.#finished[slot] = this.#nameNumber;
          this.#finish(start, end, name, from, to, rows);
        }
        return this.#allReserved && this.#units > this.#budget;
      }
      slot = (slot + 1) & this.#mask;
    }
    return false;
  }

  /** Verifies the globs whose piece stands around the gram. */
  #search(start: number, end: number, place: number, name: Uint8Array, from: number, to: number, rows: RowJoin): void {
    const postings = this.#postings;
    const globs = this.#globs;
    const text = this.#text;
    const length = to - from;
    for (let at = start; at < end; at += POSTING_WORDS) {
      if (postings[at + 2] > length) return;
      this.#units += 2;
      const near = place + postings[at + POSTING_NEAR_OFFSET / 4];
      if (near >= 0 && near + 4 <= name.length) {
        const bytes = name[near] | (name[near + 1] << 8) | (name[near + 2] << 16) | (name[near + 3] << 24);
        if (((bytes ^ postings[at + POSTING_NEAR / 4]) & postings[at + POSTING_NEAR_MASK / 4]) !== 0) continue;
      }
      const hint = postings[at + 3];
      const glob = postings[at] * (GLOB_BYTES / 4);
      const textStart = globs[glob + GLOB_TEXT_OFFSET / 4];
      let piece = textStart + (hint >>> HINT_PIECE_OFFSET_SHIFT);
      const pieceEnd = piece + ((hint >>> HINT_PIECE_BYTES_SHIFT) & 255);
      let i = place - ((hint >>> HINT_BEFORE_SHIFT) & 255);
      if (i < from || pieceEnd - piece > to - i) continue;
      while (piece < pieceEnd && text[piece] === name[i]) {
        piece++;
        i++;
      }
      const row = postings[at + 1];
      if (piece < pieceEnd || rows.covers(row)) continue;
      this.#units += 16 + length;
      if (matchesGlob(text, textStart, textStart + globs[glob + GLOB_TEXT_BYTES / 4], name, from, to)) rows.add(row);
      // A name that costs too much gets the reserve block, but what it does not hold has to be found here.
      if (this.#units > this.#budget) return this.#finish(at + POSTING_WORDS, end, name, from, to, rows);
    }
  }

  /** Verifies all that the reserve block does not hold, wherever in the name the gram stands. */
  #finish(start: number, end: number, name: Uint8Array, from: number, to: number, rows: RowJoin): void {
    const postings = this.#postings;
    const globs = this.#globs;
    for (let at = start; at < end; at += POSTING_WORDS) {
      if (postings[at + 2] > to - from) return;
      const row = postings[at + 1];
      if ((postings[at + 3] & HINT_RESERVED) !== 0 || rows.covers(row)) continue;
      const glob = postings[at] * (GLOB_BYTES / 4);
      const textStart = globs[glob + GLOB_TEXT_OFFSET / 4];
      const textEnd = textStart + globs[glob + GLOB_TEXT_BYTES / 4];
      if (matchesGlob(this.#text, textStart, textEnd, name, from, to)) rows.add(row);
    }
  }
}
