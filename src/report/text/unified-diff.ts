import { isUnseen } from "../../diagnostics/escape.js";
import { diffEditsMax } from "../../limits.js";
import type { Paint } from "../paint.js";

/** Unchanged lines shown around a change. */
const contextLines = 3;

/** One line of a comparison: in both texts, only in the old one, only in the new one. With its line end, if it has one. */
interface Line {
  readonly kind: " " | "-" | "+";
  readonly text: string;
}

/**
 * Two texts as a unified diff that `patch -p0` takes; empty when they are equal. Anchored at lines that are unique in both,
 * so the cost is linear for texts that mostly agree; stretches beyond the budget are shown as replaced whole.
 */
export function unifiedDiff(before: string, after: string, file: string): string {
  if (before === after) return "";
  const lines = settled(diffLines(linesOf(before), linesOf(after)));
  const label = visible(file);
  let out = `--- ${label}\n+++ ${label}\n`;
  for (const hunk of hunksOf(lines)) out += hunk;
  return out;
}

/** A diff for a terminal: characters that nobody sees are escaped, lines are marked. */
export function paintedDiff(diff: string, paint: Paint): string {
  const marks: Readonly<Record<string, (text: string) => string>> = { "+": paint.pass, "-": paint.fail, "@": paint.faint };
  return diff
    .split("\n")
    .map((line) => {
      const shown = visible(line.endsWith("\r") ? line.slice(0, -1) : line);
      return (line.startsWith("--- ") || line.startsWith("+++ ") ? paint.strong : (marks[line[0] ?? ""] ?? String))(shown);
    })
    .join("\n");
}

/** Tabs stay: they are part of the layout that a diff is about. */
function visible(text: string): string {
  let shown = "";
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    shown += point !== 0x09 && isUnseen(point) ? `\\u{${point.toString(16)}}` : character;
  }
  return shown;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

/**
 * Where lines repeat, what went may be said to begin a line earlier or later. As late as can be it begins where a person would
 * say so: with the rule, not with the last line of the one before.
 */
function settled(lines: Line[]): Line[] {
  for (let end = lines.length; end > 0; ) {
    const { kind } = lines[end - 1]!;
    let start = end - 1;
    while (start > 0 && lines[start - 1]!.kind === kind) start--;
    if (kind !== " " && lines[start - 1]?.kind !== (kind === "-" ? "+" : "-")) slide(lines, start, end);
    end = start;
  }
  return lines;
}

/** Moves a run of changed lines down while the line that follows it is the one it begins with. */
function slide(lines: Line[], start: number, end: number): void {
  const { kind } = lines[start]!;
  for (let [first, next] = [start, end]; lines[next]?.kind === " " && lines[next]!.text === lines[first]!.text; first++, next++) {
    lines[first] = { kind: " ", text: lines[first]!.text };
    lines[next] = { kind, text: lines[next]!.text };
  }
}

function hunksOf(lines: readonly Line[]): string[] {
  const hunks: string[] = [];
  const position = { before: 1, after: 1 };
  for (let at = 0; at < lines.length; ) {
    const first = nextChange(lines, at);
    if (first === lines.length) break;
    const start = Math.max(at, first - contextLines);
    position.before += start - at;
    position.after += start - at;
    const end = hunkEnd(lines, first);
    hunks.push(hunkText(lines.slice(start, end), position));
    at = end;
  }
  return hunks;
}

function nextChange(lines: readonly Line[], from: number): number {
  let at = from;
  while (at < lines.length && lines[at]!.kind === " ") at++;
  return at;
}

/** Changes that share their context stand in one hunk. */
function hunkEnd(lines: readonly Line[], first: number): number {
  let end = first;
  while (end < lines.length && lines[end]!.kind !== " ") end++;
  for (;;) {
    const next = nextChange(lines, end);
    if (next === lines.length || next - end > 2 * contextLines) return Math.min(lines.length, end + contextLines);
    end = next;
    while (end < lines.length && lines[end]!.kind !== " ") end++;
  }
}

function hunkText(lines: readonly Line[], position: { before: number; after: number }): string {
  const count = (kind: Line["kind"]) => lines.filter((line) => line.kind !== kind).length;
  const [old, now] = [count("+"), count("-")];
  // A side without lines is named by the line above it.
  const place = (line: number, lines: number) => `${lines === 0 ? line - 1 : line},${lines}`;
  let text = `@@ -${place(position.before, old)} +${place(position.after, now)} @@\n`;
  for (const line of lines)
    text += `${line.kind}${line.text}${line.text.endsWith("\n") ? "" : "\n\\ No newline at end of file\n"}`;
  position.before += old;
  position.after += now;
  return text;
}

