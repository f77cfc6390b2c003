import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { limitsPage, readLimits } from "../scripts/limits-page.mjs";
import * as limits from "../src/limits.js";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const markdown = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(folder, file));
const pages = [...readdirSync(root).filter((file) => file.endsWith(".md")), ...markdown("docs"), ...markdown("examples")];

describe("the pages", () => {
  test("docs/limits.md is what src/limits.ts says", () => {
    expect(
      readLimits(read("src/limits.ts"))
        .map(({ name, value }) => [name, value])
        .sort(),
    ).toEqual(Object.entries(limits).sort());
    expect(read("docs/limits.md")).toBe(limitsPage(read("src/limits.ts")));
  });

  test("each direct dependency has a reason", () => {
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read("package.json"));
    const reasons = read("docs/decisions/0002-dependencies.md");
    const named = (name: string) =>
      reasons.includes(`| \`${name}\` |`) || (name.startsWith("@types/") && reasons.includes("| `@types/*` |"));
    expect(Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies }).filter((name) => !named(name))).toEqual(
      [],
    );
  });

  test("each dependency has one exact version", () => {
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read("package.json"));
    const loose = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)),
    );
    expect(loose).toEqual([]);
  });

  test("decisions are numbered without a gap, and their titles agree", () => {
    const files = readdirSync(join(root, "docs/decisions")).sort();
    const numbers = files.map((file) => file.slice(0, 4));
    expect(numbers).toEqual(files.map((_, i) => String(i + 1).padStart(4, "0")));
    for (const file of files) expect(read(join("docs/decisions", file)).split("\n")[0]).toMatch(`# ${file.slice(0, 4)}: `);
  });

  test("links lead to files that exist", () => {
    const broken = pages.flatMap((page) =>
      linksOf(read(page))
        .filter((to) => !existsSync(join(root, dirname(page), to)))
        .map((to) => `${page}: ${to}`),
    );
    expect(broken).toEqual([]);
  });

  test("every rule number stands once in docs/semantics.md, in order", () => {
    const rules = [...read("docs/semantics.md").matchAll(/^\*\*([A-Z])(\d+) /gm)].map((m) => `${m[1]}${m[2]}`);
    const wanted = Object.entries({ D: 8, G: 3, E: 10, M: 5, T: 2, C: 2, F: 1, R: 3 }).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
    );
    expect(rules).toEqual(wanted);
  });
});

function linksOf(page: string): string[] {
  const prose = page.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((m) => m[1]).filter((to) => !/^[a-z]+:/.test(to));
}

test("links are found in prose, not in code", () => {
  expect(linksOf("[a](b.md#c) `[d](e.md)` [f](https://example.com)\n```\n[g](h.md)\n```\n[i](j/)")).toEqual(["b.md", "j/"]);
});
