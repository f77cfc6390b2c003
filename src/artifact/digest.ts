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

/** CRC-32 (IEEE 802.3, reflected) as an unsigned number. Linear, eight bytes a step. */
export function crc32(bytes: Uint8Array): number {
  const t = tables;
  const length = bytes.length;
  const whole = length - (length & 7);
  let c = -1;
  let i = 0;
  for (; i < whole; i += 8) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c =
      t[1792 + (c & 255)] ^
      t[1536 + ((c >>> 8) & 255)] ^
      t[1280 + ((c >>> 16) & 255)] ^
      t[1024 + (c >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]];
  }
  for (; i < length; i++) c = (c >>> 8) ^ t[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}
