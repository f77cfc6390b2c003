import { byteClasses } from "./alphabet.js";
import type { Dfa, DfaBudget, OverBudget, RowedGlob } from "./dfa.js";
import { type OrderedDfa, quotient, refine } from "./minimize.js";
import { buildNfa } from "./nfa.js";
import { RowAlgebra } from "./row-algebra.js";
import type { RowTable } from "./rows.js";
import { determinize } from "./subset.js";

/**
 * The smallest automaton that maps every byte string to the join of the rows of the globs it matches, or word that the
 * budget does not suffice. Depends on the set of globs and their rows only: not on their order, not on time. The rows that
 * joining makes are added to `rows` when the automaton is complete; an attempt that is given up leaves `rows` as it was.
 */
export function buildDfa(globs: readonly RowedGlob[], rows: RowTable, budget: DfaBudget): Dfa | OverBudget {
  return build(globs, rows, budget, true);
}

/** The same automaton before equivalent states and classes are merged, for the law that minimising preserves. */
export function buildUnminimizedDfa(globs: readonly RowedGlob[], rows: RowTable, budget: DfaBudget): Dfa | OverBudget {
  return build(globs, rows, budget, false);
}

function build(globs: readonly RowedGlob[], rows: RowTable, budget: DfaBudget, minimize: boolean): Dfa | OverBudget {
  if (budget.statesMax < 1) return { over: "states", states: 0, work: 0 };
  const alphabet = byteClasses(globs.map((glob) => glob.tokens));
  const algebra = new RowAlgebra(rows);
  const nfa = buildNfa(globs, alphabet, algebra, budget.workMax);
  if (nfa === undefined) return { over: "work", states: 0, work: 0 };
  const raw = determinize(nfa, alphabet, algebra, budget);
  if ("over" in raw) return raw;
  const ordered: OrderedDfa = minimize ? quotient(raw, refine(raw), alphabet.classes) : { ...raw, classes: alphabet.classes };
  return {
    classes: ordered.classes,
    classCount: ordered.classCount,
    stateCount: ordered.stateCount,
    next: ordered.next,
    rows: Uint32Array.from(ordered.rows, (row) => algebra.internInto(rows, row)),
    statesBeforeMinimization: raw.stateCount,
    work: raw.work,
  };
}
