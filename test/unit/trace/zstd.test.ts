import { describe, expect, it } from "vitest";
import { readTraces } from "../../../src/trace/io/read.js";
import { Xxh64 } from "../../../src/trace/io/xxh64.js";
import { unzstd } from "../../../src/trace/io/zstd.js";
import { codesOf, inChunks, read, readAll } from "../../support/traces.js";
import { eventsText, packedEvents, repeatingFrame, skippable, storedFrame, withDictionary } from "../../support/zstd-frames.js";

async function unpacked(bytes: Uint8Array, chunkBytes = 4096): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of unzstd(inChunks(bytes, chunkBytes))) parts.push(part);
  return Buffer.concat(parts).toString();
}

const stored = storedFrame(Buffer.from(eventsText));
const cases: [string, Buffer, string][] = [
  ["a frame", packedEvents, eventsText],
  ["plain blocks", stored, eventsText],
  ["frames in a row", Buffer.concat([packedEvents, stored, packedEvents]), eventsText.repeat(3)],
  ["skippable frames around", Buffer.concat([skippable, packedEvents, skippable, skippable, stored]), eventsText.repeat(2)],
  ["an empty frame", Buffer.concat([storedFrame(Buffer.alloc(0)), packedEvents]), eventsText],
  ["nothing but a skippable frame", skippable, ""],
];

describe("frames", () => {
  it.each(cases)("%s, cut into chunks anywhere", async (_, bytes, text) => {
    for (const size of [1, 2, 3, 7, 64, 100_000]) expect(await unpacked(bytes, size)).toBe(text);
  });

  it.each(cases)("%s: wherever it is cut, that is an error", async (_, bytes, text) => {
    for (let length = 1; length < bytes.length; length += 1 + (length >> 4)) {
      const got = await unpacked(bytes.subarray(0, length)).catch((error: Error) => error);
      // Between two frames nobody can see that there were more.
      if (typeof got === "string") expect([eventsText, eventsText.repeat(2), ""]).toContain(got);
      else expect([got.name, got.message]).toEqual(["ZstdDamage", "is cut"]);
      expect(got).not.toBe(text);
    }
  });

  it("a bit that is turned is an error, unless the content is the same", async () => {
    for (let bit = 32; bit < packedEvents.length * 8; bit += 3) {
      const damaged = Buffer.from(packedEvents);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const got = await unpacked(damaged).catch((error: Error) => error.name);
      expect(["ZstdDamage", eventsText]).toContain(got);
    }
  });

  it.each([
    ["a dictionary", withDictionary, "needs a dictionary"],
    ["a window of a gigabyte", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 1, 0, 0]), "128 MiB"],
    [
      "a single segment of 2^62 bytes",
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0]),
      "128 MiB",
    ],
    ["a reserved bit", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 8, 56, 1, 0, 0]), "corrupt"],
    ["a reserved block", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 56, 7, 0, 0]), "corrupt"],
    ["a block longer than its window", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 1, 0x80, 0]), "corrupt"],
    ["garbage behind a frame", Buffer.concat([stored, Buffer.from("garbage")]), "none"],
    ["text", Buffer.from("text without any magic"), "none"],
  ])("%s is refused", async (_, bytes, message) => {
    await expect(unpacked(bytes)).rejects.toThrow(message);
  });
});

describe("checksums", () => {
  // Low halves of the published values for seed 0.
  it.each([
    ["", 0x51d8e999],
    ["a", 0xa98c6e5b],
    ["abc", 0xad770999],
  ])("are those of others: %j", (text, expected) => {
    const hash = new Xxh64();
    hash.update(Buffer.from(text));
    expect(hash.low32()).toBe(expected);
  });

  it("do not depend on how the bytes come", () => {
    const bytes = Buffer.from(eventsText);
    for (const size of [1, 5, 31, 32, 33, 100]) {
      const hash = new Xxh64();
      for (let at = 0; at < bytes.length; at += size) hash.update(bytes.subarray(at, at + size));
      expect(hash.low32()).toBe(packedEvents.readUInt32LE(packedEvents.length - 4));
    }
  });
});

describe("inputs", () => {
  it("are read as if they were plain", async () => {
    const plain = await read(eventsText);
    const packed = await read(Buffer.concat([skippable, packedEvents, stored]));
    expect(packed.diagnostics).toEqual([]);
    expect(packed.names).toEqual(plain.names);
    expect([packed.calls.length, packed.inputs[0]!.repeatedCalls]).toEqual([120, 120]);
    const slow = await readTraces([{ name: "a", bytes: inChunks(packedEvents, 1) }]);
    expect(slow.calls.length).toBe(120);
  });

  it("are read up to the damage, which is said", async () => {
    const set = await readAll([Buffer.concat([stored, packedEvents.subarray(0, 300)]), withDictionary]);
    expect(codesOf(set)).toEqual(["trace_zstd_damaged", "trace_zstd_damaged"]);
    expect(set.calls.length).toBe(120);
    expect(set.diagnostics[1]!.message).toContain("dictionary");
  });

  it("of a few bytes that would be gigabytes pass through without being kept", async () => {
    const bomb = repeatingFrame(0x20, 4000);
    const set = await read(Buffer.concat([stored, bomb, stored]));
    expect([bomb.length < 20_000, set.calls.length, codesOf(set)]).toEqual([true, 120, ["trace_line_too_long"]]);
  });
});
