import { describe, expect, it } from "vitest";
import { decodeSource, Source, utf8Length } from "../../../src/syntax/source.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const decode = (source: string | Uint8Array, bytesMax = 1000) => decodeSource(source, { file: "f", bytesMax });
const first = (source: string | Uint8Array) => decode(source).diagnostics[0];

describe("decodeSource", () => {
  it("takes UTF-8 bytes and text alike, with or without a byte order mark", () => {
    for (const source of [
      "é: 日本 😀\r\n\tx",
      bytes("é: 日本 😀\r\n\tx"),
      "\ufeffé: 日本 😀\r\n\tx",
      bytes("\ufeffé: 日本 😀\r\n\tx"),
    ]) {
      expect(decode(source).value?.text).toBe("é: 日本 😀\r\n\tx");
      expect(decode(source).diagnostics).toEqual([]);
    }
  });

  it("caps bytes, not characters", () => {
    expect(decode("a".repeat(1000)).value).toBeDefined();
    expect(decode("a".repeat(1001)).diagnostics[0]?.code).toBe("source_too_large");
    expect(decode("é".repeat(500)).value).toBeDefined();
    expect(decode("é".repeat(501)).diagnostics[0]?.code).toBe("source_too_large");
    expect(decode(bytes("é".repeat(501))).diagnostics[0]?.code).toBe("source_too_large");
  });

  it.each([
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x61, 0x00])],
    ["UTF-16", new Uint8Array([0xfe, 0xff, 0x00, 0x61])],
    ["UTF-16", new Uint8Array([0x61, 0x00, 0x62, 0x00])],
    ["UTF-16", new Uint8Array([0x00, 0x61, 0x00, 0x62])],
    ["UTF-32", new Uint8Array([0xff, 0xfe, 0x00, 0x00])],
    ["UTF-32", new Uint8Array([0x00, 0x00, 0xfe, 0xff])],
    ["UTF-32", new Uint8Array([0x61, 0x00, 0x00, 0x00])],
  ])("says what %s looks like", (name, source) => {
    expect(first(source)).toMatchObject({ code: "encoding_utf16", message: `the file looks like ${name}` });
  });

  it.each([
    ["an invalid byte", [0x61, 0x0a, 0x62, 0xff], 2, 2],
    ["an overlong form", [0x61, 0xc0, 0xaf], 1, 2],
    ["a surrogate", [0xed, 0xa0, 0x80], 1, 1],
    ["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80], 1, 1],
    ["a cut character", [0x61, 0xe6, 0x97], 1, 2],
    ["a real U+FFFD before it", [0xef, 0xbf, 0xbd, 0xff], 1, 2],
  ])("gives the place of %s", (_name, source, line, column) => {
    expect(first(new Uint8Array(source))).toMatchObject({ code: "encoding_invalid", span: { line, column } });
  });

  it("refuses raw control characters with their place, each of them", () => {
    const found = decode("a\u0000b\nc\u001b\u007f\u0090\ufffe").diagnostics;
    expect(found.map(({ code, span }) => [code, span?.line, span?.column])).toEqual([
      ["control_character", 1, 2],
      ["control_character", 2, 2],
      ["control_character", 2, 3],
      ["control_character", 2, 4],
      ["control_character", 2, 5],
    ]);
    expect(first("a\rb")?.fix).toBe("save the file with LF or CRLF line ends");
    expect(decode("tab\t lf\n crlf\r\n nel\u0085").value).toBeDefined();
  });

  it("refuses half a surrogate pair in text that is already decoded", () => {
    expect(first("a\ud800")?.code).toBe("encoding_invalid");
    expect(first("a\udc00b")?.code).toBe("encoding_invalid");
    expect(decode("\ud83d\ude00").value).toBeDefined();
  });
});

describe("Source", () => {
  it("counts lines and columns from 1, in UTF-16 units, with an exclusive end", () => {
    const source = new Source("ab\r\ncd\n\nlast", "f");
    expect(source.span(0, 2)).toEqual({ file: "f", line: 1, column: 1, endLine: 1, endColumn: 3 });
    expect(source.span(4, 6)).toMatchObject({ line: 2, column: 1, endColumn: 3 });
    expect(source.span(5, 10)).toMatchObject({ line: 2, column: 2, endLine: 4, endColumn: 3 });
    expect(source.span(12, 12)).toMatchObject({ line: 4, column: 5, endLine: 4, endColumn: 5 });
  });
});

describe("utf8Length", () => {
  it.each(["", "a", "é", "日", "😀", "a\ud800b", "\udc00", "x😀\ud83d"])("counts %j as the encoder does", (text) => {
    expect(utf8Length(text)).toBe(bytes(text).length);
  });
});
