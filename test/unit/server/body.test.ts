import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { mediaTypeOf, readBody } from "../../../src/server/body.js";
import type { BodyContract } from "../../../src/server/route.js";

const times = { idleMs: 60, readMs: 200 };
const contract = (more: Partial<BodyContract> = {}): BodyContract => ({
  kind: "document",
  types: ["application/yaml", "application/json"],
  bytesMax: 1_000,
  schema: {},
  required: true,
  ...more,
});

function request(headers: Record<string, string> = {}) {
  const stream = new PassThrough();
  const raw = Object.assign(stream, { headers: { "transfer-encoding": "chunked", ...headers }, complete: false });
  stream.on("end", () => {
    raw.complete = true;
  });
  return { stream, raw: raw as unknown as IncomingMessage };
}

async function all(bytes: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("bodies", () => {
  test("exactly as large as allowed, and one byte more", async () => {
    for (const [size, fine] of [
      [1_000, true],
      [1_001, false],
    ] as const) {
      const { stream, raw } = request();
      stream.end(Buffer.alloc(size, "a"));
      const read = readBody(raw, contract(), times);
      if (fine) expect((await read).document?.bytes.length).toBe(size);
      else await expect(read).rejects.toMatchObject({ code: "payload_too_large" });
    }
  });

  test("nothing more comes, or too little at a time", async () => {
    const still = request();
    still.stream.write("a");
    await expect(readBody(still.raw, contract(), times)).rejects.toMatchObject({ status: 408 });
    const trickling = request();
    const drops = setInterval(() => trickling.stream.write("a"), 20);
    await expect(readBody(trickling.raw, contract(), times)).rejects.toMatchObject({ status: 408 });
    clearInterval(drops);
  });

  test("the client goes away", async () => {
    const { stream, raw } = request();
    const read = readBody(raw, contract(), times);
    stream.destroy();
    await expect(read).rejects.toMatchObject({ name: "ClientGone" });
    const zipped = request({ "content-encoding": "gzip" });
    const unzipped = readBody(zipped.raw, contract(), times);
    zipped.stream.write(gzipSync("abc").subarray(0, 10));
    zipped.stream.destroy();
    await expect(unzipped).rejects.toMatchObject({ name: "ClientGone" });
  });

  test("in pieces: bounded, decompressed, never waited for long", async () => {
    const bytes = contract({ kind: "bytes" });
    const plain = request();
    plain.stream.end("abc");
    expect(await all((await readBody(plain.raw, bytes, times)).bytes)).toBe("abc");
    const zipped = request({ "content-encoding": "gzip" });
    zipped.stream.end(gzipSync("abc"));
    expect(await all((await readBody(zipped.raw, bytes, times)).bytes)).toBe("abc");
    const bomb = request({ "content-encoding": "gzip" });
    bomb.stream.end(gzipSync(Buffer.alloc(1_001)));
    await expect(readBody(bomb.raw, bytes, times).then(({ bytes: body }) => all(body))).rejects.toMatchObject({
      code: "payload_too_large",
    });
    const cut = request({ "content-encoding": "gzip" });
    cut.stream.end(gzipSync("abc".repeat(100)).subarray(0, 15));
    await expect(readBody(cut.raw, bytes, times).then(({ bytes: body }) => all(body))).rejects.toMatchObject({
      code: "invalid_request",
    });
    const still = request();
    still.stream.write("a");
    await expect(readBody(still.raw, bytes, times).then(({ bytes: body }) => all(body))).rejects.toMatchObject({ status: 408 });
  });

  test("a slow reader is not a slow sender", async () => {
    const { stream, raw } = request();
    stream.end("abc");
    const { bytes } = await readBody(raw, contract({ kind: "bytes" }), times);
    let text = "";
    for await (const chunk of bytes ?? []) {
      await new Promise((resolve) => setTimeout(resolve, times.idleMs * 2));
      text += Buffer.from(chunk).toString();
    }
    expect(text).toBe("abc");
  });

  test("none, where one is needed and where not", async () => {
    const none = { headers: {} } as unknown as IncomingMessage;
    await expect(readBody(none, contract(), times)).rejects.toMatchObject({ code: "invalid_request" });
    expect(await readBody(none, contract({ required: false }), times)).toMatchObject({ document: undefined, json: undefined });
  });

  test("types: the first for none, parameters and letters do not matter, other character sets do", () => {
    const types = ["application/json", "application/yaml"];
    expect(mediaTypeOf(undefined, types)).toBe("application/json");
    expect(mediaTypeOf("Application/YAML; charset=UTF-8", types)).toBe("application/yaml");
    expect(() => mediaTypeOf("application/yaml; charset=latin1", types)).toThrow(/UTF-8/);
    expect(() => mediaTypeOf("text/html", types)).toThrow(/application\/json or application\/yaml/);
  });
});
