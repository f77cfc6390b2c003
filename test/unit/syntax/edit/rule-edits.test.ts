import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasErrors } from "../../../../src/diagnostics/diagnostic.js";
import { Findings } from "../../../../src/diagnostics/findings.js";
import type { Policy } from "../../../../src/policy/model.js";
import { readDocument } from "../../../../src/syntax/document.js";
import { editedPolicy, placeRuleEdits, type RuleEdit, type RulePlace } from "../../../../src/syntax/edit/rule-edits.js";
import { applyTextEdits } from "../../../../src/syntax/edit/text-edit.js";
import { parsePolicy } from "../../../../src/syntax/policy.js";
import { printPolicy } from "../../../../src/syntax/print.js";
import { Source } from "../../../../src/syntax/source.js";
import { type Style, styledPolicy } from "../../../support/styled-policy.js";

function policyOf(text: string, file = "p.yaml"): Policy {
  const { value, diagnostics } = parsePolicy(text, { file });
  if (value === undefined || hasErrors(diagnostics)) throw new Error(`${JSON.stringify(diagnostics)}\n${text}`);
  return value;
}

/** The text after the edits, which must read as the policy that they mean. */
function edit(text: string, edits: readonly RuleEdit[], file = "p.yaml"): string | undefined {
  const document = readDocument(new Source(text, file), new Findings());
  const placed = document && placeRuleEdits(document, edits);
  const changed = placed && applyTextEdits(text, placed);
  if (changed !== undefined)
    expect(printPolicy(policyOf(changed, file))).toBe(printPolicy(editedPolicy(policyOf(text, file), edits)));
  return changed;
}

const remove = (place: RulePlace): RuleEdit => ({ kind: "remove", place });
const forbidden = (index: number) => remove({ section: "forbidden", index });
const capability = (index: number) => remove({ section: "capability_mappings", index });
const tool = (index: number, at: number) => remove({ section: "capability_mappings", index, tool: at });
const trigger = (index: number) => remove({ section: "escalation_triggers", index });

const head = 'meta: {schema_version: "1.0", name: a, scope: agent}\n';
const tail = "defaults: {unmapped_tool_action: deny, unmapped_severity: low, fail_open: false}\n";
const around = (middle: string) => `${head}${middle}${tail}`;
const within = (text: string | undefined) => text?.slice(head.length, text.length - tail.length);
const edited = (middle: string, ...edits: RuleEdit[]) => within(edit(around(middle), edits));
const noTools = "capability_mappings: {}\n";
const noRules = "forbidden: []\n";

