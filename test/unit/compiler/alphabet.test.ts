import { expect, test } from "vitest";
import { byteClasses, forEachByte } from "../../../src/compiler/alphabet.js";
import { tokensOf, wtf8 } from "./naive.js";

const alphabetOf = (...globs: string[]) => byteClasses(globs.map(tokensOf));

test("literal bytes have classes of their own, all others share one", () => {
  const { classes, classCount } = alphabetOf("ab*", "b_");
  expect(classCount).toBe(4);
  expect(new Set([..."ab_"].map((c) => classes[c.charCodeAt(0)])).size).toBe(3);
  expect(classes[0]).toBe(0);
  for (const byte of [0, 1, 0x63, 0x80, 0xbf, 0xc0, 0xfe, 0xff]) expect(classes[byte]).toBe(classes[0]);
});

test("a `?` sets continuation bytes apart, also bytes UTF-8 never uses have a class", () => {
  const { classes, classCount, lead, continuation } = alphabetOf("a?");
  expect(classCount).toBe(3);
  for (let byte = 0; byte < 256; byte++) {
    const follows = byte >= 0x80 && byte < 0xc0;
    expect((follows ? continuation : lead).includes(classes[byte])).toBe(true);
    expect((follows ? lead : continuation).includes(classes[byte])).toBe(false);
  }
});

test("literals of several bytes split the classes of all their bytes", () => {
  const { classes, classCount, lead, continuation } = alphabetOf("é?");
  expect(classCount).toBe(4);
  expect(lead).toEqual([classes[0], classes[0xc3]]);
  expect(continuation).toEqual([classes[0x80], classes[0xa9]]);
});

test("classes are numbered in order of their first byte and cover at most 256 bytes", () => {
  const every = String.fromCodePoint(...Array.from({ length: 0x80 }, (_, i) => i).filter((c) => c !== 0x2a && c !== 0x3f));
  const { classes, classCount } = alphabetOf(`${every}?`);
  let seen = 0;
  for (const c of classes) {
    expect(c).toBeLessThanOrEqual(seen);
    if (c === seen) seen++;
  }
  expect(seen).toBe(classCount);
  expect(alphabetOf().classCount).toBe(1);
});

test("code points become their UTF-8 bytes, surrogates those of WTF-8", () => {
  for (const text of ["\0", "\x7f", "\x80", "\u07ff", "\u0800", "\ud800", "\udfff", "\uffff", "\u{10000}", "\u{10ffff}"]) {
    const bytes: number[] = [];
    forEachByte(text.codePointAt(0) as number, (byte) => bytes.push(byte));
    expect(bytes).toEqual(wtf8(text));
    if (!/^[\ud800-\udfff]$/.test(text)) expect(bytes).toEqual([...new TextEncoder().encode(text)]);
  }
});
