/** Kept between calls; a longer name gets buffers that are dropped with the next short one. */
const keptBytes = 64 * 1024;

/** Reusable room for one name as bytes. Not reentrant: valid until the next name. */
export class NameBuffer {
  bytes = new Uint8Array(1024);

  /** Room for `length` bytes. */
  reserve(length: number): Uint8Array {
    const room = this.bytes.length;
    if (length > room || (room > keptBytes && length <= keptBytes)) {
      this.bytes = new Uint8Array(length <= keptBytes ? Math.max(1024, 2 ** Math.ceil(Math.log2(length))) : length);
    }
    return this.bytes;
  }

  /** Writes the name as UTF-8, a lone surrogate as its three WTF-8 bytes; returns the number of bytes. */
  encode(name: string): number {
    const length = name.length;
    const out = this.reserve(length * 3);
    let o = 0;
    for (let i = 0; i < length; i++) {
      const c = name.charCodeAt(i);
      if (c < 0x80) {
        out[o++] = c;
      } else if (c < 0x800) {
        out[o++] = 0xc0 | (c >> 6);
        out[o++] = 0x80 | (c & 63);
      } else {
        const low = (c & 0xfc00) === 0xd800 && i + 1 < length ? name.charCodeAt(i + 1) : 0;
        if ((low & 0xfc00) === 0xdc00) {
          const point = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
          out[o++] = 0xf0 | (point >> 18);
          out[o++] = 0x80 | ((point >> 12) & 63);
          out[o++] = 0x80 | ((point >> 6) & 63);
          out[o++] = 0x80 | (point & 63);
          i++;
        } else {
          out[o++] = 0xe0 | (c >> 12);
          out[o++] = 0x80 | ((c >> 6) & 63);
          out[o++] = 0x80 | (c & 63);
        }
      }
    }
    return o;
  }
}

const star = 0x2a;
const question = 0x3f;

/**
 * Whether the glob text `[textFrom, textTo)` matches the name `[from, to)`. One retry point, the last star: at most
 * name bytes times text bytes steps (semantics G1, G3).
 */
export function matchesGlob(
  text: Uint8Array,
  textFrom: number,
  textTo: number,
  name: Uint8Array,
  from: number,
  to: number,
): boolean {
  let t = textFrom;
  let i = from;
  let retryText = -1;
  let retryName = 0;
  while (i < to) {
    if (t < textTo) {
      const token = text[t];
      const byte = name[i];
      if (token === star) {
        retryText = ++t;
        retryName = i;
        continue;
      }
      if (token === question) {
        if ((byte & 0xc0) !== 0x80) {
          t++;
          i++;
          while (i < to && (name[i] & 0xc0) === 0x80) i++;
          continue;
        }
      } else if (token === byte) {
        t++;
        i++;
        continue;
      }
    }
    if (retryText < 0) return false;
    // A star at the end takes the rest.
    if (retryText === textTo) return true;
    t = retryText;
    i = ++retryName;
  }
  while (t < textTo && text[t] === star) t++;
  return t === textTo;
}

/** Whether all bytes are below 0x80; a word at a time. */
export function isAscii(bytes: Uint8Array): boolean {
  let at = 0;
  let bits = 0;
  while (at < bytes.length && (bytes.byteOffset + at) % 4 !== 0) bits |= bytes[at++];
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (bytes.length - at) >> 2);
  const wide = words.length & ~3;
  for (let i = 0; i < wide; i += 4) bits |= words[i] | words[i + 1] | words[i + 2] | words[i + 3];
  for (let i = wide; i < words.length; i++) bits |= words[i];
  for (at += words.length * 4; at < bytes.length; at++) bits |= bytes[at];
  return (bits & 0x80808080) === 0;
}
