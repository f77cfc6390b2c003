import {
  BLOOM_MIX,
  FLAG_GRAM3,
  FLAG_GRAM4,
  GLOB_BYTES,
  GLOB_TEXT_BYTES,
  GLOB_TEXT_OFFSET,
  GRAM3_SALT,
  LANES_GRAM_BLOOM_SHIFT,
  LANES_GRAM_PROBES,
  LANES_GRAM_SHIFT,
  LANES_VERIFY_BUDGET,
  POSTING_BYTES,
  POSTING_RESERVED,
  SECTION_GLOB_TEXT,
  SECTION_GLOBS,
  SECTION_GRAM_BLOOM,
  SECTION_GRAMS,
  SECTION_LANES,
  SECTION_POSTINGS,
  SIGNATURE_NAME_BYTES_MAX,
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
  /** Units of verification a name of 64 bytes may cost before reserved postings are left to the reserve block; or no end. */
  readonly #budget: number;
  /** Nothing is left to do here once the budget is spent. */
  readonly #allReserved: boolean;
  /** Per slot, the number of the last name that walked its postings: a gram seen again can find nothing new. */
  readonly #walked: Uint32Array;
  /** Bits of the grams of the name; a posting that needs another bit cannot match. */
  readonly #signature = new Int32Array(4);
  /** Places whose four bytes are in the Bloom bits, until the signature is whole. */
  readonly #hits = new Int32Array(SIGNATURE_NAME_BYTES_MAX);
  /** The budget of the current name. */
  #limit = 0;
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
    for (let at = POSTING_RESERVED / 4; at < this.#postings.length && allReserved; at += POSTING_WORDS) {
      allReserved = this.#postings[at] === 1;
    }
    this.#allReserved = allReserved;
    this.#walked = new Uint32Array(this.#mask + 1);
  }

  /** Joins the rows of the matching globs; returns whether the reserve block has to finish the name. */
  run(name: Uint8Array, from: number, to: number, rows: RowJoin): boolean {
    this.#nameNumber++;
    if (this.#nameNumber > 0xffffffff) {
      this.#walked.fill(0);
      this.#nameNumber = 1;
    }
    this.#units = 0;
    this.#signature.fill(-1);
    this.#limit = this.#budget * Math.max(1, (to - from) / 64);
    if (this.#four && to - from >= 4) {
      const enough =
        to - from > SIGNATURE_NAME_BYTES_MAX ? this.#walkAll(name, from, to, rows) : this.#walkHits(name, from, to, rows);
      if (enough) return true;
    }
    if (this.#three && this.#walkThree(name, from, to, rows)) return true;
    return this.#units > this.#limit;
  }

  /** First the signature of the whole name, then the grams that are in the Bloom bits. */
  #walkHits(name: Uint8Array, from: number, to: number, rows: RowJoin): boolean {
    const bloom = this.#bloom;
    const bloomShift = this.#bloomShift;
    const signature = this.#signature.fill(0);
    for (let i = from; i < to; i++) signature[3] |= 1 << (name[i] & 31);
    const hits = this.#hits;
    let hitCount = 0;
    let gram = (name[from] << 8) | (name[from + 1] << 16) | (name[from + 2] << 24);
    for (let i = from + 3; i < to; i++) {
      gram = (gram >>> 8) | (name[i] << 24);
      const mixed = mixHash(gram);
      signature[(((mixed >>> 5) & 255) * 3) >>> 8] |= 1 << (mixed & 31);
      const bit = Math.imul(mixed, BLOOM_MIX) >>> bloomShift;
      if ((bloom[bit >>> 5] >>> (bit & 31)) & 1) hits[hitCount++] = i - 3;
    }
    for (let hit = 0; hit < hitCount; hit++) {
      const i = hits[hit];
      const found = name[i] | (name[i + 1] << 8) | (name[i + 2] << 16) | (name[i + 3] << 24);
      if (this.#walk(found, 4, mixHash(found), name, from, to, rows)) return true;
    }
    return false;
  }

  #walkAll(name: Uint8Array, from: number, to: number, rows: RowJoin): boolean {
    let gram = (name[from] << 8) | (name[from + 1] << 16) | (name[from + 2] << 24);
    for (let i = from + 3; i < to; i++) {
      gram = (gram >>> 8) | (name[i] << 24);
      const mixed = mixHash(gram);
      if (this.#inBloom(mixed) && this.#walk(gram, 4, mixed, name, from, to, rows)) return true;
    }
    return false;
  }

  #walkThree(name: Uint8Array, from: number, to: number, rows: RowJoin): boolean {
    for (let i = from + 2; i < to; i++) {
      const gram = name[i - 2] | (name[i - 1] << 8) | (name[i] << 16);
      const mixed = mixHash(gram ^ GRAM3_SALT);
      if (this.#inBloom(mixed) && this.#walk(gram, 3, mixed, name, from, to, rows)) return true;
    }
    return false;
  }

  #inBloom(mixed: number): boolean {
    const bit = Math.imul(mixed, BLOOM_MIX) >>> this.#bloomShift;
    return ((this.#bloom[bit >>> 5] >>> (bit & 31)) & 1) !== 0;
  }

  /** Returns whether the reserve block can do all that is left. */
  #walk(gram: number, size: number, mixed: number, name: Uint8Array, from: number, to: number, rows: RowJoin): boolean {
    const slots = this.#slots;
    let slot = mixed >>> this.#shift;
    for (let probe = this.#probes; probe > 0; probe--) {
      const at = slot * 4;
      const slotSize = slots[at + 1];
      if (slotSize === 0) return false;
      if (slotSize === size && slots[at] === gram) {
        if (this.#walked[slot] === this.#nameNumber) return false;
        this.#walked[slot] = this.#nameNumber;
        const start = slots[at + 2] * POSTING_WORDS;
        this.#verify(start, start + slots[at + 3] * POSTING_WORDS, name, from, to, rows);
        return this.#allReserved && this.#units > this.#limit;
      }
      slot = (slot + 1) & this.#mask;
    }
    return false;
  }

  #verify(start: number, end: number, name: Uint8Array, from: number, to: number, rows: RowJoin): void {
    const postings = this.#postings;
    const globs = this.#globs;
    const length = to - from;
    const signature = this.#signature;
    const missing0 = ~signature[0];
    const missing1 = ~signature[1];
    const missing2 = ~signature[2];
    const missing3 = ~signature[3];
    for (let at = start; at < end; at += POSTING_WORDS) {
      if (postings[at + 2] > length) return;
      this.#units++;
      if ((postings[at + 4] & missing0) | (postings[at + 5] & missing1)) continue;
      if ((postings[at + 6] & missing2) | (postings[at + 7] & missing3)) continue;
      const row = postings[at + 1];
      // A name that costs too much gets the reserve block, but what it does not hold has to be found here.
      if ((this.#units > this.#limit && postings[at + 3] === 1) || rows.covers(row)) continue;
      this.#units += 16 + length;
      const glob = postings[at] * (GLOB_BYTES / 4);
      const text = globs[glob + GLOB_TEXT_OFFSET / 4];
      const textEnd = text + globs[glob + GLOB_TEXT_BYTES / 4];
      if (matchesGlob(this.#text, text, textEnd, name, from, to)) rows.add(row);
    }
  }
}
