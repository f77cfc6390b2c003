import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { renderDiagnostics } from "../../../src/diagnostics/render.js";
import { markdownLengthMax, sarifResultsMax } from "../../../src/limits.js";
import { lintJson } from "../../../src/report/json/lint.js";
import { jsonText } from "../../../src/report/json/rule.js";
import type { LintRun } from "../../../src/report/lint-run.js";
import { lintMarkdown } from "../../../src/report/markdown/lint.js";
import { plain } from "../../../src/report/paint.js";
import { lintSarif } from "../../../src/report/sarif/lint.js";
import { lintDiagnostic, lintText, shownFindings } from "../../../src/report/text/lint.js";
import { hostileNames } from "../../support/extreme-reports.js";
import { hostileRun, lintedText, ordinaryRun } from "../../support/lint-runs.js";
import { markdownTables, outsideCode } from "../../support/markup-check.js";
import { sarifSchema } from "../../support/sarif-schema.js";

const ordinary = ordinaryRun();
const [linted, broken] = ordinary.files;
const hostile = hostileRun();
const clean: LintRun = { ...ordinary, files: [{ ...linted!, findings: [], suppressed: [] }], exitReasons: [] };
const many: LintRun = { ...ordinary, files: Array.from({ length: 2_000 }, (_, i) => ({ ...linted!, file: `p${i}.yaml` })) };

const text = (run: LintRun) =>
  lintText(
    run,
    ({ file, findings }) =>
      renderDiagnostics(shownFindings(findings).map(lintDiagnostic), { sources: new Map([[file, lintedText]]), color: false }),
    plain,
  );

describe("text", () => {
  test("each finding with its line, names, other rules and advice; then what they come to", () => {
    expect(text(ordinary)).toBe(`policies/support.yaml
policies/support.yaml:7:9: warning dead_rule: \`web\` of support decides nothing
  7 |       - "mcp__browser__open"
    |         ^^^
  such as: \`mcp__browser__open\`
  what to do: remove the rule (--fix does it)
policies/support.yaml:10:5: notice forbidden_overlap: some names of \`mcp__admin__*\` are mapped
  10 |   - pattern: "mcp__admin__*"
     |     ^^^
  what to do: remove the rule
policies/support.yaml:16:5: error case_only_miss: \`MCP__Pay__*\` of support decides nothing
  16 |   - pattern: "MCP__Pay__*"
     |     ^^^
  what to do: remove the rule (--fix --fix-spelling does it)
  ✗ 1 error, 1 warning, 1 notice in 4 rules (2 suppressed; --fix can take care of 1)

policies/broken.yaml
  ✗ not linted: 6 errors in the file

2 files: ✗ 1 error, 1 warning, 1 notice, 1 not linted
✗ 1 error found
`);
  });
  test("a clean file is a tick", () => {
    expect(text(clean)).toBe("policies/support.yaml\n  ✓ 4 rules, nothing found\n");
  });
  test("fixes are counted, done or not", () => {
    const withFix = (written: boolean, fixed = linted!.findings): LintRun => ({
      ...clean,
      files: [{ ...clean.files[0]!, fix: { fixed, left: linted!.findings.slice(1), diff: "x", written } }],
    });
    expect(text(withFix(true))).toContain("  ✓ fixed 3 findings\n");
    expect(text(withFix(false))).toContain("  ✓ would fix 3 findings\n");
    expect(text(withFix(false, []))).toContain("  nothing that --fix changes\n  2 findings left to you: ");
  });
  test("of many findings the gravest are shown, in the order of the file, the others by code", () => {
    const [warning, notice, error] = linted!.findings;
    const findings = [...Array.from({ length: 60 }, () => ({ ...notice! })), warning!, error!];
    const shown = text({ ...clean, files: [{ ...clean.files[0]!, findings }] });
    expect(shown.match(/ notice forbidden_overlap/g)).toHaveLength(48);
    expect(shown).toMatch(/warning dead_rule[\s\S]*error case_only_miss/);
    expect(shown).toContain(
      "\n  ... and 12 more (12 forbidden_overlap): --code shows one kind, --format json all\n  ✗ 1 error, 1 warning, 60 notices",
    );
  });
  test("names and rules beyond the first few are counted", () => {
    const finding = {
      ...linted!.findings[0]!,
      witnesses: Array.from({ length: 9 }, (_, i) => `t${i}`),
      related: Array.from({ length: 8 }, () => ({ rule: linted!.findings[0]!.rule!, role: "maps these" })),
    };
    const { notes = [] } = lintDiagnostic(finding);
    expect(notes[0]).toBe("such as: `t0`, `t1`, `t2`, `t3`, `t4` and 4 more");
    expect(notes[1]).toBe('capability web, glob "mcp__browser__open" (policies/support.yaml:7 (agent)): maps these');
    expect(notes.at(-1)).toBe("and 3 more rules");
  });
});

