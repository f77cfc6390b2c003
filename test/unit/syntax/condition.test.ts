import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conditionBytesMax, conditionDepthMax, conditionTermsMax } from "../../../src/limits.js";
import { isConditionFault, parseCondition } from "../../../src/syntax/condition.js";

/** Terms as short texts: globs, then tests. */
function terms(text: string): readonly string[] {
  const parsed = parseCondition(text);
  if (isConditionFault(parsed)) throw new Error(`${parsed.code}: ${parsed.message}`);
  return parsed.condition.terms.map(({ globs, tests }) =>
    [...globs.map((glob) => glob.text), ...tests.map((test) => `${test.count}${test.comparison}${test.value}`)].join(" & "),
  );
}

function fault(text: string) {
  const parsed = parseCondition(text);
  if (!isConditionFault(parsed)) throw new Error("it parses");
  return parsed;
}

const matches = (name: string) => `tool_matches('${name}')`;

describe("parseCondition", () => {
  it.each([
    ["tool_matches('a*')", ["a*"]],
    ['tool_matches("a*")', ["a*"]],
    [`tool_matches("it's")`, ["it's"]],
    ["  tool_matches  (  'a'  )\n\t", ["a"]],
    ["tool_matches('a')or tool_matches('b')", ["a", "b"]],
    ["tool_matches('a') and tool_matches('b')", ["a & b"]],
    ["tool_count > 10", ["tool_count>10"]],
    ["tool_count>=10", ["tool_count>=10"]],
    ["unmapped_tool_count < 1", ["unmapped_tool_count<1"]],
    ["violation_count <= +3", ["violation_count<=3"]],
    ["violation_count == -3", ["violation_count==-3"]],
    ["violation_count != -0", ["violation_count!=0"]],
    ["tool_count > 9007199254740991", ["tool_count>9007199254740991"]],
    ["tool_matches('a') or tool_matches('b') and tool_count > 1", ["a", "b & tool_count>1"]],
    ["(tool_matches('a') or tool_matches('b')) and tool_count > 1", ["a & tool_count>1", "b & tool_count>1"]],
    [
      "(tool_count > 1 or tool_count < 0) and (tool_matches('a') or tool_matches('b'))",
      ["a & tool_count>1", "b & tool_count>1", "a & tool_count<0", "b & tool_count<0"],
    ],
    ["((tool_matches('a')))", ["a"]],
    ["tool_matches('a') and tool_matches('a')", ["a"]],
    ["tool_matches('a') or tool_matches('a')", ["a"]],
    ["tool_matches('a**') and tool_matches('a*')", ["a*"]],
    ["tool_count > 1 and tool_count > 1", ["tool_count>1"]],
    ["tool_matches(' and ')", [" and "]],
  ])("reads %j", (text, expected) => {
    expect([...terms(text)].sort()).toEqual([...expected].sort());
  });

  it.each([
    ["", "condition_syntax", 0],
    ["   ", "condition_syntax", 3],
    ["tool_matches", "condition_syntax", 12],
    ["tool_matches('a'", "condition_syntax", 16],
    ["tool_matches('a", "condition_syntax", 13],
    ["tool_matches(a)", "condition_unknown_word", 13],
    ["tool_matches('a') tool_matches('b')", "condition_syntax", 18],
    ["tool_matches('a') and", "condition_syntax", 21],
    ["tool_matches('a') && tool_count > 1", "condition_syntax", 18],
    ["tool_matches('a'))", "condition_syntax", 17],
    ["(tool_matches('a')", "condition_syntax", 18],
    ["tool_count", "condition_syntax", 10],
    ["tool_count = 1", "condition_syntax", 11],
    ["tool_count > x", "condition_unknown_word", 13],
    ["tool_count > 1.5", "condition_number", 13],
    ["tool_count > 1e3", "condition_number", 13],
    ["tool_count > 9007199254740992", "condition_number", 13],
    ["tool_count > ", "condition_syntax", 13],
    ["not tool_matches('a')", "condition_unknown_word", 0],
    ["tool_matches('a') AND tool_count > 1", "condition_unknown_word", 18],
    ["toolcount > 1", "condition_unknown_word", 0],
    ["1 < tool_count", "condition_syntax", 0],
    ["1tool_count", "condition_number", 0],
    ["tool_matches('')", "glob_empty", 13],
    [`tool_matches('${"a".repeat(257)}')`, "glob_too_long", 13],
    ["tool_matches('a') ; drop", "condition_syntax", 18],
    ["tool_count > - 1", "condition_syntax", 13],
    ["日本", "condition_syntax", 0],
  ])("refuses %j with %s at %i", (text, code, start) => {
    expect(fault(text)).toMatchObject({ code, start });
  });

  it.each([
    ["tool_match('a')", "did you mean `tool_matches`?"],
    ["tool_matches('a') And tool_count > 1", "did you mean `and`?"],
    ["tool_matches('a') || tool_count > 1", "write `or`"],
    ["tool_count === 1", "write `==`"],
    ["violations_count > 1", "did you mean `violation_count`?"],
    ['tool_matches("a', 'add the closing "'],
  ])("advises on %j", (text, fix) => {
    expect(fault(text).fix).toBe(fix);
  });

  it("takes bytes, depth and alternatives up to their caps and no further", () => {
    const filled = (bytes: number) => `tool_count > 1${" ".repeat(bytes - 14)}`;
    expect(terms(filled(conditionBytesMax))).toHaveLength(1);
    expect(fault(filled(conditionBytesMax + 1)).code).toBe("condition_too_long");
    const nested = (depth: number) => `${"(".repeat(depth)}tool_count > 1${")".repeat(depth)}`;
    expect(terms(nested(conditionDepthMax))).toHaveLength(1);
    expect(fault(nested(conditionDepthMax + 1)).code).toBe("condition_too_deep");
    const either = (count: number) => Array.from({ length: count }, (_, i) => matches(`a${i}`)).join(" or ");
    expect(terms(either(conditionTermsMax))).toHaveLength(conditionTermsMax);
    expect(fault(either(conditionTermsMax + 1)).code).toBe("condition_too_many_terms");
    expect(terms(`(${either(8)}) and (${either(8).replaceAll("'a", "'b")})`)).toHaveLength(64);
    expect(fault(`(${either(5)}) and (${either(13).replaceAll("'a", "'b")})`).code).toBe("condition_too_many_terms");
  });

  it("gives each glob as written with its place", () => {
    const text = "tool_matches('a**') or tool_matches(\"b\")";
    const parsed = parseCondition(text);
    if (isConditionFault(parsed)) throw new Error(parsed.message);
    expect(parsed.globs.map(({ glob, start, end }) => [glob.source, text.slice(start, end)])).toEqual([
      ["a**", "'a**'"],
      ["b", '"b"'],
    ]);
  });

  it("means the same multiplied out as evaluated directly", () => {
    type Formula = { text: string; holds: (world: readonly boolean[]) => boolean };
    const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
      formula: fc.oneof(
        { maxDepth: 3 },
        fc.nat(4).map((i): Formula => ({ text: matches(`t${i}`), holds: (world) => world[i]! })),
        fc.tuple(tie("formula"), fc.boolean(), tie("formula")).map(
          ([a, both, b]): Formula => ({
            text: `(${a.text} ${both ? "and" : "or"} ${b.text})`,
            holds: (world) => (both ? a.holds(world) && b.holds(world) : a.holds(world) || b.holds(world)),
          }),
        ),
      ),
    }));
    fc.assert(
      fc.property(formula, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), ({ text, holds }, world) => {
        const parsed = parseCondition(text);
        if (isConditionFault(parsed)) throw new Error(parsed.message);
        const truth = parsed.condition.terms.some(({ globs }) => globs.every((glob) => world[Number(glob.text.slice(1))]));
        expect(truth).toBe(holds(world));
      }),
      { numRuns: 1000 },
    );
  });

  it("never throws", () => {
    const pieces = fc.constantFrom(
      "tool_matches",
      "(",
      ")",
      "'a'",
      '"',
      "'",
      " ",
      "and",
      "or",
      "tool_count",
      ">",
      "=",
      "1",
      "-",
      "x",
      "😀",
      "\n",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
        ),
        (text) => {
          const parsed = parseCondition(text);
          if (isConditionFault(parsed)) expect(parsed.start <= parsed.end && parsed.end <= text.length).toBe(true);
          else expect(parsed.condition.terms.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
