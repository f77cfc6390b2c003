import { documentDepthMax } from "../limits.js";
import type { DocumentNode, MappingEntry } from "./node.js";

/**
 * Reads the plain shape that policies are written in: block mappings and lists, texts on one line, brackets on one line,
 * comments. Everything else, every error and every doubt gives nothing, and the full YAML reader decides; a test holds the
 * two together. It is here because the full reader takes seconds and hundreds of megabytes for 100,000 globs.
 * Linear; recursion is capped by the depth of a document.
 */
export function parsePlainYaml(text: string): PlainDocument | undefined {
  const reader = new PlainYaml(text);
  try {
    return { root: reader.document(), duplicates: reader.duplicates };
  } catch (doubt) {
    if (doubt === unsure) return undefined;
    throw doubt;
  }
}

export interface PlainDocument {
  /** Absent when the text holds nothing but white space and comments. */
  readonly root: DocumentNode | undefined;
  /** Keys that repeat one before them in the same mapping; the first one counts. */
  readonly duplicates: readonly Duplicate[];
}

export interface Duplicate {
  readonly key: string;
  readonly earlier: MappingEntry;
  readonly start: number;
  readonly end: number;
}

const unsure = Symbol("not the plain shape");

/** Keys before a `:` may have 1024 characters in YAML; the full reader judges those near it. */
const keyLengthMax = 1000;

interface Token {
  readonly value: string;
  readonly plain: boolean;
  readonly start: number;
  readonly end: number;
}

class PlainYaml {
  readonly duplicates: Duplicate[] = [];
  /** The current line that says something: its indent, -1 at the end of the text, and where its content begins and ends. */
  #indent = -1;
  #start = 0;
  #end = 0;
  #nextLine = 0;

  constructor(readonly text: string) {}

