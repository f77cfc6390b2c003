import { lineEnd } from "../comments.js";
import type { DocumentNode } from "../node.js";
import { attachedStart, contentStart, isBlankLine, isCommentLine, isRestOfLine, lineStart, nextLine } from "./lines.js";
import type { TextEdit } from "./text-edit.js";

/** An entry of an indented list or mapping: where its dash or key stands, and where its value ends. */
interface BlockEntry {
  readonly head: number;
  readonly end: number;
}

/**
 * Edits that take entries out of an indented list or mapping, line by line. Comment lines directly above an entry with its
 * indentation go with it, and those below it that are indented deeper. Undefined for shapes that are not cut by lines.
 * Time grows with what is removed, not with what stays.
 */
export function removeFromBlock(text: string, node: DocumentNode, removed: ReadonlySet<number>): TextEdit[] | undefined {
  const block = blockOf(text, node);
  if (block === undefined) return undefined;
  const edits: TextEdit[] = [];
  for (const index of removed) {
    const entry = block.entry(index);
    if (entry === undefined) return undefined;
    const { head, end } = entry;
    const line = lineStart(text, head);
    if (contentStart(text, line) !== head || !isRestOfLine(text, end)) return undefined;
    const before = index === 0 ? undefined : block.end(index - 1);
    const start = attachedStart(text, line, before === undefined ? 0 : nextLine(text, before));
    const first = before === undefined && removed.size < block.count;
    edits.push({ start, end: removalEnd(text, { start, end, column: head - line, first }), text: "" });
  }
  return edits;
}

interface Removal {
  readonly start: number;
  readonly end: number;
  readonly column: number;
  /** Others follow it, and none stands before it. */
  readonly first: boolean;
}

/** Past the entry's last line and the deeper comments below it; of two blank lines that would meet one goes. */
function removalEnd(text: string, { start, end, column, first }: Removal): number {
  let at = nextLine(text, end);
  while (at < text.length && isCommentLine(text, at) && contentStart(text, at) - at > column) at = nextLine(text, at);
  const blankAbove = start > 0 && isBlankLine(text, lineStart(text, start - 1));
  return at < text.length && isBlankLine(text, at) && (blankAbove || first) ? nextLine(text, at) : at;
}

interface Block {
  readonly count: number;
  /** Where the value of an entry ends. */
  readonly end: (index: number) => number;
  readonly entry: (index: number) => BlockEntry | undefined;
}

function blockOf(text: string, node: DocumentNode): Block | undefined {
  if (node.kind === "mapping") {
    const entries = [...node.entries.values()];
    const end = (index: number) => Math.max(entries[index]!.value.end, entries[index]!.keyEnd);
    return {
      count: entries.length,
      end,
      entry: (index) => ({ head: keyHead(text, entries[index]!.keyStart), end: end(index) }),
    };
  }
  if (node.kind !== "list") return undefined;
  const { items, start } = node;
  const column = start - lineStart(text, start);
  const end = (index: number) => items[index]!.end;
  return {
    count: items.length,
    end,
    entry: (index) => {
      const head = index === 0 ? start : dashBelow(text, end(index - 1), column);
      return head === undefined || text[head] !== "-" ? undefined : { head, end: end(index) };
    },
  };
}

/** A key may stand behind a question mark. */
function keyHead(text: string, keyStart: number): number {
  const first = contentStart(text, lineStart(text, keyStart));
  return text[first] === "?" && text.slice(first + 1, keyStart).trim() === "" ? first : keyStart;
}

/** The next dash in the list's column, below blank lines and comments only. */
function dashBelow(text: string, end: number, column: number): number | undefined {
  for (let line = nextLine(text, end); line < text.length; line = nextLine(text, line)) {
    const at = contentStart(text, line);
    if (at === lineEnd(text, line) || text[at] === "#") continue;
    return at - line === column && text[at] === "-" ? at : undefined;
  }
  return undefined;
}
