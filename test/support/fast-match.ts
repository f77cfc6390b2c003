const STAR = -1;
const ANY = -2;

/**
 * A matcher for harnesses that ask millions of times: each run of literals is placed as far left as it goes. It is no
 * part of the specification; whoever uses it first compares it with the reference on a small scope.
 */
export function fastMatcher(glob: string): (points: readonly number[]) => boolean {
  const tokens = Array.from(glob, (symbol) => (symbol === "*" ? STAR : symbol === "?" ? ANY : (symbol.codePointAt(0) as number)));
  const count = tokens.length;
  return (points) => {
    let token = 0;
    let star = -1;
    let resume = 0;
    let at = 0;
    while (at < points.length) {
      const wanted = token < count ? tokens[token] : undefined;
      if (wanted === STAR) {
        star = token++;
        resume = at;
      } else if (wanted !== undefined && (wanted === ANY || wanted === points[at])) {
        token++;
        at++;
      } else if (star >= 0) {
        token = star + 1;
        at = ++resume;
      } else return false;
    }
    while (token < count && tokens[token] === STAR) token++;
    return token === count;
  };
}

/** Code points; an unpaired surrogate is one. */
export function pointsOf(name: string): number[] {
  const points: number[] = [];
  for (const character of name) points.push(character.codePointAt(0) as number);
  return points;
}
