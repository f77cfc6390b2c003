import { describe, expect, it } from "vitest";
import { editDistance, suggest } from "../../../src/diagnostics/suggest.js";

const sections = ["meta", "capability_mappings", "forbidden", "escalation_triggers", "defaults"];

describe("suggest", () => {
  it.each([
    ["forbiden", "forbidden"],
    ["Forbidden", "forbidden"],
    ["capability-mappings", "capability_mappings"],
    ["capabilty_maping", "capability_mappings"],
    ["default", "defaults"],
    ["mata", "meta"],
    ["emta", "meta"],
    ["rules", undefined],
    ["", undefined],
    ["x".repeat(1000), undefined],
  ])("%j means %j", (word, meant) => {
    expect(suggest(word, sections)).toBe(meant);
  });

  it.each([
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ])("the distance of %j and %j is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});
