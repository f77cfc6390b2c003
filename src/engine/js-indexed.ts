import * as L from "../artifact/layout.js";
import { sectionBytes, sectionInts, sectionWords, wordAt } from "../artifact/sections.js";
import { GramLane } from "./js-grams.js";
import { KeyTable, mixHash } from "./js-keys.js";
import { ParallelBlock } from "./js-parallel.js";
import type { RowJoin } from "./js-rows.js";

/**
 * Key lengths are below 256. Hashes of a longer name go round: the entry after n bytes then holds that of a later place, so
 * names that long hash their beginning again.
 */
const hashesKept = 256;
export const hashesMask = hashesKept - 1;
/** A mask for each key length stands before the Bloom bits. */
const bloomStart = L.EDGE_MASKS_BYTES / 4;

/** Every lane an artifact can have, for names as bytes. The order is the cheapest first, so that later ones are skipped. */
export class Lanes {
  readonly rows: RowJoin;
  readonly basis: number;
  readonly #literals: KeyTable | null = null;
  /** A literal's row was not completed at compile time: it joins instead of being the whole answer. */
  readonly #literalsOpen: boolean;
  readonly #dfa: Dfa | null = null;
  readonly #prefixes: EdgeLane | null = null;
  readonly #suffixes: EdgeLane | null = null;
  readonly #grams: GramLane | null = null;
  readonly #lengthRows: Int32Array | null = null;
  readonly #parallel: ParallelBlock | null = null;
  readonly #reserve: ParallelBlock | null = null;
  /** Hash after n bytes of the current name, at n. */
  readonly hashes = new Int32Array(hashesKept);

  constructor(file: Uint8Array, rows: RowJoin) {
    const flags = wordAt(file, L.HEADER_FLAGS);
    const lanes = sectionWords(file, L.SECTION_LANES);
    const lane = (offset: number) => lanes[offset / 4];
    this.rows = rows;
    this.basis = lane(L.LANES_HASH_BASIS) | 0;
    this.#literalsOpen = (flags & L.FLAG_LITERALS_OPEN) !== 0;
    if (flags & L.FLAG_LITERALS) {
      const shift = lane(L.LANES_LITERAL_SHIFT);
      this.#literals = new KeyTable(file, L.SECTION_LITERALS, shift, lane(L.LANES_LITERAL_PROBES), 0);
    }
    if (flags & L.FLAG_DFA) this.#dfa = new Dfa(file);
    if (flags & L.FLAG_PREFIX) {
      const keys = new KeyTable(file, L.SECTION_PREFIX, lane(L.LANES_PREFIX_SHIFT), lane(L.LANES_PREFIX_PROBES), 0);
      const lengths = keyLengths(lanes, L.LANES_PREFIX_LENGTHS, lane(L.LANES_PREFIX_BYTES_MAX));
      this.#prefixes = new EdgeLane(keys, lengths, sectionInts(file, L.SECTION_PREFIX_BLOOM), lane(L.LANES_PREFIX_BLOOM_SHIFT));
    }
    if (flags & L.FLAG_SUFFIX) {
      const keys = new KeyTable(file, L.SECTION_SUFFIX, lane(L.LANES_SUFFIX_SHIFT), lane(L.LANES_SUFFIX_PROBES), 1);
      const lengths = keyLengths(lanes, L.LANES_SUFFIX_LENGTHS, lane(L.LANES_SUFFIX_BYTES_MAX));
      this.#suffixes = new EdgeLane(keys, lengths, sectionInts(file, L.SECTION_SUFFIX_BLOOM), lane(L.LANES_SUFFIX_BLOOM_SHIFT));
    }
    if (flags & (L.FLAG_GRAM4 | L.FLAG_GRAM3)) {
      this.#grams = new GramLane(file, flags, (flags & L.FLAG_PARALLEL_RESERVE) !== 0);
    }
    if (flags & L.FLAG_LENGTH) {
      const at = lane(L.LANES_LENGTH_OFFSET) / 4;
      this.#lengthRows = sectionInts(file, L.SECTION_DENSE).subarray(at, at + lane(L.LANES_LENGTH_COUNT));
    }
    if (flags & L.FLAG_PARALLEL) {
      this.#parallel = new ParallelBlock(file, lane(L.LANES_PARALLEL_OFFSET), lane(L.LANES_PARALLEL_BYTES));
    }
    if (flags & L.FLAG_PARALLEL_RESERVE) {
      this.#reserve = new ParallelBlock(file, lane(L.LANES_RESERVE_OFFSET), lane(L.LANES_RESERVE_BYTES));
    }
  }

  /** The row of the name `[from, to)`, or -1 when it would be a new joined row and there is no room for it. */
  classify(name: Uint8Array, from: number, to: number): number {
    const hashes = this.hashes;
    let hash = this.basis;
    for (let i = from; i < to; ) {
      hash = Math.imul(hash ^ name[i++], L.HASH_PRIME);
      hashes[(i - from) & hashesMask] = hash;
    }
    return this.classifyHashed(name, from, to, hash);
  }

