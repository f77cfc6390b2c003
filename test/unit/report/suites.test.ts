import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { specification } from "../../../src/analysis/suite/second-opinion.js";
import type { CaseResult, SuiteRun } from "../../../src/analysis/suite/suite-report.js";
import { markdownLengthMax, sarifResultsMax } from "../../../src/limits.js";
import { jsonText } from "../../../src/report/json/rule.js";
import { suitesJson } from "../../../src/report/json/suite.js";
import { suiteJunit } from "../../../src/report/junit/suite.js";
import { suiteMarkdown } from "../../../src/report/markdown/suite.js";
import { plain } from "../../../src/report/paint.js";
import { suiteSarif } from "../../../src/report/sarif/suite.js";
import type { SuiteFrame } from "../../../src/report/suite-frame.js";
import { suiteText } from "../../../src/report/text/suite.js";
import { hostileNames } from "../../support/extreme-reports.js";
import { elementsNamed, markdownTables, outsideCode, parseXml } from "../../support/markup-check.js";
import { validPolicy } from "../../support/policy-text.js";
import { sarifSchema } from "../../support/sarif-schema.js";
import { ran } from "../../support/suites.js";

const frame: SuiteFrame = {
  exitReasons: ["2 of 4 cases fail"],
  allRules: false,
  generatedAtMs: Date.UTC(2026, 1, 7),
  version: "1.2.3",
};
const span = { file: "dir/s.test.yaml", line: 3, column: 5, endLine: 3, endColumn: 6 };

const ordinary = ran(
  `${validPolicy.replace("severity: high", "severity: high\n    examples: {match: [mcp__admin__x]}")}`,
  `tests:
  - {name: fine, tools: [mcp__browser__go], expect: pass}
  - group: outer
    tests:
      - {name: wrong, tools: [mcp__admin__x, mcp__browser__go], expect: {verdict: warn, rule: mcp__admn__*}}
      - {name: session, session: [a, b, mcp__pay__x], expect: [fail, any, {escalates: false}]}
`,
);

/** Every text that comes from outside is hostile. */
const hostile: SuiteRun = (() => {
  const [suite] = ordinary.suites;
  const [, wrong] = suite!.cases;
  const call = wrong!.calls[0]!;
  const cases = hostileNames.map((name, i): CaseResult => {
    const other = hostileNames[(i + 3) % hostileNames.length]!;
    const rule = { ...call.outcome.rule!, label: other, pattern: other, file: name, reason: name };
    const mismatch = { key: "rule" as const, expected: name, got: other, rule, hint: other, span: { ...span, file: name } };
    const calls = [
      { ...call, tool: name, outcome: { ...call.outcome, rule, capability: rule }, mismatches: [mismatch], differences: [other] },
    ];
    return { ...wrong!, name, groups: [other], span: { ...span, file: other }, status: i % 2 === 0 ? "failed" : "error", calls };
  });
  const policy = { ...suite!.policy, name: hostileNames[4]!, sources: [{ layer: "agent", file: hostileNames[6]!, name: "x" }] };
  const coverage = ordinary.coverage.map((each) => ({
    ...each,
    policy,
    rules: hostileNames.map((name) => ({
      rule: { ...each.rules[0]!.rule, label: name, pattern: name, file: name },
      matched: 0,
      decided: 0,
    })),
  }));
  return { suites: [{ ...suite!, policy, file: hostileNames[3]!, cases }], coverage };
})();
const hostileFrame = { ...frame, exitReasons: [hostileNames[3]!] };

const written = (run: SuiteRun, by: SuiteFrame): Record<string, string> => ({
  text: suiteText(run, by, plain),
  json: jsonText(suitesJson(run, { code: 1, reasons: by.exitReasons })),
  markdown: suiteMarkdown(run, by),
  junit: suiteJunit(run, by),
  sarif: suiteSarif(run, by),
});
const bad = written(hostile, hostileFrame);
const unseen = /[\0-\x09\x0b-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff]|\p{Cs}/u;

