import { ANY, STAR } from "../glob/parse.js";

/** A glob over UTF-8 bytes, as the indexed lanes see it. */
export interface ByteGlob {
  readonly id: number;
  readonly row: number;
  /** Bytes, or STAR, or ANY. */
  readonly tokens: readonly number[];
  /** Fewest bytes of a name it matches: its tokens without `*`. */
  readonly nameBytesMin: number;
  /** Maximal runs of literal bytes. */
  readonly pieces: readonly (readonly number[])[];
}

/** UTF-8 bytes of one code point. */
function pushUtf8(out: number[], point: number): void {
  if (point < 0x80) out.push(point);
  else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 63));
  else if (point < 0x10000) out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  else out.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
}

export function byteGlob(id: number, row: number, points: readonly number[]): ByteGlob {
  const tokens: number[] = [];
  for (const point of points) {
    if (point === STAR || point === ANY) tokens.push(point);
    else pushUtf8(tokens, point);
  }
  const pieces: number[][] = [];
  let nameBytesMin = 0;
  let from = 0;
  for (let i = 0; i <= tokens.length; i++) {
    if (i < tokens.length && tokens[i] !== STAR) nameBytesMin++;
    if (i < tokens.length && tokens[i] >= 0) continue;
    if (i > from) pieces.push(tokens.slice(from, i));
    from = i + 1;
  }
  return { id, row, tokens, nameBytesMin, pieces };
}

/** Whether the glob matches the bytes: two cursors and one retry point. Worst case glob bytes x name bytes. */
export function matchByteGlob(tokens: readonly number[], name: Uint8Array): boolean {
  let t = 0;
  let n = 0;
  let retryT = -1;
  let retryN = 0;
  while (n < name.length) {
    const token = t < tokens.length ? tokens[t] : -3;
    if (token === STAR) {
      retryT = ++t;
      retryN = n;
    } else if (token === ANY && (name[n] & 0xc0) !== 0x80) {
      t++;
      n++;
      while (n < name.length && (name[n] & 0xc0) === 0x80) n++;
    } else if (token === name[n]) {
      t++;
      n++;
    } else if (retryT >= 0) {
      t = retryT;
      n = ++retryN;
    } else return false;
  }
  while (t < tokens.length && tokens[t] === STAR) t++;
  return t === tokens.length;
}
