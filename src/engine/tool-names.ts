import type { PackedNames } from "./evaluator.js";

/** Surrogates and U+FFFD: only names with one of these can be invalid, and most names have none. */
const suspicious = /[\ud800-\udfff\ufffd]/;

/** G2: empty, not well-formed, or holding U+FFFD. Linear. */
export function isInvalidName(name: string): boolean {
  if (name.length === 0) return true;
  if (!suspicious.test(name)) return false;
  for (const character of name) {
    const point = character.codePointAt(0) as number;
    if (point === 0xfffd || (point >= 0xd800 && point <= 0xdfff)) return true;
  }
  return false;
}

/** G2: characters outside printable ASCII earn a notice, because two such names can look alike. */
export function isUnusualName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return true;
  }
  return false;
}

/** Name `index` of a batch as a string; bytes that are no WTF-8 become U+FFFD, which makes the name invalid. */
export function unpackName(names: PackedNames, index: number): string {
  const { bytes, offsets } = names;
  const end = offsets[index + 1];
  let name = "";
  for (let at = offsets[index]; at < end; ) {
    const first = bytes[at];
    const more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    let point = more <= 0 ? first : first & (0x3f >> more);
    let read = 1;
    while (read <= more && at + read < end && (bytes[at + read] & 0xc0) === 0x80)
      point = (point << 6) | (bytes[at + read++] & 63);
    const sound = read === more + 1 && point <= 0x10ffff && (more < 2 || point >= (more === 2 ? 0x800 : 0x10000));
    name += String.fromCodePoint(sound ? point : 0xfffd);
    at += sound ? read : 1;
  }
  return name;
}