describe("a rule in an indented list", () => {
  const rule = (name: string) => `  - pattern: ${name}\n    reason: r\n    severity: low\n`;
  test("goes with its lines, and nothing else", () => {
    const middle = (names: string) => `${noTools}forbidden:\n${[...names].map(rule).join("")}`;
    expect(edited(middle("abc"), forbidden(0))).toBe(middle("bc"));
    expect(edited(middle("abc"), forbidden(1))).toBe(middle("ac"));
    expect(edited(middle("abc"), forbidden(2))).toBe(middle("ab"));
    expect(edited(middle("abcd"), forbidden(1), forbidden(2))).toBe(middle("ad"));
  });
  test("takes along the comments directly above it and those inside it", () => {
    const middle = `${noTools}forbidden: # the list\n  # all of us\n\n  # about a\n  # still a\n  - pattern: a # glob\n    reason: r\n    severity: low # sev\n    # was high\n  # about b\n${rule("b")}`;
    expect(edited(middle, forbidden(0))).toBe(`${noTools}forbidden: # the list\n  # all of us\n\n  # about b\n${rule("b")}`);
    expect(edited(middle, forbidden(1))).toBe(middle.slice(0, middle.indexOf("  # about b")));
  });
  test("leaves one blank line where two would meet", () => {
    expect(edited(`${noTools}forbidden:\n${rule("a")}\n${rule("b")}\n${rule("c")}\n`, forbidden(1))).toBe(
      `${noTools}forbidden:\n${rule("a")}\n${rule("c")}\n`,
    );
    expect(edited(`${noTools}forbidden:\n${rule("a")}\n${rule("b")}\n`, forbidden(0))).toBe(
      `${noTools}forbidden:\n${rule("b")}\n`,
    );
    expect(edited(`${noTools}forbidden:\n${rule("a")}\n${rule("b")}\n`, forbidden(1))).toBe(
      `${noTools}forbidden:\n${rule("a")}\n`,
    );
  });
  test("the last one leaves an empty list behind the key", () => {
    expect(edited(`${noTools}forbidden:   # none yet\n  # why\n${rule("a")}\n`, forbidden(0))).toBe(
      `${noTools}forbidden: []   # none yet\n\n`,
    );
    expect(edited(`${noTools}? forbidden\n:\n${rule("a")}`, forbidden(0))).toBe(`${noTools}? forbidden\n: []\n`);
    expect(edited(`${noTools}forbidden:\n- {pattern: a, reason: r, severity: low}\n`, forbidden(0))).toBe(
      `${noTools}forbidden: []\n`,
    );
  });
  test("of any layout: dashes apart, block texts, Windows line ends, tabs before comments", () => {
    const middle =
      "capability_mappings: {}\nforbidden:\n-\n  pattern: a\n  reason: |\n    # no comment\n    text\n\n  severity: low\n- # note\n  pattern: b\n  severity: low\n  reason: >-\n     folded\n     - pattern: x\n\n-   severity: low\t# tab\n    pattern: 'c'\n    reason: \"- pattern: y\n      # z\"\n";
    const items = middle.split(/^(?=-)/m);
    for (const text of [middle, middle.replaceAll("\n", "\r\n")]) {
      const end = text.includes("\r") ? "\r\n" : "\n";
      const parts = items.map((item) => item.replaceAll("\n", end));
      expect(edited(text, forbidden(0))).toBe([parts[0], parts[2], parts[3]].join(""));
      expect(edited(text, forbidden(1))).toBe([parts[0], parts[1], end, parts[3]].join(""));
      expect(edited(text, forbidden(2))).toBe([parts[0], parts[1], parts[2]].join(""));
    }
  });
  test("at the end of a file without a line feed", () => {
    const text = `${head}${noTools}${tail}forbidden:\n${rule("a")}${rule("b")}`.trimEnd();
    expect(edit(text, [forbidden(1)])).toBe(`${head}${noTools}${tail}forbidden:\n${rule("a")}`);
    expect(edit(text, [forbidden(0), forbidden(1)])).toBe(`${head}${noTools}${tail}forbidden: []\n`);
  });
});

describe("a rule in brackets", () => {
  const rule = (name: string) => `{pattern: ${name}, reason: r, severity: low}`;
  test("goes with its comma", () => {
    const middle = (names: string, end = "") => `${noTools}forbidden: [${[...names].map(rule).join(", ")}${end}]\n`;
    expect(edited(middle("abc"), forbidden(0))).toBe(middle("bc"));
    expect(edited(middle("abc"), forbidden(1))).toBe(middle("ac"));
    expect(edited(middle("abc"), forbidden(2))).toBe(middle("ab"));
    expect(edited(middle("abc"), forbidden(1), forbidden(2))).toBe(middle("a"));
    expect(edited(middle("abc", ","), forbidden(2))).toBe(middle("ab", ","));
    expect(edited(middle("a", " , "), forbidden(0))).toBe(middle(""));
  });
  test("on lines of its own goes with them and its comments", () => {
    const a = `  # about a\n  ${rule("a")}, # a\n`;
    const b = `  # about b\n  ${rule("b")}, # b, too\n`;
    const c = `  # about c\n  ${rule("c")} # c\n`;
    const middle = (...parts: string[]) => `${noTools}forbidden: [\n${parts.join("")}]\n`;
    expect(edited(middle(a, b, c), forbidden(0))).toBe(middle(b, c));
    expect(edited(middle(a, b, c), forbidden(1))).toBe(middle(a, c));
    expect(edited(middle(a, b, c), forbidden(2))).toBe(middle(a, b.replace("}, #", "} #")));
    expect(edited(middle(a, b), forbidden(1))).toBe(middle(a));
    expect(edited(middle(a, b), forbidden(0), forbidden(1))).toBe(`${noTools}forbidden: []\n`);
  });
  test("JSON keeps its commas right, on one line and on many", () => {
    for (const space of [0, 2, "\t"]) {
      const json = (names: string) =>
        JSON.stringify(
          {
            meta: { schema_version: "1.0", name: "a", scope: "agent" },
            capability_mappings: Object.fromEntries([...names].map((n) => [n, { tools: [`${n},]`, "z"], card_actions: ["x"] }])),
            forbidden: [...names].map((pattern) => ({ pattern, reason: "}, {", severity: "low" })),
            defaults: { unmapped_tool_action: "deny", unmapped_severity: "low", fail_open: false },
          },
          undefined,
          space,
        );
      const without = (at: number) => edit(json("abc"), [forbidden(at), capability(at)], "p.json");
      expect(without(0)).toBe(json("bc"));
      expect(without(1)).toBe(json("ac"));
      expect(without(2)).toBe(json("ab"));
      expect(edit(json("a"), [forbidden(0), capability(0)], "p.json")).toBe(json(""));
    }
  });
});

