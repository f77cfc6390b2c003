import { describe, expect, test } from "vitest";
import type { RuleRef } from "../../../src/engine/result.js";
import { clock, count, lines, pad, place, quoted, ruleName, span, toolName, widest } from "../../../src/report/text/words.js";

const rule: RuleRef = { kind: "forbidden", layer: "org", index: 0, label: "a*", file: "org.yaml", line: 3, column: 5 };
const minute = 60_000;

describe("words", () => {
  test("counts", () => {
    expect([count(1, "rule"), count(0, "rule"), count(1234, "class", "classes")]).toEqual(["1 rule", "0 rules", "1,234 classes"]);
  });
  test.each([
    [1, "1m"],
    [59 * minute, "59m"],
    [61 * minute, "2h"],
    [18 * 60 * minute, "18h"],
    [48 * 60 * minute, "2d"],
    [76 * 60 * minute, "3d 4h"],
  ])("%i ms is %s", (ms, text) => {
    expect(span(ms)).toBe(text);
  });
  test("times", () => {
    expect(clock(Date.parse("2026-02-07T00:14:01.780Z"))).toBe("2026-02-07 00:14:01Z");
    expect(clock(undefined)).toBe("no time");
  });
  test("as many lines as there are", () => {
    const many = Array.from({ length: 300_000 }, (_, i) => `line ${i}`);
    expect(lines("first", many).length).toBe(many.join("\n").length + "first\n\n".length);
    expect(widest(many, 4)).toBe("line 299999".length);
    expect(widest([], 4)).toBe(4);
  });
  test("a tool name is always seen", () => {
    expect([toolName(""), toolName("a\nb")]).toEqual(["(empty name)", "a\\u{a}b"]);
  });
  test("places", () => {
    expect(place(rule)).toBe("org.yaml:3 (org)");
    expect(place({ ...rule, kind: "default", layer: "default", file: "" })).toBe("documented default");
    expect(place({ ...rule, kind: "name", layer: "default", file: "" })).toBe("");
  });
  test("rules", () => {
    expect(ruleName(rule)).toBe('forbidden "a*"');
    expect(ruleName({ ...rule, kind: "capability", label: "web", pattern: "b?" })).toBe('capability web, glob "b?"');
    expect(ruleName({ ...rule, kind: "default", label: "unmapped_tool_action", action: "deny", severity: "high" })).toBe(
      "defaults.unmapped_tool_action: deny, severity high",
    );
  });
  test("user text cannot steer a terminal or fake a line", () => {
    expect(quoted("a\u001b[2J\n\u202eb")).toBe('"a\\u{1b}[2J\\u{a}\\u{202e}b"');
    expect(ruleName({ ...rule, kind: "trigger", label: "x\ny" })).toBe("trigger x\\u{a}y");
  });
  test("padding counts code points", () => {
    expect([pad("𝒳", 3), pad("abcd", 3)]).toEqual(["𝒳  ", "abcd"]);
  });
});
