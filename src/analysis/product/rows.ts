import { ABSENT, type Question, type Row } from "../question.js";

/** Results that are remembered; a power of two. */
const cacheSizeMax = 1 << 14;

/** Rows are computed eight cells in the time that one item takes. */
const widthShift = 3;

/** The row of a name that matches nothing. */
export const NOTHING = 0;

/**
 * Rows by number, each kept once, with what a question says of them. Joining is the component-wise minimum, so the order of
 * joins does not matter. Numbers depend on the order in which rows come up; nothing that leaves an exploration does.
 */
export class Rows {
  readonly #question: Question;
  readonly #width: number;
  #cells: Uint16Array;
  #count = 0;
  #computed = 0;
  #slots: Int32Array;
  readonly #scratch: Uint16Array;
  readonly #joins: Cache;
  readonly #rests: Cache;
  /** By row: the settled row, or -1 while unknown. */
  readonly #settled: number[] = [];
  /** By row: place in `answers`, -1 for none, -2 while unknown. */
  readonly #answers: number[] = [];
  readonly #answerIds = new Map<string, number>();
  /** Every answer so far. */
  readonly answers: string[] = [];

  constructor(question: Question) {
    this.#question = question;
    this.#width = question.width;
    this.#scratch = new Uint16Array(question.width);
    const cacheSize = Math.min(cacheSizeMax, 2 ** Math.ceil(Math.log2(16 + 4 * question.globs.length)));
    this.#joins = new Cache(cacheSize);
    this.#rests = new Cache(cacheSize);
    this.#cells = new Uint16Array(64 * this.#width);
    this.#slots = new Int32Array(128);
    this.intern(new Uint16Array(this.#width).fill(ABSENT));
  }

  /** Cells of all rows, which is memory, and what has been computed of rows, which shows when they are wide. */
  get work(): number {
    return this.#count * this.#width + this.#computed * (this.#width >> widthShift);
  }

  /** @throws RangeError for a row of another width, or a rank that is no integer from 0 to ABSENT. */
  add(row: Row): number {
    if (row.length !== this.#width) throw new RangeError(`a row of ${row.length} components where ${this.#width} are asked for`);
    for (let i = 0; i < this.#width; i++) {
      const rank = row[i];
      if (!Number.isInteger(rank) || rank < 0 || rank > ABSENT) throw new RangeError(`${rank} is no rank`);
      this.#scratch[i] = rank;
    }
    return this.intern(this.#scratch);
  }

  join(a: number, b: number): number {
    if (a === b || b === NOTHING) return a;
    if (a === NOTHING) return b;
    const low = Math.min(a, b);
    const high = Math.max(a, b);
    const known = this.#joins.get(low, high);
    if (known >= 0) return known;
    this.#computed++;
    const cells = this.#cells;
    const width = this.#width;
    for (let i = 0, p = a * width, q = b * width; i < width; i++, p++, q++) {
      this.#scratch[i] = cells[p] < cells[q] ? cells[p] : cells[q];
    }
    return this.#joins.set(low, high, this.intern(this.#scratch));
  }

  /** The components of `a` that are smaller than those of `by`: what `a` adds where `by` is met anyway. */
  without(a: number, by: number): number {
    if (by === NOTHING || a === NOTHING) return a;
    if (a === by) return NOTHING;
    const known = this.#rests.get(a, by);
    if (known >= 0) return known;
    this.#computed++;
    const cells = this.#cells;
    const width = this.#width;
    for (let i = 0, p = a * width, q = by * width; i < width; i++, p++, q++) {
      this.#scratch[i] = cells[p] < cells[q] ? cells[p] : ABSENT;
    }
    return this.#rests.set(a, by, this.intern(this.#scratch));
  }

  /** See Question.settle. */
  settled(a: number): number {
    const known = this.#settled[a];
    if (known >= 0) return known;
    const { settle, required } = this.#question;
    let result = a;
    if (settle !== undefined) {
      const row = [...settle(this.#row(a))];
      // Nothing is asked of a row before the required component is met, and settling does not meet it.
      if (required !== undefined && !this.isMet(a, required)) row[required] = ABSENT;
      result = this.add(row);
    }
    this.#settled[a] = result;
    return result;
  }

  isMet(a: number, component: number): boolean {
    return this.#cells[a * this.#width + component] !== ABSENT;
  }

  /** Place in `answers`, or -1 where the question does not care. */
  answer(a: number): number {
    const known = this.#answers[a];
    if (known > -2) return known;
    const { required, answer } = this.#question;
    const text = required === undefined || this.isMet(a, required) ? answer(this.#row(a)) : undefined;
    const id = text === undefined ? -1 : this.#answerId(text);
    this.#answers[a] = id;
    return id;
  }

  #answerId(text: string): number {
    const known = this.#answerIds.get(text);
    if (known !== undefined) return known;
    this.#answerIds.set(text, this.answers.length);
    return this.answers.push(text) - 1;
  }

  #row(a: number): Row {
    return Array.from(this.#cells.subarray(a * this.#width, (a + 1) * this.#width));
  }

  intern(row: Uint16Array): number {
    const width = this.#width;
    let mask = this.#slots.length - 1;
    const hash = hashOf(row, 0, width);
    let slot = hash & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = this.#slots[slot] - 1;
      let i = 0;
      for (let p = id * width; i < width && this.#cells[p] === row[i]; i++) p++;
      if (i === width) return id;
    }
    const id = this.#count++;
    if (this.#count * width > this.#cells.length) {
      const grown = new Uint16Array(this.#cells.length * 2);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    this.#cells.set(row, id * width);
    this.#slots[slot] = id + 1;
    this.#settled.push(-1);
    this.#answers.push(-2);
    if (this.#count * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 4);
      mask = this.#slots.length - 1;
      for (let other = 0; other < this.#count; other++) {
        let free = hashOf(this.#cells, other * width, width) & mask;
        while (this.#slots[free] !== 0) free = (free + 1) & mask;
        this.#slots[free] = other + 1;
      }
    }
    return id;
  }
}

function hashOf(cells: Uint16Array, from: number, width: number): number {
  let hash = width;
  for (let i = from; i < from + width; i++) hash = Math.imul(hash ^ cells[i], 0x9e3779b1) ^ (hash >>> 13);
  return hash ^ (hash >>> 15);
}

/** Results by two numbers; a later pair may push an earlier one out, which costs time only. */
class Cache {
  readonly #keys: Float64Array;
  readonly #values: Int32Array;
  readonly #mask: number;

  constructor(size: number) {
    this.#keys = new Float64Array(size).fill(-1);
    this.#values = new Int32Array(size);
    this.#mask = size - 1;
  }

  #slot(a: number, b: number): number {
    const hash = Math.imul(Math.imul(a, 0x85ebca6b) ^ b, 0x9e3779b1);
    return (hash ^ (hash >>> 16)) & this.#mask;
  }

  get(a: number, b: number): number {
    const slot = this.#slot(a, b);
    return this.#keys[slot] === a * pairBase + b ? this.#values[slot] : -1;
  }

  set(a: number, b: number, value: number): number {
    const slot = this.#slot(a, b);
    this.#keys[slot] = a * pairBase + b;
    this.#values[slot] = value;
    return value;
  }
}

/** More than there are rows, so that a pair is an exact double. */
const pairBase = 2 ** 26;
