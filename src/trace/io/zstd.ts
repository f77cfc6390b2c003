import { Decompress } from "fzstd";
import { zstdWindowBytesMax } from "../../limits.js";
import { joinBytes } from "../bytes.js";
import { Xxh64 } from "./xxh64.js";

/** Data that is cut, corrupt, or compressed in a way we do not undo; `message` says which. */
export class ZstdDamage extends Error {
  override readonly name = "ZstdDamage";
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const blockBytesMax = 128 * 1024;

/** Whether bytes begin like Zstandard: a frame, or a skippable one before it. */
export function beginsLikeZstd(head: Uint8Array): boolean {
  return head.length >= 4 && isMagic(uint32(head, 0));
}

function isMagic(magic: number): boolean {
  return magic === frameMagic || magic >>> 4 === skippableMagic >>> 4;
}

/**
 * The plain bytes of Zstandard frames in a row (RFC 8878), block by block. The package decompresses the blocks; where
 * frames begin and end, and whether they are whole, is checked here, because it takes cut frames, wrong checksums, frames
 * that need a dictionary, and garbage between frames for a quiet end. Memory is one window, at most `zstdWindowBytesMax`.
 */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  for await (const chunk of chunks) {
    frames.push(chunk);
    for (let plain = frames.next(); plain !== undefined; plain = frames.next()) if (plain.length > 0) yield plain;
  }
  frames.end();
}

interface Frame {
  /** As the package gets it: without the flag that says a checksum follows. Gone after the first block. */
  header: Uint8Array | undefined;
  readonly hasChecksum: boolean;
  readonly contentBytes: bigint | undefined;
  readonly blockBytesMax: number;
  readonly blocks: Decompress;
  readonly hash: Xxh64;
  plainBytes: number;
}

const nothing = new Uint8Array(0);

/** Bytes in, blocks out. Throws `ZstdDamage`. */
class ZstdFrames {
  private input: Uint8Array[] = [];
  private length = 0;
  private frame: Frame | undefined;
  private awaitsChecksum = false;
  private skip = 0;
  private output: Uint8Array[] = [];

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.input.push(chunk);
    this.length += chunk.length;
  }

  /** The next piece of plain bytes, possibly empty; undefined when more input is needed. */
  next(): Uint8Array | undefined {
    if (this.skip > 0) {
      const length = Math.min(this.skip, this.length);
      this.take(length);
      this.skip -= length;
      return this.skip > 0 ? undefined : nothing;
    }
    if (this.frame === undefined) return this.begin();
    return this.awaitsChecksum ? this.check(this.frame) : this.block(this.frame);
  }

  /** The input is over. */
  end(): void {
    if (this.frame !== undefined || this.skip > 0 || this.length > 0) throw new ZstdDamage("is cut");
  }

  /** A frame header, or a skippable frame. */
  private begin(): Uint8Array | undefined {
    const head = this.peek(18);
    if (head.length < 4) return undefined;
    const magic = uint32(head, 0);
    if (!isMagic(magic)) throw new ZstdDamage("holds bytes between its frames that are none");
    if (magic !== frameMagic) {
      if (head.length < 8) return undefined;
      this.skip = 8 + uint32(head, 4);
      return nothing;
    }
    const descriptor = head[4];
    if (descriptor === undefined) return undefined;
    const single = (descriptor & 0x20) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
    const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
    const headerBytes = 5 + (single ? 0 : 1) + dictionaryBytes + sizeBytes;
    if (head.length < headerBytes) return undefined;
    if ((descriptor & 0x08) !== 0) throw new ZstdDamage("is corrupt");
    const dictionary = littleEndian(head, headerBytes - sizeBytes - dictionaryBytes, dictionaryBytes);
    if (dictionary !== 0n) throw new ZstdDamage("needs a dictionary, which is not supported");
    const size = littleEndian(head, headerBytes - sizeBytes, sizeBytes) + (sizeBytes === 2 ? 256n : 0n);
    const windowBytes = single ? size : windowOf(head[5]!);
    if (windowBytes > BigInt(zstdWindowBytesMax)) throw new ZstdDamage("needs a window of more than 128 MiB");
    const header = Uint8Array.from(this.take(headerBytes));
    header[4]! &= ~0x04;
    this.frame = {
      header,
      hasChecksum: (descriptor & 0x04) !== 0,
      contentBytes: sizeBytes > 0 ? size : undefined,
      blockBytesMax: Math.min(blockBytesMax, Number(windowBytes)),
      blocks: new Decompress((plain) => this.output.push(plain)),
      hash: new Xxh64(),
      plainBytes: 0,
    };
    return nothing;
  }

  private block(frame: Frame): Uint8Array | undefined {
    const head = this.peek(3);
    if (head.length < 3) return undefined;
    const [first, second, third] = head as unknown as [number, number, number];
    const last = (first & 1) === 1;
    const type = (first >> 1) & 3;
    const size = (first >> 3) | (second << 5) | (third << 13);
    if (type === 3 || size > frame.blockBytesMax) throw new ZstdDamage("is corrupt");
    const bytes = 3 + (type === 1 ? 1 : size);
    if (this.length < bytes) return undefined;
    const content = this.take(bytes);
    const block = frame.header === undefined ? content : joinBytes([frame.header, content], frame.header.length + bytes);
    frame.header = undefined;
    try {
      frame.blocks.push(block, last);
    } catch {
      throw new ZstdDamage("is corrupt");
    }
    const plain = joinBytes(
      this.output,
      this.output.reduce((sum, part) => sum + part.length, 0),
    );
    this.output = [];
    frame.plainBytes += plain.length;
    if (frame.hasChecksum) frame.hash.update(plain);
    if (last) this.endBlocks(frame);
    return plain;
  }

  private endBlocks(frame: Frame): void {
    if (frame.contentBytes !== undefined && frame.contentBytes !== BigInt(frame.plainBytes)) throw new ZstdDamage("is corrupt");
    this.awaitsChecksum = frame.hasChecksum;
    if (!frame.hasChecksum) this.frame = undefined;
  }

  private check(frame: Frame): Uint8Array | undefined {
    if (this.length < 4) return undefined;
    if (uint32(this.take(4), 0) !== frame.hash.low32()) throw new ZstdDamage("is corrupt: its checksum is another");
    this.awaitsChecksum = false;
    this.frame = undefined;
    return nothing;
  }

  /** The next bytes, at most `length` of them, left where they are. */
  private peek(length: number): Uint8Array {
    const [first] = this.input;
    if (first === undefined) return nothing;
    if (first.length >= length || this.input.length === 1) return first.subarray(0, length);
    this.input = [joinBytes(this.input, this.length)];
    return this.input[0]!.subarray(0, length);
  }

  private take(length: number): Uint8Array {
    const taken = this.peek(length);
    const first = this.input[0];
    if (first !== undefined) {
      if (first.length === taken.length) this.input.shift();
      else this.input[0] = first.subarray(taken.length);
    }
    this.length -= taken.length;
    return taken;
  }
}

function windowOf(descriptor: number): bigint {
  const base = 1n << BigInt(10 + (descriptor >> 3));
  return base + (base >> 3n) * BigInt(descriptor & 7);
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function littleEndian(bytes: Uint8Array, at: number, length: number): bigint {
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  return value;
}
