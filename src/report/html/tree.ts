/**
 * Elements as values. The page is written once as such values: `markup` turns them into text when the report is made, and the
 * page's script turns the same values into DOM nodes when somebody sorts or searches. Text is only ever text: there is no way
 * to put markup, a script, an event handler or an address from outside into a tree.
 */
export type Tag =
  | "a"
  | "article"
  | "button"
  | "caption"
  | "code"
  | "dd"
  | "details"
  | "div"
  | "dl"
  | "dt"
  | "em"
  | "figcaption"
  | "figure"
  | "footer"
  | "g"
  | "h1"
  | "h2"
  | "h3"
  | "header"
  | "input"
  | "label"
  | "li"
  | "line"
  | "main"
  | "nav"
  | "ol"
  | "output"
  | "p"
  | "rect"
  | "section"
  | "small"
  | "span"
  | "strong"
  | "summary"
  | "svg"
  | "table"
  | "tbody"
  | "td"
  | "th"
  | "thead"
  | "time"
  | "title"
  | "tr"
  | "ul"
  | "wbr";

/** What an element may carry. `href` is a place in the same page. */
export interface Attributes {
  readonly class?: string;
  readonly id?: string;
  readonly href?: `#${string}`;
  readonly role?: string;
  readonly scope?: "col" | "row";
  readonly colspan?: number;
  readonly datetime?: string;
  readonly type?: "button" | "search";
  readonly placeholder?: string;
  readonly autocomplete?: "off";
  readonly spellcheck?: "false";
  readonly tabindex?: 0 | -1;
  readonly hidden?: "";
  readonly viewBox?: string;
  readonly preserveAspectRatio?: "none";
  readonly x?: number;
  readonly y?: number;
  readonly x1?: number;
  readonly x2?: number;
  readonly y1?: number;
  readonly y2?: number;
  readonly width?: number;
  readonly height?: number;
  readonly [attribute: `aria-${string}` | `data-${string}`]: string | number | undefined;
}

export interface Tree {
  readonly tag: Tag;
  readonly attributes: Attributes;
  readonly children: readonly Child[];
}

export type Child = string | Tree;

export function h(tag: Tag, attributes: Attributes, ...children: readonly (Child | readonly Child[] | undefined)[]): Tree {
  return { tag, attributes, children: children.flatMap((child) => (child === undefined ? [] : (child as Child | Child[]))) };
}

const special: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

/** Text as HTML text or as the value of a quoted attribute. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => special.get(character) as string);
}

const empty: ReadonlySet<Tag> = new Set(["input", "wbr"]);

/** A tree as HTML. Linear in its size. */
export function markup(child: Child): string {
  const out: string[] = [];
  write(child, out);
  return out.join("");
}

function write(child: Child, out: string[]): void {
  if (typeof child === "string") {
    out.push(escapeMarkup(child));
    return;
  }
  out.push("<", child.tag);
  for (const [name, value] of Object.entries(child.attributes)) {
    if (value !== undefined) out.push(" ", name, '="', escapeMarkup(String(value)), '"');
  }
  out.push(">");
  if (empty.has(child.tag)) return;
  for (const each of child.children) write(each, out);
  out.push("</", child.tag, ">");
}
