import type { Level } from "../diagnostic.js";

/** What the manual says about one code. `fix` is the sentence used when the place of the finding has none of its own. */
export interface CodeEntry {
  readonly level: Level;
  readonly title: string;
  readonly meaning: string;
  readonly fix: string;
}
