import { describe, expect, it } from "vitest";
import {
  claudeProjectFolder,
  couldMatch,
  isPathPattern,
  matchSegment,
  matchSegments,
  splitPattern,
} from "../../../src/trace/paths.js";
import { parseTime } from "../../../src/trace/time.js";

describe("path patterns", () => {
  it("match one segment", () => {
    const yes = ["* ", "*.jsonl a.jsonl", "a*b ab", "a*b axxb", "?x ✓x", "*a*b xaxbab", "a.b a.b", "[a] [a]", "** anything"];
    const no = ["*.jsonl a.json", "a.b axb", "? ", "a*b abc", "A a"];
    const split = (text: string) => text.split(" ") as [string, string];
    expect(yes.filter((each) => !matchSegment(...split(each)))).toEqual([]);
    expect(no.filter((each) => matchSegment(...split(each)))).toEqual([]);
  });

  it("match folders with **, which may be none", () => {
    const match = (pattern: string, path: string) => matchSegments(pattern.split("/"), path.split("/"));
    expect(["**/x", "**/**/x", "a/**/x", "**", "a/**"].map((pattern) => match(pattern, "a/x"))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(["*/x", "**/y", "x", "a", "b/**", "a/x/*"].map((pattern) => match(pattern, "a/x"))).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(match("a/**/b/**/c", "a/1/b/2/3/c")).toBe(true);
    expect(match("a/**/b/**/c", "a/1/2/3/c")).toBe(false);
  });

  it("do not run away", () => {
    const stars = Array.from({ length: 200 }, () => "**");
    expect(
      matchSegments(
        [...stars, "b"],
        Array.from({ length: 200 }, () => "a"),
      ),
    ).toBe(false);
    expect(matchSegment(`${"*a".repeat(200)}b`, "a".repeat(2000))).toBe(false);
  });

  it("say which folders to enter", () => {
    const enter = (pattern: string, folder: string) => couldMatch(pattern.split("/"), folder.split("/"));
    expect([enter("*/b.x", "a"), enter("*.x", "a"), enter("**/x", "a/b/c"), enter("a/*/c", "a/b"), enter("a/*/c", "b")]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  it("are split at the first wildcard", () => {
    expect(splitPattern("a/b/*.x")).toEqual({ folder: "a/b", segments: ["*.x"] });
    expect(splitPattern("*.x")).toEqual({ folder: ".", segments: ["*.x"] });
    expect(splitPattern("/*/x")).toEqual({ folder: "/", segments: ["*", "x"] });
    expect(splitPattern("/a/**/b//c")).toEqual({ folder: "/a", segments: ["**", "b", "c"] });
    expect([isPathPattern("a/b.jsonl"), isPathPattern("a/?.jsonl")]).toEqual([false, true]);
  });

  it("name the folder of a project's transcripts", () => {
    expect(claudeProjectFolder("/home/me", "/srv/My App/v1.2")).toBe("/home/me/.claude/projects/-srv-My-App-v1-2");
  });
});

describe("times", () => {
  it("are read as traces write them, without a zone as UTC", () => {
    const noon = Date.UTC(2026, 1, 7, 12, 0, 0);
    const same = [
      "2026-02-07T12:00:00Z",
      "2026-02-07 12:00:00",
      "2026-02-07T12:00",
      "2026-02-07T12:00:00.000000",
      "2026-02-07t12:00:00z",
      "2026-02-07T13:30:00+01:30",
      "2026-02-07T04:00:00-0800",
      "2026-02-07T13:00:00+01",
      noon,
      noon / 1000,
      noon * 1000,
      noon * 1e6,
      String(noon),
      `${noon}000000`,
      `${noon / 1000}.000`,
    ];
    expect(same.map((each) => [each, parseTime(each)])).toEqual(same.map((each) => [each, noon]));
    expect(parseTime("2026-02-07T12:00:00.1239Z")).toBe(noon + 123);
    expect(parseTime("2026-02-07")).toBe(noon - 12 * 3600_000);
  });

  it("are undefined when they are none", () => {
    const none = [
      undefined,
      null,
      "",
      "now",
      "2026-13-01",
      "2026-02-30T00:00:00Z",
      "2026-02-07T25:00:00Z",
      "2026-02-07T12:60",
      7,
      -1,
      Number.NaN,
      Infinity,
      {},
      "12",
      "2026",
    ];
    expect(none.map(parseTime)).toEqual(none.map(() => undefined));
  });
});
