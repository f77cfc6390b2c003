import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { bodyIdleMsMax, bodyReadMsMax } from "../limits.js";
import { RegistryFailure } from "../registry/failure.js";
import { ClientGone, RequestRefused } from "./failures.js";
import { parseJsonBody } from "./json-body.js";
import type { Asked, BodyContract } from "./route.js";

/** A body as its contract wants it. */
export type ReadBody = Pick<Asked, "json" | "jsonText" | "document" | "bytes">;

export const noBody: ReadBody = { json: undefined, jsonText: "", document: undefined, bytes: undefined };

/** Times that tests shorten. */
export interface BodyTimes {
  readonly idleMs: number;
  readonly readMs: number;
}

export const bodyTimes: BodyTimes = { idleMs: bodyIdleMsMax, readMs: bodyReadMsMax };

/**
 * Reads or opens the body. Nothing larger than the contract allows is kept, compressed or not, and nothing is waited for forever.
 * @throws RegistryFailure; RequestRefused 408; ClientGone
 */
export async function readBody(raw: IncomingMessage, contract: BodyContract, times: BodyTimes = bodyTimes): Promise<ReadBody> {
  const { headers } = raw;
  const announced = headers["content-length"];
  if (announced === "0" || (announced === undefined && headers["transfer-encoding"] === undefined)) {
    if (contract.required) throw refused("the request needs a body");
    return noBody;
  }
  const type = mediaTypeOf(headers["content-type"], contract.types);
  if (announced !== undefined && Number(announced) > contract.bytesMax) throw tooLarge(contract.bytesMax);
  const stream = decompressed(raw);
  if (contract.kind === "bytes") return { ...noBody, bytes: boundedChunks(raw, stream, contract.bytesMax, times.idleMs) };
  const bytes = await collected(raw, stream, contract.bytesMax, times);
  if (contract.kind === "document") return { ...noBody, document: { bytes, mediaType: type.endsWith("json") ? "json" : "yaml" } };
  if (bytes.length === 0 && !contract.required) return noBody;
  const { value, text } = parseJsonBody(bytes);
  return { ...noBody, json: value, jsonText: text };
}

function refused(message: string): RegistryFailure {
  return new RegistryFailure("invalid_request", message, { details: [{ path: "body", message }] });
}

function tooLarge(bytesMax: number): RegistryFailure {
  return new RegistryFailure("payload_too_large", `the body is larger than ${bytesMax} bytes`);
}

/** Without parameters, in small letters. A body without a type is taken for the first one. */
export function mediaTypeOf(header: string | undefined, allowed: readonly string[]): string {
  if (header === undefined) return allowed[0] ?? "";
  const [name = "", ...parameters] = header.split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith("charset="))
    ?.slice(8)
    .replaceAll('"', "");
  const known = allowed.includes(name) || allowed.includes("*/*");
  if (known && (charset === undefined || charset === "utf-8" || charset === "utf8" || charset === "us-ascii")) return name;
  const what = known ? "the body must be UTF-8" : `the Content-Type must be ${allowed.join(" or ")}`;
  throw new RegistryFailure("unsupported_media_type", what);
}

function decompressed(raw: IncomingMessage): Readable {
  const encoding = raw.headers["content-encoding"]?.trim().toLowerCase();
  if (encoding === undefined || encoding === "" || encoding === "identity") return raw;
  const opened =
    encoding === "gzip" || encoding === "x-gzip"
      ? createGunzip()
      : encoding === "deflate"
        ? createInflate()
        : encoding === "br"
          ? createBrotliDecompress()
          : undefined;
  if (opened === undefined)
    throw new RegistryFailure("unsupported_media_type", "the Content-Encoding must be gzip, deflate, br or identity");
  raw.pipe(opened);
  // `pipe` does not pass on that the client went away.
  raw.once("close", () => {
    if (!raw.complete) opened.destroy(new ClientGone("the client went away"));
  });
  return opened;
}

function failureOf(error: unknown): Error {
  if (error instanceof ClientGone || error instanceof RegistryFailure || error instanceof RequestRefused) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "";
  if (
    code.startsWith("Z_") ||
    code.startsWith("ERR__ERROR_FORMAT") ||
    code.startsWith("ERR_BROTLI") ||
    code.startsWith("ERR__ERROR")
  )
    return refused("the body is not compressed as its Content-Encoding says");
  return new ClientGone("the client went away");
}

function tooSlow(): RequestRefused {
  return new RequestRefused(408, "invalid_request", "the body came too slowly, or not at all");
}

/** The whole body in memory. */
function collected(raw: IncomingMessage, stream: Readable, bytesMax: number, times: BodyTimes): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const settle = () => {
      clearTimeout(whole);
      clearTimeout(idle);
      stream.off("data", take).off("end", finish).off("error", fail).off("close", leave);
    };
    const fail = (error: unknown) => {
      settle();
      stream.pause();
      stream.on("error", () => {});
      if (stream !== raw) stopReading(raw, stream);
      reject(failureOf(error));
    };
    const leave = () => fail(new ClientGone("the client went away"));
    const finish = () => {
      settle();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, total));
    };
    const take = (chunk: Buffer) => {
      total += chunk.length;
      if (total > bytesMax) return fail(tooLarge(bytesMax));
      chunks.push(chunk);
      idle.refresh();
    };
    const whole = setTimeout(() => fail(tooSlow()), times.readMs);
    const idle = setTimeout(() => fail(tooSlow()), times.idleMs);
    stream.on("data", take).on("end", finish).on("error", fail).on("close", leave);
  });
}

/** Ends a decompressor; errors that come after nobody's reading any more mean nothing. */
function stopReading(raw: IncomingMessage, stream: Readable): void {
  raw.unpipe();
  stream.on("error", () => {});
  stream.destroy();
}

/** The body piece by piece: at most so many bytes, and never a long wait for the next. */
async function* boundedChunks(
  raw: IncomingMessage,
  stream: Readable,
  bytesMax: number,
  idleMs: number,
): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let total = 0;
  try {
    for (;;) {
      const next = await beforeLong(chunks.next(), idleMs);
      if (next.done === true) break;
      total += next.value.length;
      if (total > bytesMax) throw tooLarge(bytesMax);
      yield next.value;
    }
    if (!raw.complete) throw new ClientGone("the client went away");
  } catch (error) {
    throw failureOf(error);
  } finally {
    if (stream !== raw) stopReading(raw, stream);
  }
}

function beforeLong<T>(next: Promise<T>, idleMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const idle = setTimeout(() => reject(tooSlow()), idleMs);
    next.then(resolve, reject).finally(() => clearTimeout(idle));
  });
}
