import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import type { OutcomeChange, PolicyDiff, RuleChange } from "../../../src/analysis/diff.js";
import type { FloorReport } from "../../../src/analysis/floor.js";
import type { RuleRef } from "../../../src/engine/result.js";
import { markdownLengthMax } from "../../../src/limits.js";
import type { DiffRun, FloorRun } from "../../../src/report/diff-run.js";
import { diffJson } from "../../../src/report/json/diff.js";
import { floorJson } from "../../../src/report/json/floor.js";
import { jsonText } from "../../../src/report/json/rule.js";
import { diffMarkdown } from "../../../src/report/markdown/diff.js";
import { floorMarkdown } from "../../../src/report/markdown/floor.js";
import { plain } from "../../../src/report/paint.js";
import { diffSarif } from "../../../src/report/sarif/diff.js";
import { floorSarif } from "../../../src/report/sarif/floor.js";
import { diffText } from "../../../src/report/text/diff.js";
import { causeLines, circumstanceWords, outcomeWords, ruleCountWords, sizeWords } from "../../../src/report/text/diff-words.js";
import { floorText } from "../../../src/report/text/floor.js";
import { schemaFaults } from "../../support/command.js";
import { hostileNames } from "../../support/extreme-reports.js";
import { markdownTables, outsideCode } from "../../support/markup-check.js";
import { sarifSchema } from "../../support/sarif-schema.js";

const firstCall = { prior: { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 }, inGrace: false };
const fail = {
  verdict: "fail",
  action: "deny",
  cause: "forbidden",
  severity: "high",
  cardActions: undefined,
  counted: undefined,
} as const;
const pass = { ...fail, verdict: "pass", action: "allow", cause: "mapped", severity: undefined } as const;
const bad = (i: number) => hostileNames[i % hostileNames.length] as string;

function ruleAt(i: number, kind: RuleRef["kind"] = "forbidden"): RuleRef {
  return {
    kind,
    layer: "agent",
    index: i,
    label: bad(i),
    pattern: bad(i + 1),
    reason: bad(i + 2),
    file: bad(i + 3),
    line: i + 1,
    column: 1,
  };
}

function changeOf(i: number, more: Partial<OutcomeChange> = {}): OutcomeChange {
  return {
    before: fail,
    after: pass,
    direction: "weaker",
    circumstance: firstCall,
    witness: bad(i),
    size: "infinite",
    names: [bad(i), bad(i + 1)],
    inventory: [bad(i + 2), bad(i + 3)],
    causes: [
      { side: "before", change: "removed", rule: ruleAt(i) },
      { side: "after", change: "added", rule: ruleAt(i + 1, "capability") },
    ],
    causesComplete: i % 2 === 0,
    ...more,
  };
}

function ruleChange(i: number): RuleChange {
  const fields = [
    { field: "reason", before: bad(i), after: bad(i + 1) },
    { field: "tools", before: JSON.stringify([bad(i)]), after: JSON.stringify([bad(i + 2)]) },
  ];
  return {
    kind: "capability",
    change: "changed",
    before: ruleAt(i, "capability"),
    after: ruleAt(i + 1, "capability"),
    fields,
    effective: false,
  };
}

function runOf(many: number): DiffRun {
  const asked = { cardActions: JSON.stringify([bad(0), bad(4)]) };
  const diff: PolicyDiff = {
    before: { name: bad(1), sources: [{ layer: "agent", file: bad(2), name: bad(3) }] },
    after: { name: bad(4), sources: [] },
    changes: [
      ...Array.from({ length: many }, (_, i) => changeOf(i)),
      changeOf(1, { before: { ...pass, ...asked }, after: { ...pass, cardActions: "[]" } }),
      changeOf(2, { direction: "stricter", before: pass, after: fail }),
      changeOf(3, { direction: "other", before: fail, after: { ...fail, severity: "low" } }),
    ],
    rules: Array.from({ length: many }, (_, i) => ruleChange(i)),
    defaults: [
      {
        field: "fail_open",
        before: "false",
        after: "true",
        direction: "weaker",
        beside: true,
        beforeRule: ruleAt(1, "default"),
        afterRule: ruleAt(2, "default"),
      },
    ],
    equal: false,
    complete: false,
    undecided: [
      {
        question: bad(18),
        reason: bad(5),
        change: { before: pass, after: fail, direction: "stricter", circumstance: firstCall },
      },
      { question: "whether more names change", reason: "too many states" },
    ],
    inventory: { names: 9, changed: 3, invalid: 1 },
    cardChecked: false,
    cost: { states: 1, work: 1 },
  };
  return { diff, before: bad(3), after: bad(8), exitReasons: [bad(2)], version: "1.2.3" };
}

