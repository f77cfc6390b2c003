import { diagnosticsShownMax } from "../limits.js";
import type { Diagnostic, Level, Span } from "./diagnostic.js";
import { escapeText } from "./escape.js";

export interface RenderOptions {
  /** The texts of the files, by the label that spans carry; without its text a diagnostic is shown without the line. */
  readonly sources: ReadonlyMap<string, string>;
  readonly color: boolean;
}

/** Characters of a source line shown around the place. */
const lineWidth = 110;
const beforeCaret = 60;

/**
 * Diagnostics as text for people: `file:line:column level code: message`, the line with a caret under the place, and what
 * to do. The first 50 are shown in full, then one line counts the rest (semantics D8). Ends with a line feed unless empty.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  const lines = new SourceLines(options.sources);
  let text = "";
  for (const found of diagnostics.slice(0, diagnosticsShownMax)) text += renderOne(found, lines, options.color);
  const rest = diagnostics.slice(diagnosticsShownMax);
  const [only] = rest;
  if (rest.length === 1 && only?.code === "more_problems") text += renderOne(only, lines, options.color);
  else if (rest.length > 0) text += `... and ${rest.length} more\n`;
  return text;
}

function renderOne(found: Diagnostic, lines: SourceLines, color: boolean): string {
  const { span } = found;
  const place = span === undefined ? "" : `${escapeText(span.file)}:${span.line}:${span.column}: `;
  let text = `${paint(place, "1", color)}${paint(found.level, levelColor[found.level], color)} ${found.code}: ${escapeText(found.message)}\n`;
  const line = span === undefined ? undefined : lines.at(span);
  if (span !== undefined && line !== undefined) text += caretLines(span, line, found.level, color);
  for (const note of found.notes ?? []) text += `  ${escapeText(note)}\n`;
  return `${text}  what to do: ${escapeText(found.fix)}\n`;
}

const levelColor: Readonly<Record<Level, string>> = { error: "31", warning: "33", notice: "36" };

function paint(text: string, code: string, color: boolean): string {
  return color && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** The line and, below it, carets under the part that is meant. A place over several lines is marked to the end of its first. */
function caretLines(span: Span, line: string, level: Level, color: boolean): string {
  const start = Math.min(span.column - 1, line.length);
  const end = span.endLine === span.line ? Math.min(span.endColumn - 1, line.length) : line.trimEnd().length;
  const from = start > beforeCaret ? start - beforeCaret : 0;
  const to = Math.min(line.length, from + lineWidth);
  const before = (from > 0 ? "..." : "") + visible(line.slice(from, start));
  const marked = visible(line.slice(start, Math.max(start, Math.min(end, to))));
  const after = visible(line.slice(Math.max(start, Math.min(end, to)), to)) + (to < line.length ? "..." : "");
  const number = String(span.line);
  const margin = " ".repeat(number.length);
  const carets = paint("^".repeat(Math.max(1, width(marked))), levelColor[level], color);
  return `  ${number} | ${before}${marked}${after}\n  ${margin} | ${" ".repeat(width(before))}${carets}\n`;
}

function visible(text: string): string {
  return escapeText(text.replaceAll("\t", " "));
}

/** Columns on a terminal: wide East Asian characters and emoji take two, combining marks none. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    if (point >= 0x300 && point <= 0x36f) continue;
    const wide =
      (point >= 0x1100 && point <= 0x115f) ||
      (point >= 0x2e80 && point <= 0xa4cf) ||
      (point >= 0xac00 && point <= 0xd7a3) ||
      (point >= 0xf900 && point <= 0xfaff) ||
      (point >= 0xff00 && point <= 0xff60) ||
      (point >= 0x1f300 && point <= 0x1faff) ||
      (point >= 0x20000 && point <= 0x3fffd);
    columns += wide ? 2 : 1;
  }
  return columns;
}

/** Lines of the sources by number, found without splitting a whole file for each diagnostic. */
class SourceLines {
  readonly #starts = new Map<string, readonly number[]>();

  constructor(readonly sources: ReadonlyMap<string, string>) {}

  at(span: Span): string | undefined {
    const text = this.sources.get(span.file);
    if (text === undefined) return undefined;
    let starts = this.#starts.get(span.file);
    if (starts === undefined) {
      starts = lineStarts(text);
      this.#starts.set(span.file, starts);
    }
    const start = starts[span.line - 1];
    if (start === undefined) return undefined;
    const next = starts[span.line];
    let end = next === undefined ? text.length : next - 1;
    if (text[end - 1] === "\r") end--;
    return text.slice(start, end);
  }
}

/** A byte order mark at the start is no part of the first line, as spans do not count it. */
function lineStarts(text: string): readonly number[] {
  const starts = [text.charCodeAt(0) === 0xfeff ? 1 : 0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
