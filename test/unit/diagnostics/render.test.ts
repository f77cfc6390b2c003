import { describe, expect, it } from "vitest";
import { diagnostic } from "../../../src/diagnostics/codes.js";
import { renderDiagnostics } from "../../../src/diagnostics/render.js";

const span = (line: number, column: number, endColumn: number, endLine = line) => ({
  file: "p.yaml",
  line,
  column,
  endLine,
  endColumn,
});
const show = (text: string, place: ReturnType<typeof span>, color = false) =>
  renderDiagnostics([diagnostic("unknown_key", { message: "unknown key `x`", span: place, fix: "remove it" })], {
    sources: new Map([["p.yaml", text]]),
    color,
  });

describe("renderDiagnostics", () => {
  it("shows the place, the line, the caret and what to do", () => {
    expect(show("a: 1\n  forbiden: []\n", span(2, 3, 11))).toBe(
      [
        "p.yaml:2:3: error unknown_key: unknown key `x`",
        "  2 |   forbiden: []",
        "    |   ^^^^^^^^",
        "  what to do: remove it",
        "",
      ].join("\n"),
    );
  });

  it("puts one caret where a place is empty, also at the end of the text", () => {
    expect(show("abc", span(1, 4, 4))).toContain("\n  1 | abc\n    |    ^\n");
    expect(show("", span(1, 1, 1))).toContain("\n  1 | \n    | ^\n");
  });

  it("marks a place over several lines to the end of its first", () => {
    expect(show("a: [b,\n  c]\n", span(1, 4, 4, 2))).toContain("\n  1 | a: [b,\n    |    ^^^\n");
  });

  it("keeps the caret under the place after tabs, escapes, wide letters and a byte order mark", () => {
    expect(show("a\tb: c", span(1, 3, 4))).toContain("\n  1 | a b: c\n    |   ^\n");
    expect(show("\u202ea: c", span(1, 2, 3))).toContain("\n  1 | \\u{202e}a: c\n    |         ^\n");
    expect(show("日本: c", span(1, 1, 3))).toContain("\n  1 | 日本: c\n    | ^^^^\n");
    expect(show("\ufeffab: c", span(1, 1, 3))).toContain("\n  1 | ab: c\n    | ^^\n");
    expect(show("a\r\nbc\r\n", span(2, 1, 3))).toContain("\n  2 | bc\n    | ^^\n");
  });

  it("shows a window of a long line", () => {
    const shown = show(`${"a".repeat(5000)}HERE${"b".repeat(5000)}`, span(1, 5001, 5005));
    const [, line, caret] = shown.split("\n");
    expect(line!.length).toBeLessThan(140);
    expect(caret!.indexOf("^^^^")).toBe(line!.indexOf("HERE"));
    expect(line!.startsWith("  1 | ...aaa") && line!.endsWith("bbb...")).toBe(true);
  });

  it("does without the line where the text or the line is not there", () => {
    expect(show("a", span(9, 1, 2))).toBe("p.yaml:9:1: error unknown_key: unknown key `x`\n  what to do: remove it\n");
    const placeless = diagnostic("document_empty", { message: "m" });
    expect(renderDiagnostics([placeless], { sources: new Map(), color: false })).toMatch(
      /^error document_empty: m\n {2}what to do: /,
    );
  });

  it("colours only when asked, and never lets a text colour anything", () => {
    expect(show("a", span(1, 1, 2), true)).toContain("\x1b[31merror\x1b[0m");
    expect(show("\x1b[31ma", span(1, 1, 2))).not.toContain("\x1b");
  });

  it("shows 50 and counts the rest", () => {
    const many = Array.from({ length: 53 }, () => diagnostic("unknown_key", { message: "m", fix: "f" }));
    const text = renderDiagnostics(many, { sources: new Map(), color: false });
    expect(text.split("error unknown_key").length - 1).toBe(50);
    expect(text.endsWith("... and 3 more\n")).toBe(true);
  });
});
