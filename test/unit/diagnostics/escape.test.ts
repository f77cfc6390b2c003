import { describe, expect, it } from "vitest";
import { escapeText, quoteText } from "../../../src/diagnostics/escape.js";

describe("escapeText", () => {
  it.each([
    ["plain text, mcp__a__*", "plain text, mcp__a__*"],
    ["größer 日本 😀", "größer 日本 😀"],
    ["\u0000\n\t\u001b[31m", "\\u{0}\\u{a}\\u{9}\\u{1b}[31m"],
    ["\u007f\u0085\u009b", "\\u{7f}\\u{85}\\u{9b}"],
    ["a\u202eb\u2066c\u061c", "a\\u{202e}b\\u{2066}c\\u{61c}"],
    ["a\u200bb\u200dc\u2060d\ufeff", "a\\u{200b}b\\u{200d}c\\u{2060}d\\u{feff}"],
    ["\u2028\u2029\u00a0\u00ad\u3000", "\\u{2028}\\u{2029}\\u{a0}\\u{ad}\\u{3000}"],
    ["\ud800 \udc00", "\\u{d800} \\u{dc00}"],
    ["\u{e0041}\u{e0100}\ufe0f", "\\u{e0041}\\u{e0100}\\u{fe0f}"],
    ["\u{1ffff}\u{10fffe}", "\\u{1ffff}\\u{10fffe}"],
    ["", ""],
  ])("%j becomes %j", (text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });

  it("leaves nothing behind that a terminal would obey", () => {
    let all = "";
    for (let point = 0; point < 0x3000; point++) all += String.fromCharCode(point);
    expect(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(
        escapeText(all)
          .replaceAll("\u0600", "")
          .replace(/[\u0601-\u0605\u06dd\u070f\u0890\u0891\u08e2]/g, ""),
      ),
    ).toBe(false);
  });

  it("cuts long quotes", () => {
    expect(quoteText("a".repeat(100), 10)).toBe("`aaaaaaaaaa...`");
    expect(quoteText("a\nb")).toBe("`a\\u{a}b`");
  });
});
