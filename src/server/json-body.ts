import { quoteText } from "../diagnostics/escape.js";
import { jsonDepthMax } from "../limits.js";
import { RegistryFailure } from "../registry/failure.js";

const [quote, backslash, comma, open, close, openList, closeList] = [0x22, 0x5c, 0x2c, 0x7b, 0x7d, 0x5b, 0x5d];

/**
 * A JSON body: no key twice in one object, bounded depth, `__proto__` a name like any other. Linear in the text.
 * @throws RegistryFailure `invalid_request`
 */
export function parseJsonBody(bytes: Uint8Array): { readonly value: unknown; readonly text: string } {
  const text = decoded(bytes);
  checkNesting(text);
  try {
    return { value: JSON.parse(text) as unknown, text };
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    const place = at === undefined ? undefined : placeOf(text, Number(at));
    throw refused("the body is not JSON", place ?? placeOf(text, text.length));
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refused("the body is not UTF-8");
  }
}

/** Depth and repeated keys, of what may yet turn out to be no JSON. `JSON.parse` would keep the last of two equal keys. */
function checkNesting(text: string): void {
  const outer: (Set<string> | undefined)[] = [];
  let keys: Set<string> | undefined;
  let keyNext = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === quote) {
      const end = closingQuote(text, i + 1);
      if (keyNext && keys !== undefined) addKey(keys, text, i, end);
      keyNext = false;
      i = end;
    } else if (unit === open || unit === openList) {
      if (outer.length >= jsonDepthMax) throw refused(`the body is nested deeper than ${jsonDepthMax} levels`, placeOf(text, i));
      outer.push(keys);
      keys = unit === open ? new Set() : undefined;
      keyNext = unit === open;
    } else if (unit === close || unit === closeList) {
      keys = outer.pop();
      keyNext = false;
    } else if (unit === comma) {
      keyNext = keys !== undefined;
    }
  }
}

/** Index of the quote that ends a string, or the end of the text. */
function closingQuote(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === backslash) i++;
    else if (unit === quote) return i;
  }
  return text.length;
}

function addKey(keys: Set<string>, text: string, from: number, end: number): void {
  const key = unescaped(text.slice(from + 1, end));
  if (keys.has(key)) throw refused(`the body has the key ${quoteText(key)} twice in one object`, placeOf(text, from));
  keys.add(key);
}

function unescaped(inside: string): string {
  if (!inside.includes("\\")) return inside;
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return inside;
  }
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function placeOf(text: string, index: number): Place {
  const before = text.slice(0, index);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let i = before.indexOf("\n"); i !== -1; i = before.indexOf("\n", i + 1)) line++;
  return { line, column: index - lineStart + 1 };
}

function refused(message: string, place?: Place): RegistryFailure {
  return new RegistryFailure("invalid_request", message, { details: [{ path: "body", message, ...place }] });
}
