import { PbfReader } from "pbf";
import { describe, expect, test } from "vitest";
import { RegistryFailure } from "../../../../src/registry/failure.js";
import type { IngestAnswer } from "../../../../src/registry/shapes.js";
import type { Answer } from "../../../../src/server/route.js";
import { dialectOf, exported, refused } from "../../../../src/server/routes/otlp.js";

async function* pieces(text: string, length: number): AsyncIterable<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe("who sent it", () => {
  test.each([
    ["application/x-protobuf", "\n\u0000", "otlp-protobuf"],
    ["application/protobuf; v=1", "", "otlp-protobuf"],
    ["application/json", '{"resourceSpans":[]}', "otlp-json"],
    ["application/json; charset=utf-8", ' \n{ "resourceSpans" : [] }', "otlp-json"],
    ["application/json", '{"resource_spans":[]}', "otlp-json"],
    ["application/json", '{"trace_id":"resourceSpans"}', "ours"],
    ["application/json", '{"a":{"resourceSpans":[]}}', "ours"],
    ["application/json", "[1,2]", "ours"],
    ["application/json", "", "ours"],
    ["application/json", `{"${"x".repeat(10_000)}":1}`, "ours"],
    ["application/x-ndjson", '{"resourceSpans":[]}', "ours"],
    [undefined, '{"resourceSpans":[]}', "ours"],
  ])("%s %s: %s", async (type, text, dialect) => {
    for (const length of [1, 3, 4096]) {
      const found = await dialectOf(type, pieces(text, length));
      expect(found.dialect).toBe(dialect);
      expect(await textOf(found.bytes)).toBe(text);
    }
  });

  test("a reader that stops early stops the body, too", async () => {
    let ended = false;
    async function* body() {
      try {
        for (;;) yield new TextEncoder().encode('{"a":');
      } finally {
        ended = true;
      }
    }
    const { bytes } = await dialectOf("application/json", body());
    for await (const _ of bytes) break;
    expect(ended).toBe(true);
  });
});

const nothingSkipped: IngestAnswer = { traces: 1, calls: 2, repeated_calls: 0, skipped_records: 0, warnings: [] };
const warning = { code: "trace_bad_line", level: "warning", path: "", message: "é is no span", fix: "" } as const;
const skipped: IngestAnswer = { ...nothingSkipped, skipped_records: 300, warnings: [warning] };

async function bytesOf({ body }: Answer): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  if (body === undefined || !("stream" in body)) throw new TypeError("no stream");
  for await (const part of body.stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Read by somebody else's reader of protobuf. */
function fieldsOf(bytes: Uint8Array): Record<number, unknown> {
  return new PbfReader(bytes).readFields(
    (tag: number, fields: Record<number, unknown>, reader: PbfReader) => {
      fields[tag] = reader.type === 0 ? reader.readVarint() : Buffer.from(reader.readBytes());
    },
    {} as Record<number, unknown>,
  );
}

describe("ExportTraceServiceResponse", () => {
  test("JSON carries our counts beside", () => {
    expect(exported("otlp-json", nothingSkipped).body).toEqual({ json: nothingSkipped });
    expect(exported("otlp-json", skipped).body).toEqual({
      json: { partialSuccess: { rejectedSpans: "300", errorMessage: "é is no span" }, ...skipped },
    });
    expect(exported("ours", skipped).body).toEqual({ json: skipped });
  });

  test("protobuf: empty when all was taken", async () => {
    const answer = exported("otlp-protobuf", nothingSkipped);
    expect(answer).toMatchObject({ status: 200, body: { type: "application/x-protobuf" } });
    expect((await bytesOf(answer)).length).toBe(0);
  });

  test("protobuf: what was skipped", async () => {
    const partial = fieldsOf(await bytesOf(exported("otlp-protobuf", skipped)))[1] as Buffer;
    const fields = fieldsOf(partial);
    expect(fields[1]).toBe(300);
    expect(String(fields[2])).toBe("é is no span");
  });

  test("a refusal is a google.rpc.Status", async () => {
    const message = "x".repeat(200);
    const answer = refused(
      new RegistryFailure("unavailable", message, { retryAfterS: 3, details: [{ path: "agent_id", message: "is missing" }] }),
    );
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "3" } });
    const fields = fieldsOf(await bytesOf(answer));
    expect(fields[1]).toBe(14);
    expect(String(fields[2])).toBe(`${message}; agent_id: is missing`);
    expect(fieldsOf(await bytesOf(refused(new RegistryFailure("invalid_request", "no"))))[1]).toBe(3);
  });
});
