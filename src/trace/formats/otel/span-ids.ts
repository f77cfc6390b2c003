/**
 * Ids of spans without a string each: sixteen digits of hex are two words, in the order of their bytes; all others are
 * numbered. `kind` tells which of the two it is.
 */
export interface SpanIdWords {
  kind: number;
  low: number;
  high: number;
}

export const noId = 0;
export const hexId = 1;
export const otherId = 2;

/** Lower-case hex digits by their codes; all other codes are 255. */
const digitValues = new Uint8Array(128).fill(255);
const digitCodes = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
digitCodes.forEach((code, value) => {
  digitValues[code] = value;
});

/** Whether the text is sixteen digits of lower-case hex, and their words. */
export function readHexId(text: string, words: SpanIdWords): boolean {
  if (text.length !== 16) return false;
  const low = wordAt(text, 0);
  const high = wordAt(text, 8);
  if (low === -1 || high === -1) return false;
  words.kind = hexId;
  words.low = low | 0;
  words.high = high | 0;
  return true;
}

/** Four bytes in hex as a number, the first byte lowest; -1 when it is none. */
function wordAt(text: string, at: number): number {
  let word = 0;
  for (let i = 3; i >= 0; i--) {
    const first = text.charCodeAt(at + 2 * i);
    const second = text.charCodeAt(at + 2 * i + 1);
    if (first > 127 || second > 127) return -1;
    const byte = (digitValues[first]! << 4) | digitValues[second]!;
    if (byte > 255 || digitValues[second] === 255) return -1;
    word = word * 256 + byte;
  }
  return word;
}

/** The digits, behind a NUL. */
export function hexAlias(low: number, high: number): string {
  const c = digitCodes;
  // One call with all codes is much faster than joining pieces.
  return String.fromCharCode(
    0,
    c[(low >>> 4) & 15]!,
    c[low & 15]!,
    c[(low >>> 12) & 15]!,
    c[(low >>> 8) & 15]!,
    c[(low >>> 20) & 15]!,
    c[(low >>> 16) & 15]!,
    c[low >>> 28]!,
    c[(low >>> 24) & 15]!,
    c[(high >>> 4) & 15]!,
    c[high & 15]!,
    c[(high >>> 12) & 15]!,
    c[(high >>> 8) & 15]!,
    c[(high >>> 20) & 15]!,
    c[(high >>> 16) & 15]!,
    c[high >>> 28]!,
    c[(high >>> 24) & 15]!,
  );
}