const outputSchema = (name: string) =>
  new Ajv({ strict: true, strictTypes: false }).compile(
    JSON.parse(readFileSync(join(import.meta.dirname, `../../../src/report/schemas/${name}-output.schema.json`), "utf8")),
  );
const sarif = new Ajv({ strict: true, strictTypes: false }).compile(sarifSchema);

describe("hostile names", () => {
  test.each(Object.keys(bad))("%s shows no raw control and nothing invisible", (format) => {
    const found = unseen.exec(bad[format]!);
    expect(found === null ? null : bad[format]!.slice(found.index - 40, found.index + 40)).toBeNull();
  });
  test("JUnit is well formed and names every case", () => {
    const cases = elementsNamed(parseXml(bad["junit"]!), "testcase");
    expect(cases).toHaveLength(hostileNames.length);
    expect(
      elementsNamed(parseXml(bad["junit"]!), "failure").length + elementsNamed(parseXml(bad["junit"]!), "error").length,
    ).toBe(cases.length);
  });
  test("Markdown: tables keep their columns, and nothing from outside stands outside of code", () => {
    expect(markdownTables(bad["markdown"]!).length).toBe(2);
    const ours = /^<\/?(?:details|summary|sub)>|<\/(?:summary|sub)>$/g;
    for (const line of bad["markdown"]!.split("\n")) {
      expect(outsideCode(line).replace(ours, "")).not.toMatch(/[<@`]|\]\(|https?:|pwned|:tada:/);
    }
  });
  test("JSON and SARIF keep their shapes", () => {
    const validate = outputSchema("suites");
    expect(validate(JSON.parse(bad["json"]!)), JSON.stringify(validate.errors)).toBe(true);
    expect(sarif(JSON.parse(bad["sarif"]!)), JSON.stringify(sarif.errors)).toBe(true);
    for (const [, uri] of bad["sarif"]!.matchAll(/"uri": "([^"]*)"/g)) expect(uri).toMatch(/^[A-Za-z0-9\-._~%!'()*/]+$/);
  });
});

describe("an ordinary run", () => {
  const good = written(ordinary, frame);
  test("as text: what was expected, what came, which rule, where", () => {
    expect(good["text"]).toBe(`s.test.yaml  policy.yaml
  ✓ fine
  ✗ outer > wrong  s.test.yaml:5
      mcp__admin__x
        verdict: expected warn, got fail  s.test.yaml:5
        rule: expected "mcp__admn__*", got "mcp__admin__*"  s.test.yaml:5
          hint: the policy has no rule "mcp__admn__*"; did you mean "mcp__admin__*"?
        the policy says: fail (decision warn), forbidden; decided by forbidden "mcp__admin__*", policy.yaml:10 (agent)
      mcp__browser__go
        verdict: expected warn, got pass  s.test.yaml:5
        rule: expected "mcp__admn__*", got "mcp__browser__*"  s.test.yaml:5
          hint: the policy has no rule "mcp__admn__*"; did you mean "mcp__admin__*"?
        the policy says: pass (decision allow), mapped; decided by capability web, glob "mcp__browser__*", policy.yaml:6 (agent)
  ✗ outer > session  s.test.yaml:6
      call 1: a
        verdict: expected fail, got warn  s.test.yaml:6
        the policy says: warn (decision warn), unmapped; decided by defaults.unmapped_tool_action: warn, severity medium, policy.yaml:19 (agent)
      call 3: mcp__pay__x
        escalates: expected false, got true  s.test.yaml:6
        the policy says: warn (decision warn), needs approval; decided by trigger tool_matches('mcp__pay__*'), policy.yaml:15 (agent)

examples in policy.yaml: 1 rule, all hold

4 cases: 2 passed, 2 failed
Rule coverage: 100% of policy.yaml, 4 of 4 rules decide in some case
✗ 2 of 4 cases fail
`);
  });
  test("as JUnit: a suite a file, groups in the class name, coverage as properties", () => {
    const root = parseXml(good["junit"]!);
    const suites = elementsNamed(root, "testsuite").map(({ attributes }) => [
      attributes.get("name"),
      attributes.get("tests"),
      attributes.get("failures"),
    ]);
    expect(suites).toEqual([
      ["s.test.yaml", "3", "2"],
      ["examples in policy.yaml", "1", "0"],
    ]);
    expect(elementsNamed(root, "testcase").map(({ attributes }) => attributes.get("classname"))).toEqual([
      "s.test.yaml",
      "s.test.yaml > outer",
      "s.test.yaml > outer",
      "examples in policy.yaml",
    ]);
    const properties = elementsNamed(root, "property").map(
      ({ attributes }) => `${attributes.get("name")}=${attributes.get("value")}`,
    );
    expect(properties).toContain("rule_coverage_pct=100");
  });
  test("JUnit says why the command exits 1 when no case does", () => {
    const passing = ran(validPolicy, "tests: [{name: fine, tools: [mcp__browser__go], expect: pass}]");
    const reasons = ["rule coverage 25% is below the required 90%"];
    const cases = elementsNamed(parseXml(suiteJunit(passing, { ...frame, exitReasons: reasons })), "testcase");
    expect(cases.map(({ attributes }) => attributes.get("name"))).toEqual(["fine", "exit code"]);
    expect(elementsNamed(parseXml(suiteJunit(passing, { ...frame, exitReasons: [] })), "testcase")).toHaveLength(1);
  });
  test("as SARIF: a result a case, at its place in the suite, with the rule that decides", () => {
    const log = JSON.parse(good["sarif"]!);
    expect(sarif(log), JSON.stringify(sarif.errors)).toBe(true);
    const [{ results }] = log.runs;
    expect(results).toHaveLength(2);
    expect(results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "s.test.yaml" },
      region: { startLine: 5, startColumn: 16 },
    });
    expect(
      results[0].relatedLocations.map((each: { physicalLocation: { region: object } }) => each.physicalLocation.region),
    ).toEqual([
      { startLine: 10, startColumn: 14 },
      { startLine: 6, startColumn: 3 },
    ]);
  });
  test("all rules, when they are wanted", () => {
    const text = suiteText(ordinary, { exitReasons: [], allRules: true }, plain);
    expect(text).toContain(
      '  matched   decided  (cases)\n          2         2  ✓ forbidden "mcp__admin__*"  policy.yaml:10 (agent)\n',
    );
  });
});

describe("a large run", () => {
  const [suite] = ordinary.suites;
  const cases = Array.from({ length: 6_000 }, (_, i) => ({ ...suite!.cases[1]!, name: `case ${i}` }));
  const large: SuiteRun = { suites: [{ ...suite!, cases }], coverage: ordinary.coverage };
  test("fits a comment, and SARIF's most results", () => {
    const markdown = suiteMarkdown(large, frame);
    expect(markdown.length).toBeLessThanOrEqual(markdownLengthMax);
    expect(markdown).toContain("5,975 more cases");
    expect(JSON.parse(suiteSarif(large, frame)).runs[0].results).toHaveLength(sarifResultsMax);
    expect(suiteText(large, frame, plain)).toContain("  5,900 more cases not listed\n");
  });
});

test("a difference from the specification is an error with its code", () => {
  const run = ran(validPolicy, "tests: [{name: a, tools: [x], expect: warn}]", {
    specification: (...given) => ({ ...specification(...given), grace: "store_down" }),
  });
  const { text, junit, sarif: log, markdown } = written(run, frame);
  for (const shown of [text, junit, log, markdown]) expect(shown).toContain("suite_answers_differ");
  expect(elementsNamed(parseXml(junit!), "error")).toHaveLength(1);
});
