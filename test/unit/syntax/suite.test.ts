import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Findings } from "../../../src/diagnostics/findings.js";
import { causes } from "../../../src/engine/judge.js";
import { readDocument } from "../../../src/syntax/document.js";
import { plainValue } from "../../../src/syntax/node.js";
import { Source } from "../../../src/syntax/source.js";
import { parseSuite } from "../../../src/syntax/suite.js";

const parse = (text: string, file = "s.test.yaml") => parseSuite(text, { file });
/** `line:column code` of every finding. */
const found = (text: string) => parse(text).diagnostics.map(({ code, span }) => `${span?.line}:${span?.column} ${code}`);
const published = JSON.parse(readFileSync(join(import.meta.dirname, "../../../src/syntax/schemas/suite.schema.json"), "utf8"));

const whole = `policy: policy.yaml
org: ../org.yaml
card: card.yaml
context: cicd
now: 2026-02-07T10:00:00Z
first_seen: {mcp__new__tool: "2026-02-07T09:00:00+02:00"}
tests:
  - name: browsing is allowed
    tools: [mcp__browser__navigate, ""]
    expect: {verdict: pass, outcome: mapped, capability: web_browsing}
  - group: files
    card: other.yaml
    tests:
      - name: deleting is blocked
        tools: [mcp__filesystem__delete_file]
        expect:
          verdict: fail
          action: deny
          rule: "mcp__filesystem__delete*"
          layer: org
          severity: critical
          violations: [unmapped_denied, forbidden, forbidden]
          warnings: []
          escalates: false
          not_rule: mcp__admin__*
      - group: deeper
        now: 2026-02-08
        first_seen: {mcp__old__tool: 2026-01-01}
        tests:
          - {name: in the last group, tools: [a], expect: deny, context: audit}
  - name: many calls escalate
    group: sessions / long
    session: [a, b, c]
    expect: [any, pass, {decision: escalate, not_rule: [x, y]}]
  - {name: the last call counts, session: [a, b], expect: unmapped_warned}
`;

describe("a suite", () => {
  it("may say first sightings once, and the time in each case", () => {
    const text = `first_seen: {x: 2026-02-07}
tests:
  - group: days
    first_seen: {y: 2026-02-07}
    tests:
      - {name: first day, now: 2026-02-07T01:00:00Z, tools: [x, y], expect: unmapped_in_grace}
  - {name: without a clock, tools: [x], expect: unmapped_denied}
`;
    const { value, diagnostics } = parse(text);
    expect(diagnostics).toEqual([]);
    expect(value?.cases.map(({ circumstances }) => [circumstances.nowMs, circumstances.firstSeenMs?.size])).toEqual([
      [Date.UTC(2026, 1, 7, 1), 2],
      [undefined, 1],
    ]);
  });
  it("is read with all its fields, groups and circumstances", () => {
    const { value, diagnostics } = parse(whole);
    expect(diagnostics).toEqual([]);
    expect([value?.policy?.value, value?.org?.value, value?.card?.value, value?.context]).toEqual([
      "policy.yaml",
      "../org.yaml",
      "card.yaml",
      "cicd",
    ]);
    const cases = value?.cases ?? [];
    expect(cases.map(({ name, groups, kind, span }) => [...groups, name, kind, span.line])).toEqual([
      ["browsing is allowed", "tools", 8],
      ["files", "deleting is blocked", "tools", 14],
      ["files", "deeper", "in the last group", "tools", 30],
      ["sessions / long", "many calls escalate", "session", 31],
      ["the last call counts", "session", 35],
    ]);
    const [browsing, deleting, deepest, many, last] = cases;
    expect(browsing?.expected).toHaveLength(2);
    expect(browsing?.expected[0]).toBe(browsing?.expected[1]);
    expect(browsing?.circumstances).toMatchObject({ nowMs: Date.UTC(2026, 1, 7, 10) });
    expect(browsing?.circumstances.firstSeenMs?.get("mcp__new__tool")).toBe(Date.UTC(2026, 1, 7, 7));
    expect(deleting?.circumstances.card?.value).toBe("other.yaml");
    const wanted = deleting?.expected[0];
    expect(wanted?.violations?.value).toEqual(["forbidden", "unmapped_denied"]);
    expect(wanted?.warnings?.value).toEqual([]);
    expect([wanted?.decision?.value, wanted?.escalates?.value, wanted?.notRules?.map(({ value }) => value)]).toEqual([
      "deny",
      false,
      ["mcp__admin__*"],
    ]);
    expect(deepest?.circumstances).toMatchObject({ nowMs: Date.UTC(2026, 1, 8), context: "audit" });
    expect([...(deepest?.circumstances.firstSeenMs?.keys() ?? [])]).toEqual(["mcp__new__tool", "mcp__old__tool"]);
    expect(many?.expected.map((each) => each?.verdict?.value ?? each?.decision?.value)).toEqual([undefined, "pass", "escalate"]);
    expect(last?.expected.map((each) => each?.outcome?.value)).toEqual([undefined, "unmapped_warned"]);
    expect(many?.circumstances).toBe(last?.circumstances);
  });

  it("is also read as JSON, and its schema takes what the reader takes", () => {
    const { value } = parse('{"tests": [{"name": "a", "tools": ["__proto__"], "expect": "pass"}]}', "s.test.json");
    expect(value?.cases[0]?.calls[0]?.value).toBe("__proto__");
    const document = readDocument(new Source(whole, "s.yaml"), new Findings());
    const validate = new Ajv({ strict: true, strictTypes: false }).compile(published);
    expect(validate(JSON.parse(JSON.stringify(plainValue(document!.root)))), JSON.stringify(validate.errors)).toBe(true);
  });

  it("may expect every outcome that a suite can bring about", () => {
    const words: string[] = published.definitions.outcome.enum;
    expect([...words].sort()).toEqual(causes.filter((cause) => !cause.startsWith("guardrail")).sort());
    for (const word of words) {
      expect(parse(`tests: [{name: a, tools: [x], expect: ${word}}]`).value?.cases[0]?.expected[0]?.outcome?.value).toBe(word);
      expect(found(`tests: [{name: a, tools: [x], expect: {outcome: ${word}}}]`)).toEqual([]);
    }
  });

  it("keeps odd tool names and long ones", () => {
    const long = "n".repeat(100_000);
    const { value } = parse(`tests: [{name: a, tools: ["a\\nb", "\\u202e", ${long}, "\\ufffd"], expect: pass}]`);
    expect(value?.cases[0]?.calls.map((call) => call.value)).toEqual(["a\nb", "\u202e", long, "\ufffd"]);
  });
});

