/** Eight tables of 256: entry `t * 256 + b` is the remainder of byte b followed by t zero bytes. */
const tables = buildTables();

function buildTables(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let b = 0; b < 256; b++) {
    let c = b;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    table[b] = c;
  }
  for (let i = 256; i < table.length; i++) {
    const c = table[i - 256];
    table[i] = (c >>> 8) ^ table[c & 255];
  }
  return table;
}

/** CRC-32 (IEEE 802.3, reflected) as an unsigned number. Linear, eight bytes a step; unaligned bytes are copied first. */
export function crc32(bytes: Uint8Array): number {
  const t = tables;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, (bytes.length >>> 3) * 2);
  let c = -1;
  for (let i = 0; i < words.length; i += 2) {
    const d = words[i + 1];
    c ^= words[i];
    c =
      t[1792 + (c & 255)] ^
      t[1536 + ((c >>> 8) & 255)] ^
      t[1280 + ((c >>> 16) & 255)] ^
      t[1024 + (c >>> 24)] ^
      t[768 + (d & 255)] ^
      t[512 + ((d >>> 8) & 255)] ^
      t[256 + ((d >>> 16) & 255)] ^
      t[d >>> 24];
  }
  for (let i = words.length * 4; i < bytes.length; i++) c = (c >>> 8) ^ t[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}
