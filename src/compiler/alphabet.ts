import { ANY } from "../glob/parse.js";

/** Bytes that no glob of a set tells apart share a class, so that a state needs one cell per class instead of 256. */
export interface Alphabet {
  /** byte -> class; classes are numbered in order of their first byte. */
  readonly classes: Uint8Array;
  readonly classCount: number;
  /** Classes of UTF-8 continuation bytes, and the others. `?` takes one byte of the second and then all of the first. */
  readonly continuation: readonly number[];
  readonly lead: readonly number[];
}

/** 0x80..0xBF: never the first byte of a code point. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * The classes of a set of token lists: one for every byte that some literal contains, one for the other continuation
 * bytes if some glob has a `?`, one for the rest. Every byte has a class, also those that UTF-8 never uses: names are
 * whatever bytes a host hands over. O(tokens).
 */
export function byteClasses(globs: Iterable<readonly number[]>): Alphabet {
  const literal = new Uint8Array(256);
  let any = false;
  for (const tokens of globs) {
    for (const token of tokens) {
      if (token === ANY) any = true;
      else if (token >= 0) forEachByte(token, (byte) => (literal[byte] = 1));
    }
  }
  const classes = new Uint8Array(256);
  const continuation: number[] = [];
  const lead: number[] = [];
  let classCount = 0;
  // Kinds of shared classes: 0 lead bytes (or all), 1 continuation bytes.
  const shared = [-1, -1];
  for (let byte = 0; byte < 256; byte++) {
    const follows = isContinuation(byte);
    const kind = any && follows ? 1 : 0;
    if (literal[byte] === 0 && shared[kind] >= 0) {
      classes[byte] = shared[kind];
      continue;
    }
    if (literal[byte] === 0) shared[kind] = classCount;
    (any && follows ? continuation : lead).push(classCount);
    classes[byte] = classCount++;
  }
  return { classes, classCount, continuation, lead };
}

/** The UTF-8 bytes of a code point; a lone surrogate gives the three bytes of WTF-8. */
export function forEachByte(point: number, visit: (byte: number) => void): void {
  if (point < 0x80) {
    visit(point);
  } else if (point < 0x800) {
    visit(0xc0 | (point >> 6));
    visit(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    visit(0xe0 | (point >> 12));
    visit(0x80 | ((point >> 6) & 0x3f));
    visit(0x80 | (point & 0x3f));
  } else {
    visit(0xf0 | (point >> 18));
    visit(0x80 | ((point >> 12) & 0x3f));
    visit(0x80 | ((point >> 6) & 0x3f));
    visit(0x80 | (point & 0x3f));
  }
}