describe("JSON", () => {
  const json = (run: LintRun) => JSON.parse(jsonText(lintJson(run)));
  test("counts, findings, suppressed ones with their reasons", () => {
    const { summary, files, ok } = json(ordinary);
    expect(ok).toBe(false);
    expect(summary).toEqual({ files: 2, invalid_files: 1, errors: 1, warnings: 1, notices: 1, suppressed: 2, fixed: 0 });
    expect(files[0].suppressed.map((each: { suppression: { reason: string; line: number } }) => each.suppression)).toEqual([
      expect.objectContaining({ reason: "all of it is meant", line: 1 }),
      expect.objectContaining({ reason: "the wider one may go", line: 13 }),
    ]);
    expect(files[1].diagnostics[0].code).toBe("missing_key");
    expect(files[0].findings[0].replacements).toEqual([
      { file: "policies/support.yaml", line: 7, column: 1, end_line: 8, end_column: 1, text: "" },
    ]);
  });
  test("names are exactly as they are", () => {
    const found = json(hostile).files[0].findings.find(({ code }: { code: string }) => code === "dead_rule");
    expect(found.witnesses).toEqual(hostileNames);
  });
});

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly suppressions?: readonly { readonly justification: string }[];
  readonly fixes?: readonly object[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

describe("SARIF", () => {
  const validate = new Ajv({ strict: true, strictTypes: false }).compile(sarifSchema);
  const sarif = (run: LintRun) => {
    const log = JSON.parse(lintSarif(run)) as { runs: { results: Result[]; tool: { driver: { rules: { id: string }[] } } }[] };
    expect(validate(log) ? [] : validate.errors).toEqual([]);
    return log.runs[0]!;
  };
  test.each([
    ["ordinary", ordinary],
    ["clean", clean],
    ["hostile", hostile],
    ["many", many],
  ])("%s: as the standard asks", (_, run) => {
    const { results, tool } = sarif(run);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
    expect(new Set(results.map((each) => JSON.stringify(each.partialFingerprints))).size).toBe(results.length);
    expect(results.length).toBeLessThanOrEqual(sarifResultsMax);
  });
  test("the worst first, suppressed ones behind with their reasons, safe ones with what they would write", () => {
    const { results } = sarif(ordinary);
    expect(results.map(({ ruleId, level, suppressions }) => [ruleId, level, suppressions?.[0]?.justification])).toEqual([
      ["case_only_miss", "error", undefined],
      ["dead_rule", "warning", undefined],
      ["forbidden_overlap", "note", undefined],
      ["broad_glob", "warning", "all of it is meant"],
      ["shadowed_rule", "warning", "the wider one may go"],
    ]);
    expect(results[1]!.fixes).toMatchObject([
      { artifactChanges: [{ replacements: [{ deletedRegion: { startLine: 7, startColumn: 1, endLine: 8, endColumn: 1 } }] }] },
    ]);
    expect(results[0]!.fixes).toBeUndefined();
  });
  test("fingerprints stay when lines move", () => {
    const moved = { ...linted!, findings: linted!.findings.map((f) => ({ ...f, span: { ...f.span, line: f.span.line + 9 } })) };
    const prints = (run: LintRun) => sarif(run).results.map((each) => each.partialFingerprints);
    expect(prints({ ...ordinary, files: [moved] })).toEqual(prints({ ...ordinary, files: [linted!] }));
  });
  test("what is wrong with a file is a notification", () => {
    expect(JSON.parse(lintSarif({ ...ordinary, files: [broken!] })).runs[0].invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: expect.arrayContaining([expect.objectContaining({ descriptor: { id: "missing_key" } })]),
    });
  });
});

describe("Markdown", () => {
  test("a table a file, the worst first", () => {
    const markdown = lintMarkdown(ordinary);
    expect(markdown).toMatch(
      /^### ✗ Policy lint of 2 policy files: 1 error, 1 warning, 1 notice\n\n\*\*Exit code 1:\*\* 1 error found\n/,
    );
    expect(markdown).toContain(
      "| ! warning | 7 | `dead_rule` | `web` of support decides nothing | `mcp__browser__open` | remove the rule |",
    );
    expect(markdown.indexOf("case_only_miss")).toBeLessThan(markdown.indexOf("dead_rule"));
    expect(markdown).toContain("<summary>Suppressed (2)</summary>");
    expect(markdown).toContain("Not linted: the file has errors.");
    expect(lintMarkdown(clean)).toMatch(/^### ✓ Policy lint of `policies\/support\.yaml`: nothing found\n/);
  });
  test("within what a comment may have, and says what it left out", () => {
    const markdown = lintMarkdown(many);
    expect(markdown.length).toBeLessThanOrEqual(markdownLengthMax);
    expect(markdown).toMatch(/_[\d,]+ parts left out: .* The JSON report has everything\._/);
  });
  test("nothing from outside stands outside of code, and tables keep their columns", () => {
    const markdown = lintMarkdown(hostile);
    expect(markdownTables(markdown).length).toBeGreaterThan(5);
    const ours = /^<\/?(?:details|summary|sub)>|<\/(?:summary|sub)>$|<br>/g;
    for (const line of markdown.split("\n")) {
      expect(outsideCode(line).replace(ours, "")).not.toMatch(/[<@`]|\]\(|https?:|pwned|:tada:/);
    }
  });
});

describe("hostile text", () => {
  const unseen = /[\0-\x09\x0b-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff]|\p{Cs}/u;
  test.each([
    ["text", text(hostile)],
    ["json", jsonText(lintJson(hostile))],
    ["markdown", lintMarkdown(hostile)],
    ["sarif", lintSarif(hostile)],
  ])("%s shows no raw control and nothing invisible", (_, written) => {
    const found = unseen.exec(written);
    expect(found === null ? null : written.slice(found.index - 40, found.index + 40)).toBeNull();
  });
});
