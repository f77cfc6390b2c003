/** Replaces `[start, end)` of a text, as UTF-16 offsets. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with all edits made, in any order; undefined when two of them overlap. Linear but for the sorting. */
export function applyTextEdits(text: string, edits: readonly TextEdit[]): string | undefined {
  let changed = "";
  let at = 0;
  for (const { start, end, text: inserted } of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < at || end < start) return undefined;
    changed += text.slice(at, start) + inserted;
    at = end;
  }
  return changed + text.slice(at);
}
