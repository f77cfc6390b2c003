/** What an exploration is asked, and what it answers: see explore.ts. */

/** Ranks by component, the smallest wins; `ABSENT` where nothing was met. All rows of a question have its width. */
export type Row = readonly number[];

export const ABSENT = 0xffff;

/** A glob and what a name gets by matching it. */
export interface MarkedGlob {
  /** Code points, STAR or ANY, canonical (see glob/parse.ts). */
  readonly tokens: readonly number[];
  readonly row: Row;
}

/**
 * A question about all valid tool names at once (non-empty, Unicode scalar values, no U+FFFD: semantics G2). A name's row is
 * the component-wise minimum of the rows of the globs it matches. Names whose rows get the same answer are one answer.
 */
export interface Question {
  readonly globs: readonly MarkedGlob[];
  readonly width: number;
  /** What a name with this row is; undefined where the question does not care. Pure; asked once for each distinct row. */
  readonly answer: (row: Row) => string | undefined;
  /**
   * The row with every component lowered to 0 that cannot matter any more, whatever else is joined. Pure, idempotent. It must
   * hold that answer(join(settle(row), any)) = answer(join(row, any)). Without it nothing is forgotten but what is dominated. The
   * required component always matters.
   */
  readonly settle?: (row: Row) => Row;
  /**
   * A component that must be met (not ABSENT) for `answer` to care: automaton states that cannot meet it any more are left
   * out. This is what keeps a comparison of two large policies to the part that their differences can reach.
   */
  readonly required?: number;
  /** Stop as soon as this holds for the answers met so far; sizes are unknown then, and witnesses need not be shortest. */
  readonly until?: (met: ReadonlySet<string>) => boolean;
  readonly budget?: ExplorationBudget;
}

/** Never of time, so that equal questions get equal answers. */
export interface ExplorationBudget {
  readonly statesMax: number;
  /** Automaton items looked at. */
  readonly workMax: number;
  /** The same for deciding single answers where one of the two is spent; default `openAnswersWorkMax`. */
  readonly openWorkMax?: number;
}

/** What is known of the names of one answer. */
export interface AnswerSet {
  readonly answer: string;
  /** A shortest name, in code points; of several the one that reads best, always the same. */
  readonly witness: string;
  /** How many names; `unknown` when the exploration stopped before it had seen everything. */
  readonly size: bigint | "infinite" | "unknown";
  /** Up to `limit` names, shortest first, starting with the witness. */
  names(limit: number): string[];
}

export interface Exploration {
  /** Every answer that some name has is in `answers`. False: the budget was spent, or `until` held; what is there is still certain. */
  readonly complete: boolean;
  /** Which budget was spent; then answers were decided one by one, and sizes may be unknown. */
  readonly over: "states" | "work" | undefined;
  /** Answers of which it is not known whether some name has them; undefined where it is not even known which those may be. */
  readonly open: readonly string[] | undefined;
  /** By answer, in order of the length of their witnesses. */
  readonly answers: ReadonlyMap<string, AnswerSet>;
  readonly states: number;
  readonly work: number;
  /** Items looked at to decide single answers; absent where that was not needed. */
  readonly openWork?: number;
  /**
   * The answer of one valid name, whether or not the exploration is complete. Undefined where the question does not care, and for
   * names that are not valid. Linear in the name but for states met for the first time.
   */
  answerOf(name: string): string | undefined;
}
