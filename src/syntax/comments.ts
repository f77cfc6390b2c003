import type { DocumentNode, SourceDocument } from "./node.js";

/** A YAML comment, from its `#` to the end of its line. Offsets are UTF-16, the end is exclusive. */
export interface Comment {
  readonly start: number;
  readonly end: number;
  /** 1-based. */
  readonly line: number;
  /** Nothing but white space stands before it on its line. */
  readonly alone: boolean;
  /** What follows the `#`, as written. */
  readonly text: string;
}

/**
 * The comments of a document that parsed, in the order of the text. The places of its texts are known, so a `#` outside of
 * all of them is a comment: quotes, block scalars and JSON need no second reader. Linear.
 */
export function commentsOf({ source, root }: SourceDocument): readonly Comment[] {
  const comments: Comment[] = [];
  const { text } = source;
  let at = 0;
  const gap = (to: number): void => {
    for (let hash = text.indexOf("#", at); hash !== -1 && hash < to; hash = text.indexOf("#", at)) {
      const end = lineEnd(text, hash);
      const start = text.lastIndexOf("\n", hash - 1) + 1;
      const alone = text.slice(start, hash).trim() === "";
      const { line } = source.span(hash, hash);
      comments.push({ start: hash, end, line, alone, text: text.slice(hash + 1, end) });
      at = end;
    }
  };
  const skip = (start: number, end: number): void => {
    gap(start);
    at = Math.max(at, end);
  };
  const visit = (node: DocumentNode): void => {
    if (node.kind === "list") for (const item of node.items) visit(item);
    else if (node.kind === "mapping") {
      for (const { keyStart, keyEnd, value } of node.entries.values()) {
        skip(keyStart, keyEnd);
        visit(value);
      }
    } else skip(isBlockScalar(text, node) ? lineEnd(text, node.start) : node.start, node.end);
  };
  visit(root);
  gap(text.length);
  return comments;
}

/** `|` or `>` and lines below it: the rest of the line it begins on is no part of the text. */
function isBlockScalar(text: string, node: DocumentNode): boolean {
  const opener = text[node.start];
  return node.kind === "scalar" && !node.plain && (opener === "|" || opener === ">");
}

/** The offset where the line of `at` ends, before a carriage return and the line feed. */
export function lineEnd(text: string, at: number): number {
  const feed = text.indexOf("\n", at);
  if (feed === -1) return text.length;
  return feed > at && text[feed - 1] === "\r" ? feed - 1 : feed;
}