  /** The same when `hashes` is filled and `hash` is that of the whole name. */
  classifyHashed(name: Uint8Array, from: number, to: number, hash: number): number {
    const rows = this.rows;
    const length = to - from;
    rows.start();
    if (this.#literals !== null) {
      const row = this.#literals.find(hash, name, from, length);
      if (row >= 0) {
        if (!this.#literalsOpen) return row;
        rows.add(row);
      }
    }
    if (this.#dfa !== null) rows.add(this.#dfa.classify(name, from, to));
    if (this.#prefixes !== null) this.#prefixes.runPrefix(name, from, length, this.basis, this.hashes, rows);
    if (this.#suffixes !== null) this.#suffixes.runSuffix(name, to, length, this.basis, this.hashes, rows);
    if (this.#lengthRows !== null) rows.add(this.#lengthRow(this.#lengthRows, name, from, to));
    if (this.#grams?.run(name, from, to, rows)) this.#reserve?.run(name, from, to, rows);
    this.#parallel?.run(name, from, to, rows);
    return rows.finish();
  }

  #lengthRow(lengthRows: Int32Array, name: Uint8Array, from: number, to: number): number {
    let points = 0;
    for (let i = from; i < to; i++) if ((name[i] & 0xc0) !== 0x80) points++;
    return lengthRows[Math.min(points, lengthRows.length - 1)];
  }
}

/** Lengths in the 256-bit set, longest first. */
function keyLengths(lanes: Uint32Array, offset: number, most: number): Int32Array {
  const lengths: number[] = [];
  for (let n = Math.min(most, hashesKept - 1); n > 0; n--) {
    if ((lanes[offset / 4 + (n >>> 5)] >>> (n & 31)) & 1) lengths.push(n);
  }
  return Int32Array.from(lengths);
}

/** Globs `key*` or `*key`: a Bloom bit and a table of hashes for each length that occurs, the longest hit is the answer. */
class EdgeLane {
  readonly #keys: KeyTable;
  readonly #lengths: Int32Array;
  readonly #bloom: Int32Array;
  readonly #bloomShift: number;

  constructor(keys: KeyTable, lengths: Int32Array, bloom: Int32Array, bloomShift: number) {
    this.#keys = keys;
    this.#lengths = lengths;
    this.#bloom = bloom;
    this.#bloomShift = bloomShift;
  }

  /** `hashes[n]` is the hash after the first n bytes, as long as the name is no longer than what is kept. */
  runPrefix(name: Uint8Array, from: number, length: number, basis: number, hashes: Int32Array, rows: RowJoin): void {
    if (length >= hashesKept) {
      let hash = basis;
      for (let n = 1; n < hashesKept; n++) {
        hash = Math.imul(hash ^ name[from + n - 1], L.HASH_PRIME);
        hashes[n] = hash;
      }
    }
    const lengths = this.#lengths;
    for (let i = 0; i < lengths.length; i++) {
      const n = lengths[i];
      if (n > length || !this.#maybe(hashes[n], n, name[from + n - 1])) continue;
      const row = this.#keys.find(hashes[n], name, from, n);
      if (row >= 0) return rows.add(row);
    }
  }

  /** Fills `hashes` anew, from the last byte on. */
  runSuffix(name: Uint8Array, to: number, length: number, basis: number, hashes: Int32Array, rows: RowJoin): void {
    const most = this.#lengths.length > 0 ? Math.min(this.#lengths[0], length) : 0;
    let hash = basis;
    for (let n = 1; n <= most; n++) {
      hash = Math.imul(hash ^ name[to - n], L.HASH_PRIME);
      hashes[n] = hash;
    }
    const lengths = this.#lengths;
    for (let i = 0; i < lengths.length; i++) {
      const n = lengths[i];
      if (n > length || !this.#maybe(hashes[n], n, name[to - n])) continue;
      const row = this.#keys.find(hashes[n], name, to - n, n);
      if (row >= 0) return rows.add(row);
    }
  }

  #maybe(hash: number, n: number, byte: number): boolean {
    if (((this.#bloom[n] >>> (byte & 31)) & 1) === 0) return false;
    const bit = Math.imul(mixHash(hash), L.BLOOM_MIX) >>> this.#bloomShift;
    return ((this.#bloom[bloomStart + (bit >>> 5)] >>> (bit & 31)) & 1) !== 0;
  }
}

/** The automaton over bytes. */
export class Dfa {
  readonly classes: Uint8Array;
  readonly cells: Int32Array;
  readonly start: number;
  /** Cell of a state's row, from its first cell. */
  readonly rowCell: number;

  constructor(file: Uint8Array) {
    const lanes = sectionWords(file, L.SECTION_LANES);
    this.classes = sectionBytes(file, L.SECTION_DFA_CLASSES);
    this.cells = sectionInts(file, L.SECTION_DFA);
    this.start = lanes[L.LANES_DFA_START / 4];
    this.rowCell = lanes[L.LANES_DFA_STRIDE / 4] - 1;
  }

  classify(name: Uint8Array, from: number, to: number): number {
    const cells = this.cells;
    const classes = this.classes;
    let state = this.start;
    for (let i = from; i < to; i++) state = cells[state + classes[name[i]]];
    return cells[state + this.rowCell];
  }
}
