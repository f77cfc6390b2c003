import { escapeText } from "../../diagnostics/escape.js";

/** Characters of a name that is shown whole. */
const nameShown = 200;

/**
 * Text from outside as code: names of people, issues, links, emoji and markup inside mean nothing there. A backquote or a pipe
 * could end the span or the table's cell, so such text is written as an element whose characters are numbered.
 */
export function codeSpan(text: string): string {
  const safe = escapeText(cut(text));
  if (safe === "") return "`(empty)`";
  if (!/[`|]/.test(safe) && !/^ | $/.test(safe)) return `\`${safe}\``;
  return `<code>${safe.replace(/[^A-Za-z0-9 _]/g, (unit) => (unit > "~" ? unit : `&#${unit.charCodeAt(0)};`))}</code>`;
}

/** A sentence that may hold text from outside: as text where it is plain words, otherwise as code. */
export function prose(text: string): string {
  const plain = text !== "" && /^[\p{L}\p{N} ,.:;'()%/_-]*$/u.test(text) && !meaning.test(text);
  return plain ? cut(text).replaceAll("_", "\\_") : codeSpan(text);
}

/** What plain characters can still mean to a renderer: addresses, commits, issues, emoji, emphasis, lists. */
const meaning = /www\.|:\/\/|:\S*:|\bgh-\d|\b[0-9a-f]{7,}\b|(?:^|\s)_|_(?:\s|$)|__|^\s*(?:[-.]|\d+[.)])/i;

function cut(text: string): string {
  const points = [...text.slice(0, nameShown * 2 + 2)];
  if (points.length <= nameShown) return text;
  return `${points.slice(0, nameShown).join("")}... (${text.length.toLocaleString("en-US")} characters)`;
}

/** A table; cells are Markdown already. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const right = (head: string) => (head.endsWith(":") ? "---:" : "---");
  return [
    `| ${heads.map((head) => head.replace(/:$/, "")).join(" | ")} |`,
    `| ${heads.map(right).join(" | ")} |`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ];
}
