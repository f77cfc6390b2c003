/** JSON text is a YAML double-quoted text; what JSON leaves raw and YAML or an editor might not keep is escaped as well. */
export function quoted(text: string): string {
  let escaped = "";
  for (const character of JSON.stringify(text)) {
    const point = character.codePointAt(0) as number;
    const raw = point < 0x7f || (point > 0xa0 && point !== 0xad && !isFragile(point));
    escaped += raw ? character : point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
  }
  return escaped;
}

/** Line separators, invisible and bidi characters, byte order marks, noncharacters and tags. */
function isFragile(point: number): boolean {
  return (
    (point >= 0x2000 && point <= 0x206f) ||
    (point >= 0xfe00 && point <= 0xfe0f) ||
    point === 0xfeff ||
    point >= 0xe0000 ||
    (point & 0xfffe) === 0xfffe
  );
}

function hex(point: number, digits: number): string {
  return point.toString(16).padStart(digits, "0");
}