const report: FloorReport = {
  org: { name: bad(1), file: bad(2), unmappedToolAction: "deny" },
  agent: { name: bad(3), file: bad(4) },
  exceptions: hostileNames.map((_, i) => changeOf(i)),
  broken: [changeOf(3)],
  broad: [
    {
      code: "merge_broad_mapping",
      level: "warning",
      path: "",
      message: "m",
      fix: "f",
      span: { file: bad(3), line: 1, column: 1, endLine: 1, endColumn: 2 },
    },
  ],
  holds: false,
  undecided: [{ question: bad(6), reason: bad(7) }],
  inventory: { names: 3, exceptions: 1, invalid: 0 },
  cardChecked: false,
};
const hostile = runOf(hostileNames.length);
const floorRun: FloorRun = { org: bad(3), agents: [{ file: bad(4), report }], exitReasons: [bad(2)], version: "1.2.3" };

const written: Record<string, string> = {
  text: diffText(hostile, plain),
  json: jsonText(diffJson(hostile)),
  markdown: diffMarkdown(hostile),
  sarif: diffSarif(hostile),
  "floor text": floorText(floorRun, plain),
  "floor json": jsonText(floorJson(floorRun)),
  "floor markdown": floorMarkdown(floorRun),
  "floor sarif": floorSarif(floorRun),
};

/** Everything that hides, reorders or controls, but for the line breaks that a format writes itself. */
const unseen = /[\0-\x09\x0b-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff]|\p{Cs}/u;

