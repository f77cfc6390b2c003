import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Pair,
  Parser,
  type Scalar,
  type YAMLError,
} from "yaml";
import type { Code } from "../diagnostics/codes.js";
import { quoteText } from "../diagnostics/escape.js";
import type { Findings } from "../diagnostics/findings.js";
import { documentDepthMax } from "../limits.js";
import { isJsonFault, parseJson, reportDuplicate } from "./json.js";
import type { DocumentNode, MappingEntry, SourceDocument } from "./node.js";
import { parsePlainYaml } from "./plain-yaml.js";
import type { Source } from "./source.js";

/**
 * Reads YAML 1.2 or JSON into nodes with places. Text that begins with a bracket is tried as JSON first and, unless the
 * file is named `.json`, as YAML if that fails. Aliases, anchors, tags, merge keys, directives, second documents, duplicate
 * keys, infinite numbers and half surrogate pairs are refused (semantics D3, D8). Returns nothing when the nodes cannot be
 * trusted; after a duplicate key and the like it still returns them, so that the rest is checked in the same run.
 */
export function readDocument(source: Source, findings: Findings): SourceDocument | undefined {
  const root = readRoot(source, findings);
  return root !== undefined && checkScalars(source, root, findings) ? { source, root } : undefined;
}

function readRoot(source: Source, findings: Findings): DocumentNode | undefined {
  const named = source.file.toLowerCase().endsWith(".json");
  if (source.text.trim() === "") return reportEmpty(source, findings);
  if (!named && !looksLikeJson(source.text)) return readPlain(source, findings);
  const root = parseJson(source, findings);
  if (!isJsonFault(root)) return root;
  if (root.deep) findings.add("too_deep", { message: root.message, span: source.span(root.at, root.at + 1) });
  else if (named) findings.add("json_syntax", { message: root.message, span: source.span(root.at, root.at + 1) });
  else if (!findings.hasErrors) return readYaml(source, findings);
  return undefined;
}

function readPlain(source: Source, findings: Findings): DocumentNode | undefined {
  const plain = parsePlainYaml(source.text);
  if (plain === undefined) return readYaml(source, findings);
  if (plain.root === undefined) return reportEmpty(source, findings);
  for (const { key, earlier, start, end } of plain.duplicates) reportDuplicate(source, findings, key, earlier, { start, end });
  return plain.root;
}

function looksLikeJson(text: string): boolean {
  const first = text.trimStart()[0];
  return first === "{" || first === "[";
}

function reportEmpty(source: Source, findings: Findings): undefined {
  findings.add("document_empty", { message: "there is nothing in the document", span: source.span(0, 0) });
}

/** What the lexer sees before anything is composed, by its own token types. */
const refusedTokens: ReadonlyMap<string, readonly [Code, string]> = new Map([
  ["alias", ["yaml_alias", "aliases are not allowed, and this reads as one"]],
  ["anchor", ["yaml_anchor", "anchors are not allowed, and this reads as one"]],
  ["tag", ["yaml_tag", "tags are not allowed, and this reads as one"]],
  ["directive-line", ["yaml_directive", "directives are not allowed"]],
]);

/** The full YAML reader. Exported for the test that holds the plain reader to it. */
export function readYaml(source: Source, findings: Findings): DocumentNode | undefined {
  const parser = new Parser();
  const composer = new Composer({ version: "1.2", schema: "core", uniqueKeys: false, merge: false, logLevel: "silent" });
  let refused = false;
  let content = false;
  let broken = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    const type: string | null = content ? null : CST.tokenType(lexeme);
    content = type === "scalar";
    const refusal = type === null ? undefined : refusedTokens.get(type);
    if (refusal !== undefined) {
      refused = true;
      const [code, what] = refusal;
      const span = source.span(parser.offset, parser.offset + lexeme.length);
      findings.add(code, { message: `${what}: ${quoteText(lexeme.trimEnd(), 40)}`, span });
      if (findings.isFull) {
        findings.stopped();
        return undefined;
      }
    }
    for (const token of parser.next(lexeme)) {
      if (token.type === "error" && ++broken === brokenMax) return reportBroken(source, findings, parser.offset);
      for (const _ of composer.next(token)) return reportSecond(source, findings, "offset" in token ? token.offset : 0);
    }
    if (depthOf(parser) > documentDepthMax) return reportDepth(source, findings, parser.offset);
  }
  for (const token of parser.end()) {
    for (const _ of composer.next(token)) return reportSecond(source, findings, "offset" in token ? token.offset : 0);
  }
  for (const document of composer.end()) {
    reportSyntax(source, document, refused, findings);
    if (findings.hasErrors) return undefined;
    if (document.contents === null || isBlank(document)) return reportEmpty(source, findings);
    const conversion = new Conversion(source, findings);
    const root = conversion.node(document.contents, 0);
    return conversion.tooDeep ? undefined : root;
  }
  return reportEmpty(source, findings);
}

