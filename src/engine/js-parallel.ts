import { PARALLEL_GLOB_BYTES, PARALLEL_HEAD_BYTES, PARALLEL_WIDTH, SECTION_DENSE } from "../artifact/layout.js";
import { sectionRange } from "../artifact/sections.js";
import type { RowJoin } from "./js-rows.js";

/**
 * One bit-parallel block in words of 32 bits, four to a vector: every glob of a group takes a byte in one operation a
 * word. At most name bytes times vectors steps, whatever the globs.
 */
export class ParallelBlock {
  readonly #words: Int32Array;
  readonly #classes: Uint8Array;
  readonly #groupCount: number;
  readonly #vectorCount: number;
  /** Word offsets of the arrays of FORMAT.md. */
  readonly #groups: number;
  readonly #globs: number;
  readonly #first: number;
  readonly #restart: number;
  readonly #loop: number;
  readonly #loopMore: number;
  readonly #accept: number;
  readonly #masks: number;
  /** State of one group. */
  readonly #live: Int32Array;

  constructor(file: Uint8Array, offset: number, bytes: number) {
    const base = file.byteOffset + sectionRange(file, SECTION_DENSE).offset + offset;
    const words = new Int32Array(file.buffer, base, bytes / 4);
    this.#words = words;
    this.#classes = new Uint8Array(file.buffer, base + PARALLEL_HEAD_BYTES, 256);
    const groups = words[0];
    const vectors = words[1];
    this.#groupCount = groups;
    this.#vectorCount = vectors;
    this.#groups = (PARALLEL_HEAD_BYTES + 256) / 4;
    this.#globs = this.#groups + groups * 4;
    this.#first = this.#globs + (groups * PARALLEL_WIDTH * PARALLEL_GLOB_BYTES) / 4;
    this.#restart = this.#first + groups * 4;
    this.#loop = this.#restart + groups * 4;
    this.#loopMore = this.#loop + vectors * 4;
    this.#accept = this.#loopMore + vectors * 4;
    this.#masks = this.#accept + vectors * 4;
    let most = 0;
    for (let g = 0; g < groups; g++) most = Math.max(most, words[this.#groups + g * 4 + 1]);
    this.#live = new Int32Array(most * 4);
  }

  /** Joins the rows of all globs of the block that match the name. */
  run(name: Uint8Array, from: number, to: number, rows: RowJoin): void {
    const words = this.#words;
    for (let g = 0; g < this.#groupCount; g++) {
      const group = this.#groups + g * 4;
      if (words[group + 2] > to - from) break;
      this.#walk(g, words[group] * 4, words[group + 1] * 4, name, from, to);
      this.#collect(g, words[group] * 4, words[group + 1] * 4, rows);
    }
  }

  #walk(g: number, vectorStart: number, size: number, name: Uint8Array, from: number, to: number): void {
    const words = this.#words;
    const classes = this.#classes;
    const live = this.#live;
    live.fill(0, 0, size);
    let entry = this.#first + g * 4;
    const restart = this.#restart + g * 4;
    const step = this.#vectorCount * 4;
    const masks = this.#masks + vectorStart;
    const loop = this.#loop + vectorStart;
    const loopMore = this.#loopMore + vectorStart;
    // Words from `top` on are zero: a name of n bytes reaches no further than n tokens, and most globs die early.
    let top = 0;
    for (let i = from; i < to; i++) {
      const byte = name[i];
      const mask = masks + classes[byte] * step;
      const stay = (byte & 0xc0) === 0x80 ? loopMore : loop;
      if (top < size) top += 4;
      // Word by word, so that what one token had is at hand when the next one is asked what it had before.
      for (let w = 0; w < 4 && top > 0; w++) {
        let j = top - 4 + w;
        let had = live[j];
        for (; j >= 4; j -= 4) {
          const before = live[j - 4];
          live[j] = (before & words[mask + j]) | (had & words[stay + j]);
          had = before;
        }
        live[j] = (words[entry + j] & words[mask + j]) | (had & words[stay + j]);
      }
      while (top > 0 && (live[top - 1] | live[top - 2] | live[top - 3] | live[top - 4]) === 0) top -= 4;
      entry = restart;
    }
  }

  #collect(g: number, vectorStart: number, size: number, rows: RowJoin): void {
    const words = this.#words;
    const accept = this.#accept + vectorStart;
    const globs = this.#globs + (g * PARALLEL_WIDTH * PARALLEL_GLOB_BYTES) / 4;
    for (let j = 0; j < size; j++) {
      let hits = this.#live[j] & words[accept + j];
      while (hits !== 0) {
        const bit = 31 - Math.clz32(hits & -hits);
        rows.add(words[globs + ((j & 3) * 32 + bit) * 2 + 1]);
        hits &= hits - 1;
      }
    }
  }
}
