import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { markdownLengthMax, sarifResultsMax } from "../../../src/limits.js";
import { replayJunit } from "../../../src/report/junit/replay.js";
import { replayMarkdown } from "../../../src/report/markdown/replay.js";
import { plain } from "../../../src/report/paint.js";
import { replaySarif, uriOf } from "../../../src/report/sarif/replay.js";
import { replayText } from "../../../src/report/text/replay.js";
import type { ReplayReport } from "../../../src/trace/replay-report.js";
import { hostile, large } from "../../support/extreme-reports.js";
import { elementsNamed, markdownTables, parseXml } from "../../support/markup-check.js";
import { against, empty, frame, ordinary, partial, rules } from "../../support/replay-reports.js";
import { sarifSchema } from "../../support/sarif-schema.js";

const every: [string, ReplayReport][] = [
  ["ordinary", ordinary],
  ["compared", against],
  ["partial", partial],
  ["empty", empty],
  ["large", large(3_000, 1_000)],
  ["hostile", hostile],
];

describe("text", () => {
  const text = (report: ReplayReport) => replayText(report, frame, plain);
  test("after the documented opening: rules, never-hit rules, new tools", () => {
    const shown = text(ordinary);
    expect(shown.startsWith("Testing policies/support-agent.yaml against 13 recent traces...\n")).toBe(true);
    expect(shown).toMatch(/^ {7}699 {7}699 {6}2 {2}capability web_browsing, glob "mcp__browser__\*"/m);
    expect(shown).toMatch(/Never hit: 1\n +forbidden "\*__exec_shell" {2}policies\/org\.yaml:12 \(org\)/);
    expect(shown).toMatch(/mcp__crm__find_customer \(support-1\) {2}17 calls, not mapped, grace until 2026-02-10/);
    expect(shown).not.toContain("Changes from");
    expect(shown.endsWith("✗ 3 traces would fail\n")).toBe(true);
  });
  test("the matrix, and the rules of both policies behind a cell", () => {
    const shown = text(against);
    expect(shown).toMatch(/was pass +854 +19 +4\n {2}was warn +0 +12 +5\n {2}was fail +61 +0 +2\n/);
    expect(shown).toContain(
      "  fail -> pass, weaker than before: 61 calls of 1 tool\n    mcp__email__send ×61  runs/monday.jsonl:71\n",
    );
    expect(shown).toMatch(/was forbidden: forbidden "mcp__email__\*" {2}policies\/old\.yaml:31/);
    expect(text({ ...against, changes: { ...against.changes!, cells: [] } })).toContain("No call is judged differently");
  });
  test("a partial report says so first and last", () => {
    const marked = text(partial).trimEnd().split("\n");
    expect([marked[1], marked.at(-2)]).toEqual([marked[1], marked[1]]);
    expect(marked[1]).toMatch(/^PARTIAL: reading was stopped after 3,072 MiB of 10,240 MiB/);
    expect(text(partial)).toMatch(/4,711 more traces counted and not listed/);
    expect(text(partial)).toMatch(/33 calls of 1 wrapper tool \(mcp__gateway__execute-tool\) .*--unwrap/);
  });
  test("as readable for many traces as for three", () => {
    const many = large(3_000, 1_000);
    const shown = text(many).split("\n");
    expect(shown.length).toBeLessThan(250);
    expect(text(many)).toMatch(/Top failing traces\n {2}✗ run-\d+ {2}13 failing/);
    expect(
      text({ ...many, traces: many.traces.map((each) => ({ ...each, verdict: "fail", findings: many.traces[0]!.findings })) }),
    ).toMatch(/and 980 more traces with findings/);
  });
});