function diffLines(before: readonly string[], after: readonly string[]): Line[] {
  const lines: Line[] = [];
  const compare = (a: readonly string[], b: readonly string[]): void => {
    let head = 0;
    while (head < a.length && head < b.length && a[head] === b[head]) head++;
    let tail = 0;
    while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
    for (const text of a.slice(0, head)) lines.push({ kind: " ", text });
    const [innerA, innerB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
    const anchors = innerA.length === 0 || innerB.length === 0 ? [] : anchorsOf(innerA, innerB);
    let [fromA, fromB] = [0, 0];
    for (const [atA, atB] of anchors) {
      compare(innerA.slice(fromA, atA), innerB.slice(fromB, atB));
      lines.push({ kind: " ", text: innerA[atA]! });
      [fromA, fromB] = [atA + 1, atB + 1];
    }
    if (anchors.length > 0) compare(innerA.slice(fromA), innerB.slice(fromB));
    else for (const line of shortestEdit(innerA, innerB)) lines.push(line);
    for (const text of a.slice(a.length - tail)) lines.push({ kind: " ", text });
  };
  compare(before, after);
  return lines;
}

/** Lines that are unique in both, as long as they come in the same order. */
function anchorsOf(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const placesB = uniquePlaces(b);
  const pairs: [number, number][] = [];
  for (const [text, atA] of uniquePlaces(a)) {
    const atB = placesB.get(text);
    if (atA !== undefined && atB !== undefined) pairs.push([atA, atB]);
  }
  return longestIncreasing(pairs);
}

/** The place of each line, or undefined where it stands more than once. In the order of the lines. */
function uniquePlaces(lines: readonly string[]): Map<string, number | undefined> {
  const places = new Map<string, number | undefined>();
  for (const [at, text] of lines.entries()) places.set(text, places.has(text) ? undefined : at);
  return places;
}

/** Pairs that rise on both sides, as many as can be: by piles, each topped by its smallest second place. */
function longestIncreasing(pairs: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const tops: number[] = [];
  const below: number[] = [];
  for (const [index, [, second]] of pairs.entries()) {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tops[middle]!]![1] < second) low = middle + 1;
      else high = middle;
    }
    below.push(low === 0 ? -1 : tops[low - 1]!);
    tops[low] = index;
  }
  const chosen: (readonly [number, number])[] = [];
  for (let at = tops.at(-1) ?? -1; at !== -1; at = below[at]!) chosen.push(pairs[at]!);
  return chosen.reverse();
}

/** The fewest lines taken out and put in (the furthest reaching paths, one more change at a time), within the budget. */
function shortestEdit(a: readonly string[], b: readonly string[]): Line[] {
  const most = Math.min(a.length + b.length, diffEditsMax);
  const trace: Int32Array[] = [];
  const reach = new Int32Array(2 * most + 3);
  const middle = most + 1;
  for (let edits = 0; edits <= most; edits++) {
    trace.push(reach.slice());
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = isDown(reach, middle + diagonal, diagonal, edits);
      let x = down ? reach[middle + diagonal + 1]! : reach[middle + diagonal - 1]! + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      reach[middle + diagonal] = x;
      if (x >= a.length && x - diagonal >= b.length) return walkBack(a, b, { trace, middle });
    }
  }
  return [...a.map((text): Line => ({ kind: "-", text })), ...b.map((text): Line => ({ kind: "+", text }))];
}

/** Whether a path comes from above, by a line put in, rather than by one taken out. */
function isDown(reach: Int32Array, at: number, diagonal: number, edits: number): boolean {
  return diagonal === -edits || (diagonal !== edits && reach[at - 1]! < reach[at + 1]!);
}

function walkBack(
  a: readonly string[],
  b: readonly string[],
  { trace, middle }: { trace: readonly Int32Array[]; middle: number },
): Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits]!;
    const diagonal = x - y;
    const down = isDown(reach, middle + diagonal, diagonal, edits);
    const previous = diagonal + (down ? 1 : -1);
    const fromX = edits === 0 ? 0 : reach[middle + previous]!;
    const fromY = edits === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      lines.push({ kind: " ", text: a[--x]! });
      y--;
    }
    if (edits === 0) break;
    lines.push(down ? { kind: "+", text: b[--y]! } : { kind: "-", text: a[--x]! });
  }
  return lines.reverse();
}
