import { NONE, SECTION_ROWS } from "../artifact/layout.js";
import { sectionInts } from "../artifact/sections.js";
import { dynamicRowsMax } from "../limits.js";
import type { Row } from "./evaluator.js";

/** Ranks are below 2^31, so dropping the sign bit keeps them and makes NONE the greatest signed number. */
const unsignedRank = 0x7fffffff;
const joined = -1;

/**
 * The rows of the artifact, the row joined so far for the current name, and the rows that joining made.
 * Joins happen on four numbers; an id is looked for once a name, and only when no single row of a lane is the answer.
 */
export class RowJoin {
  readonly staticRows: number;
  generation = 0;
  readonly #cells: Int32Array;
  #made = new Int32Array(64 * 4);
  #madeCount = 0;
  /** Open addressing: number of the made row plus one, 0 when empty; at most half full. */
  #slots = new Int32Array(128);
  #id = 0;
  #forbidden = unsignedRank;
  #trigger = unsignedRank;
  #capability = unsignedRank;
  #guarded = unsignedRank;

  constructor(file: Uint8Array) {
    this.#cells = sectionInts(file, SECTION_ROWS);
    this.staticRows = this.#cells.length / 4;
  }

  start(): void {
    this.#id = 0;
    this.#forbidden = unsignedRank;
    this.#trigger = unsignedRank;
    this.#capability = unsignedRank;
    this.#guarded = unsignedRank;
  }

  /** Whether joining the row would change nothing. */
  covers(row: number): boolean {
    if (row === this.#id) return true;
    const c = this.#cells;
    const at = row * 4;
    return (
      (c[at] & unsignedRank) >= this.#forbidden &&
      (c[at + 1] & unsignedRank) >= this.#trigger &&
      (c[at + 2] & unsignedRank) >= this.#capability &&
      (c[at + 3] & unsignedRank) >= this.#guarded
    );
  }

  add(row: number): void {
    if (row === this.#id || row === 0) return;
    const c = this.#cells;
    const at = row * 4;
    const f = c[at] & unsignedRank;
    const t = c[at + 1] & unsignedRank;
    const m = c[at + 2] & unsignedRank;
    const g = c[at + 3] & unsignedRank;
    if (f <= this.#forbidden && t <= this.#trigger && m <= this.#capability && g <= this.#guarded) {
      this.#id = row;
      this.#forbidden = f;
      this.#trigger = t;
      this.#capability = m;
      this.#guarded = g;
      return;
    }
    if (f >= this.#forbidden && t >= this.#trigger && m >= this.#capability && g >= this.#guarded) return;
    this.#id = joined;
    if (f < this.#forbidden) this.#forbidden = f;
    if (t < this.#trigger) this.#trigger = t;
    if (m < this.#capability) this.#capability = m;
    if (g < this.#guarded) this.#guarded = g;
  }

  /** The id of the row joined since `start`, or -1 when it is new and the table is full. */
  finish(): number {
    return this.#id === joined ? this.#intern() : this.#id;
  }

  reset(): void {
    this.#slots.fill(0);
    this.#madeCount = 0;
    this.generation++;
  }

  row(id: number): Row {
    const fromFile = id < this.staticRows;
    const cells = fromFile ? this.#cells : this.#made;
    const at = (fromFile ? id : id - this.staticRows) * 4;
    if (!Number.isInteger(id) || id < 0 || id >= this.staticRows + this.#madeCount) throw new RangeError(`no row ${id}`);
    const rank = (i: number) => ((cells[at + i] & unsignedRank) === unsignedRank ? NONE : cells[at + i]);
    return { forbidden: rank(0), trigger: rank(1), capability: rank(2), guarded: rank(3) };
  }

  #intern(): number {
    const made = this.#made;
    const mask = this.#slots.length - 1;
    let slot = this.#hash(this.#forbidden, this.#trigger, this.#capability, this.#guarded) & mask;
    for (let number = this.#slots[slot]; number !== 0; number = this.#slots[slot]) {
      const at = (number - 1) * 4;
      if (
        made[at] === this.#forbidden &&
        made[at + 1] === this.#trigger &&
        made[at + 2] === this.#capability &&
        made[at + 3] === this.#guarded
      ) {
        return this.staticRows + number - 1;
      }
      slot = (slot + 1) & mask;
    }
    if (this.#madeCount === dynamicRowsMax) return -1;
    if (this.#madeCount * 4 === made.length) {
      this.#grow();
      return this.#intern();
    }
    made.set([this.#forbidden, this.#trigger, this.#capability, this.#guarded], this.#madeCount * 4);
    this.#slots[slot] = ++this.#madeCount;
    return this.staticRows + this.#madeCount - 1;
  }

  #grow(): void {
    const made = new Int32Array(this.#made.length * 2);
    made.set(this.#made);
    this.#made = made;
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let number = 1; number <= this.#madeCount; number++) {
      const at = (number - 1) * 4;
      let slot = this.#hash(made[at], made[at + 1], made[at + 2], made[at + 3]) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number;
    }
  }

  #hash(a: number, b: number, c: number, d: number): number {
    let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d;
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return h ^ (h >>> 13);
  }
}
