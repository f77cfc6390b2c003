import { ANY, type Glob, STAR } from "./parse.js";

/** The code points of a name; half a surrogate pair is a code point of its own. */
export function codePoints(name: string): readonly number[] {
  return Array.from(name, (character) => character.codePointAt(0) as number);
}

/**
 * Whether a glob matches a whole name, given as code points (semantics G1). For one name at a time, such as the examples
 * of a rule: after a mismatch it goes back to the last star only, so the work is at most tokens times code points.
 */
export function matchesGlob(glob: Glob, points: readonly number[]): boolean {
  const { tokens } = glob;
  let token = 0;
  let point = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (point < points.length) {
    const wanted = tokens[token];
    if (wanted === STAR) {
      starAt = token++;
      resumeAt = point;
    } else if (wanted === ANY || wanted === points[point]) {
      token++;
      point++;
    } else if (starAt >= 0) {
      token = starAt + 1;
      point = ++resumeAt;
    } else return false;
  }
  while (tokens[token] === STAR) token++;
  return token === tokens.length;
}
