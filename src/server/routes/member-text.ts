/**
 * The text of a member of a JSON object, such as `["old", "policy"]`, as it was sent. Of valid JSON without duplicate keys; one pass.
 * Parsed objects lose the order of names that look like numbers, and the places in the text.
 */
export function memberText(json: string, path: readonly string[]): string | undefined {
  let at = blankFrom(json, 0);
  let end = json.length;
  for (const name of path) {
    const found = memberOf(json, at, name);
    if (found === undefined) return undefined;
    [at, end] = found;
  }
  return json.slice(at, end);
}

/** Start and end of the value. */
function memberOf(json: string, start: number, name: string): [number, number] | undefined {
  if (json[start] !== "{") return undefined;
  let at = blankFrom(json, start + 1);
  while (json[at] === '"') {
    const keyEnd = stringEnd(json, at);
    const key = json.slice(at, keyEnd);
    const value = blankFrom(json, blankFrom(json, keyEnd) + 1);
    const end = valueEnd(json, value);
    if (JSON.parse(key) === name) return [value, end];
    at = blankFrom(json, end);
    if (json[at] === ",") at = blankFrom(json, at + 1);
  }
  return undefined;
}

function valueEnd(json: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const character = json[at];
    if (character === '"') {
      at = stringEnd(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (character === "," || isBlank(json.charCodeAt(at)))) return at;
    at++;
  }
  return at;
}

function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}

function blankFrom(json: string, from: number): number {
  let at = from;
  while (isBlank(json.charCodeAt(at))) at++;
  return at;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
