import type { SpanFacts } from "./span-facts.js";
import { hexAlias, hexId, noId, otherId, readHexId, type SpanIdWords } from "./span-ids.js";

const columns = 5;
const rowsFirst = 16;

/** The spans of one open trace: their ids and parents as numbers, and what they say. A row a span, in the order of the input. */
export class SpanRows {
  readonly facts: SpanFacts[] = [];
  /** As the spans themselves say. */
  readonly sessions: (string | undefined)[] = [];
  /** Ids of other shapes. */
  private others: string[] | undefined;
  private otherNumbers: Map<string, number> | undefined;
  private cells = new Int32Array(rowsFirst * columns);
  private readonly words: SpanIdWords = { kind: noId, low: 0, high: 0 };

  /** Adds a span with ids as text, empty when absent; returns its row. */
  add(facts: SpanFacts, session: string | undefined, spanId: string, parentSpanId: string): number {
    const { words } = this;
    this.readId(spanId);
    const { kind, low, high } = words;
    this.readId(parentSpanId);
    return this.addWords(facts, session, kind, low, high, words.kind, words.low, words.high);
  }

  addWords(
    facts: SpanFacts,
    session: string | undefined,
    kind: number,
    low: number,
    high: number,
    parentKind: number,
    parentLow: number,
    parentHigh: number,
  ): number {
    const row = this.facts.length;
    const at = row * columns;
    if (at === this.cells.length) {
      const wider = new Int32Array(at * 2);
      wider.set(this.cells);
      this.cells = wider;
    }
    const { cells } = this;
    cells[at] = low;
    cells[at + 1] = high;
    cells[at + 2] = parentLow;
    cells[at + 3] = parentHigh;
    cells[at + 4] = kind | (parentKind << 2);
    this.facts.push(facts);
    this.sessions.push(session);
    return row;
  }

  /** What a span is called among the ids of calls, where no call id is: NUL and its id; undefined without one. */
  alias(row: number): string | undefined {
    const { cells } = this;
    const at = row * columns;
    const kind = cells[at + 4]! & 3;
    if (kind === noId) return undefined;
    return kind === hexId ? hexAlias(cells[at]!, cells[at + 1]!) : `\u0000${this.others![cells[at]!]}`;
  }

  /** Fills a table of a power of two of slots, all zero: row + 1 of the first span of each id. */
  index(table: Int32Array): void {
    const { cells } = this;
    for (let row = 0, at = 0; row < this.facts.length; row++, at += columns) {
      const kind = cells[at + 4]! & 3;
      if (kind === noId) continue;
      const slot = this.slotOf(table, kind, cells[at]!, cells[at + 1]!);
      if (table[slot] === 0) table[slot] = row + 1;
    }
  }

  /** The row of a span's parent, or -1. */
  parentOf(row: number, table: Int32Array): number {
    const { cells } = this;
    const at = row * columns;
    const kind = cells[at + 4]! >> 2;
    return kind === noId ? -1 : table[this.slotOf(table, kind, cells[at + 2]!, cells[at + 3]!)]! - 1;
  }

  /** The slot that holds the id, or the empty one where it would stand. */
  private slotOf(table: Int32Array, kind: number, low: number, high: number): number {
    const { cells } = this;
    const mask = table.length - 1;
    let slot = hashOf(low, high) & mask;
    for (let row = table[slot]! - 1; row !== -1; row = table[slot]! - 1) {
      const at = row * columns;
      if (cells[at] === low && cells[at + 1] === high && (cells[at + 4]! & 3) === kind) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private readId(text: string): void {
    const { words } = this;
    words.kind = noId;
    words.low = 0;
    words.high = 0;
    if (text === "" || readHexId(text, words)) return;
    words.kind = otherId;
    this.otherNumbers ??= new Map();
    this.others ??= [];
    let number = this.otherNumbers.get(text);
    if (number === undefined) {
      number = this.others.push(text) - 1;
      this.otherNumbers.set(text, number);
    }
    words.low = number;
  }
}

/** Every bit of an id counts: ids made by hand differ in their last digits only. */
function hashOf(low: number, high: number): number {
  let hash = Math.imul(low ^ Math.imul(high ^ (high >>> 16), 0x85ebca6b), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