describe("hostile names", () => {
  test.each(Object.keys(written))("%s shows no raw control and nothing invisible", (format) => {
    const found = unseen.exec(written[format]!);
    expect(found === null ? null : [found.index, written[format]!.slice(found.index - 40, found.index + 40)]).toBeNull();
  });

  test.each(["markdown", "floor markdown"])(
    "%s: tables keep their columns, and nothing from outside stands outside of code",
    (format) => {
      expect(markdownTables(written[format]!).length).toBeGreaterThan(1);
      const ours = /<\/?(?:details|summary|sub|br)>/g;
      for (const line of written[format]!.split("\n")) {
        expect(outsideCode(line).replace(ours, "")).not.toMatch(/[<@`]|\]\(|https?:|pwned|:tada:/);
      }
    },
  );

  test.each(["sarif", "floor sarif"])("%s follows its schema, and its addresses are addresses", (format) => {
    const validate = new Ajv({ strict: true, strictTypes: false }).compile(sarifSchema);
    expect(validate(JSON.parse(written[format]!)) || validate.errors).toBe(true);
    for (const [, uri] of written[format]!.matchAll(/"uri": "([^"]*)"/g)) {
      expect(uri).toMatch(/^[A-Za-z0-9\-._~%!'()*/]+$/);
      expect(new URL(uri!, "file:///base/").protocol).toBe("file:");
    }
  });

  test("JSON follows the schemas, and names are exact", () => {
    expect(schemaFaults("diff", written["json"]!)).toEqual([]);
    expect(schemaFaults("floor", written["floor json"]!)).toEqual([]);
    const { changes } = JSON.parse(written["json"]!) as { changes: { witness: string }[] };
    expect(changes.slice(0, hostileNames.length).map(({ witness }) => witness)).toEqual(hostileNames);
  });
});

test("a comment of thousands of changes keeps to what a pull request takes, and counts what it leaves out", () => {
  const text = diffMarkdown(runOf(5_000));
  expect(text.length).toBeLessThanOrEqual(markdownLengthMax);
  expect(text).toContain("Weaker (5001)");
  expect(text).toContain("and 4,981 more");
  expect(JSON.parse(diffSarif(runOf(5_000))).runs[0].invocations[0].toolExecutionNotifications[0].message.text).toMatch(
    /^5,\d{3} results left out$/,
  );
});

describe("words", () => {
  const pair = (before: OutcomeChange["before"], after: OutcomeChange["after"]) =>
    [before, after].map((each) => outcomeWords(each, { before, after }));
  test("outcomes say what tells them apart, and no more", () => {
    expect(pair(fail, pass)).toEqual(["fail (forbidden, high)", "pass (mapped)"]);
    expect(pair(fail, { ...fail, action: "warn" })).toEqual([
      "fail (forbidden, high, decision deny)",
      "fail (forbidden, high, decision warn)",
    ]);
    expect(pair({ ...pass, cardActions: '["read","write"]' }, { ...pass, cardActions: "[]" })).toEqual([
      "pass (mapped, asks for read and write)",
      "pass (mapped, asks for no card action)",
    ]);
    expect(pair({ ...pass, counted: "unmapped, violation" }, { ...pass, counted: "" })).toEqual([
      "pass (mapped, counted as unmapped and as violation)",
      "pass (mapped, counted by no trigger)",
    ]);
  });

  test("sizes, sessions, rules and causes", () => {
    expect(sizeWords({ size: "infinite", names: [] })).toBe("infinitely many names");
    expect(sizeWords({ size: 1n, names: ["a"] })).toBe("1 name");
    expect(sizeWords({ size: 1112063n, names: ["a"] })).toBe("1,112,063 names");
    expect(sizeWords({ size: "unknown", names: ["a", "b"] })).toBe("2 names or more");
    expect(circumstanceWords(firstCall)).toBeUndefined();
    const prior = { toolCount: 3, unmappedOrgCount: 2, unmappedCount: 1, violationCount: 1 };
    expect(circumstanceWords({ prior, inGrace: true })).toBe(
      "after 3 calls (1 unmapped, 2 unmapped by org, 1 violating), in the grace period of a new tool",
    );
    const rules = (["changed", "added", "removed"] as const).map((change) => ({ ...ruleChange(1), change }));
    expect(ruleCountWords(rules)).toBe("1 rule changed, 1 added, 1 removed");
    expect(ruleCountWords(rules.slice(2))).toBe("1 rule removed");
    expect(ruleCountWords([])).toBe("no rule changed");
    const rule: RuleRef = { ...ruleAt(1), label: "x", pattern: "x", file: "old.yaml", line: 1 };
    const both = causeLines([
      { side: "after", change: "changed", rule: { ...rule, file: "new.yaml", line: 2 } },
      { side: "before", change: "changed", rule },
    ]);
    expect(both.map(({ places }) => places)).toEqual([["old.yaml:1", "new.yaml:2"]]);
  });
});

test("a comment is marked as fine only where nothing is weaker and nothing open, and counts names that are none", () => {
  const { diff, ...rest } = runOf(1);
  const markOf = (more: Partial<typeof diff>) => {
    const quiet = { ...diff, changes: [], defaults: [], undecided: [], complete: true, equal: true };
    return diffMarkdown({ ...rest, diff: { ...quiet, ...more }, exitReasons: [] }).split(" ", 2)[1];
  };
  expect(markOf({})).toBe("✓");
  expect(markOf({ defaults: diff.defaults })).toBe("!");
  expect(markOf({ undecided: diff.undecided, complete: false, equal: false })).toBe("!");
  expect(diffMarkdown({ ...rest, diff })).toContain("3 names of 9 changed; 1 name left out as no valid tool names.");
});
