/** Byte text: what readers need to look at lines without turning them into strings. */

export const lineFeed = 0x0a;

/** A view with the fast search and decoding of `Buffer`, no copy. */
function view(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** UTF-8 bytes of a marker, made once by each reader. */
export function markerOf(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** Index of the first `marker` at or after `from`, or -1. Linear. */
export function indexOfBytes(bytes: Uint8Array, marker: Uint8Array, from = 0): number {
  return view(bytes).indexOf(marker, from);
}

/** UTF-8 to text; invalid sequences become U+FFFD, which makes a tool name that holds one invalid (semantics G2). */
export function decodeUtf8(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return view(bytes).toString("utf8", from, to);
}

/** One array from many. The single-part case copies nothing. */
export function joinBytes(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1 && parts[0]!.length === length) return parts[0]!;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** White space of JSON. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Index of the first byte that is not white space, or `bytes.length`. */
export function skipBlanks(bytes: Uint8Array, from = 0): number {
  let at = from;
  while (at < bytes.length && isBlank(bytes[at]!)) at++;
  return at;
}

/** Without white space at both ends, no copy. */
export function trimBlanks(bytes: Uint8Array): Uint8Array {
  const start = skipBlanks(bytes);
  let end = bytes.length;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  return bytes.subarray(start, end);
}