/** Pieces that fit nowhere, after which the rest is not read: such a text is no YAML at all. */
const brokenMax = 100;

function reportBroken(source: Source, findings: Findings, at: number): undefined {
  findings.add("yaml_syntax", {
    message: `${brokenMax} pieces of text fit nowhere, the last one here`,
    span: source.span(at, at),
  });
}

/** Open collections; the bottom of the parser's stack is the document itself, its top may be a scalar. */
function depthOf(parser: Parser): number {
  const top = parser.stack.at(-1);
  return parser.stack.length - 1 - (top !== undefined && "items" in top ? 0 : 1);
}

function isBlank(document: Document.Parsed): boolean {
  return isScalar(document.contents) && document.contents.value === null && document.contents.source === "";
}

function reportSecond(source: Source, findings: Findings, at: number): undefined {
  findings.add("yaml_second_document", { message: "a second document begins here", span: source.span(at, at) });
}

function reportDepth(source: Source, findings: Findings, at: number): undefined {
  findings.add("too_deep", { message: `nested deeper than ${documentDepthMax} levels`, span: source.span(at, at) });
}

/** Codes of the YAML reader that only repeat what was refused already. */
const consequences: ReadonlySet<string> = new Set([
  "ALIAS_PROPS",
  "BAD_ALIAS",
  "BAD_DIRECTIVE",
  "BAD_PROP_ORDER",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
  "TAG_RESOLVE_FAILED",
]);

function reportSyntax(source: Source, document: Document.Parsed, refused: boolean, findings: Findings): void {
  for (const error of document.errors) {
    if (refused && consequences.has(error.code)) continue;
    const [message, fix] = explain(error);
    findings.add("yaml_syntax", { message, fix, span: source.span(error.pos[0], Math.min(error.pos[1], source.text.length)) });
  }
}

/** The reader's codes in our words. */
function explain(error: YAMLError): readonly [message: string, fix?: string] {
  switch (error.code) {
    case "BAD_DQ_ESCAPE":
      return ["an escape that YAML does not know", "write a backslash twice, or use single quotes"];
    case "BAD_INDENT":
      return ["the indentation does not fit what is around it", "align the line with its neighbours"];
    case "BAD_SCALAR_START":
      return ["unquoted text may not begin with this character", "put the text into quotes"];
    case "BLOCK_AS_IMPLICIT_KEY":
      return ["a second `:` or a list on the same line", "put text that holds `: ` into quotes, or begin a new line"];
    case "BLOCK_IN_FLOW":
      return ["an indented block inside brackets", "use one style, brackets or indentation"];
    case "KEY_OVER_1024_CHARS":
      return ["a key longer than 1024 characters", "shorten the key, or write `? ` before it"];
    case "MISSING_CHAR":
      if (error.message.includes("closing")) return ["the quoted text does not end", "add the closing quote"];
      if (error.message.includes("Implicit map keys"))
        return ["expected `:` after this", "write `key: value`, or `- ` before a list entry"];
      return ["a `,`, a space or a closing bracket is missing", "check the punctuation at this place"];
    case "MULTILINE_IMPLICIT_KEY":
      return ["a key may not go over several lines", "check the line above for a missing `:` or quote"];
    case "RESOURCE_EXHAUSTION":
      return ["the text could not be read to its end"];
    case "TAB_AS_INDENT":
      return ["a tab in the indentation", "indent with spaces"];
    default:
      return ["text that is not expected here", "check the quotes and the indentation at this place"];
  }
}

/** The reader's nodes to ours. Recursion is capped by the depth of the document. */
class Conversion {
  tooDeep = false;

  constructor(
    readonly source: Source,
    readonly findings: Findings,
  ) {}

