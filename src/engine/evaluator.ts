/**
 * The contract between matching and judging. An evaluator answers one question: which row of the decision table does a
 * name belong to? Two implementations (js.ts, wasm.ts) read the same artifact bytes and share only artifact/layout.ts.
 *
 * A row is four numbers, each a rank in a table of the artifact, NONE when nothing matched. A smaller rank always wins,
 * so rows of several lanes join by component-wise minimum, in any order.
 */
export interface Row {
  /** Worst forbidden rule: rank in the forbidden table (severity descending, then declaration order). */
  readonly forbidden: number;
  /** Strongest trigger that needs no counts and one glob: rank in the trigger table (deny, escalate, warn; then order). */
  readonly trigger: number;
  /** First capability entry in declaration order, org's before agent's. */
  readonly capability: number;
  /** 0 when some glob of a guarded term matches (a term with several globs, or globs and counts), else NONE. */
  readonly guarded: number;
}

/** Offsets and bytes of many names. Name i is `bytes[offsets[i] .. offsets[i + 1])`, UTF-8 (lone surrogates as WTF-8). */
export interface PackedNames {
  readonly count: number;
  /** count + 1 entries, ascending. */
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

export interface Evaluator {
  readonly kind: "js" | "wasm";
  /**
   * The row id of one name. Total over every string. Linear in the name.
   * Ids below `staticRows` are rows of the artifact; higher ids were joined at run time and are valid while `generation` stays.
   */
  classify(name: string): number;
  /**
   * Row ids of names `from ..< count` of a batch, written to `rows[i]`; returns the index after the last name done. Less
   * than `count` means the table of joined rows is full: read the ids, call `resetRows()`, go on from there.
   */
  classifyBatch(names: PackedNames, from: number, rows: Uint32Array): number;
  /**
   * Pairs of row and count for a batch, valid until the next call; undefined when it has to be classified name by name, because
   * some name may be invalid or the joined rows are full. Absent where that would save nothing.
   */
  countBatch?(names: PackedNames): Uint32Array | undefined;
  /** How often each id below `limit` occurs; undefined when there is another one. One pass over the ids. */
  countIds(ids: Uint32Array, limit: number): Uint32Array | undefined;
  /** The numbers behind a row id. */
  row(id: number): Row;
  /** Forgets joined rows; ids at or above the artifact's row count become invalid and `generation` grows by one. */
  resetRows(): void;
  readonly generation: number;
  /**
   * Set when a name was not all ASCII, and by `classifyBatch` also when one was empty: names that may be invalid (G2). Whoever
   * reads it puts it back to false.
   */
  wide: boolean;
  /** Whether glob `globId` of the artifact matches the name; for explanations and guarded terms, not the hot path. */
  matchGlob(globId: number, name: string): boolean;
}
