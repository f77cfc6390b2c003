import type { Code } from "../diagnostics/codes.js";
import { quoteText } from "../diagnostics/escape.js";
import { suggest } from "../diagnostics/suggest.js";
import { type Glob, type GlobFault, parseGlob } from "../glob/parse.js";
import { conditionBytesMax, conditionDepthMax, conditionTermsMax } from "../limits.js";
import type { Comparison, Condition, ConditionTerm, CountName, CountTest } from "../policy/model.js";
import { utf8Length } from "./source.js";

/** Why a text is no condition, and at which UTF-16 offsets of it. */
export interface ConditionFault {
  readonly code: Code;
  readonly message: string;
  readonly fix?: string;
  readonly start: number;
  readonly end: number;
}

export interface ParsedCondition {
  readonly condition: Condition;
  /** Each glob as written, with its place inside the text. */
  readonly globs: readonly { readonly glob: Glob; readonly start: number; readonly end: number }[];
}

/**
 * Parses a condition and multiplies it out into alternatives (semantics E7). `and` binds tighter than `or`.
 * Work is bounded by the caps on length, depth and alternatives.
 */
export function parseCondition(text: string): ParsedCondition | ConditionFault {
  if (utf8Length(text) > conditionBytesMax) {
    return {
      code: "condition_too_long",
      message: `the condition has more than ${conditionBytesMax} bytes`,
      start: 0,
      end: text.length,
    };
  }
  const parser = new ConditionParser(text);
  try {
    const terms = parser.condition();
    return { condition: { text, terms }, globs: parser.globs };
  } catch (fault) {
    if (fault instanceof Stop) return fault.fault;
    throw fault;
  }
}

export function isConditionFault(result: ParsedCondition | ConditionFault): result is ConditionFault {
  return "code" in result;
}

/** What is wrong with a glob, as a code, a message and perhaps a better advice. */
export function globFinding(fault: GlobFault, source: string): { code: Code; message: string } {
  switch (fault) {
    case "empty":
      return { code: "glob_empty", message: "the glob is empty" };
    case "too_long":
      return { code: "glob_too_long", message: `the glob ${quoteText(source, 40)} has more than 256 bytes` };
    case "too_many_wildcards":
      return { code: "glob_too_many_wildcards", message: `the glob ${quoteText(source, 40)} has more than 32 wildcards` };
    case "lone_surrogate":
      return { code: "lone_surrogate", message: "the glob holds half of a surrogate pair" };
  }
}

class Stop {
  constructor(readonly fault: ConditionFault) {}
}

interface Lexeme {
  readonly kind: "word" | "number" | "text" | "comparison" | "(" | ")" | "end" | "other";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const comparisons: readonly string[] = [">", ">=", "<", "<=", "==", "!="];
const counts: readonly string[] = ["tool_count", "unmapped_tool_count", "violation_count"];
const knownWords: readonly string[] = ["tool_matches", ...counts, "and", "or"];
/** What people write who come from other languages. */
const foreign: ReadonlyMap<string, string> = new Map([
  ["&&", "and"],
  ["&", "and"],
  ["||", "or"],
  ["|", "or"],
  ["=", "=="],
  ["===", "=="],
  ["<>", "!="],
  ["=>", ">="],
  ["=<", "<="],
]);

class ConditionParser {
  readonly globs: { glob: Glob; start: number; end: number }[] = [];
  #next: Lexeme = { kind: "end", text: "", start: 0, end: 0 };

  constructor(readonly text: string) {}

  condition(): readonly ConditionTerm[] {
    this.#advance();
    const terms = this.#either(0);
    if (this.#next.kind === "end") return terms;
    if (this.#next.kind === ")") this.#stop("condition_syntax", "this `)` closes nothing", "remove it, or add the missing `(`");
    return this.#unexpected("expected `and`, `or` or the end");
  }

  #either(depth: number): readonly ConditionTerm[] {
    let terms = this.#both(depth);
    while (this.#word("or")) {
      this.#advance();
      terms = this.#capped([...terms, ...this.#both(depth)]);
    }
    return terms;
  }

  #both(depth: number): readonly ConditionTerm[] {
    let terms = this.#single(depth);
    while (this.#word("and")) {
      this.#advance();
      const others = this.#single(depth);
      terms = this.#capped(terms.flatMap((a) => others.map((b) => joined(a, b))));
    }
    return terms;
  }

  #single(depth: number): readonly ConditionTerm[] {
    const lexeme = this.#next;
    if (lexeme.kind === "(") {
      if (depth >= conditionDepthMax) {
        this.#stop("condition_too_deep", `parentheses are nested deeper than ${conditionDepthMax}`);
      }
      this.#advance();
      const terms = this.#either(depth + 1);
      this.#expect(")", "expected `)`");
      return terms;
    }
    if (lexeme.kind === "word" && lexeme.text === "tool_matches") return [this.#toolMatches()];
    if (lexeme.kind === "word" && counts.includes(lexeme.text)) return [this.#count()];
    return this.#unexpected("expected tool_matches('...') or a count");
  }

  #toolMatches(): ConditionTerm {
    this.#advance();
    this.#expect("(", "expected `(` after tool_matches");
    const { kind, text, start, end } = this.#next;
    if (kind !== "text") this.#unexpected("expected a glob in quotes");
    const glob = parseGlob(text);
    if (typeof glob === "string") {
      const { code, message } = globFinding(glob, text);
      throw new Stop({ code, message, start, end });
    }
    this.globs.push({ glob, start, end });
    this.#advance();
    this.#expect(")", "expected `)` after the glob");
    return { globs: [glob], tests: [] };
  }

