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
  return `${visibleJson(JSON.stringify(value, null, 2))}\n`;
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