  document(): DocumentNode | undefined {
    this.#advance();
    if (this.#indent === -1) return undefined;
    const root = this.#block(0);
    if (this.#indent !== -1) throw unsure;
    return root;
  }

  /** Goes to the next line that is neither blank nor a comment. */
  #advance(): void {
    const { text } = this;
    while (this.#nextLine < text.length) {
      const lineStart = this.#nextLine;
      const feed = text.indexOf("\n", lineStart);
      this.#nextLine = feed === -1 ? text.length : feed + 1;
      let end = feed === -1 ? text.length : feed;
      if (end > lineStart && text.charCodeAt(end - 1) === 0x0d) end--;
      let start = lineStart;
      while (start < end && text.charCodeAt(start) === 0x20) start++;
      if (start === end || text[start] === "#") continue;
      this.#indent = start - lineStart;
      this.#start = start;
      this.#end = end;
      if (this.#indent === 0 && (text.startsWith("---", start) || text.startsWith("...", start))) throw unsure;
      return;
    }
    this.#indent = -1;
  }

  #block(depth: number): DocumentNode {
    if (depth >= documentDepthMax || this.#indent === -1) throw unsure;
    return this.#isDash(this.#start) ? this.#list(this.#indent, depth) : this.#mapping(this.#indent, this.#start, depth);
  }

  #isDash(at: number): boolean {
    return this.text[at] === "-" && (at + 1 === this.#end || this.text[at + 1] === " ");
  }

  #mapping(indent: number, first: number, depth: number): DocumentNode {
    if (depth >= documentDepthMax) throw unsure;
    const entries = new Map<string, MappingEntry>();
    let at = first;
    let end = first;
    for (;;) {
      const key = this.#token(at, false);
      if (!this.#isColon(key.end)) throw unsure;
      if (key.end - key.start > keyLengthMax) throw unsure;
      const value = this.#mappingValue(key.end + 1, indent, depth);
      this.#enter(entries, key, value);
      end = value.end;
      if (this.#indent < indent) return { kind: "mapping", entries, start: first, end };
      if (this.#indent > indent || this.#isDash(this.#start)) throw unsure;
      at = this.#start;
    }
  }

  #enter(entries: Map<string, MappingEntry>, { value: key, start, end }: Token, value: DocumentNode): void {
    const earlier = entries.get(key);
    if (earlier === undefined) entries.set(key, { key, keyStart: start, keyEnd: end, value });
    else this.duplicates.push({ key, earlier, start, end });
  }

  /** What follows a colon: a value on the line, or a block below it, where a list may stand as far left as the key. */
  #mappingValue(from: number, indent: number, depth: number): DocumentNode {
    const at = this.#spaces(from);
    if (!this.#isRest(from, at)) return this.#inline(at, depth);
    this.#advance();
    if (this.#indent > indent || (this.#indent === indent && this.#isDash(this.#start))) return this.#block(depth + 1);
    throw unsure;
  }

  #list(indent: number, depth: number): DocumentNode {
    const start = this.#start;
    const items: DocumentNode[] = [];
    while (this.#indent === indent && this.#isDash(this.#start)) {
      const at = this.#spaces(this.#start + 1);
      if (this.#isRest(this.#start + 1, at)) {
        this.#advance();
        if (this.#indent <= indent) throw unsure;
        items.push(this.#block(depth + 1));
      } else if (this.#startsMapping(at)) items.push(this.#mapping(indent + at - this.#start, at, depth + 1));
      else items.push(this.#inline(at, depth));
    }
    if (this.#indent > indent) throw unsure;
    return { kind: "list", items, start, end: items.at(-1)!.end };
  }

  #startsMapping(at: number): boolean {
    const opener = this.text[at];
    return opener !== "[" && opener !== "{" && this.#isColon(this.#token(at, false).end);
  }

  /** A value that ends with its line. */
  #inline(at: number, depth: number): DocumentNode {
    const value = this.#value(at, false, depth + 1);
    if (!this.#isRest(value.end, this.#spaces(value.end))) throw unsure;
    this.#advance();
    return value;
  }

  #value(at: number, inBrackets: boolean, depth: number): DocumentNode {
    const opener = this.text[at];
    if (opener === "[" || opener === "{") {
      if (depth >= documentDepthMax) throw unsure;
      return opener === "[" ? this.#brackets(at, depth) : this.#braces(at, depth);
    }
    const { value, plain, start, end } = this.#token(at, inBrackets);
    return { kind: "scalar", value: plain ? resolve(value) : value, plain, start, end };
  }

  #brackets(start: number, depth: number): DocumentNode {
    const items: DocumentNode[] = [];
    let at = this.#spaces(start + 1);
    if (this.text[at] === "]" && at < this.#end) return { kind: "list", items, start, end: at + 1 };
    for (;;) {
      const item = this.#value(at, true, depth + 1);
      items.push(item);
      at = this.#spaces(item.end);
      if (this.#take(at, "]")) return { kind: "list", items, start, end: at + 1 };
      if (!this.#take(at, ",")) throw unsure;
      at = this.#spaces(at + 1);
    }
  }

  #braces(start: number, depth: number): DocumentNode {
    const entries = new Map<string, MappingEntry>();
    let at = this.#spaces(start + 1);
    if (this.#take(at, "}")) return { kind: "mapping", entries, start, end: at + 1 };
    for (;;) {
      const key = this.#token(at, true);
      if (this.text[key.end] !== ":" || this.text[key.end + 1] !== " ") throw unsure;
      if (key.end - key.start > keyLengthMax) throw unsure;
      const value = this.#value(this.#spaces(key.end + 1), true, depth + 1);
      this.#enter(entries, key, value);
      at = this.#spaces(value.end);
      if (this.#take(at, "}")) return { kind: "mapping", entries, start, end: at + 1 };
      if (!this.#take(at, ",")) throw unsure;
      at = this.#spaces(at + 1);
    }
  }

  #take(at: number, character: string): boolean {
    return at < this.#end && this.text[at] === character;
  }

  #spaces(at: number): number {
    while (at < this.#end && this.text.charCodeAt(at) === 0x20) at++;
    return at;
  }

  /** Nothing but a comment after `from`, where `at` is the first character that is no space. */
  #isRest(from: number, at: number): boolean {
    return at >= this.#end || (this.text[at] === "#" && at > from);
  }

  #isColon(at: number): boolean {
    return this.#take(at, ":") && (at + 1 === this.#end || this.text[at + 1] === " ");
  }

  #token(start: number, inBrackets: boolean): Token {
    const opener = this.text[start];
    if (start >= this.#end) throw unsure;
    if (opener === '"' || opener === "'") return this.#quoted(start, opener);
    return this.#plainToken(start, inBrackets);
  }

  #quoted(start: number, quote: string): Token {
    const { text } = this;
    let value = "";
    let kept = start + 1;
    for (let at = kept; at < this.#end; at++) {
      const character = text[at];
      if (character === "\\" && quote === '"') {
        const meant = this.#escape(at + 1);
        value += text.slice(kept, at) + meant.text;
        at = meant.end - 1;
        kept = meant.end;
      } else if (character === quote) {
        value += text.slice(kept, at);
        if (quote === '"' || text[at + 1] !== "'") return { value, plain: false, start, end: at + 1 };
        kept = ++at;
      }
    }
    throw unsure;
  }

  /** The escapes that JSON has as well. */
  #escape(at: number): { text: string; end: number } {
    if (at >= this.#end) throw unsure;
    const simple = escapes.get(this.text[at]!);
    if (simple !== undefined) return { text: simple, end: at + 1 };
    const digits = this.text.slice(at + 1, at + 5);
    if (this.text[at] !== "u" || !/^[0-9a-fA-F]{4}$/.test(digits)) throw unsure;
    return { text: String.fromCharCode(Number.parseInt(digits, 16)), end: at + 5 };
  }

  /** Unquoted text of visible characters that begins with a letter, a digit, `_` or anything outside ASCII. */
  #plainToken(start: number, inBrackets: boolean): Token {
    const { text } = this;
    if (!isFirst(text.charCodeAt(start))) throw unsure;
    let end = start + 1;
    for (let at = end; at < this.#end; at++) {
      const unit = text.charCodeAt(at);
      if (unit === 0x20) continue;
      if (!isVisible(unit)) throw unsure;
      if (unit === 0x23 && at > end) break;
      if (unit === 0x3a && this.#endsPlain(at + 1, inBrackets)) {
        // A space before the colon is legal and rare.
        if (at > end) throw unsure;
        break;
      }
      if (inBrackets) {
        if (unit === 0x2c || unit === 0x5d || unit === 0x7d) break;
        if (unit === 0x5b || unit === 0x7b) throw unsure;
      }
      end = at + 1;
    }
    return { value: text.slice(start, end), plain: true, start, end };
  }

  #endsPlain(at: number, inBrackets: boolean): boolean {
    if (at >= this.#end || this.text[at] === " ") return true;
    return inBrackets && ",[]{}".includes(this.text[at]!);
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

function isVisible(unit: number): boolean {
  return (unit > 0x20 && unit < 0x7f) || (unit > 0xa0 && unit !== 0xfeff);
}

function isFirst(unit: number): boolean {
  const letter = (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a) || unit === 0x5f;
  return letter || (unit >= 0x30 && unit <= 0x39) || (unit > 0xa0 && unit !== 0xfeff);
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ["null", null],
  ["Null", null],
  ["NULL", null],
  ["true", true],
  ["True", true],
  ["TRUE", true],
  ["false", false],
  ["False", false],
  ["FALSE", false],
]);

/** The value of an unquoted text in the core schema of YAML 1.2; spellings that need a second look are left alone. */
function resolve(text: string): string | number | boolean | null {
  const unit = text.charCodeAt(0);
  if (unit < 0x30 || unit > 0x39) {
    const word = words.get(text);
    return word === undefined ? text : word;
  }
  if (/^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?$/.test(text)) return Number(text);
  throw unsure;
}
