import type { Parsed, Span } from "../diagnostics/diagnostic.js";
import { Findings } from "../diagnostics/findings.js";

/** Decoded text and where its lines begin. Only line feeds end a line; a carriage return before one belongs to the line. */
export class Source {
  readonly #lineStarts: number[] = [0];

  constructor(
    readonly text: string,
    readonly file: string,
  ) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  /** The span of `[start, end)`, given as UTF-16 offsets. Logarithmic in the number of lines. */
  span(start: number, end: number): Span {
    const line = this.#lineOf(start);
    const endLine = end > start ? this.#lineOf(end) : line;
    return {
      file: this.file,
      line: line + 1,
      column: start - this.#lineStarts[line]! + 1,
      endLine: endLine + 1,
      endColumn: end - this.#lineStarts[endLine]! + 1,
    };
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

export interface SourceOptions {
  readonly file: string;
  /** UTF-8 bytes. */
  readonly bytesMax: number;
}

/**
 * Bytes, or text that is already decoded, to text that is fit to be parsed: within the cap, valid UTF-8, a byte order
 * mark at the start dropped, no raw control characters. Linear.
 */
export function decodeSource(source: string | Uint8Array, options: SourceOptions): Parsed<Source> {
  const { file, bytesMax } = options;
  const findings = new Findings();
  if (tooLarge(source, bytesMax)) {
    findings.add("source_too_large", {
      message: `the file is larger than ${bytesMax} bytes`,
      span: new Source("", file).span(0, 0),
    });
    return { diagnostics: findings.list() };
  }
  const text = typeof source === "string" ? source : decodeBytes(source, file, findings);
  if (text === undefined) return { diagnostics: findings.list() };
  const decoded = new Source(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, file);
  checkCharacters(decoded, findings);
  return findings.hasErrors ? { diagnostics: findings.list() } : { value: decoded, diagnostics: [] };
}

function tooLarge(source: string | Uint8Array, bytesMax: number): boolean {
  if (source.length > bytesMax) return true;
  return typeof source === "string" && source.length * 3 > bytesMax && utf8Length(source) > bytesMax;
}

/** UTF-8 bytes of a text; half a surrogate pair counts three. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff && isLow(text.charCodeAt(i + 1))) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

function decodeBytes(bytes: Uint8Array, file: string, findings: Findings): string | undefined {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) {
    findings.add("encoding_utf16", { message: `the file looks like ${wide}`, span: new Source("", file).span(0, 0) });
    return undefined;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const at = firstBadByte(bytes);
    const before = new Source(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, at)), file);
    const value = bytes[at]?.toString(16).padStart(2, "0");
    findings.add("encoding_invalid", {
      message: value === undefined ? "the text ends inside a character" : `byte 0x${value} at offset ${at} is not UTF-8`,
      span: before.span(before.text.length, before.text.length),
    });
    return undefined;
  }
}

function wideEncoding(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? "UTF-32" : "UTF-16";
  if (a === 0xfe && b === 0xff) return "UTF-16";
  if (a === 0 && b === 0 && ((c === 0xfe && d === 0xff) || (c === 0 && d !== undefined && d !== 0))) return "UTF-32";
  if (a !== undefined && a !== 0 && b === 0 && c === 0 && d === 0) return "UTF-32";
  if (a === 0 && b !== undefined && b !== 0) return "UTF-16";
  if (a !== undefined && a !== 0 && b === 0) return "UTF-16";
  return undefined;
}

/** Decoding leniently and encoding again first differs at the damage. */
function firstBadByte(bytes: Uint8Array): number {
  const again = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  return at;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Raw characters that no YAML text may hold, and halves of surrogate pairs, which only a string argument can have. */
function checkCharacters(source: Source, findings: Findings): void {
  const { text } = source;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit < 0x7f) continue;
    if (unit >= 0xd800 && unit <= 0xdfff) {
      if (unit <= 0xdbff && isLow(text.charCodeAt(i + 1))) i++;
      else findings.add("encoding_invalid", { message: "half of a surrogate pair in the text", span: source.span(i, i + 1) });
    } else if (isRefused(text, i, unit)) {
      const message =
        unit === 0x0d ? "a carriage return without a line feed" : `the control character U+${hex(unit)} in the text`;
      findings.add("control_character", {
        message,
        span: source.span(i, i + 1),
        fix: unit === 0x0d ? "save the file with LF or CRLF line ends" : undefined,
      });
    }
  }
}

function isRefused(text: string, i: number, unit: number): boolean {
  if (unit < 0x20) return unit === 0x0d ? text.charCodeAt(i + 1) !== 0x0a : unit !== 0x09 && unit !== 0x0a;
  return (unit >= 0x7f && unit <= 0x9f && unit !== 0x85) || unit === 0xfffe || unit === 0xffff;
}

function hex(unit: number): string {
  return unit.toString(16).toUpperCase().padStart(4, "0");
}
