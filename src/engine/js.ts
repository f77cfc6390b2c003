import type { Artifact } from "../artifact/artifact.js";
import * as L from "../artifact/layout.js";
import { sectionBytes, sectionInts, sectionWords, wordAt } from "../artifact/sections.js";
import type { Evaluator, PackedNames, Row } from "./evaluator.js";
import { Dfa, hashesMask, Lanes } from "./js-indexed.js";
import { KeyTable } from "./js-keys.js";
import { isAscii, matchesGlob, NameBuffer } from "./js-names.js";
import { RowJoin } from "./js-rows.js";

/**
 * The evaluator in plain JavaScript, over the artifact's own bytes: opening makes views and reads no glob. The class is
 * chosen here once, so that small policies walk a loop without a single question about lanes they do not have.
 */
export function openJs(artifact: Artifact): Evaluator {
  const flags = wordAt(artifact.bytes, L.HEADER_FLAGS);
  if (flags === L.FLAG_DFA) return new DfaEvaluator(artifact);
  if (flags === (L.FLAG_DFA | L.FLAG_LITERALS)) return new LiteralDfaEvaluator(artifact);
  return new IndexedEvaluator(artifact);
}

/** What every form shares: joined rows, name bytes, single globs. */
abstract class JsEvaluator implements Evaluator {
  readonly kind = "js";
  protected readonly rows: RowJoin;
  protected readonly buffer = new NameBuffer();
  wide = false;
  readonly #globs: Int32Array;
  readonly #text: Uint8Array;

  constructor(artifact: Artifact) {
    this.rows = new RowJoin(artifact.bytes);
    this.#globs = sectionInts(artifact.bytes, L.SECTION_GLOBS);
    this.#text = sectionBytes(artifact.bytes, L.SECTION_GLOB_TEXT);
  }

  abstract classify(name: string): number;

  /** The row of the name `[from, to)`, or -1 when it would be a new joined row and there is no room for it. */
  protected abstract classifyBytes(name: Uint8Array, from: number, to: number): number;

  get generation(): number {
    return this.rows.generation;
  }

  row(id: number): Row {
    return this.rows.row(id);
  }

  resetRows(): void {
    this.rows.reset();
  }

  classifyBatch(names: PackedNames, from: number, rows: Uint32Array): number {
    const { bytes, count, offsets } = names;
    if (!isAscii(bytes.subarray(offsets[from], offsets[count]))) this.wide = true;
    for (let i = from; i < count; i++) {
      if (offsets[i] === offsets[i + 1]) this.wide = true;
      const row = this.classifyBytes(bytes, offsets[i], offsets[i + 1]);
      if (row < 0) return i;
      rows[i] = row;
    }
    return count;
  }

  countIds(ids: Uint32Array, limit: number): Uint32Array | undefined {
    const counts = new Uint32Array(limit);
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] >= limit) return undefined;
      counts[ids[i]]++;
    }
    return counts;
  }

  matchGlob(globId: number, name: string): boolean {
    const at = globId * (L.GLOB_BYTES / 4);
    if (!Number.isInteger(globId) || at < 0 || at >= this.#globs.length) throw new RangeError(`no glob ${globId}`);
    const text = this.#globs[at + L.GLOB_TEXT_OFFSET / 4];
    const textEnd = text + this.#globs[at + L.GLOB_TEXT_BYTES / 4];
    const length = this.buffer.encode(name);
    return matchesGlob(this.#text, text, textEnd, this.buffer.bytes, 0, length);
  }

  /** Any string, through its bytes; makes room when the joined rows are full. */
  protected classifyWide(name: string): number {
    this.wide = true;
    const length = this.buffer.encode(name);
    const row = this.classifyBytes(this.buffer.bytes, 0, length);
    if (row >= 0) return row;
    this.rows.reset();
    return this.classifyBytes(this.buffer.bytes, 0, length);
  }
}

class DfaEvaluator extends JsEvaluator {
  readonly #dfa: Dfa;

  constructor(artifact: Artifact) {
    super(artifact);
    this.#dfa = new Dfa(artifact.bytes);
  }

  classify(name: string): number {
    const { cells, classes, start, rowCell } = this.#dfa;
    let state = start;
    for (let i = 0; i < name.length; i++) {
      const c = name.charCodeAt(i);
      if (c >= 0x80) return this.classifyWide(name);
      state = cells[state + classes[c]];
    }
    return cells[state + rowCell];
  }

  protected classifyBytes(name: Uint8Array, from: number, to: number): number {
    return this.#dfa.classify(name, from, to);
  }
}

class LiteralDfaEvaluator extends JsEvaluator {
  readonly #dfa: Dfa;
  readonly #basis: number;
  readonly #literals: KeyTable;

  constructor(artifact: Artifact) {
    super(artifact);
    const lanes = sectionWords(artifact.bytes, L.SECTION_LANES);
    const shift = lanes[L.LANES_LITERAL_SHIFT / 4];
    const probes = lanes[L.LANES_LITERAL_PROBES / 4];
    this.#dfa = new Dfa(artifact.bytes);
    this.#basis = lanes[L.LANES_HASH_BASIS / 4] | 0;
    this.#literals = new KeyTable(artifact.bytes, L.SECTION_LITERALS, shift, probes, 0);
  }

  classify(name: string): number {
    const { cells, classes, start, rowCell } = this.#dfa;
    let state = start;
    let hash = this.#basis;
    for (let i = 0; i < name.length; i++) {
      const c = name.charCodeAt(i);
      if (c >= 0x80) return this.classifyWide(name);
      hash = Math.imul(hash ^ c, L.HASH_PRIME);
      state = cells[state + classes[c]];
    }
    const row = this.#literals.findAscii(hash, name);
    return row >= 0 ? row : cells[state + rowCell];
  }

  protected classifyBytes(name: Uint8Array, from: number, to: number): number {
    const { cells, classes, start, rowCell } = this.#dfa;
    let state = start;
    let hash = this.#basis;
    for (let i = from; i < to; i++) {
      hash = Math.imul(hash ^ name[i], L.HASH_PRIME);
      state = cells[state + classes[name[i]]];
    }
    const row = this.#literals.find(hash, name, from, to - from);
    return row >= 0 ? row : cells[state + rowCell];
  }
}

class IndexedEvaluator extends JsEvaluator {
  readonly #lanes: Lanes;

  constructor(artifact: Artifact) {
    super(artifact);
    this.#lanes = new Lanes(artifact.bytes, this.rows);
  }

  classify(name: string): number {
    const length = name.length;
    const bytes = this.buffer.reserve(length);
    const hashes = this.#lanes.hashes;
    let hash = this.#lanes.basis;
    let i = 0;
    while (i < length) {
      const c = name.charCodeAt(i);
      if (c >= 0x80) return this.classifyWide(name);
      bytes[i++] = c;
      hash = Math.imul(hash ^ c, L.HASH_PRIME);
      hashes[i & hashesMask] = hash;
    }
    const row = this.#lanes.classifyHashed(bytes, 0, length, hash);
    return row >= 0 ? row : this.classifyWide(name);
  }

  protected classifyBytes(name: Uint8Array, from: number, to: number): number {
    return this.#lanes.classify(name, from, to);
  }
}
