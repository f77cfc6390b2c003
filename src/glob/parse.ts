import { globBytesMax, globWildcardsMax } from "../limits.js";

/** `*`: any run of characters, also empty. `?`: exactly one code point (semantics G1). */
export const STAR = -1;
export const ANY = -2;

/**
 * A parsed glob. `text` is canonical: `**` is `*`, and in a run of wildcards the `?` come first (`*?*` is `?*`),
 * so two globs with the same text match the same names. There is no escape, so the text is its own token list.
 */
export interface Glob {
  readonly text: string;
  /** As written. */
  readonly source: string;
  /** Code points, or STAR, or ANY. */
  readonly tokens: readonly number[];
}

export type GlobFault = "empty" | "too_long" | "too_many_wildcards" | "lone_surrogate";

/** Parses a glob, or says why it is none. Linear in the text. */
export function parseGlob(source: string): Glob | GlobFault {
  if (source.length === 0) return "empty";
  const tokens: number[] = [];
  let questions = 0;
  let star = false;
  let bytes = 0;
  let wildcards = 0;
  const flush = () => {
    for (let i = 0; i < questions; i++) tokens.push(ANY);
    if (star) tokens.push(STAR);
    wildcards += questions + (star ? 1 : 0);
    questions = 0;
    star = false;
  };
  for (const character of source) {
    const point = character.codePointAt(0) as number;
    if (point >= 0xd800 && point <= 0xdfff) return "lone_surrogate";
    if (character === "*") star = true;
    else if (character === "?") questions++;
    else {
      flush();
      tokens.push(point);
    }
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  flush();
  if (bytes > globBytesMax) return "too_long";
  if (wildcards > globWildcardsMax) return "too_many_wildcards";
  return { text: globText(tokens), source, tokens };
}

/** The canonical text of a token list. */
export function globText(tokens: readonly number[]): string {
  let text = "";
  for (const token of tokens) text += token === STAR ? "*" : token === ANY ? "?" : String.fromCodePoint(token);
  return text;
}
