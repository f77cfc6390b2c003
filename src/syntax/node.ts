import type { Span } from "../diagnostics/diagnostic.js";
import { quoteText } from "../diagnostics/escape.js";
import type { Source } from "./source.js";

/** A value of a YAML or JSON text with its place, as UTF-16 offsets; the end is exclusive. */
export type DocumentNode = MappingNode | ListNode | ScalarNode;

export interface MappingNode {
  readonly kind: "mapping";
  /** In the order of the text. A `Map`, so `0`, `constructor` and `__proto__` are keys like any other. */
  readonly entries: ReadonlyMap<string, MappingEntry>;
  readonly start: number;
  readonly end: number;
}

export interface MappingEntry {
  readonly key: string;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: DocumentNode;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly DocumentNode[];
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** Written without quotes, so its type was guessed from its spelling. */
  readonly plain: boolean;
  readonly start: number;
  readonly end: number;
}

/** A text that parsed: one root value, or nothing when errors were found. */
export interface SourceDocument {
  readonly source: Source;
  readonly root: DocumentNode;
}

export function nodeSpan(source: Source, node: { start: number; end: number }): Span {
  return source.span(node.start, node.end);
}

export function keySpan(source: Source, entry: MappingEntry): Span {
  return source.span(entry.keyStart, entry.keyEnd);
}

/** The value of a key, if `node` is a mapping that has it. */
export function child(node: DocumentNode | undefined, key: string): DocumentNode | undefined {
  return node?.kind === "mapping" ? node.entries.get(key)?.value : undefined;
}

export function textOf(node: DocumentNode | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

/**
 * The value as plain JavaScript, for the schema. Mappings have no prototype, so no key can reach one; their key order is
 * not kept, which is why nothing but the schema reads this. The depth was capped when the text was parsed.
 */
export function plainValue(node: DocumentNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainValue);
  const value: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of node.entries) value[key] = plainValue(entry.value);
  return value;
}

/** What a person would call the value: `text`, `the number 1.0`, `a list`. */
export function describe(source: Source, node: DocumentNode): string {
  if (node.kind === "mapping") return "a mapping";
  if (node.kind === "list") return "a list";
  if (node.value === null) return node.end > node.start ? "null" : "nothing";
  if (typeof node.value === "string") return "text";
  const written = quoteText(source.text.slice(node.start, node.end), 40);
  return typeof node.value === "number" ? `the number ${written}` : written;
}

/** A step of a path inside a document. */
export type PathStep = string | number;

/** `forbidden[2].severity`; keys that are not plain words are quoted. */
export function pathText(steps: readonly PathStep[]): string {
  let text = "";
  for (const step of steps) {
    if (typeof step === "number") text += `[${step}]`;
    else if (isWord(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

function isWord(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const letter = (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || unit === 0x5f;
    if (!letter && !(i > 0 && ((unit >= 0x30 && unit <= 0x39) || unit === 0x2d))) return false;
  }
  return text.length > 0;
}
