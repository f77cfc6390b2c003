/** What the DFA stages take and give; see determinize.ts and minimize.ts. */

/** One distinct glob and the row it contributes. */
export interface RowedGlob {
  /** Code points, STAR or ANY. */
  readonly tokens: readonly number[];
  /** Row id in the row table. */
  readonly row: number;
}

/** Never of time, so that equal input gives equal bytes. */
export interface DfaBudget {
  readonly statesMax: number;
  /** Work units: NFA items looked at during determinization. */
  readonly workMax: number;
}

/** A complete, minimal, deterministic byte automaton; state 0 is the start, numbered breadth first. */
export interface Dfa {
  /** byte -> class. */
  readonly classes: Uint8Array;
  readonly classCount: number;
  readonly stateCount: number;
  /** `next[state * classCount + class]`. */
  readonly next: Uint32Array;
  /** Row id of a name that ends in the state. */
  readonly rows: Uint32Array;
  readonly statesBeforeMinimization: number;
  readonly work: number;
}

export interface OverBudget {
  readonly over: "states" | "work";
  readonly states: number;
  readonly work: number;
}
