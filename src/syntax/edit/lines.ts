import { lineEnd } from "../comments.js";

/** The offset where the line of `at` begins. */
export function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf("\n", at - 1) + 1;
}

/** The offset where the line after that of `at` begins, or the end of the text. */
export function nextLine(text: string, at: number): number {
  const feed = text.indexOf("\n", at);
  return feed === -1 ? text.length : feed + 1;
}

/** The first character of a line that is no space or tab; the line's end if there is none. */
export function contentStart(text: string, start: number): number {
  const end = lineEnd(text, start);
  let at = start;
  while (at < end && (text[at] === " " || text[at] === "\t")) at++;
  return at;
}

export function isBlankLine(text: string, start: number): boolean {
  return contentStart(text, start) === lineEnd(text, start);
}

export function isCommentLine(text: string, start: number): boolean {
  return text[contentStart(text, start)] === "#";
}

/** Whether nothing but a comment follows `at` on its line. */
export function isRestOfLine(text: string, at: number): boolean {
  const rest = contentStart(text, at);
  return rest === lineEnd(text, at) || (text[rest] === "#" && (rest > at || at === lineStart(text, at)));
}

/** Where the comment lines begin that stand directly above the line `start` with its indentation, none of them before `bound`. */
export function attachedStart(text: string, start: number, bound: number): number {
  const column = contentStart(text, start) - start;
  let first = start;
  while (first > bound && first > 0) {
    const above = lineStart(text, first - 1);
    if (above < bound || !isCommentLine(text, above) || contentStart(text, above) - above !== column) break;
    first = above;
  }
  return first;
}

/** The first place from `at` on that is neither white space nor inside a comment. */
export function skipTrivia(text: string, at: number): number {
  for (let i = at; i < text.length; i++) {
    const character = text[i]!;
    if (character === "#") i = lineEnd(text, i) - 1;
    else if (!" \t\r\n".includes(character)) return i;
  }
  return text.length;
}
