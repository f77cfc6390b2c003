import { ANY, type Glob, STAR } from "../../glob/parse.js";

/** What two globs have to do with each other, decided from their tokens. */

/**
 * Whether some name matches both. Of two globs with a star each, only the parts before the first and behind the last star can
 * be at odds: whatever stands between, one glob's stars take in the other's pieces. Linear for those, else the product.
 */
export function meet(a: Glob, b: Glob): boolean {
  const left = starsOf(a);
  const right = starsOf(b);
  if (left === undefined) return fits(a.tokens, b.tokens);
  if (right === undefined) return fits(b.tokens, a.tokens);
  const before = Math.min(left.first, right.first);
  for (let i = 0; i < before; i++) if (!agree(a.tokens[i] as number, b.tokens[i] as number)) return false;
  const aLast = a.tokens.length - 1;
  const bLast = b.tokens.length - 1;
  const behind = Math.min(aLast - left.last, bLast - right.last);
  for (let i = 0; i < behind; i++) if (!agree(a.tokens[aLast - i] as number, b.tokens[bLast - i] as number)) return false;
  return true;
}

function agree(a: number, b: number): boolean {
  return a === b || a === ANY || b === ANY;
}

function starsOf({ tokens }: Glob): { first: number; last: number } | undefined {
  const first = tokens.indexOf(STAR);
  return first < 0 ? undefined : { first, last: tokens.lastIndexOf(STAR) };
}

/** Whether a glob without stars has a name that the other one matches: the plain matcher, with `?` on either side. */
function fits(fixed: readonly number[], tokens: readonly number[]): boolean {
  let t = 0;
  let f = 0;
  let starAt = -1;
  let retryAt = 0;
  while (f < fixed.length) {
    const token = tokens[t];
    if (token === STAR) {
      starAt = t++;
      retryAt = f;
    } else if (token !== undefined && agree(token, fixed[f] as number)) {
      t++;
      f++;
    } else if (starAt < 0) return false;
    else {
      t = starAt + 1;
      f = ++retryAt;
    }
  }
  while (tokens[t] === STAR) t++;
  return t === tokens.length;
}

/** The glob with its stars and question marks filled in. */
export function filled({ tokens }: Glob, star: string, any: string): string {
  let name = "";
  for (const token of tokens) name += token === STAR ? star : token === ANY ? any : String.fromCodePoint(token);
  return name;
}

/** A shortest name the glob matches; of several the one that reads best. */
export function shortestName(glob: Glob): string {
  return filled(glob, "", "a") || "a";
}

export function isLiteral({ tokens }: Glob): boolean {
  return tokens.every((token) => token >= 0);
}

/** The literal text before the first wildcard. */
export function literalHead({ tokens }: Glob): string {
  let head = "";
  for (const token of tokens) {
    if (token < 0) break;
    head += String.fromCodePoint(token);
  }
  return head;
}
