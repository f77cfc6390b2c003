import { compareNames } from "./points.js";
import type { RankedGlob } from "./residuals.js";
import type { Rows } from "./rows.js";

export interface TextGlob extends RankedGlob {
  /** The program for matchGlob. */
  readonly text: string;
}

/** A name that some glob without wildcards spells out. */
export interface Literal {
  readonly name: string;
  readonly points: readonly number[];
  /** Of the globs that spell it out, joined. */
  readonly row: number;
}

/** Globs, parted into names that are spelled out (in the order of names) and patterns. */
export interface PartedGlobs {
  readonly literals: ReadonlyMap<string, Literal>;
  readonly patterns: readonly TextGlob[];
}

/** Policies list thousands of names; each is judged on its own, so that the automaton need not spell them. */
export function partGlobs(globs: readonly TextGlob[], rows: Rows): PartedGlobs {
  const byName = new Map<string, Literal>();
  const patterns: TextGlob[] = [];
  for (const glob of globs) {
    if (glob.tokens.some((token) => token < 0)) {
      patterns.push(glob);
      continue;
    }
    const name = glob.text;
    const row = rows.join(byName.get(name)?.row ?? glob.row, glob.row);
    byName.set(name, { name, points: glob.tokens, row });
  }
  const sorted = [...byName.values()].sort((a, b) => compareNames(a.points, b.points));
  return { literals: new Map(sorted.map((literal) => [literal.name, literal])), patterns };
}
