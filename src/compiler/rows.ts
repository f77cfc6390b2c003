import { NONE } from "../artifact/layout.js";

/**
 * The decision table: rows of four ranks (forbidden, trigger, capability, guarded), interned so that equal rows have one
 * number. Row 0 is all NONE. Join is component-wise minimum: commutative, associative, idempotent, so lanes may join in
 * any order.
 */
export class RowTable {
  #cells: number[] = [NONE, NONE, NONE, NONE];
  readonly #ids = new Map<string, number>([[key(NONE, NONE, NONE, NONE), 0]]);

  get count(): number {
    return this.#cells.length / 4;
  }

  intern(forbidden: number, trigger: number, capability: number, guarded: number): number {
    const k = key(forbidden, trigger, capability, guarded);
    let id = this.#ids.get(k);
    if (id === undefined) {
      id = this.count;
      this.#cells.push(forbidden, trigger, capability, guarded);
      this.#ids.set(k, id);
    }
    return id;
  }

  /** The number of component 0..3 of a row. */
  at(id: number, component: number): number {
    return this.#cells[id * 4 + component];
  }

  join(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const c = this.#cells;
    return this.intern(
      Math.min(c[a * 4], c[b * 4]),
      Math.min(c[a * 4 + 1], c[b * 4 + 1]),
      Math.min(c[a * 4 + 2], c[b * 4 + 2]),
      Math.min(c[a * 4 + 3], c[b * 4 + 3]),
    );
  }

  /** Whether joining b into a changes nothing. */
  covers(a: number, b: number): boolean {
    const c = this.#cells;
    return c[a * 4] <= c[b * 4] && c[a * 4 + 1] <= c[b * 4 + 1] && c[a * 4 + 2] <= c[b * 4 + 2] && c[a * 4 + 3] <= c[b * 4 + 3];
  }

  cells(): Uint32Array {
    return Uint32Array.from(this.#cells);
  }
}

function key(a: number, b: number, c: number, d: number): string {
  return `${a},${b},${c},${d}`;
}
