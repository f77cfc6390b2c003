/** Reads TypeScript just well enough to know its imports; no parser, so that the check depends on nothing it checks. */

export interface Import {
  readonly specifier: string;
  /** The whole statement is erased by the compiler. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** The text with comments blanked (line breaks kept), and optionally the contents of strings and templates too. */
export function blank(source: string, options: { strings: boolean }): string {
  const out = source.split("");
  const wipe = (from: number, to: number) => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== "\n") out[i] = " ";
  };
  let i = 0;
  let before = "";
  while (i < source.length) {
    const c = source[i];
    const start = i;
    if (c === "/" && source[i + 1] === "/") {
      while (i < source.length && source[i] !== "\n") i++;
      wipe(start, i);
    } else if (c === "/" && source[i + 1] === "*") {
      const end = source.indexOf("*/", i + 2);
      i = end < 0 ? source.length : end + 2;
      wipe(start, i);
    } else if (c === '"' || c === "'" || c === "`") {
      i = endOfString(source, i);
      if (options.strings) wipe(start + 1, i - 1);
      before = c;
    } else if (c === "/" && startsRegex(before, source, i)) {
      i = endOfRegex(source, i);
      before = "/";
    } else {
      if (c.trim() !== "") before = c;
      i++;
    }
  }
  return out.join("");
}

/** Index after the closing quote. Templates are taken whole: an import inside `${}` is nothing we write. */
function endOfString(source: string, start: number): number {
  const quote = source[start];
  let i = start + 1;
  while (i < source.length && source[i] !== quote) {
    if (source[i] === "\\") i++;
    else if (quote === "`" && source[i] === "$" && source[i + 1] === "{") i = endOfBraces(source, i + 1) - 1;
    i++;
  }
  return i + 1;
}

function endOfBraces(source: string, start: number): number {
  let depth = 0;
  let i = start;
  while (i < source.length) {
    const c = source[i];
    if (c === '"' || c === "'" || c === "`") {
      i = endOfString(source, i);
      continue;
    }
    if (c === "{") depth++;
    if (c === "}" && --depth === 0) return i + 1;
    i++;
  }
  return i;
}

function startsRegex(before: string, source: string, at: number): boolean {
  if (before === "" || "(,=:[!&|?{};><+-*%~^".includes(before)) return true;
  return /\b(?:return|typeof|case|in|of)\s*$/.test(source.slice(Math.max(0, at - 12), at));
}

function endOfRegex(source: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < source.length && source[i] !== "\n"; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "[") inClass = true;
    else if (source[i] === "]") inClass = false;
    else if (source[i] === "/" && !inClass) return i + 1;
  }
  return start + 1;
}

/** Every module a source names: static, re-exported, dynamic, type queries and require. */
export function scanImports(source: string): Import[] {
  const text = blank(source, { strings: false });
  // Positions are trusted only where the keyword survives with strings blanked too.
  const code = blank(source, { strings: true });
  const found: Import[] = [];
  const add = (at: number, specifier: string, typeOnly: boolean) => {
    if (code[at] === " ") return;
    found.push({ specifier, typeOnly, line: text.slice(0, at).split("\n").length });
  };
  for (const m of text.matchAll(/\b(import|export)\b(\s+type\b)?([\s\w$*{},]*?)\bfrom\s*["']([^"']+)["']/g)) {
    const named = /\{([^}]*)\}/.exec(m[3]);
    const onlyTypes =
      named !== null &&
      m[3].replace(named[0], "").trim() === "" &&
      named[1]
        .split(",")
        .filter((part) => part.trim() !== "")
        .every((part) => /^\s*type\s/.test(part));
    add(m.index, m[4], m[2] !== undefined || onlyTypes);
  }
  for (const m of text.matchAll(/\bimport\s*["']([^"']+)["']/g)) add(m.index, m[1], false);
  for (const m of text.matchAll(/(typeof\s+)?\b(import|require)\s*\(\s*["'`]([^"'`]+)["'`]\s*\)/g)) {
    add(m.index, m[3], m[1] !== undefined);
  }
  return found;
}