describe("mistakes in a suite", () => {
  const mistakes: readonly (readonly [string, string, readonly string[]])[] = [
    ["nothing in it", "", ["1:1 document_empty"]],
    ["no tests", "policy: a", ["1:1 missing_key"]],
    ["an empty list", "tests: []", ["1:8 list_too_short"]],
    ["a list at the top", "- a", ["1:1 wrong_type"]],
    ["an entry that is a word", "tests:\n  - a", ["2:5 wrong_type"]],
    ["neither tools nor session", "tests:\n  - name: a\n    expect: pass", ["2:5 suite_entry_kind"]],
    ["both", "tests:\n  - {name: a, tools: [x], session: [x], expect: pass}", ["2:5 suite_entry_kind"]],
    [
      "a group with a name",
      "tests:\n  - name: g\n    tests: [{name: a, tools: [x], expect: pass}]",
      ["2:5 suite_entry_kind", "2:5 missing_key"],
    ],
    [
      "a group that expects",
      "tests:\n  - group: g\n    expect: pass\n    tests: [{name: a, tools: [x], expect: pass}]",
      ["3:5 suite_entry_kind"],
    ],
    ["no name", "tests:\n  - tools: [x]\n    expect: pass", ["2:5 missing_key"]],
    ["a blank name", 'tests: [{name: " ", tools: [x], expect: pass}]', ["1:16 blank_text"]],
    ["no expectation", "tests:\n  - name: a\n    tools: [x]", ["2:5 missing_key"]],
    ["an empty expectation", "tests: [{name: a, tools: [x], expect: {}}]", ["1:39 suite_expects_nothing"]],
    ["only any", "tests: [{name: a, session: [x], expect: [any]}]", ["1:41 suite_expects_nothing"]],
    ["no rule in not_rule", "tests: [{name: a, tools: [x], expect: {not_rule: []}}]", ["1:50 suite_expects_nothing"]],
    ["a word that is none", "tests: [{name: a, tools: [x], expect: denied}]", ["1:39 unknown_value"]],
    ["a verdict that is none", "tests: [{name: a, tools: [x], expect: {verdict: deny}}]", ["1:49 unknown_value"]],
    ["an unknown key", "tests: [{name: a, tool: [x], expect: pass}]", ["1:9 suite_entry_kind", "1:19 unknown_key"]],
    ["an unknown key in the expectation", "tests: [{name: a, tools: [x], expect: {verdit: pass}}]", ["1:40 unknown_key"]],
    ["no tools in the list", "tests: [{name: a, tools: [], expect: pass}]", ["1:26 list_too_short"]],
    ["a tool that is a number", "tests: [{name: a, tools: [1], expect: pass}]", ["1:27 wrong_type"]],
    ["too few expectations", "tests: [{name: a, session: [x, y], expect: [pass]}]", ["1:44 suite_expect_count"]],
    ["a list for tools", "tests: [{name: a, tools: [x], expect: [pass]}]", ["1:39 suite_expect_count"]],
    [
      "action and decision",
      "tests: [{name: a, tools: [x], expect: {action: deny, decision: deny}}]",
      ["1:40 suite_expect_twice"],
    ],
    ["no time", "now: tomorrow\ntests: [{name: a, tools: [x], expect: pass}]", ["1:6 suite_time"]],
    ["a day that no month has", "now: 2026-02-30\ntests: [{name: a, tools: [x], expect: pass}]", ["1:6 suite_time"]],
    [
      "a sighting without a time",
      "now: 2026-02-07\nfirst_seen: {x: soon}\ntests: [{name: a, tools: [x], expect: pass}]",
      ["2:17 suite_time"],
    ],
    [
      "sightings above cases without a clock",
      "first_seen: {x: 2026-02-07}\ntests: [{group: g, first_seen: {}, tests: [{name: a, tools: [x], expect: pass}]}]",
      ["1:13 suite_first_seen_without_now", "2:32 suite_first_seen_without_now"],
    ],
    [
      "sightings without a clock",
      "tests: [{name: a, tools: [x], expect: pass, first_seen: {x: 2026-02-07}}]",
      ["1:57 suite_first_seen_without_now"],
    ],
    [
      "two of one name",
      "tests:\n  - {name: a, tools: [x], expect: pass}\n  - {name: a, tools: [y], expect: pass}",
      ["3:12 suite_duplicate_name"],
    ],
  ];
  it.each(mistakes)("%s", (_, text, codes) => {
    expect(found(text)).toEqual(codes);
  });

  it("say what was meant, also deep in groups", () => {
    const text = `tests:
  - group: outer
    tests:
      - group: inner
        tests:
          - {name: a, tools: [x], expect: {verdict: pas}}
          - {nam: b, tools: [x], expect: fial}
          - {name: c, tools: x, expect: pass}
`;
    const { diagnostics } = parse(text);
    expect(diagnostics.map(({ path, code, span, fix }) => [path, code, span?.line, fix.replace(/^use one.*/, "")])).toEqual([
      ["tests[0].tests[0].tests[0].expect.verdict", "unknown_value", 6, "did you mean `pass`?"],
      ["tests[0].tests[0].tests[1]", "missing_key", 7, "add `name:`"],
      ["tests[0].tests[0].tests[1].nam", "unknown_key", 7, "did you mean `name`?"],
      ["tests[0].tests[0].tests[1].expect", "unknown_value", 7, "did you mean `fail`?"],
      ["tests[0].tests[0].tests[2].tools", "wrong_type", 8, "write a list: one line with `- ` for each entry"],
    ]);
  });

  it("are counted when there are many, and a file has a size", () => {
    const bad = `tests:\n${"  - {nam: a}\n".repeat(3000)}`;
    expect(parse(bad).diagnostics).toHaveLength(51);
    const many = `tests:\n${"  - {name: a, tools: [x], expect: pass}\n".repeat(100_001)}`;
    expect(parse(many).diagnostics.filter(({ code }) => code === "suite_too_many_cases")).toHaveLength(1);
    const calls = `tests:\n  - {name: a, expect: pass, tools: [${"x,".repeat(200_001)}]}\n`;
    expect(found(calls)).toEqual(["2:5 suite_too_many_cases"]);
  });

  it("are counted when many calls are asked about many rules each", () => {
    const asked = (calls: number) =>
      `tests:\n  - {name: a, tools: [${"x,".repeat(calls)}], expect: {not_rule: [${"y,".repeat(500)}]}}\n`;
    expect(found(asked(1000))).toEqual([]);
    expect(found(asked(1001))).toEqual(["2:5 suite_too_many_cases"]);
  });
});

