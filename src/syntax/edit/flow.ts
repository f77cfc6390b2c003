import { lineEnd } from "../comments.js";
import type { DocumentNode } from "../node.js";
import { attachedStart, contentStart, isRestOfLine, lineStart, nextLine, skipTrivia } from "./lines.js";
import type { TextEdit } from "./text-edit.js";

interface FlowEntry {
  readonly start: number;
  readonly end: number;
  /** The comma behind it, if there is one. */
  readonly comma: number | undefined;
}

/**
 * Edits that take entries out of `[...]` or `{...}`, YAML or JSON, with their commas; entries on lines of their own go by lines.
 * Time grows with what is removed, not with what stays.
 */
export function removeFromFlow(text: string, node: DocumentNode, removed: ReadonlySet<number>): TextEdit[] | undefined {
  const places = placesOf(node);
  if (places === undefined) return undefined;
  if (removed.size === places.length) return [{ start: node.start + 1, end: node.end - 1, text: "" }];
  const entry = (index: number): FlowEntry | undefined => {
    const place = places[index];
    if (place === undefined) return undefined;
    const at = skipTrivia(text, place.end);
    return { start: place.start, end: place.end, comma: text[at] === "," ? at : undefined };
  };
  const edits: TextEdit[] = [];
  for (const first of removed) {
    if (removed.has(first - 1)) continue;
    let last = first;
    while (removed.has(last + 1)) last++;
    edits.push(...removeRun(text, entry, { first, last, bound: node.start }));
  }
  return edits;
}

interface Run {
  readonly first: number;
  readonly last: number;
  /** Where the collection begins. */
  readonly bound: number;
}

function removeRun(text: string, entry: (index: number) => FlowEntry | undefined, { first, last, bound }: Run): TextEdit[] {
  const from = entry(first)!;
  const to = entry(last)!;
  const before = entry(first - 1);
  const after = entry(last + 1);
  const ownLine = ownLineStart(text, from, before?.end ?? bound);
  if (after !== undefined) {
    const nextOwn = ownLineStart(text, after, to.end);
    if (ownLine !== undefined && nextOwn !== undefined) return [{ start: ownLine, end: nextOwn, text: "" }];
    return [{ start: from.start, end: after.start, text: "" }];
  }
  // The run is at the end and something stays before it, whose comma goes unless the run had one as well.
  const comma = before?.comma;
  const commaGoes: TextEdit[] = comma === undefined || to.comma !== undefined ? [] : [{ start: comma, end: comma + 1, text: "" }];
  const end = to.comma === undefined ? to.end : to.comma + 1;
  if (ownLine !== undefined && isRestOfLine(text, end))
    return [...commaGoes, { start: ownLine, end: nextLine(text, end), text: "" }];
  if (before === undefined || comma === undefined) return [{ start: from.start, end, text: "" }];
  if (text.slice(before.end, from.start).includes("\n")) return [...commaGoes, { start: from.start, end, text: "" }];
  return [{ start: before.end, end: to.end, text: "" }];
}

/** Where the lines of an entry begin, with the comments attached above, if it begins a line behind `bound`. */
function ownLineStart(text: string, { start }: FlowEntry, bound: number): number | undefined {
  const line = lineStart(text, start);
  if (line <= bound || contentStart(text, line) !== start) return undefined;
  return attachedStart(text, line, lineEnd(text, bound) + 1);
}

function placesOf(node: DocumentNode): readonly { readonly start: number; readonly end: number }[] | undefined {
  if (node.kind === "list") return node.items;
  if (node.kind === "scalar") return undefined;
  return [...node.entries.values()].map(({ keyStart, keyEnd, value }) => ({ start: keyStart, end: Math.max(keyEnd, value.end) }));
}
