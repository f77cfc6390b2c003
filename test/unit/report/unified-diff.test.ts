import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plain } from "../../../src/report/paint.js";
import { paintedDiff, unifiedDiff } from "../../../src/report/text/unified-diff.js";
import { folderOf } from "../../support/command.js";

/** Makes the changes that a diff describes; throws where it does not fit. */
function patched(before: string, diff: string): string {
  const old = before === "" ? [] : before.split(/(?<=\n)/);
  const out: string[] = [];
  let at = 0;
  const lines = diff.split(/(?<=\n)/).slice(2);
  for (const [index, line] of lines.entries()) {
    const [mark, rest] = [line[0], line.slice(1)];
    if (mark === "\\") continue;
    const text = lines[index + 1]?.startsWith("\\") ? rest.slice(0, -1) : rest;
    if (mark === "@") {
      const [start, count] = /-(\d+),(\d+)/.exec(line)!.slice(1).map(Number) as [number, number];
      const to = count === 0 ? start : start - 1;
      out.push(...old.slice(at, to));
      at = to;
    } else if (mark === "+") out.push(text);
    else {
      if (old[at] !== text) throw new Error(`${JSON.stringify(old[at])} is not ${JSON.stringify(text)}`);
      if (mark === " ") out.push(text);
      at++;
    }
  }
  return [...out, ...old.slice(at)].join("");
}

describe("a unified diff", () => {
  test("shows a change with three lines around it, and joins changes that are near", () => {
    const before = Array.from({ length: 30 }, (_, i) => `${i}\n`).join("");
    const after = before.replace("\n5\n", "\n").replace("\n12\n", "\ntwelve\n").replace("\n25\n", "\n25\nnew\n");
    expect(unifiedDiff(before, after, "p.yaml")).toBe(
      "--- p.yaml\n+++ p.yaml\n@@ -3,14 +3,13 @@\n 2\n 3\n 4\n-5\n 6\n 7\n 8\n 9\n 10\n 11\n-12\n+twelve\n 13\n 14\n 15\n@@ -24,6 +23,7 @@\n 23\n 24\n 25\n+new\n 26\n 27\n 28\n",
    );
  });
  test("of equal texts is empty", () => {
    expect(unifiedDiff("a\n", "a\n", "p")).toBe("");
  });
  test("tells a missing line feed at the end", () => {
    expect(unifiedDiff("a\nb", "a\n", "p")).toBe("--- p\n+++ p\n@@ -1,2 +1,1 @@\n a\n-b\n\\ No newline at end of file\n");
    expect(unifiedDiff("", "a", "p")).toBe("--- p\n+++ p\n@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n");
  });
  test("leads from the old text to the new one, for any texts", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c", "", "d\r", "e"), { maxLength: 25 });
    const text = fc.tuple(lines, fc.boolean()).map(([all, end]) => all.join("\n") + (end && all.length > 0 ? "\n" : ""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff(before, after, "p");
        expect(diff === "" ? before : patched(before, diff)).toBe(after);
      }),
      { numRuns: 2_000 },
    );
  });
  // Lines that stand once in both texts are anchors, so a diff is not always the shortest there is; it is where lines repeat on both sides.
  test.each([
    ["aabb", "ab", 2],
    ["aaaa", "aa", 2],
    ["ababab", "abab", 2],
    ["aabbaabb", "aabb", 4],
    ["abab", "baba", 2],
    ["", "aa", 2],
  ])("is shortest where lines repeat: %s, %s", (a, b, edits) => {
    const text = (all: string) => ["x", "x", ...all, "y", "y"].map((line) => `${line}\n`).join("");
    const lines = unifiedDiff(text(a), text(b), "p").split("\n").slice(2);
    expect(lines.filter((line) => /^[-+]/.test(line)).length).toBe(edits);
  });
  test("begins with the rule that went, not in the middle of another", () => {
    const rules = (names: string) => [...names].map((name) => `- pattern: ${name}\n  reason: r\n  severity: low\n`).join("");
    const body = (diff: string) =>
      diff
        .split("\n")
        .slice(3)
        .filter((line) => line.startsWith("-"))
        .join("\n");
    expect(body(unifiedDiff(rules("abcd"), rules("ad"), "p"))).toBe(rules("bc").trimEnd().replace(/^/gm, "-"));
    expect(body(unifiedDiff(rules("ab"), rules("a"), "p"))).toBe(rules("b").trimEnd().replace(/^/gm, "-"));
  });
  test("of long texts without a common line is bounded", () => {
    const repeated = (words: readonly string[], n: number) =>
      Array.from({ length: n }, (_, i) => `${words[i % words.length]}\n`).join("");
    const [before, after] = [repeated(["a", "b", "c"], 9_000), repeated(["c", "b"], 9_000)];
    expect(patched(before, unifiedDiff(before, after, "p"))).toBe(after);
    const rules = (skip: number) =>
      Array.from({ length: 30_000 }, (_, i) => (i % skip === 0 ? "" : `- pattern: ${i}\n  reason: r\n`)).join("");
    expect(patched(rules(40_000), unifiedDiff(rules(40_000), rules(7), "p"))).toBe(rules(7));
  });
  test("is what patch takes", () => {
    const folder = folderOf({ "p.yaml": "a\nb\nc\nd\ne\n" });
    writeFileSync(join(folder, "x.diff"), unifiedDiff("a\nb\nc\nd\ne\n", "b\nc\nd\nf", "p.yaml"));
    execFileSync("git", ["apply", "-p0", "x.diff"], { cwd: folder, env: { ...process.env, GIT_CEILING_DIRECTORIES: folder } });
    expect(readFileSync(join(folder, "p.yaml"), "utf8")).toBe("b\nc\nd\nf");
  });
  test("for a terminal hides nothing and is marked line by line", () => {
    const marked = { ...plain, pass: (t: string) => `<${t}>`, fail: (t: string) => `(${t})`, strong: (t: string) => `[${t}]` };
    expect(paintedDiff(unifiedDiff("a\tb\r\n", "a\u202e\x1b[31m\r\n", "p\u202e"), marked)).toBe(
      "[--- p\\u{202e}]\n[+++ p\\u{202e}]\n@@ -1,1 +1,1 @@\n(-a\tb)\n<+a\\u{202e}\\u{1b}[31m>\n",
    );
  });
});
