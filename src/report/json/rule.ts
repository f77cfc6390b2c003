import { isUnseen } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";

/** A rule and where it stands, as every machine output writes it. */
export function ruleJson(rule: RuleRef): object;
export function ruleJson(rule: RuleRef | null): object | null;
export function ruleJson(rule: RuleRef | null): object | null {
  if (rule === null) return null;
  return {
    kind: rule.kind,
    layer: rule.layer,
    index: rule.index,
    label: rule.label,
    pattern: rule.pattern,
    reason: rule.reason,
    severity: rule.severity,
    action: rule.action,
    file: rule.file,
    line: rule.line,
    column: rule.column,
  };
}

/** Epoch milliseconds as ISO 8601; null for "no time". */
export function timeJson(ms: number | undefined): string | null {
  return ms === undefined || !Number.isFinite(ms) ? null : new Date(ms).toISOString();
}

/**
 * One document with a final newline; absent fields are left out, never `undefined`. Invisible and reordering characters are
 * written as `\uXXXX`: the text says the same to a parser and cannot mislead who looks at it on a terminal.
 */
export function jsonText(value: object): string {
  return [...jsonPieces(value)].join("");
}

const pieceLength = 64 * 1024;

/**
 * The same in pieces: a report may be longer than a string can be (512 MiB), and need not be in memory twice. Lists at the top, and
 * those of objects at the top, are written item by item; an item with `toJSON` is made when its turn comes.
 */
export function* jsonPieces(value: object): Generator<string> {
  let piece = "";
  for (const part of objectParts(value, "", 1)) {
    piece += part;
    if (piece.length < pieceLength) continue;
    yield visibleJson(piece);
    piece = "";
  }
  yield visibleJson(`${piece}\n`);
}

/** `levels`: how deep objects inside are taken apart, too. */
function* objectParts(value: object, indent: string, levels: number): Generator<string> {
  const inner = `${indent}  `;
  let before = "{";
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    yield `${before}\n${inner}${JSON.stringify(key)}: `;
    before = ",";
    if (Array.isArray(field)) yield* listParts(field, inner);
    else if (levels > 0 && isPlain(field)) yield* objectParts(field, inner, levels - 1);
    else yield indented(field, inner);
  }
  yield before === "{" ? "{}" : `\n${indent}}`;
}

function* listParts(list: readonly unknown[], indent: string): Generator<string> {
  const inner = `${indent}  `;
  let before = "[";
  for (const item of list) {
    yield `${before}\n${inner}${indented(item, inner)}`;
    before = ",";
  }
  yield before === "[" ? "[]" : `\n${indent}]`;
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !("toJSON" in value);
}

/** Strings of JSON hold no line ends, so every one of them is the layout's. */
function indented(value: unknown, indent: string): string {
  return JSON.stringify(value ?? null, null, 2).replaceAll("\n", `\n${indent}`);
}

/** Outside of strings JSON is ASCII, and inside of them control characters below U+0020 are escaped already. */
export function visibleJson(json: string): string {
  return json.replace(/[^\0-\x7e]/gu, (character) =>
    isUnseen(character.codePointAt(0) as number) ? unitEscapes(character) : character,
  );
}

function unitEscapes(character: string): string {
  let out = "";
  for (let i = 0; i < character.length; i++) out += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return out;
}
