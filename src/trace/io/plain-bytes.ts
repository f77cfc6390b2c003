import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** The plain bytes of a stream that may be gzip, told by its first two bytes; members may follow one another. */
export async function* plainBytes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const next = await source.next();
    if (next.done === true) break;
    head = Buffer.concat([head, asBytes(next.value)]);
  }
  const all = restOf(head, source);
  if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzip(all);
  else yield* all;
}

async function* restOf(head: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
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
