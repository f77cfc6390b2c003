import { GLOB_BYTES, GLOB_TEXT_OFFSET, HASH_MIX, SECTION_GLOB_TEXT, SECTION_GLOBS } from "../artifact/layout.js";
import { sectionBytes, sectionInts } from "../artifact/sections.js";

/** FORMAT.md, "Classifying a name". */
export function mixHash(hash: number): number {
  const x = Math.imul(hash ^ (hash >>> 15), HASH_MIX);
  return x ^ (x >>> 13);
}

/** A hash table of literals, prefixes or suffixes: views on the artifact, keys compared byte by byte. */
export class KeyTable {
  readonly #slots: Int32Array;
  /** Slots are four words each and a power of two of them. */
  readonly #mask: number;
  readonly #shift: number;
  readonly #probes: number;
  readonly #globs: Int32Array;
  readonly #text: Uint8Array;
  /** Bytes of the glob's text before its key: the star of a suffix. */
  readonly #skip: number;

  constructor(file: Uint8Array, section: number, shift: number, probes: number, skip: number) {
    this.#slots = sectionInts(file, section);
    this.#mask = this.#slots.length - 1;
    this.#shift = shift;
    this.#probes = probes;
    this.#globs = sectionInts(file, SECTION_GLOBS);
    this.#text = sectionBytes(file, SECTION_GLOB_TEXT);
    this.#skip = skip;
  }

  /** The row of the key that is the `length` bytes of the name from `from`, or -1. */
  find(hash: number, name: Uint8Array, from: number, length: number): number {
    const slots = this.#slots;
    let at = (mixHash(hash) >>> this.#shift) * 4;
    for (let probe = this.#probes; probe > 0 && slots[at + 1] !== -1; probe--) {
      if (slots[at] === hash && slots[at + 3] === length && this.#isKey(slots[at + 1], name, from, length)) {
        return slots[at + 2];
      }
      at = (at + 4) & this.#mask;
    }
    return -1;
  }

  /** The same for a whole ASCII name, straight from the string. */
  findAscii(hash: number, name: string): number {
    const slots = this.#slots;
    let at = (mixHash(hash) >>> this.#shift) * 4;
    for (let probe = this.#probes; probe > 0 && slots[at + 1] !== -1; probe--) {
      if (slots[at] === hash && slots[at + 3] === name.length && this.#isAsciiKey(slots[at + 1], name)) {
        return slots[at + 2];
      }
      at = (at + 4) & this.#mask;
    }
    return -1;
  }

  #isKey(glob: number, name: Uint8Array, from: number, length: number): boolean {
    const text = this.#text;
    const key = this.#keyOffset(glob);
    let i = 0;
    while (i < length && text[key + i] === name[from + i]) i++;
    return i === length;
  }

  #isAsciiKey(glob: number, name: string): boolean {
    const text = this.#text;
    const key = this.#keyOffset(glob);
    let i = 0;
    while (i < name.length && text[key + i] === name.charCodeAt(i)) i++;
    return i === name.length;
  }

  #keyOffset(glob: number): number {
    return this.#globs[glob * (GLOB_BYTES / 4) + GLOB_TEXT_OFFSET / 4] + this.#skip;
  }
}