describe("globs and capabilities", () => {
  const web = "  web:\n    tools:\n      - a\n      # about b\n      - b\n    card_actions: [x]\n";
  const files = "  # files\n  files:\n    tools: [c, d]\n    card_actions: [x]\n";
  const middle = (...parts: string[]) => `capability_mappings:\n${parts.join("")}${noRules}`;
  test("a glob goes alone", () => {
    expect(edited(middle(web, files), tool(0, 1))).toBe(middle(web.replace("      # about b\n      - b\n", ""), files));
    expect(edited(middle(web, files), tool(1, 0))).toBe(middle(web, files.replace("c, ", "")));
  });
  test("the last glob takes the capability along, the last capability leaves an empty section", () => {
    expect(edited(middle(web, files), tool(1, 0), tool(1, 1))).toBe(middle(web));
    expect(edited(middle(web, files), tool(0, 0), tool(0, 1))).toBe(middle(files));
    expect(edited(middle(web, files), capability(0), tool(1, 0), tool(1, 1), tool(0, 1))).toBe(
      `capability_mappings: {}\n${noRules}`,
    );
  });
  test("with names that are odd keys", () => {
    const odd =
      '  ? __proto__\n  :\n    tools: [a]\n    card_actions: [x]\n  "a: #b":\n    tools: [a]\n    card_actions: [x]\n  0: {tools: [a], card_actions: [x]}\n';
    const parts = odd.split(/^(?= {2}[?"0])/m);
    expect(edited(middle(odd), capability(0))).toBe(middle(parts[1]!, parts[2]!));
    expect(edited(middle(odd), capability(1))).toBe(middle(parts[0]!, parts[2]!));
    expect(edited(middle(odd), capability(2))).toBe(middle(parts[0]!, parts[1]!));
  });
});

describe("another spelling", () => {
  const replace = (place: RulePlace, old: string, glob: string): RuleEdit => ({ kind: "replace", place, old, glob });
  test.each([
    ["Mcp__A", "mcp__a", "mcp__a"],
    ["'Mcp__A'", "it's", "'it''s'"],
    ['"Mcp__\\u0041"', "mcp__a", '"mcp__a"'],
    ["Mcp__A", "true", '"true"'],
    ["Mcp__A", "*a", '"*a"'],
    ["'Mcp__A'", "a\u202eb", '"a\\u202eb"'],
    [">-\n      Mcp__A", "mcp__a", '"mcp__a"'],
  ])("%s as %s is written %s", (written, glob, expected) => {
    const middle = (text: string) => `${noTools}forbidden:\n  - pattern: ${text} # c\n    reason: r\n    severity: low\n`;
    const before = written.startsWith(">") ? middle(written).replace(" # c", "") : middle(written);
    const after = written.startsWith(">") ? middle(expected).replace(" # c", "") : middle(expected);
    expect(edited(before, replace({ section: "forbidden", index: 0 }, "Mcp__A", glob))).toBe(after);
  });
  test("inside a condition, everywhere it stands, in its quotes", () => {
    const middle = (text: string) =>
      `${noTools}${noRules}escalation_triggers:\n  - condition: ${text}\n    action: warn\n    reason: r\n`;
    const place: RulePlace = { section: "escalation_triggers", index: 0 };
    const before = middle("\"tool_matches('A*') and tool_count > 1 or tool_matches('B') and tool_matches('A*')\"");
    expect(edited(before, replace(place, "A*", "a*"))).toBe(before.replaceAll("A*", "a*"));
    expect(edited(before, replace(place, "A*", "it's"))).toBeUndefined();
    expect(edited(before, trigger(0))).toBe(`${noTools}${noRules}escalation_triggers: []\n`);
  });
  test("of a glob in brackets, and of one that goes anyway", () => {
    const middle = "capability_mappings: {web: {tools: [A, 'B'], card_actions: [x]}}\nforbidden: []\n";
    const place: RulePlace = { section: "capability_mappings", index: 0, tool: 1 };
    expect(edited(middle, replace(place, "B", "b"))).toBe(middle.replace("'B'", "'b'"));
    expect(edited(middle, replace(place, "B", "b"), remove(place))).toBe(middle.replace(", 'B'", ""));
  });
});

test("overlapping text edits are refused, others are made in any order", () => {
  const e = (start: number, end: number, text: string) => ({ start, end, text });
  expect(applyTextEdits("abcdef", [e(4, 5, "E"), e(0, 1, ""), e(2, 2, "-")])).toBe("b-cdEf");
  expect(applyTextEdits("abcdef", [e(0, 3, ""), e(2, 4, "")])).toBeUndefined();
});

describe("any rules of any policy in any style", () => {
  const styles = fc.record<Style>({
    indent: fc.constantFrom(1, 2, 4),
    flow: fc.constantFrom("block", "rules", "lists", "all", "json", "json-lines"),
    ends: fc.constantFrom("\n", "\r\n"),
    comments: fc.boolean(),
    blanks: fc.boolean(),
    quotes: fc.constantFrom("plain", "single", "double"),
    indentless: fc.boolean(),
  });
  test("go, and every other line stays as it is", () => {
    fc.assert(
      fc.property(fc.integer(), styles, fc.array(fc.nat(200), { minLength: 1, maxLength: 6 }), (seed, style, picks) => {
        const text = styledPolicy(seed, style);
        const file = style.flow.startsWith("json") ? "p.json" : "p.yaml";
        const edits = picks.flatMap((pick) => pickedEdit(policyOf(text, file), pick));
        fc.pre(edits.length > 0);
        const changed = edit(text, edits, file);
        expect(changed).toBeDefined();
        // Nothing is written but `[]` and `{}`, and what stands before the first section and behind the last stays as it is.
        const [emptied, kept] = [changed!.replace(/: (?:\[\]|\{\})/g, ":"), text.replace(/: (?:\[\]|\{\})/g, ":")];
        expect(isSubsequence([...emptied], [...kept])).toBe(true);
        expect(changed!.slice(0, text.indexOf("capability_mappings"))).toBe(text.slice(0, text.indexOf("capability_mappings")));
        expect(changed!.endsWith(text.slice(text.lastIndexOf("defaults")))).toBe(true);
        // Lines that stay are the old ones in the old order, but for `[]`, `{}` and a comma that goes with what stood behind it.
        if (style.flow === "block") expect(isSubsequence(linesOf(changed!), linesOf(text))).toBe(true);
        expect(changed!.includes("\r")).toBe(style.ends === "\r\n" && changed!.includes("\n"));
      }),
      { numRuns: 600 },
    );
  });
});

const linesOf = (text: string) => text.split(/(?<=\n)/).filter((line) => !/: (?:\[\]|\{\})/.test(line));

function isSubsequence(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const line of some) {
    while (at < all.length && all[at] !== line) at++;
    if (at++ >= all.length) return false;
  }
  return true;
}

function pickedEdit(policy: Policy, pick: number): RuleEdit[] {
  const places: RulePlace[] = [
    ...policy.forbidden.map((_, index): RulePlace => ({ section: "forbidden", index })),
    ...policy.triggers.map((_, index): RulePlace => ({ section: "escalation_triggers", index })),
    ...policy.capabilities.flatMap(({ tools }, index): RulePlace[] => [
      { section: "capability_mappings", index },
      ...tools.map((_, at): RulePlace => ({ section: "capability_mappings", index, tool: at })),
    ]),
  ];
  const place = places[pick % Math.max(1, places.length)];
  return place === undefined ? [] : [{ kind: "remove", place }];
}