  node(node: unknown, depth: number): DocumentNode {
    if (isMap(node)) return this.#mapping(node.items as Pair[], node, depth);
    if (isSeq(node)) {
      if (!this.#fits(depth, node)) return nothingAt(startOf(node));
      const items = node.items.map((item) => this.node(item, depth + 1));
      return { kind: "list", items, start: startOf(node), end: this.#end(node, items.at(-1)?.end) };
    }
    if (isScalar(node)) {
      const start = startOf(node);
      const end = node.type === "BLOCK_FOLDED" || node.type === "BLOCK_LITERAL" ? this.#trimmed(start, endOf(node)) : endOf(node);
      return { kind: "scalar", value: node.value as string | number | boolean | null, plain: node.type === "PLAIN", start, end };
    }
    return nothingAt(isAlias(node) ? startOf(node) : 0);
  }

  #mapping(pairs: readonly Pair[], node: { range?: unknown; flow?: unknown }, depth: number): DocumentNode {
    const start = startOf(node);
    if (!this.#fits(depth, node)) return nothingAt(start);
    const entries = new Map<string, MappingEntry>();
    let last = start;
    for (const pair of pairs) {
      const place = { start: startOf(pair.key), end: Math.max(startOf(pair.key), endOf(pair.key)) };
      const value = pair.value === null ? nothingAt(place.end) : this.node(pair.value, depth + 1);
      last = Math.max(last, value.end, place.end);
      const key = this.#key(pair.key, place);
      if (key === undefined) continue;
      const earlier = entries.get(key);
      if (earlier !== undefined) reportDuplicate(this.source, this.findings, key, earlier, place);
      else entries.set(key, { key, keyStart: place.start, keyEnd: place.end, value });
    }
    return { kind: "mapping", entries, start, end: this.#end(node, last) };
  }

  /** Unquoted keys are the text as written, so `0` and `null` are names like any other. */
  #key(node: unknown, place: { start: number; end: number }): string | undefined {
    const span = this.source.span(place.start, place.end);
    if (!isScalar(node) || (node.type === "PLAIN" && (node.source ?? "") === "")) {
      const message = isScalar(node) ? "the key is missing" : "the key is not text";
      this.findings.add("key_not_text", { message, span });
      return undefined;
    }
    const key = keyText(node);
    if (key !== "<<" || node.type !== "PLAIN") return key;
    this.findings.add("yaml_merge_key", { message: "merge keys are not allowed", span });
    return undefined;
  }

  #fits(depth: number, node: unknown): boolean {
    if (depth < documentDepthMax) return true;
    if (!this.tooDeep) reportDepth(this.source, this.findings, startOf(node));
    this.tooDeep = true;
    return false;
  }

  /** Collections in brackets end where they say; others with their last entry, not with the white space after it. */
  #end(node: { range?: unknown; flow?: unknown }, last: number | undefined): number {
    return node.flow === true || last === undefined ? endOf(node) : last;
  }

  #trimmed(start: number, end: number): number {
    while (end > start && " \t\r\n".includes(this.source.text[end - 1]!)) end--;
    return end;
  }
}

function keyText(node: Scalar): string {
  return node.type === "PLAIN" ? (node.source ?? "") : String(node.value);
}

function nothingAt(at: number): DocumentNode {
  return { kind: "scalar", value: null, plain: true, start: at, end: at };
}

function startOf(node: unknown): number {
  return (node as { range?: [number, number, number] } | null)?.range?.[0] ?? 0;
}

function endOf(node: unknown): number {
  return (node as { range?: [number, number, number] } | null)?.range?.[1] ?? 0;
}

/** Values that both notations can spell and nothing can use. Says whether all numbers are finite. */
function checkScalars(source: Source, root: DocumentNode, findings: Findings): boolean {
  let finite = true;
  const check = (node: DocumentNode): void => {
    if (node.kind === "list") for (const item of node.items) check(item);
    else if (node.kind === "mapping") {
      for (const entry of node.entries.values()) {
        checkText(source, entry.key, { start: entry.keyStart, end: entry.keyEnd }, findings);
        check(entry.value);
      }
    } else if (typeof node.value === "string") checkText(source, node.value, node, findings);
    else if (typeof node.value === "number" && !Number.isFinite(node.value)) {
      finite = false;
      const written = quoteText(source.text.slice(node.start, node.end), 40);
      findings.add("number_not_finite", {
        message: `${written} is not a finite number`,
        span: source.span(node.start, node.end),
      });
    }
  };
  check(root);
  return finite;
}

function checkText(source: Source, text: string, place: { start: number; end: number }, findings: Findings): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) i++;
    else {
      const message = `the escape for U+${unit.toString(16).toUpperCase()} stands alone`;
      findings.add("lone_surrogate", { message, span: source.span(place.start, place.end) });
      return;
    }
  }
}
