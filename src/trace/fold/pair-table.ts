import { roomFor } from "./columns.js";

/** Words of an entry: first key plus one (0: empty), second key, and two for whoever keeps the table. */
export const pairWords = 4;
/** Offsets of the words that are free to use. */
export const pairNumber = 2;
export const pairCount = 3;

/**
 * A hash table from two small numbers to two words, in one flat array: an entry is one cache line, no object, no string.
 * Open addressing, three quarters full at most; keys are ids given out in order, so nobody outside chooses them.
 */
export class PairTable {
  cells = new Uint32Array(64 * pairWords);
  size = 0;
  private mask = 63;

  /** Makes room for `more` pairs: until they are in, `place` does not move the cells. */
  reserve(more: number): void {
    let slots = this.mask + 1;
    while ((this.size + more) * 4 > slots * 3) slots *= 2;
    if (slots === this.mask + 1) return;
    const old = this.cells;
    this.cells = new Uint32Array(slots * pairWords);
    this.mask = slots - 1;
    const { cells } = this;
    for (let from = 0; from < old.length; from += pairWords) {
      if (old[from] === 0) continue;
      const at = this.slotOf(old[from] - 1, old[from + 1]);
      for (let word = 0; word < pairWords; word++) cells[at + word] = old[from + word];
    }
  }

  /** Where the pair's entry begins in `cells`; an empty one is made for a new pair. There must be room. */
  place(a: number, b: number): number {
    const at = this.slotOf(a, b);
    const { cells } = this;
    if (cells[at] === 0) {
      cells[at] = a + 1;
      cells[at + 1] = b;
      this.size++;
    }
    return at;
  }

  /** Where the pair's entry begins, or -1. */
  find(a: number, b: number): number {
    const at = this.slotOf(a, b);
    return this.cells[at] === 0 ? -1 : at;
  }

  private slotOf(a: number, b: number): number {
    const { cells, mask } = this;
    // Both keys count up from 0: each bit of them has to reach the low bits.
    let hash = Math.imul(a, 0x9e3779b1) + b;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
    let at = (hash & mask) * pairWords;
    const key = a + 1;
    while (cells[at] !== 0 && (cells[at] !== key || cells[at + 1] !== b)) at = (at + pairWords) & (mask * pairWords + 3);
    return at;
  }
}

/** Which tools each agent used, and when first: what grace and the list of new tools rest on (T1, T2). */
export class AgentTools {
  length = 0;
  agent = new Uint32Array(64);
  tool = new Uint32Array(64);
  /** Earliest time in the whole input; infinite while there was none. */
  firstMs = new Float64Array(64).fill(Infinity);
  private readonly table = new PairTable();

  reserve(more: number): void {
    this.table.reserve(more);
    const room = this.length + more;
    this.agent = roomFor(this.agent, room);
    this.tool = roomFor(this.tool, room);
    this.firstMs = roomFor(this.firstMs, room, Infinity);
  }

  /** The number of an agent and a tool, dense from 0. There must be room. */
  numberOf(agent: number, tool: number): number {
    const at = this.table.place(agent, tool);
    const { cells } = this.table;
    const known = cells[at + pairNumber];
    if (known !== 0) return known - 1;
    const number = this.length++;
    cells[at + pairNumber] = this.length;
    this.agent[number] = agent;
    this.tool[number] = tool;
    return number;
  }

  find(agent: number, tool: number): number | undefined {
    const at = this.table.find(agent, tool);
    return at === -1 ? undefined : this.table.cells[at + pairNumber] - 1;
  }
}
