import { quoteText } from "../diagnostics/escape.js";
import type { Findings } from "../diagnostics/findings.js";
import { documentDepthMax } from "../limits.js";
import type { DocumentNode, MappingEntry } from "./node.js";
import type { Source } from "./source.js";

/** Where a JSON text stopped making sense. `deep` when it was only nested too deeply. */
export interface JsonFault {
  readonly at: number;
  readonly message: string;
  readonly deep?: boolean;
}

/**
 * Strict JSON (RFC 8259) with places. Duplicate keys are reported to `findings` and the first one stays; anything else
 * that is wrong ends the parse with a fault. Linear in the text, at most 16 levels of recursion.
 */
export function parseJson(source: Source, findings: Findings): DocumentNode | JsonFault {
  const parser = new JsonParser(source, findings);
  try {
    return parser.document();
  } catch (fault) {
    if (fault instanceof Stop) return fault.fault;
    throw fault;
  }
}

export function isJsonFault(result: DocumentNode | JsonFault): result is JsonFault {
  return "at" in result;
}

class Stop {
  constructor(readonly fault: JsonFault) {}
}

class JsonParser {
  #at = 0;
  readonly #text: string;

  constructor(
    readonly source: Source,
    readonly findings: Findings,
  ) {
    this.#text = source.text;
  }

  document(): DocumentNode {
    this.#space();
    const root = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#stop(`unexpected ${this.#here()} after the end of the value`);
    return root;
  }

  #value(depth: number): DocumentNode {
    const start = this.#at;
    const character = this.#text[start];
    if (character === "{" || character === "[") {
      if (depth >= documentDepthMax) {
        throw new Stop({ at: start, message: `nested deeper than ${documentDepthMax} levels`, deep: true });
      }
      return character === "{" ? this.#mapping(depth) : this.#list(depth);
    }
    if (character === '"') {
      const value = this.#string();
      return { kind: "scalar", value, plain: false, start, end: this.#at };
    }
    if (character === "-" || isDigit(this.#text.charCodeAt(start))) {
      const value = this.#number();
      return { kind: "scalar", value, plain: true, start, end: this.#at };
    }
    for (const [word, value] of words) {
      if (!this.#text.startsWith(word, start)) continue;
      this.#at += word.length;
      return { kind: "scalar", value, plain: true, start, end: this.#at };
    }
    return this.#stop(`expected a value, found ${this.#here()}`);
  }

  #mapping(depth: number): DocumentNode {
    const start = this.#at++;
    const entries = new Map<string, MappingEntry>();
    this.#space();
    if (this.#take("}")) return { kind: "mapping", entries, start, end: this.#at };
    for (;;) {
      this.#space();
      const keyStart = this.#at;
      if (this.#text[keyStart] !== '"') this.#stop(`expected a key in double quotes, found ${this.#here()}`);
      const key = this.#string();
      const keyEnd = this.#at;
      this.#space();
      if (!this.#take(":")) this.#stop(`expected \`:\` after the key, found ${this.#here()}`);
      this.#space();
      const value = this.#value(depth + 1);
      const earlier = entries.get(key);
      if (earlier === undefined) entries.set(key, { key, keyStart, keyEnd, value });
      else reportDuplicate(this.source, this.findings, key, earlier, { start: keyStart, end: keyEnd });
      this.#space();
      if (this.#take("}")) return { kind: "mapping", entries, start, end: this.#at };
      if (!this.#take(",")) this.#stop(`expected \`,\` or \`}\`, found ${this.#here()}`);
    }
  }

  #list(depth: number): DocumentNode {
    const start = this.#at++;
    const items: DocumentNode[] = [];
    this.#space();
    if (this.#take("]")) return { kind: "list", items, start, end: this.#at };
    for (;;) {
      this.#space();
      items.push(this.#value(depth + 1));
      this.#space();
      if (this.#take("]")) return { kind: "list", items, start, end: this.#at };
      if (!this.#take(",")) this.#stop(`expected \`,\` or \`]\`, found ${this.#here()}`);
    }
  }

  #string(): string {
    const text = this.#text;
    const start = ++this.#at;
    let value = "";
    let kept = start;
    for (;;) {
      const unit = text.charCodeAt(this.#at);
      if (unit === 0x22) {
        value += text.slice(kept, this.#at++);
        return value;
      }
      if (Number.isNaN(unit) || unit < 0x20) this.#stop("the text in double quotes does not end on its line");
      if (unit === 0x5c) {
        value += text.slice(kept, this.#at) + this.#escape();
        kept = this.#at;
      } else this.#at++;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    const simple = escapes.get(letter);
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (letter !== "u" || digits.length < 4 || ![...digits].every(isHexDigit)) this.#stop("an escape that JSON does not know");
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(): number {
    const start = this.#at;
    this.#take("-");
    if (!this.#take("0")) this.#digits();
    if (this.#take(".")) this.#digits();
    if (this.#take("e") || this.#take("E")) {
      if (!this.#take("+")) this.#take("-");
      this.#digits();
    }
    return Number(this.#text.slice(start, this.#at));
  }

  #digits(): void {
    if (!isDigit(this.#text.charCodeAt(this.#at))) this.#stop(`expected a digit, found ${this.#here()}`);
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #space(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #here(): string {
    const point = this.#text.codePointAt(this.#at);
    return point === undefined ? "the end of the text" : quoteText(String.fromCodePoint(point));
  }

  #stop(message: string): never {
    throw new Stop({ at: this.#at, message });
  }
}

/** Both readers report a repeated key the same way, at the later place. */
export function reportDuplicate(
  source: Source,
  findings: Findings,
  key: string,
  earlier: MappingEntry,
  place: { start: number; end: number },
): void {
  if (findings.isFull) {
    findings.countErrors(1);
    return;
  }
  const { line } = source.span(earlier.keyStart, earlier.keyEnd);
  findings.add("duplicate_key", {
    message: `the key ${quoteText(key)} stands already in line ${line}`,
    span: source.span(place.start, place.end),
  });
}

const words: readonly (readonly [string, boolean | null])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isHexDigit(character: string): boolean {
  return "0123456789abcdefABCDEF".includes(character);
}
