/**
 * HalfSipHash with one round a word, three at the end, and 64 bits of output (Aumasson, Bernstein: SipHash; the variant of
 * 32-bit words). A text is its length and its UTF-16 code units, two a word, so that different texts are different words.
 */
export class KeyedHash {
  /** The result, once `end` was called; never both 0. */
  low = 0;
  high = 0;
  private v0 = 0;
  private v1 = 0;
  private v2 = 0;
  private v3 = 0;

  constructor(
    private readonly key0: number,
    private readonly key1: number,
  ) {}

  begin(): void {
    this.v0 = this.key0 | 0;
    this.v1 = this.key1 ^ 0xee;
    this.v2 = this.key0 ^ 0x6c796765;
    this.v3 = this.key1 ^ 0x74656462;
  }

  word(word: number): void {
    this.v3 ^= word;
    this.round();
    this.v0 ^= word;
  }

  text(text: string): void {
    const { length } = text;
    this.word(length);
    let { v0, v1, v2, v3 } = this;
    for (let i = 0; i < length; i += 2) {
      const word = text.charCodeAt(i) | (i + 1 < length ? text.charCodeAt(i + 1) << 16 : 0);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }

  end(): void {
    this.v2 ^= 0xee;
    this.round();
    this.round();
    this.round();
    this.low = (this.v1 ^ this.v3) >>> 0;
    this.v1 ^= 0xdd;
    this.round();
    this.round();
    this.round();
    this.high = (this.v1 ^ this.v3) >>> 0;
    if (this.low === 0 && this.high === 0) this.low = 1;
  }

  private round(): void {
    let { v0, v1, v2, v3 } = this;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}
