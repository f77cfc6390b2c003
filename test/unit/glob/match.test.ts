import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchGlob } from "../../../src/glob/match.js";
import { type Glob, globText, parseGlob } from "../../../src/glob/parse.js";

function glob(text: string): Glob {
  const parsed = parseGlob(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

const matches = (pattern: string, name: string) => matchGlob(glob(pattern).text, name);

describe("matchGlob (semantics G1)", () => {
  it.each([
    ["mcp__browser__*", "mcp__browser__click", true],
    ["mcp__browser__*", "mcp__browser__", true],
    ["mcp__browser__*", "xmcp__browser__click", false],
    ["mcp__*__list*", "mcp__a__b__list_all", true],
    ["mcp__*__list*", "mcp__list", false],
    ["custom_tool_v?", "custom_tool_v1", true],
    ["custom_tool_v?", "custom_tool_v", false],
    ["custom_tool_v?", "custom_tool_v10", false],
    ["*", "", true],
    ["?", "", false],
    ["?", "😀", true],
    ["??", "😀", false],
    ["?", "\ud800", true],
    ["*", "a\u0000\n/b", true],
    ["a*b", "a\nb", true],
    ["a", "A", false],
    ["é", "e\u0301", false],
    ["a.b", "axb", false],
    ["[ab]", "a", false],
    ["[ab]", "[ab]", true],
    ["\\*", "*", false],
    ["\\*", "\\anything", true],
    ["*a*a*b", "aaaaaaaaab", true],
    ["*a*a*b", "aaaaaaaaaa", false],
    ["*?", "", false],
    ["?*", "a", true],
  ])("%j against %j: %s", (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it("agrees with the definition, for every short glob and name", () => {
    const words = (alphabet: string, length: number): string[] =>
      length === 0 ? [""] : ["", ...words(alphabet, length - 1).flatMap((rest) => [...alphabet].map((letter) => letter + rest))];
    const names = [...new Set(words("ab", 5))];
    let checked = 0;
    for (const pattern of new Set(words("ab*?", 4))) {
      if (pattern === "") continue;
      for (const name of names) {
        checked++;
        if (matches(pattern, name) !== defined(pattern, name)) throw new Error(`${pattern} against ${name}`);
      }
    }
    expect(checked).toBeGreaterThan(20_000);
  });
});

/** The definition, by trying every length of every run. */
function defined(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  if (pattern[0] === "*")
    return Array.from({ length: name.length + 1 }, (_, i) => i).some((i) => defined(pattern.slice(1), name.slice(i)));
  return name !== "" && (pattern[0] === "?" || pattern[0] === name[0]) && defined(pattern.slice(1), name.slice(1));
}

describe("parseGlob", () => {
  it.each([
    ["a**b", "a*b"],
    ["*?*", "?*"],
    ["**?**?", "??*"],
    ["?*?", "??*"],
    ["a*b?", "a*b?"],
  ])("writes %s as %s", (source, text) => {
    expect(glob(source)).toMatchObject({ text, source });
  });

  it("gives globs of one canonical text the same names", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    fc.assert(
      fc.property(pattern, name, (source, tool) => {
        expect(matches(glob(source).text, tool)).toBe(defined(source, tool));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["", "empty"],
    ["a".repeat(257), "too_long"],
    ["é".repeat(129), "too_long"],
    ["*a".repeat(33), "too_many_wildcards"],
    ["a\ud800", "lone_surrogate"],
  ])("refuses %j as %s", (source, fault) => {
    expect(parseGlob(source)).toBe(fault);
  });

  it("writes tokens back as text", () => {
    expect(globText(glob("日😀*").tokens)).toBe("日😀*");
  });
});