  #count(): ConditionTerm {
    const count = this.#next.text as CountName;
    this.#advance();
    const sign = this.#next;
    if (sign.kind !== "comparison") this.#unexpected("expected a comparison such as `>`");
    this.#advance();
    const { kind, text } = this.#next;
    if (kind !== "number") this.#unexpected("expected a whole number");
    const value = Number(text);
    if (!Number.isSafeInteger(value)) {
      this.#stop("condition_number", `${quoteText(text, 40)} is not a whole number that can be counted to`);
    }
    this.#advance();
    const test: CountTest = { count, comparison: sign.text as Comparison, value: value === 0 ? 0 : value };
    return { globs: [], tests: [test] };
  }

  #capped(terms: readonly ConditionTerm[]): readonly ConditionTerm[] {
    const distinct = new Map(terms.map((term) => [termKey(term), term]));
    if (distinct.size <= conditionTermsMax) return [...distinct.values()];
    const message = `multiplied out, the condition has more than ${conditionTermsMax} alternatives`;
    throw new Stop({ code: "condition_too_many_terms", message, start: 0, end: this.text.length });
  }

  #word(text: string): boolean {
    return this.#next.kind === "word" && this.#next.text === text;
  }

  #expect(kind: Lexeme["kind"], message: string): void {
    if (this.#next.kind !== kind) this.#unexpected(message);
    this.#advance();
  }

  #unexpected(expected: string): never {
    const { kind, text } = this.#next;
    if (kind === "end") return this.#stop("condition_syntax", `${expected}, found the end of the condition`);
    const known = foreign.get(text);
    if (known !== undefined) return this.#stop("condition_syntax", `${expected}, found ${quoteText(text)}`, `write \`${known}\``);
    if (kind === "word" && text === "not") {
      return this.#stop("condition_unknown_word", "conditions have no `not`", "name the tools that are meant instead");
    }
    if (kind === "word" && !knownWords.includes(text)) {
      const meant = suggest(text, knownWords);
      const fix = meant === undefined ? undefined : `did you mean \`${meant}\`?`;
      return this.#stop("condition_unknown_word", `unknown word ${quoteText(text)}`, fix);
    }
    if (kind === "other" && (text[0] === "'" || text[0] === '"')) {
      return this.#stop("condition_syntax", "the quoted glob does not end", `add the closing ${text[0]}`);
    }
    return this.#stop("condition_syntax", `${expected}, found ${quoteText(text, 40)}`);
  }

  #stop(code: Code, message: string, fix?: string): never {
    const { start, end } = this.#next;
    throw new Stop({ code, message, start, end, ...(fix === undefined ? {} : { fix }) });
  }

  #advance(): void {
    this.#next = this.#lexeme(this.#next.end);
  }

  #lexeme(from: number): Lexeme {
    const { text } = this;
    let start = from;
    while (start < text.length && isSpace(text.charCodeAt(start))) start++;
    const first = text[start];
    if (first === undefined) return { kind: "end", text: "", start, end: start };
    if (first === "(" || first === ")") return { kind: first, text: first, start, end: start + 1 };
    if (first === "'" || first === '"') return this.#quoted(first, start);
    let end = start;
    while (end < text.length && isWordUnit(text.charCodeAt(end))) end++;
    if (end > start || first === "-" || first === "+") return this.#wordOrNumber(start, end);
    while (end < text.length && "<>=!&|".includes(text[end]!)) end++;
    if (end === start) end += (text.codePointAt(start) as number) > 0xffff ? 2 : 1;
    const sign = text.slice(start, end);
    return { kind: comparisons.includes(sign) ? "comparison" : "other", text: sign, start, end };
  }

  #quoted(quote: string, start: number): Lexeme {
    const close = this.text.indexOf(quote, start + 1);
    if (close === -1) return { kind: "other", text: this.text.slice(start), start, end: this.text.length };
    return { kind: "text", text: this.text.slice(start + 1, close), start, end: close + 1 };
  }

  #wordOrNumber(start: number, wordEnd: number): Lexeme {
    const { text } = this;
    let end = wordEnd;
    const signed = end === start;
    if (signed) end++;
    while (end < text.length && (isWordUnit(text.charCodeAt(end)) || text[end] === ".")) end++;
    const word = text.slice(start, end);
    const numeric = signed ? isDigit(text.charCodeAt(start + 1)) : isDigit(text.charCodeAt(start));
    if (!numeric) return { kind: signed ? "other" : "word", text: word, start, end };
    const digits = signed ? word.slice(1) : word;
    for (let i = 0; i < digits.length; i++) {
      if (isDigit(digits.charCodeAt(i))) continue;
      throw new Stop({ code: "condition_number", message: `${quoteText(word, 40)} is not a whole number`, start, end });
    }
    return { kind: "number", text: word, start, end };
  }
}

/** Both terms at once, without repeating a glob or a test. */
function joined(a: ConditionTerm, b: ConditionTerm): ConditionTerm {
  const globs = new Map([...a.globs, ...b.globs].map((glob) => [glob.text, glob]));
  const tests = new Map([...a.tests, ...b.tests].map((test) => [testKey(test), test]));
  return { globs: [...globs.values()], tests: [...tests.values()] };
}

function testKey(test: CountTest): string {
  return `${test.count} ${test.comparison} ${test.value}`;
}

function termKey(term: ConditionTerm): string {
  return JSON.stringify([term.globs.map((glob) => glob.text).sort(), term.tests.map(testKey).sort()]);
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isWordUnit(unit: number): boolean {
  return isDigit(unit) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a) || unit === 0x5f;
}
