/**
 * The code points that valid tool names are made of (semantics G2: scalar values, no U+FFFD), in the order in which witnesses
 * prefer them: what people read easily first. The order is fixed, so "the first name" never depends on a question's globs.
 */

const firsts = "abcdefghijklmnopqrstuvwxyz0123456789_-";
const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Scalar values without U+FFFD. */
export const pointCount = 0x110000 - 0x800 - 1;

const asciiPoints = asciiByRank();
const asciiRanks = new Map(asciiPoints.map((point, rank) => [point, rank]));
/** Ranks of visible ASCII and the blank end here; then U+00A0 and up, at last the control characters. */
const visibleEnd = 95;
const controls = [...range(0, 0x1f), ...range(0x7f, 0x9f)];
const controlsFrom = pointCount - controls.length;

function* range(from: number, to: number): Generator<number> {
  for (let point = from; point <= to; point++) yield point;
}

function asciiByRank(): number[] {
  const points = [...firsts, ...capitals].map((character) => character.charCodeAt(0));
  for (const point of range(0x21, 0x7e)) if (!points.includes(point)) points.push(point);
  return [...points, 0x20];
}

/** Whether a valid name can hold this code point. */
export function isNamePoint(point: number): boolean {
  return point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) && point !== 0xfffd;
}

/** The place of a code point that `isNamePoint` in the order, from 0. */
export function rankOf(point: number): number {
  const ascii = asciiRanks.get(point);
  if (ascii !== undefined) return ascii;
  if (point < 0x20) return controlsFrom + point;
  if (point < 0xa0) return controlsFrom + 0x20 + (point - 0x7f);
  return visibleEnd + (point - 0xa0) - (point > 0xdfff ? 0x800 : 0) - (point > 0xfffd ? 1 : 0);
}

/** The code point of a rank below `pointCount`. */
export function pointAt(rank: number): number {
  if (rank < visibleEnd) return asciiPoints[rank];
  if (rank >= controlsFrom) return controls[rank - controlsFrom];
  let point = rank - visibleEnd + 0xa0;
  if (point >= 0xd800) point += 0x800;
  if (point >= 0xfffd) point++;
  return point;
}

/** The code points of a valid name; undefined when the name is not valid. */
export function pointsOf(name: string): number[] | undefined {
  const points: number[] = [];
  for (const character of name) {
    const point = character.codePointAt(0) as number;
    if (!isNamePoint(point)) return undefined;
    points.push(point);
  }
  return points.length === 0 ? undefined : points;
}

/** Shorter names first, equally long ones by the ranks of their code points. */
export function compareNames(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return rankOf(a[i]) - rankOf(b[i]);
  return 0;
}

/** A name from its code points, of any length. */
export function nameOf(points: readonly number[]): string {
  let name = "";
  for (const point of points) name += String.fromCodePoint(point);
  return name;
}
