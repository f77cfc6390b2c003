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
  const source = Readable.from(chunks);
  source.on("error", (error) => zip.destroy(error));
  source.pipe(zip);
  try {
    for await (const chunk of zip) yield chunk as Uint8Array;
  } finally {
    source.destroy();
    zip.destroy();
  }
}

/** Standard input may have been told to give text. */
function asBytes(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk;
}
