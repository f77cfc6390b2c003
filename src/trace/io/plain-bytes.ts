import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { beginsLikeZstd, unzstd } from "./zstd.js";

export type Compression = "gzip" | "zstd";

export interface PlainBytes {
  /** Undefined: the bytes were plain already. */
  readonly compression: Compression | undefined;
  /** At least the first `headBytes` of all, or all there is. */
  readonly head: Uint8Array;
  /** Everything, the head included. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * The plain bytes of a stream that may be compressed, told by its first bytes. Members of gzip and frames of Zstandard may
 * follow one another. Rejects, or its chunks do, when the source fails or the data is damaged.
 */
export async function openPlain(chunks: AsyncIterable<Uint8Array>, headBytes: number): Promise<PlainBytes> {
  const raw = await withHead(chunks, 4);
  const compression = compressionOf(raw.head);
  if (compression === undefined) return { compression, ...(await withHead(raw.chunks, headBytes)) };
  return { compression, ...(await withHead(compression === "gzip" ? gunzip(raw.chunks) : unzstd(raw.chunks), headBytes)) };
}

/** How bytes are compressed, as far as the first four of them tell. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  return beginsLikeZstd(head) ? "zstd" : undefined;
}

interface WithHead {
  readonly head: Uint8Array;
  readonly chunks: AsyncIterable<Uint8Array>;
}

async function withHead(chunks: AsyncIterable<Uint8Array>, bytes: number): Promise<WithHead> {
  const source = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let failure: { readonly error: unknown } | undefined;
  while (head.length < bytes && failure === undefined) {
    try {
      const next = await source.next();
      if (next.done === true) break;
      const chunk = asBytes(next.value);
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    } catch (error) {
      // What came before the damage is read first.
      failure = { error };
    }
  }
  return { head, chunks: restOf(head, source, failure) };
}

async function* restOf(
  head: Uint8Array,
  source: AsyncIterator<Uint8Array>,
  failure: { readonly error: unknown } | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    if (failure !== undefined) throw failure.error;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield asBytes(next.value);
  } finally {
    await source.return?.();
  }
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zip = createGunzip({ chunkSize: 256 * 1024 });
  const given = { bytes: 0, lastNonZero: 0 };
  const source = Readable.from(counted(chunks, given));
  source.on("error", (error) => zip.destroy(error));
  source.pipe(zip);
  try {
    for await (const chunk of zip) yield chunk as Uint8Array;
    if (!source.readableEnded) for await (const _ of source);
  } finally {
    source.destroy();
    zip.destroy();
  }
  // Behind a zero byte the decompressor reads no more and says nothing. Zeros alone are padding.
  if (given.lastNonZero > zip.bytesWritten) throw Object.assign(new Error("data behind the end"), { code: "Z_DATA_ERROR" });
}

/** Tells how many bytes came through, and how many up to the last one that is not zero. */
async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  given: { bytes: number; lastNonZero: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    let end = chunk.length;
    while (end > 0 && chunk[end - 1] === 0) end--;
    if (end > 0) given.lastNonZero = given.bytes + end;
    given.bytes += chunk.length;
    yield chunk;
  }
}

/** Standard input may have been told to give text. */
function asBytes(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
}
