import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import type { BlobSource } from "../reader.js";

/** Bytes asked of the system at once. */
export const chunkBytes = 1024 * 1024;
/** Asked for where the file should have ended: it may have grown. */
const lastChunkBytes = 4096;

/** Between two turns of the event loop, so that signals and messages are heard. */
const turnMs = 20;
let turnedAtMs = 0;

/**
 * A file in chunks that belong to the receiver. A plain file is read without waiting: its bytes are there, and of many
 * small files the way to the thread pool and back took longer than reading. Pipes and devices are read as they come.
 */
export async function* fileChunks(path: string, isPlainFile: boolean): AsyncGenerator<Uint8Array> {
  if (!isPlainFile) {
    yield* createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Uint8Array>;
    return;
  }
  const file = openSync(path, "r");
  try {
    // Buffers no larger than the file: of many small files, full ones would keep the collector busy.
    let left = fstatSync(file).size;
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, Math.max(left, lastChunkBytes)));
      const bytes = readSync(file, chunk, 0, chunk.length, null);
      if (bytes === 0) return;
      left -= bytes;
      yield chunk.subarray(0, bytes);
      if (performance.now() - turnedAtMs > turnMs) await turn();
    }
  } finally {
    closeSync(file);
  }
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  turnedAtMs = performance.now();
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
