import { NONE } from "../artifact/layout.js";
import type { RowTable } from "./rows.js";

/** Entries of the direct-mapped cache of joins; a power of two. */
const cacheSize = 8192;

/**
 * Scratch rows for determinization. It starts as a copy of a row table with the same numbers, so that the many rows that
 * only occur inside automaton states (and those of an attempt that is given up) never reach the artifact.
 */
export class RowAlgebra {
  #cells: Uint32Array;
  #count: number;
  #slots: Int32Array;
  readonly #joins = new Cache();

  constructor(table: RowTable) {
    this.#count = table.count;
    this.#cells = new Uint32Array(Math.max(1024, this.#count * 8));
    this.#cells.set(table.cells());
    this.#slots = new Int32Array(4096);
    this.#rehash();
  }

  /** Component-wise minimum, as RowTable.join. */
  join(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const found = this.#joins.get(a, b);
    if (found >= 0) return found;
    const c = this.#cells;
    const i = a * 4;
    const j = b * 4;
    const joined = this.#intern(
      Math.min(c[i], c[j]),
      Math.min(c[i + 1], c[j + 1]),
      Math.min(c[i + 2], c[j + 2]),
      Math.min(c[i + 3], c[j + 3]),
    );
    return this.#joins.set(a, b, joined);
  }

  /** `a` without the components that `by` covers: what joining `a` can still change where `by` is already joined. */
  clear(a: number, by: number): number {
    if (by === 0 || a === 0) return a;
    if (a === by) return 0;
    const c = this.#cells;
    const i = a * 4;
    const j = by * 4;
    const f = c[j] <= c[i] ? NONE : c[i];
    const t = c[j + 1] <= c[i + 1] ? NONE : c[i + 1];
    const p = c[j + 2] <= c[i + 2] ? NONE : c[i + 2];
    const g = c[j + 3] <= c[i + 3] ? NONE : c[i + 3];
    if (f === c[i] && t === c[i + 1] && p === c[i + 2] && g === c[i + 3]) return a;
    if (f === NONE && t === NONE && p === NONE && g === NONE) return 0;
    return this.#intern(f, t, p, g);
  }

  /** The number of this row in a table, which gets the row if it lacks it. */
  internInto(table: RowTable, row: number): number {
    const c = this.#cells;
    const i = row * 4;
    return table.intern(c[i], c[i + 1], c[i + 2], c[i + 3]);
  }

  #intern(f: number, t: number, p: number, g: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash4(f, t, p, g) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const i = (this.#slots[slot] - 1) * 4;
      const c = this.#cells;
      if (c[i] === f && c[i + 1] === t && c[i + 2] === p && c[i + 3] === g) return this.#slots[slot] - 1;
    }
    const id = this.#count++;
    if (this.#count * 4 > this.#cells.length) {
      const grown = new Uint32Array(this.#cells.length * 2);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    this.#cells.set([f, t, p, g], id * 4);
    this.#slots[slot] = id + 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    let size = this.#slots.length;
    while (size < this.#count * 4) size *= 2;
    this.#slots = new Int32Array(size);
    const c = this.#cells;
    for (let id = 0; id < this.#count; id++) {
      const i = id * 4;
      let slot = hash4(c[i], c[i + 1], c[i + 2], c[i + 3]) & (size - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = id + 1;
    }
  }
}

/** Forgets on collision: exact, only slower when it misses. */
class Cache {
  readonly #a = new Int32Array(cacheSize).fill(-1);
  readonly #b = new Int32Array(cacheSize);
  readonly #value = new Int32Array(cacheSize);

  get(a: number, b: number): number {
    const slot = mix(a, b) & (cacheSize - 1);
    return this.#a[slot] === a && this.#b[slot] === b ? this.#value[slot] : -1;
  }

  set(a: number, b: number, value: number): number {
    const slot = mix(a, b) & (cacheSize - 1);
    this.#a[slot] = a;
    this.#b[slot] = b;
    this.#value[slot] = value;
    return value;
  }
}

function mix(a: number, b: number): number {
  const h = Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x85ebca6b);
  return h ^ (h >>> 15);
}

function hash4(a: number, b: number, c: number, d: number): number {
  return mix(mix(mix(a, b), c), d);
}
