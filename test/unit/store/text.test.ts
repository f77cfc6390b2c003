import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromName, fromStored, toName, toStored } from "../../../src/store/text.js";
import { hostileTexts } from "../../support/stores.js";

/** Any code units at all, with a liking for those that are special here. */
const anyText = fc
  .array(
    fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x10, 0x23, 0x30, 0xd800, 0xdc00, 0xdfff, 0xd83d, 0xde00)),
  )
  .map((units) => String.fromCharCode(...units));

describe("stored text", () => {
  it("comes back as it went in, and has nothing a database would change", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = toStored(text);
        expect(fromStored(stored)).toBe(text);
        expect(stored.includes("\0")).toBe(false);
        expect(Buffer.from(stored, "utf8").toString("utf8")).toBe(stored);
      }),
      { numRuns: 2_000 },
    );
  });

  it("stays what it is where nothing is special", () => {
    for (const text of ["", "files.read", "größer 😀", "a\nb\u007f"]) expect(toStored(text)).toBe(text);
  });

  it("indexes any name by a short key, equal for equal names only", () => {
    const longs = ["a".repeat(512), "a".repeat(513), `${"a".repeat(512)}b`, "é".repeat(256), "é".repeat(257), "\0".repeat(200)];
    const names = [...hostileTexts.map(([, text]) => text), ...longs];
    const keys = names.map((name) => toName(name));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(names.length);
    for (const [i, { key, full }] of keys.entries()) {
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(512);
      expect(fromName(key, full)).toBe(names[i]);
      expect(toName(names[i] as string)).toEqual({ key, full });
    }
    expect(keys.filter(({ full }) => full !== null)).toHaveLength(5);
  });

  it("keeps a name apart from one that looks like its key", () => {
    const { key } = toName("a".repeat(2_000));
    expect(toName(key).key).not.toBe(key);
    expect(fromName(toName(key).key, toName(key).full)).toBe(key);
  });
});
