/** Ranges of code points that show as nothing, reorder what is around them, or pass for a space. Sorted, inclusive. */
const unseen: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x1680, 0x1680],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x2800, 0x2800],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfdd0, 0xfdef],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0xfffd, 0xffff],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

/** Whether a code point would be invisible or misleading on a terminal. */
export function isUnseen(point: number): boolean {
  if (point < 0x7f) return point < 0x20;
  for (const [first, last] of unseen) {
    if (point < first) break;
    if (point <= last) return true;
  }
  return (point & 0xfffe) === 0xfffe;
}

/**
 * Text for a terminal or a report: control, bidi, zero-width, other invisible characters, odd spaces and lone surrogates
 * become `\u{hex}`. Everything else stays. Linear in the text.
 */
export function escapeText(text: string): string {
  let safe = "";
  let kept = 0;
  for (let i = 0; i < text.length; ) {
    const point = text.codePointAt(i) as number;
    const width = point > 0xffff ? 2 : 1;
    if (isUnseen(point)) {
      safe += `${text.slice(kept, i)}\\u{${point.toString(16)}}`;
      kept = i + width;
    }
    i += width;
  }
  return kept === 0 ? text : safe + text.slice(kept);
}

/** User text inside a message: escaped, in backquotes, cut after `lengthMax` characters. */
export function quoteText(text: string, lengthMax = 80): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax)}...` : text;
  return `\`${escapeText(cut)}\``;
}
