import { matchGlob } from "../../glob/match.js";
import { type Glob, STAR } from "../../glob/parse.js";
import { literalHead, meet } from "./glob-pairs.js";
import { addTo } from "./multimap.js";

const wildcards = /[*?]+/;
/** Code units of a piece of a name that globs are filed under. */
const gramUnits = 3;

/**
 * The distinct globs of a policy, by what they are asked for: those that match a name, and those that have names in common
 * with a glob. Building is linear but for the sort. A name looks only at globs that share their rarest piece with it; a glob
 * only at globs whose literal beginning fits its own.
 */
export class GlobIndex {
  readonly #globs: readonly Glob[];
  readonly #literals = new Map<string, number>();
  readonly #byGram = new Map<string, number[]>();
  /** Without a literal piece of `gramUnits`. */
  readonly #loose: number[] = [];
  readonly #byHead = new Map<string, number[]>();
  /** The literal beginnings, in code unit order. */
  readonly #heads: readonly string[];

  constructor(globs: Iterable<Glob>) {
    this.#globs = [...new Map([...globs].map((glob) => [glob.text, glob])).values()];
    const pieces = this.#globs.map(gramsOf);
    const counts = new Map<string, number>();
    for (const grams of pieces) for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1);
    for (const [i, glob] of this.#globs.entries()) {
      const head = literalHead(glob);
      addTo(this.#byHead, head, i);
      if (glob.tokens.every((token) => token >= 0)) this.#literals.set(glob.text, i);
      else {
        let rarest: string | undefined;
        let least = Number.POSITIVE_INFINITY;
        for (const gram of pieces[i] as ReadonlySet<string>) {
          const count = counts.get(gram) as number;
          if (count < least) [rarest, least] = [gram, count];
        }
        if (rarest === undefined) this.#loose.push(i);
        else addTo(this.#byGram, rarest, i);
      }
    }
    this.#heads = [...this.#byHead.keys()].sort();
  }

  /** The globs that match a name. */
  matching(name: string): Glob[] {
    const found: Glob[] = [];
    for (const i of this.#candidates(name)) {
      const glob = this.#globs[i] as Glob;
      if (matchGlob(glob.text, name)) found.push(glob);
    }
    return found;
  }

  /** The globs that may match a name, as far as their literal pieces say: those that are not here do not. */
  near(name: string): Glob[] {
    const globs = this.#candidates(name).map((i) => this.#globs[i] as Glob);
    return globs.filter(({ text }) => text.split(wildcards).every((piece) => name.includes(piece)));
  }

  /** The globs that have a name in common with this one, itself among them when it is in the index. */
  meeting(glob: Glob): Glob[] {
    const head = literalHead(glob);
    const found: Glob[] = [];
    const take = (list: readonly number[] = []) => {
      for (const i of list) {
        const other = this.#globs[i] as Glob;
        if (meet(glob, other)) found.push(other);
      }
    };
    for (let end = 0; end < head.length; end++) take(this.#byHead.get(head.slice(0, end)));
    for (let i = this.#headFrom(head); i < this.#heads.length; i++) {
      const other = this.#heads[i] as string;
      if (!other.startsWith(head)) break;
      take(this.#byHead.get(other));
    }
    return found;
  }

  #candidates(name: string): number[] {
    const found = [...this.#loose];
    const literal = this.#literals.get(name);
    if (literal !== undefined) found.push(literal);
    const seen = new Set<string>();
    for (let i = 0; i + gramUnits <= name.length; i++) {
      const gram = name.slice(i, i + gramUnits);
      if (seen.has(gram)) continue;
      seen.add(gram);
      const filed = this.#byGram.get(gram);
      if (filed !== undefined) for (const at of filed) found.push(at);
    }
    return found;
  }

  #headFrom(head: string): number {
    let low = 0;
    let high = this.#heads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#heads[middle] as string) < head) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The pieces that every name of the glob has. */
function gramsOf({ tokens }: Glob): ReadonlySet<string> {
  const grams = new Set<string>();
  let run = "";
  for (const token of [...tokens, STAR]) {
    if (token >= 0) {
      run += String.fromCodePoint(token);
      continue;
    }
    for (let i = 0; i + gramUnits <= run.length; i++) grams.add(run.slice(i, i + gramUnits));
    run = "";
  }
  return grams;
}
