/** Typed arrays that grow. */
export type Column = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** The column with room for `length` values, new ones as `fill`; at least doubled, so that growing stays linear in all. */
export function roomFor<C extends Column>(column: C, length: number, fill = 0): C {
  if (column.length >= length) return column;
  const wider = new (column.constructor as new (length: number) => C)(Math.max(length, column.length * 2));
  wider.set(column as never);
  if (fill !== 0) wider.fill(fill as never, column.length);
  return wider;
}
