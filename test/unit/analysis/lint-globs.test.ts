import { expect, test } from "vitest";
import { GlobIndex } from "../../../src/analysis/lint/glob-index.js";
import { meet, shortestName } from "../../../src/analysis/lint/glob-pairs.js";
import { Ground } from "../../../src/analysis/lint/ground.js";
import { globDistance, NearestNames } from "../../../src/analysis/lint/nearest.js";
import { foldName, serverTool } from "../../../src/analysis/lint/tool-names.js";
import { layersOf } from "../../../src/analysis/subject.js";
import { editDistance } from "../../../src/diagnostics/suggest.js";
import { matchGlob } from "../../../src/glob/match.js";
import { Random } from "../../support/random.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";
import { globOf, tinyPolicy } from "../../support/tiny-policy.js";

const letters = "abc";
const names = namesUpTo(7);

function namesUpTo(length: number): string[] {
  let level = [""];
  const found: string[] = [];
  for (let i = 0; i < length; i++) {
    level = level.flatMap((head) => [...letters].map((letter) => head + letter));
    found.push(...level);
  }
  return found;
}

function drawGlob(random: Random) {
  return globOf(random.times(random.between(1, 4), () => random.pick(["a", "b", "c", "*", "?", "*"])).join(""));
}

test("two globs meet exactly when some name matches both", () => {
  const random = new Random(defaultSeed);
  const seen = { yes: 0, no: 0 };
  for (let round = 0; round < scaled(600); round++) {
    const [a, b] = [drawGlob(random), drawGlob(random)];
    const common = names.some((name) => matchGlob(a.text, name) && matchGlob(b.text, name));
    expect(meet(a, b), `${a.text} and ${b.text}`).toBe(common);
    expect(meet(b, a)).toBe(common);
    seen[common ? "yes" : "no"]++;
  }
  expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(0);
});

test("the index finds what matches, what may match and what meets", () => {
  const random = new Random(defaultSeed);
  const part = () => random.pick(["abc", "cab", "bb", "*", "?", "😀é", "__", "*"]);
  for (let round = 0; round < scaled(40); round++) {
    const globs = random.times(30, () => globOf(random.times(random.between(1, 4), part).join("")));
    const index = new GlobIndex(globs);
    const distinct = [...new Set(globs.map(({ text }) => text))].sort();
    for (const name of random.times(40, () =>
      random.times(4, () => random.pick(["abc", "cab", "bb", "x", "😀é", "__"])).join(""),
    )) {
      const matching = index.matching(name).map(({ text }) => text);
      expect(matching.sort()).toEqual(distinct.filter((text) => matchGlob(text, name)));
      const near = new Set(index.near(name).map(({ text }) => text));
      for (const text of matching) expect(near.has(text)).toBe(true);
    }
    for (const glob of globs) {
      const meeting = index.meeting(glob).map(({ text }) => text);
      expect(meeting.sort()).toEqual(distinct.filter((text) => meet(globOf(text), glob)));
    }
  }
});

test("containment is exact", () => {
  const random = new Random(defaultSeed);
  for (let round = 0; round < scaled(300); round++) {
    const policy = tinyPolicy({ forbidden: [[drawGlob(random).text], [drawGlob(random).text]] });
    const ground = new Ground({ policy, layers: layersOf(policy) });
    const [outer, inner] = ground.units;
    if (outer === undefined || inner === undefined) continue;
    const [wide, narrow] = [outer.globs[0]?.text ?? "", inner.globs[0]?.text ?? ""];
    const contained = names.every((name) => !matchGlob(narrow, name) || matchGlob(wide, name));
    expect(ground.covering(inner).includes(outer), `${narrow} in ${wide}`).toBe(contained);
  }
});

test("the shortest name of a glob", () => {
  for (const [glob, name] of [
    ["*", "a"],
    ["a*b?", "aba"],
    ["mcp__*__list*", "mcp____list"],
    ["plain", "plain"],
  ] as const) {
    expect(shortestName(globOf(glob))).toBe(name);
  }
});

test("the distance of a glob is that of the nearest name it matches", () => {
  const random = new Random(defaultSeed);
  const short = names.filter((name) => name.length <= 5);
  for (let round = 0; round < scaled(60); round++) {
    const glob = globOf(random.times(random.between(1, 3), () => random.pick(["a", "b", "*", "?"])).join(""));
    const name = random.times(random.between(1, 3), () => random.pick(["a", "b", "c"])).join("");
    const matched = short.filter((other) => matchGlob(glob.text, other));
    const least = Math.min(...matched.map((other) => editDistance(other, name)), matchGlob(glob.text, "") ? name.length : 9);
    expect(globDistance(glob.tokens, name, 99), `${glob.text} to ${name}`).toBe(least);
    expect(globDistance(glob.tokens, name, 1)).toBe(Math.min(1, least));
  }
});

test("the nearest name is near enough, and the first of equals", () => {
  const nearest = new NearestNames(["mcp__git__push_b", "mcp__git__push_a", "mcp__fs__read-file", "x".repeat(600)]);
  expect(nearest.to(globOf("mcp__git__push_c"))).toBe("mcp__git__push_b");
  expect(nearest.to(globOf("mcp__fs__readfile"))).toBe("mcp__fs__read-file");
  expect(nearest.to(globOf("mcp__db__drop"))).toBeUndefined();
  expect(nearest.to(globOf("x".repeat(200)))).toBeUndefined();
  expect(new NearestNames([]).to(globOf("mcp__git__push"))).toBeUndefined();
});

test("names as people read them", () => {
  expect(serverTool("mcp__a__b__c")).toEqual({ server: "a", tool: "b__c" });
  for (const name of ["mcp__a", "mcp__a__", "mcp____", "a__b__c", "MCP__a__b"]) expect(serverTool(name)).toBeUndefined();
  expect(foldName("MCP__Fs-İx")).toBe("mcp__fs-İx");
  expect(foldName("A-b", true)).toBe("a_b");
});