describe("bytes that nobody wrote on purpose", () => {
  const folder = join(import.meta.dirname, "../../hostile");
  const seeds = [Buffer.from(whole), ...readdirSync(folder).map((file) => readFileSync(join(folder, file)))];
  const piece = fc.constantFrom(..."\n :-[]{}\"'&*!|>%#,?\\\t0a".split(""), "tests:", "expect", "session", "- ", "~", "null");
  it("give a suite or an error, and never throw", () => {
    const edit = fc.tuple(fc.nat(), fc.nat(30), fc.oneof(piece, fc.constant("")));
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 6 }), (seed, edits) => {
        let bytes = Buffer.from(seed);
        for (const [position, removed, added] of edits) {
          const at = bytes.length === 0 ? 0 : position % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(added), bytes.subarray(at + removed)]);
        }
        const { value, diagnostics } = parseSuite(bytes, { file: "s" });
        expect(value === undefined).toBe(diagnostics.some((each) => each.level === "error"));
        expect(diagnostics.length).toBeLessThanOrEqual(51);
        for (const { calls, expected } of value?.cases ?? []) expect(expected).toHaveLength(calls.length);
      }),
      { numRuns: 1500, seed: 20_261_122 },
    );
  });
  it("of every hostile file are refused", () => {
    for (const seed of seeds.slice(1)) expect(parseSuite(seed, { file: "s" }).value).toBeUndefined();
  });
});
