import { describe, expect, it } from "vitest";
import { CallIdentities } from "../../../src/trace/call-identities.js";
import { KeyedHash } from "../../../src/trace/keyed-hash.js";
import { chance } from "../../support/traces.js";

const call = (trace: string, callId: string | undefined, tool = "t", more: object = {}) => ({ trace, callId, tool, ...more });

describe("which calls were counted", () => {
  it("an id inside its scope, with its name; never without an id", () => {
    const known = new CallIdentities();
    const asked = [
      call("a", "1"),
      call("a", "1"),
      call("a", "1", "other"),
      call("b", "1"),
      call("b", "1", "t", { scope: "a" }),
      call("a", undefined),
      call("a", undefined),
    ].map((each) => known.isRepeated("f", each));
    expect(asked).toEqual([false, true, false, false, true, false, false]);
    expect(known.isRepeated("g", call("a", "1"))).toBe(false);
  });

  it("any alias makes a repetition, and every id is remembered", () => {
    const known = new CallIdentities();
    expect(known.isRepeated("f", call("a", "1", "t", { aliases: ["x", "y"] }))).toBe(false);
    expect(known.isRepeated("f", call("a", "2", "t", { aliases: ["y", "z"] }))).toBe(true);
    expect(known.isRepeated("f", call("a", "z"))).toBe(true);
    expect(known.isRepeated("f", call("a", "2"))).toBe(true);
  });

  it("forgets what was met least recently, and what is met again is recent", () => {
    const known = new CallIdentities([1, 2], 400);
    for (let i = 0; i < 1000; i++) {
      expect(known.isRepeated("f", call("a", `${i}`))).toBe(false);
      expect(known.isRepeated("f", call("b", "always"))).toBe(i > 0);
      if (i >= 99) expect(known.isRepeated("f", call("a", `${i - 50}`))).toBe(true);
    }
    expect(known.isRepeated("f", call("a", "5"))).toBe(false);
  });

  it("agrees with a set of texts, whatever the key", () => {
    const next = chance(5);
    const texts = ["", "a", "b", "ab", "\uffff", "\ufffe", "a\ufffe", "\u0000", "a\u0000", "aa", "aaa", "\ud800", "__proto__"];
    const text = () => texts[next(texts.length)]!;
    const plain = new Set<string>();
    const known = [new CallIdentities(), new CallIdentities([7, 2 ** 32 - 1])];
    for (let i = 0; i < 20_000; i++) {
      const asked = call(text(), `${text()}${next(3)}`, text());
      const key = JSON.stringify(asked);
      for (const each of known) expect(each.isRepeated("f", asked)).toBe(plain.has(key));
      plain.add(key);
    }
  });

  it("keeps a million apart", () => {
    const known = new CallIdentities([3, 4]);
    let repeated = 0;
    for (let i = 0; i < 1_000_000; i++) if (known.isRepeated("f", call("s", `call_${i}`))) repeated++;
    expect(repeated).toBe(0);
    for (let i = 0; i < 1_000_000; i += 997) expect(known.isRepeated("f", call("s", `call_${i}`))).toBe(true);
  });
});

describe("the keyed hash", () => {
  it("depends on the key, the words and their order", () => {
    const hashes = new Set<string>();
    for (const key of [0, 1, 0x80000000]) {
      for (const words of [[], [0], [1], [0, 0], [0, 1], [1, 0]]) {
        const hash = new KeyedHash(key, 5);
        hash.begin();
        for (const word of words) hash.word(word);
        hash.end();
        hashes.add(`${hash.low} ${hash.high}`);
      }
    }
    expect(hashes.size).toBe(18);
  });

  it("takes a text as its length and words of two units", () => {
    const one = new KeyedHash(1, 2);
    one.begin();
    one.text("abc");
    one.end();
    const other = new KeyedHash(1, 2);
    other.begin();
    for (const word of [3, 0x61 | (0x62 << 16), 0x63]) other.word(word);
    other.end();
    expect([one.low, one.high]).toEqual([other.low, other.high]);
  });
});
