/**
 * Whether a glob matches a name, anchored at both ends (semantics G1): for one name at a time, where what is shown must not
 * rest on what decided. The canonical text is its own program, since there is no escape. Two pointers and one place to go
 * back to: no allocation, at most `text.length * name.length` steps. On UTF-16 code units; `?` takes a code point, an
 * unpaired surrogate counts as one.
 */
export function matchGlob(text: string, name: string): boolean {
  let t = 0;
  let n = 0;
  let starAt = -1;
  let retryAt = 0;
  while (n < name.length) {
    const token = t < text.length ? text.charCodeAt(t) : -1;
    if (token === STAR) {
      starAt = t++;
      retryAt = n;
    } else if (token === ANY) {
      t++;
      n += pointUnits(name, n);
    } else if (token === name.charCodeAt(n)) {
      t++;
      n++;
    } else if (starAt < 0) return false;
    else {
      // Let the last star swallow one more code point, so that a pair is never torn.
      t = starAt + 1;
      retryAt += pointUnits(name, retryAt);
      n = retryAt;
    }
  }
  while (t < text.length && text.charCodeAt(t) === STAR) t++;
  return t === text.length;
}

const STAR = 42;
const ANY = 63;

/** Code units of the code point at `index`. */
function pointUnits(name: string, index: number): 1 | 2 {
  return (name.codePointAt(index) as number) > 0xffff ? 2 : 1;
}
