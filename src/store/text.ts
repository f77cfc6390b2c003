import { createHash } from "node:crypto";
import { storedKeyBytesMax } from "../limits.js";

/** Data link escape: what follows stands for something a database would refuse or change. */
const dle = "\u0010";

/**
 * Any text as text that both databases keep as it is: NUL, unpaired surrogates and the escape itself become the escape and four hex
 * digits. PostgreSQL refuses NUL, and UTF-8 has no unpaired surrogates.
 */
export function toStored(text: string): string {
  // With `u`, paired surrogates are one character beyond this range.
  if (!/[\0\x10\ud800-\udfff]/u.test(text)) return text;
  let out = "";
  for (const char of text) {
    const unit = char.charCodeAt(0);
    const alone = char.length === 1 && unit >= 0xd800 && unit <= 0xdfff;
    out += alone || char === "\0" || char === dle ? dle + unit.toString(16).padStart(4, "0") : char;
  }
  return out;
}

export function fromStored(stored: string): string {
  if (!stored.includes(dle)) return stored;
  return stored.replace(/\x10([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

export function toStoredMaybe(text: string | undefined): string | null {
  return text === undefined ? null : toStored(text);
}

export function fromStoredMaybe(stored: string | null): string | undefined {
  return stored === null ? undefined : fromStored(stored);
}

/**
 * A name that an index holds, in two columns: `key` is short enough for every index; `full` is the whole text where `key` is not it.
 * Equal names have equal keys, and other names have others (by SHA-256).
 */
export interface StoredName {
  readonly key: string;
  readonly full: string | null;
}

export function toName(text: string): StoredName {
  const full = toStored(text);
  // A code unit is at most three bytes.
  if (full.length * 3 <= storedKeyBytesMax || Buffer.byteLength(full) <= storedKeyBytesMax) return { key: full, full: null };
  // `#` is no hex digit, so no text that was kept whole looks like this.
  return { key: `${dle}#${createHash("sha256").update(full).digest("hex")}`, full };
}

export function fromName(key: string, full: string | null): string {
  return fromStored(full ?? key);
}
