import { describe, expect, test } from "vitest";
import { crc32 } from "../../../src/artifact/digest.js";

/** One bit at a time, from the polynomial. */
function slowCrc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return (c ^ 0xffffffff) >>> 0;
}

describe("CRC-32", () => {
  test("the check value of the standard", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
  test("every length around the step of eight, at every alignment", () => {
    const bytes = Uint8Array.from({ length: 80 }, (_, i) => (i * 151 + 17) & 255);
    for (let from = 0; from < 8; from++) {
      for (let to = from; to < 72; to++) expect(crc32(bytes.subarray(from, to))).toBe(slowCrc(bytes.subarray(from, to)));
    }
  });
});