describe("Markdown", () => {
  test.each(every)("%s: within what a comment may have, tables whole", (_, report) => {
    const text = replayMarkdown(report, frame);
    expect(text.length).toBeLessThanOrEqual(markdownLengthMax);
    expect(markdownTables(text).length).toBeGreaterThan(0);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });
  test("verdict, matrix, new violations apart from other changes", () => {
    const text = replayMarkdown(against, frame);
    expect(text).toMatch(/^### ✗ Policy `policies\/support-agent\.yaml`: 3 fail, 2 warn, 7 pass, 1 skipped/);
    expect(text).toContain("| was fail | **61** | 0 | 2 |");
    expect(text).toMatch(
      /#### New violations \(2\)[^#]*mcp__crm__find_customer[^#]*mcp__filesystem__delete_file[^#]*#### Other changed tools \(2\)/,
    );
  });
  test("what does not fit is counted, not cut in its middle", () => {
    const name = (i: number) => `tool|${i}|${"&".repeat(190)}`;
    const wide = {
      ...hostile,
      unmappedTools: [],
      tools: hostile.tools.map((each, i) => ({ ...each, tool: name(i), reasons: [name(i)] })),
    };
    const wider: ReplayReport = {
      ...wide,
      rules: Array.from({ length: 60 }, (_, i) => ({
        ...ordinary.rules[0]!,
        rule: { ...rules.deletes, label: name(i), file: name(i) },
      })),
      topFailing: hostile.traces.map((each, i) => ({ ...each, id: name(i), input: name(i) })),
    };
    const text = replayMarkdown(wider, frame);
    expect(text.length).toBeLessThanOrEqual(markdownLengthMax);
    expect(text).toMatch(/_\d+ parts? left out: a comment may have 65,536 characters\./);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });
});

describe("JUnit", () => {
  const parsed = (report: ReplayReport, exitReasons = frame.exitReasons) =>
    parseXml(replayJunit(report, { ...frame, exitReasons }));
  const outcomes = (report: ReplayReport, exitReasons?: readonly string[]) => {
    const root = parsed(report, exitReasons);
    const suite = elementsNamed(root, "testsuite")[0]!;
    const n = (name: string) => elementsNamed(root, name).length;
    const said = ["tests", "failures", "errors", "skipped"].map((key) => Number(suite.attributes.get(key)));
    expect(said).toEqual([n("testcase"), n("failure"), n("error"), n("skipped")]);
    return said;
  };
  test("a case per trace, counted as it is written", () => {
    expect(outcomes(ordinary)).toEqual([14, 3, 0, 1]);
    expect(outcomes({ ...ordinary, leftOut: { ...ordinary.leftOut, beyondLimit: 0 }, cardChecked: true })).toEqual([13, 3, 0, 1]);
    const failed = elementsNamed(parsed(ordinary), "testcase").filter((each) => elementsNamed(each, "failure").length > 0);
    expect(failed[0]!.attributes.get("classname")).toBe("claude-code");
    expect(failed[2]!.attributes.get("classname")).toBe("claude-code/support-1");
    expect(elementsNamed(failed[0]!, "failure")[0]!.children[0]).toMatch(
      /^FORBIDDEN: mcp__filesystem__delete_file \(critical\) x3\n/,
    );
  });
  test("never says less than the exit code", () => {
    expect(outcomes(partial)[2]).toBe(1);
    expect(outcomes({ ...ordinary, summary: { ...ordinary.summary, fail: 8 }, tracesNotListed: 5 })[1]).toBe(4);
    expect(outcomes(empty, ["2 traces would warn, and --strict counts them"])[1]).toBe(1);
    expect(outcomes(empty, [])[1]).toBe(0);
  });
});

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly locations: {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region: { readonly startLine: number };
    };
  }[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly occurrenceCount: number;
}

describe("SARIF", () => {
  const validate = new Ajv({ strict: true, strictTypes: false }).compile(sarifSchema);
  const run = (report: ReplayReport) => {
    const log = JSON.parse(replaySarif(report, frame)) as {
      runs: { results: Result[]; tool: { driver: { rules: { id: string }[] } } }[];
    };
    expect(validate(log) ? [] : validate.errors).toEqual([]);
    return log.runs[0]!;
  };
  test.each(every)("%s: as the standard asks", (_, report) => {
    const { results, tool } = run(report);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
    expect(new Set(tool.driver.rules.map(({ id }) => id)).size).toBe(tool.driver.rules.length);
    expect(new Set(results.map((each) => JSON.stringify(each.partialFingerprints))).size).toBe(results.length);
    expect(results.length).toBeLessThanOrEqual(sarifResultsMax);
  });
  test("a result per rule and tool, at the rule's line, the worst first", () => {
    const { results } = run(ordinary);
    expect(results.map(({ level }) => level)).toEqual(["error", "error", "error", "warning", "warning"]);
    expect(results[0]).toMatchObject({ ruleId: "agent: forbidden: mcp__filesystem__delete*", occurrenceCount: 3 });
    expect(results[0]!.locations[0]!.physicalLocation).toMatchObject({
      artifactLocation: { uri: "policies/support-agent.yaml" },
      region: { startLine: 39 },
    });
  });
  test("fingerprints stay when lines move and counts change", () => {
    const moved: ReplayReport = {
      ...ordinary,
      traces: ordinary.traces.slice(7).map((each) => ({
        ...each,
        findings: each.findings.map((f) => ({ ...f, calls: f.calls + 9, rule: { ...f.rule, line: f.rule.line + 40 } })),
      })),
    };
    const prints = (report: ReplayReport) => run(report).results.map((each) => each.partialFingerprints["smoltbotFinding/v1"]);
    expect(new Set(prints(moved))).toEqual(new Set(prints(ordinary)));
  });
  test("tools whose findings were not kept are there all the same", () => {
    const bare = { ...ordinary, traces: ordinary.traces.map((each) => ({ ...each, findings: [] })), detailsDropped: 5 };
    expect(run(bare).results.map(({ ruleId }) => ruleId)).toContain("agent: forbidden: mcp__admin__*");
  });
  test("the schema refuses what the standard does", () => {
    const log = JSON.parse(replaySarif(ordinary, frame)) as { runs: { results: object[] }[] };
    log.runs[0]!.results[0] = { ...log.runs[0]!.results[0], level: "fatal" };
    expect(validate(log)).toBe(false);
  });
  test.each([
    ["runs/a b.jsonl", "runs/a%20b.jsonl"],
    ["/srv/runs/a.jsonl", "file:///srv/runs/a.jsonl"],
    ["C:\\runs\\a.jsonl", "file:///C:/runs/a.jsonl"],
    ["a:b", "a%3Ab"],
    ["-", "-"],
    ["", "unnamed"],
    ["\ud800", "%5Cu%7Bd800%7D"],
  ])("%j as an address", (path, uri) => {
    expect(uriOf(path)).toBe(uri);
  });
});
