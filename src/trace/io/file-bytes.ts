import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { BlobSource } from "../reader.js";

/** Bytes asked of the system at once. */
export const chunkBytes = 1024 * 1024;
/** Asked for where the file should have ended: it may have grown. */
const lastChunkBytes = 4096;

/** A file in chunks that belong to the receiver. Pipes and devices are read as they come. */
export async function* fileChunks(path: string, isPlainFile: boolean): AsyncGenerator<Uint8Array> {
  if (!isPlainFile) {
    yield* createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Uint8Array>;
    return;
  }
  const file = await open(path);
  try {
    // Buffers no larger than the file: of many small files, full ones would keep the collector busy.
    let left = (await file.stat()).size;
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, Math.max(left, lastChunkBytes)));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Reads by position from a file, which stays open while `use` runs. */
export async function withFile<T>(path: string, use: (blob: BlobSource) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await use({
      byteLength: size,
      async slice(from, to) {
        const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(to, size) - from));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      },
    });
  } finally {
    await file.close();
  }
}

/** The same for bytes in memory. */
export function blobOf(bytes: Uint8Array): BlobSource {
  return { byteLength: bytes.length, slice: async (from, to) => bytes.subarray(from, to) };
}
