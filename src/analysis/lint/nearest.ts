import { ANY, type Glob, STAR } from "../../glob/parse.js";
import { guessedNameUnitsMax, measuredNamesMax } from "../../limits.js";
import { addTo } from "./multimap.js";
import { foldName } from "./tool-names.js";

const gramUnits = 3;

/** The names of an inventory, by their pieces, to find the one that a glob most likely meant. */
export class NearestNames {
  readonly #byGram = new Map<string, number[]>();
  readonly #folded: readonly string[];

  /** Linear in the names. */
  constructor(readonly names: readonly string[]) {
    this.#folded = names.map((name) => foldName(name, true));
    for (const [i, name] of this.#folded.entries()) {
      if (name.length <= guessedNameUnitsMax) for (const gram of gramsOf(name)) addTo(this.#byGram, gram, i);
    }
  }

  /**
   * The name with the fewest letters wrong, missing or extra, where `*` takes in any run and `?` any letter, and case, `-` and
   * `_` do not count; of equals the first of the inventory. Undefined when more than a fifth of the glob's letters, or
   * three, are wrong.
   */
  to(glob: Glob): string | undefined {
    const tokens = foldedTokens(glob);
    const letters = tokens.filter((token) => token >= 0).length;
    const allowed = Math.min(3, Math.max(1, Math.floor(letters / 5)));
    let best: string | undefined;
    let least = allowed + 1;
    for (const i of this.#alike(tokens)) {
      const distance = globDistance(tokens, this.#folded[i] as string, least);
      if (distance < least) [best, least] = [this.names[i], distance];
    }
    return best;
  }

  /** Those that share the most pieces, in the order of the inventory. */
  #alike(tokens: readonly number[]): number[] {
    const shared = new Map<number, number>();
    const common = Math.max(16, this.names.length / 4);
    for (const gram of globGrams(tokens)) {
      const filed = this.#byGram.get(gram) ?? [];
      // What is in a quarter of all names tells nothing.
      if (filed.length > common) continue;
      for (const i of filed) shared.set(i, (shared.get(i) ?? 0) + 1);
    }
    const ranked = [...shared].sort(([i, a], [j, b]) => b - a || i - j);
    return ranked
      .slice(0, measuredNamesMax)
      .map(([i]) => i)
      .sort((a, b) => a - b);
  }
}

function foldedTokens({ tokens }: Glob): number[] {
  return tokens.flatMap((token) =>
    token < 0 ? [token] : [foldName(String.fromCodePoint(token), true).codePointAt(0) as number],
  );
}

function gramsOf(name: string): Set<string> {
  const grams = new Set<string>();
  for (let i = 0; i + gramUnits <= name.length; i++) grams.add(name.slice(i, i + gramUnits));
  return grams;
}

function globGrams(tokens: readonly number[]): Set<string> {
  const grams = new Set<string>();
  let run = "";
  for (const token of [...tokens, STAR]) {
    if (token >= 0) run += String.fromCodePoint(token);
    else {
      for (const gram of gramsOf(run)) grams.add(gram);
      run = "";
    }
  }
  return grams;
}

/**
 * Edits that make a name match: a letter that is wrong, missing, extra, or swapped with its neighbour counts one; what a star takes
 * in is free. `atMost` and more are answered with `atMost`. Work is tokens times letters.
 */
export function globDistance(tokens: readonly number[], name: string, atMost: number): number {
  const points = Array.from(name, (character) => character.codePointAt(0) as number);
  let older: number[] = [];
  let previous = Array.from({ length: points.length + 1 }, (_, j) => j);
  for (const [i, token] of tokens.entries()) {
    const current = [token === STAR ? (previous[0] as number) : (previous[0] as number) + 1];
    for (let j = 1; j <= points.length; j++) {
      const [above, left, corner] = [previous[j] as number, current[j - 1] as number, previous[j - 1] as number];
      if (token === STAR) current.push(Math.min(above, left));
      else {
        const isSame = token === ANY || token === points[j - 1];
        let cost = Math.min(above + 1, left + 1, corner + (isSame ? 0 : 1));
        const isSwap = i > 0 && j > 1 && token === points[j - 2] && tokens[i - 1] === points[j - 1];
        if (isSwap) cost = Math.min(cost, (older[j - 2] as number) + 1);
        current.push(cost);
      }
    }
    if (Math.min(...current) >= atMost) return atMost;
    older = previous;
    previous = current;
  }
  return Math.min(atMost, previous[points.length] as number);
}
