import { matchGlob } from "../../glob/match.js";
import type { ExplorationBudget } from "../question.js";
import { Automaton } from "./automaton.js";
import type { TextGlob } from "./literals.js";
import { rankOf } from "./points.js";
import type { Residuals } from "./residuals.js";
import { NOTHING, type Rows } from "./rows.js";

/** As many names are compared with every glob before an automaton is worth its making. */
const comparedMax = 64;

/** What one comparison of a name with a glob counts as. */
const comparisonWork = 2;

/**
 * Rows of single names, all globs considered: an exploration leaves out what it does not care about, and it may run into its
 * budget; this never does. Names are compared with the globs one by one, or walked through an automaton of their own.
 */
export class Matcher {
  readonly #patterns: readonly TextGlob[];
  readonly #residuals: Residuals | undefined;
  readonly #rows: Rows;
  readonly #budget: ExplorationBudget;
  #automaton: Automaton | undefined;
  #asked = 0;
  #compared = 0;

  constructor(patterns: readonly TextGlob[], residuals: Residuals | undefined, rows: Rows, budget: ExplorationBudget) {
    this.#patterns = patterns;
    this.#residuals = residuals;
    this.#rows = rows;
    this.#budget = budget;
  }

  /** Globs compared and items looked at. */
  get work(): number {
    return this.#compared + (this.#automaton?.work ?? 0);
  }

  /** What the patterns say of a valid name. */
  rowOf(name: string, points: readonly number[]): number {
    if (++this.#asked > comparedMax && this.#patterns.length > comparedMax && this.#residuals !== undefined) {
      this.#automaton ??= new Automaton(this.#residuals, this.#rows, undefined, this.#budget);
      const row = rowBehind(this.#automaton, points);
      if (row !== undefined) return row;
    }
    let row = NOTHING;
    this.#compared += comparisonWork * this.#patterns.length;
    for (const pattern of this.#patterns) if (matchGlob(pattern.text, name)) row = this.#rows.join(row, pattern.row);
    return row;
  }
}

function rowBehind(automaton: Automaton, points: readonly number[]): number | undefined {
  let state = automaton.start;
  for (let i = 0; i < points.length && state >= 0; i++) state = automaton.step(state, rankOf(points[i]));
  return state >= 0 ? automaton.rows[state] : undefined;
}
