/**
 * XXH64 with seed 0, of which Zstandard keeps the low 32 bits as the checksum of a frame (RFC 8878, 3.1.1). Bytes come in
 * pieces of any size. Stripes are done in halves of 32 bits, because 64-bit integers of the language are slow; the end,
 * once a frame, is not worth that.
 */
export class Xxh64 {
  /** Four lanes of 64 bits: low half, high half. */
  private readonly lanes = new Int32Array(8);
  private readonly pending = new Uint8Array(stripeBytes);
  private pendingLength = 0;
  private total = 0;

  constructor() {
    const starts = [prime1 + prime2, prime2, 0n, -prime1];
    starts.forEach((start, lane) => {
      this.lanes[lane * 2] = Number(BigInt.asIntN(32, start));
      this.lanes[lane * 2 + 1] = Number(BigInt.asIntN(32, start >> 32n));
    });
  }

  update(bytes: Uint8Array): void {
    this.total += bytes.length;
    let at = 0;
    if (this.pendingLength > 0) {
      at = Math.min(stripeBytes - this.pendingLength, bytes.length);
      this.pending.set(bytes.subarray(0, at), this.pendingLength);
      this.pendingLength += at;
      if (this.pendingLength < stripeBytes) return;
      stripes(this.lanes, this.pending, 0, stripeBytes);
      this.pendingLength = 0;
    }
    const end = at + (bytes.length - at) - ((bytes.length - at) % stripeBytes);
    stripes(this.lanes, bytes, at, end);
    this.pending.set(bytes.subarray(end));
    this.pendingLength = bytes.length - end;
  }

  /** The low half of the hash of all bytes so far, unsigned. */
  low32(): number {
    let hash = this.total >= stripeBytes ? this.merged() : prime5;
    hash = wrap(hash + BigInt(this.total));
    const tail = new DataView(this.pending.buffer, 0, this.pendingLength);
    let at = 0;
    for (; at + 8 <= tail.byteLength; at += 8) {
      hash ^= round(0n, tail.getBigUint64(at, true));
      hash = wrap(rotated(hash, 27n) * prime1 + prime4);
    }
    if (at + 4 <= tail.byteLength) {
      hash ^= wrap(BigInt(tail.getUint32(at, true)) * prime1);
      hash = wrap(rotated(hash, 23n) * prime2 + prime3);
      at += 4;
    }
    for (; at < tail.byteLength; at++) {
      hash ^= wrap(BigInt(tail.getUint8(at)) * prime5);
      hash = wrap(rotated(hash, 11n) * prime1);
    }
    hash = wrap((hash ^ (hash >> 33n)) * prime2);
    hash = wrap((hash ^ (hash >> 29n)) * prime3);
    return Number((hash ^ (hash >> 32n)) & 0xffff_ffffn);
  }

  private merged(): bigint {
    const lanes = [0, 1, 2, 3].map(
      (lane) => BigInt(this.lanes[lane * 2]! >>> 0) | (BigInt(this.lanes[lane * 2 + 1]! >>> 0) << 32n),
    );
    const turns = [1n, 7n, 12n, 18n];
    let hash = wrap(lanes.reduce((sum, lane, i) => sum + rotated(lane, turns[i]!), 0n));
    for (const lane of lanes) hash = wrap((hash ^ round(0n, lane)) * prime1 + prime4);
    return hash;
  }
}

const stripeBytes = 32;
const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotated(value: bigint, bits: bigint): bigint {
  return wrap((value << bits) | (value >> (64n - bits)));
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotated(wrap(lane + input * prime2), 31n) * prime1);
}

const prime1Low = 0x85ebca87 | 0;
const prime1High = 0x9e3779b1 | 0;
const prime2Low = 0x27d4eb4f | 0;
const prime2High = 0xc2b2ae3d | 0;

/** `round` of every lane with its 8 bytes of each stripe. */
function stripes(lanes: Int32Array, bytes: Uint8Array, from: number, to: number): void {
  for (let at = from, lane = 0; at < to; at += 8, lane = (lane + 2) & 7) {
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    const addLow = Math.imul(low, prime2Low);
    const addHigh = highProduct(low, prime2Low) + Math.imul(low, prime2High) + Math.imul(high, prime2Low);
    const sumLow = (lanes[lane]! + addLow) | 0;
    const carry = sumLow >>> 0 < addLow >>> 0 ? 1 : 0;
    const sumHigh = (lanes[lane + 1]! + addHigh + carry) | 0;
    const turnedLow = (sumLow << 31) | (sumHigh >>> 1);
    const turnedHigh = (sumHigh << 31) | (sumLow >>> 1);
    lanes[lane] = Math.imul(turnedLow, prime1Low);
    lanes[lane + 1] = highProduct(turnedLow, prime1Low) + Math.imul(turnedLow, prime1High) + Math.imul(turnedHigh, prime1Low);
  }
}

/** Bits 32 to 63 of the product of two unsigned 32-bit numbers, as a signed number. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const other = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}
