import { Draw } from "./random-policy.js";

/** One way to lay out a policy. */
export interface Style {
  readonly indent: 1 | 2 | 4;
  /** `rules`: each rule in braces; `lists`: globs in brackets; `all`: everything below a section in brackets. */
  readonly flow: "block" | "rules" | "lists" | "all" | "json" | "json-lines";
  readonly ends: "\n" | "\r\n";
  readonly comments: boolean;
  readonly blanks: boolean;
  readonly quotes: "plain" | "single" | "double";
  /** Lists stand as far left as their key. */
  readonly indentless: boolean;
}

type Value = string | boolean | readonly Value[] | ReadonlyMap<string, Value>;

const names = ["web", "files", "0", "__proto__", "constructor", "a b"];
const texts = ["mcp__x__y", "mcp__x*", "a#b", "a?c", "it's", "x, y", "é😀", "a: b", "- c", "] }"];

/** The text of a random valid policy in a style; equal arguments give equal text. */
export function styledPolicy(seed: number, style: Style): string {
  const draw = new Draw(seed);
  const glob = () => draw.of(texts);
  const rule = (...pairs: (readonly [string, Value])[]) => new Map(pairs);
  const some = <T>(max: number, make: () => T) => draw.list(max, make);
  const globs = (): Value => [glob(), ...some(3, glob)];
  const root = new Map<string, Value>([
    ["meta", new Map([...Object.entries({ schema_version: "1.0", name: "n", scope: "agent" })])],
    [
      "capability_mappings",
      new Map(names.filter(() => draw.chance(40)).map((name) => [name, rule(["tools", globs()], ["card_actions", ["x"]])])),
    ],
    ["forbidden", some(4, () => rule(["pattern", glob()], ["reason", draw.of(["r", "a # b", "{"])], ["severity", "low"]))],
    [
      "escalation_triggers",
      some(3, () => rule(["condition", "tool_matches('a*')"], ["action", "warn"], ["reason", draw.of(["r", "[ x"])])),
    ],
    ["defaults", rule(["unmapped_tool_action", "deny"], ["unmapped_severity", "low"], ["fail_open", false])],
  ]);
  if (style.flow === "json") return JSON.stringify(jsonOf(root)).replaceAll("\n", style.ends);
  if (style.flow === "json-lines") return JSON.stringify(jsonOf(root), undefined, style.indent).replaceAll("\n", style.ends);
  const text = new Layout(style, draw).root(root);
  return text.replaceAll("\n", style.ends);
}

/** As an object without prototype, so that `__proto__` is a key; JSON puts `0` first, which is as good an order. */
function jsonOf(value: Value): unknown {
  if (value instanceof Map) {
    const object = Object.create(null);
    for (const [key, each] of value) object[key] = jsonOf(each);
    return object;
  }
  return Array.isArray(value) ? value.map(jsonOf) : value;
}

class Layout {
  constructor(
    readonly style: Style,
    readonly draw: Draw,
  ) {}

  root(value: ReadonlyMap<string, Value>): string {
    return [...value].map(([key, each]) => this.entry(key, each, 0, 0)).join("");
  }

  /** Comments and blank lines before an entry. */
  private above(column: number): string {
    const { comments, blanks } = this.style;
    const blank = blanks && this.draw.chance(30) ? "\n" : "";
    const comment = comments && this.draw.chance(40) ? `${" ".repeat(column)}# ${this.draw.of(texts)}\n` : "";
    return this.draw.chance(50) ? comment + blank : blank + comment;
  }

  private behind(): string {
    return this.style.comments && this.draw.chance(30) ? ` # ${this.draw.of(texts)}` : "";
  }

  private entry(key: string, value: Value, column: number, depth: number): string {
    return `${this.above(column)}${" ".repeat(column)}${this.scalar(key)}:${this.value(value, column, depth + 1)}`;
  }

  private value(value: Value, column: number, depth: number): string {
    if (this.isInline(value, depth)) return ` ${this.inline(value)}${this.behind()}\n`;
    const behind = this.behind();
    if (value instanceof Map) {
      return `${behind}\n${[...value].map(([key, each]) => this.entry(key, each, column + this.style.indent, depth)).join("")}`;
    }
    const inner = column + (this.style.indentless ? 0 : this.style.indent);
    return `${behind}\n${(value as readonly Value[]).map((item) => this.item(item, inner, depth)).join("")}`;
  }

  private item(value: Value, column: number, depth: number): string {
    const start = `${this.above(column)}${" ".repeat(column)}-`;
    if (this.isInline(value, depth + 1)) return `${start} ${this.inline(value)}${this.behind()}\n`;
    const entries = [...(value as ReadonlyMap<string, Value>)].map(([key, each]) => this.entry(key, each, column + 2, depth + 1));
    const whole = entries.join("");
    const first = whole.search(/^ *[^ #\n]/m);
    // A comment or a blank line before the first key leaves the dash alone on its line.
    return first === 0 ? `${start} ${whole.slice(column + 2)}` : `${start}\n${whole}`;
  }

  private isInline(value: Value, depth: number): boolean {
    if (typeof value === "string" || typeof value === "boolean") return true;
    const isList = Array.isArray(value);
    if (isList ? value.length === 0 : (value as ReadonlyMap<string, Value>).size === 0) return true;
    const { flow } = this.style;
    return (
      (flow === "all" && depth > 0) ||
      (flow === "lists" && isList && typeof value[0] === "string") ||
      (flow === "rules" && depth > 1 && !isList)
    );
  }

  private inline(value: Value): string {
    if (value instanceof Map)
      return `{${[...value].map(([key, each]) => `${this.scalar(key)}: ${this.inline(each)}`).join(", ")}}`;
    if (Array.isArray(value))
      return `[${value.map((each) => this.inline(each)).join(", ")}${value.length > 0 && this.draw.chance(20) ? "," : ""}]`;
    return typeof value === "boolean" ? String(value) : this.scalar(value as string);
  }

  private scalar(text: string): string {
    const { quotes } = this.style;
    if (quotes === "plain" && /^[A-Za-z_][A-Za-z_?*]*$/.test(text)) return text;
    return quotes === "single" ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
  }
}
