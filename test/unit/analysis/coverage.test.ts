import { describe, expect, test } from "vitest";
import { coverageReport, type KnownTool } from "../../../src/analysis/coverage.js";
import { openPolicy } from "../../../src/cli/open-policy.js";
import type { Card, MergedPolicy } from "../../../src/policy/model.js";
import { coverageJson } from "../../../src/report/json/coverage.js";
import { coverageMarkdown } from "../../../src/report/markdown/coverage.js";
import { plain } from "../../../src/report/paint.js";
import { coverageText } from "../../../src/report/text/coverage-report.js";
import { expectRefused, folderOf, schemaFaults, smoltbot } from "../../support/command.js";
import { tinyPolicy } from "../../support/tiny-policy.js";

function reportOf(policy: MergedPolicy, card: Card | undefined, known?: readonly KnownTool[]) {
  const { engine } = openPolicy(policy);
  const judged = known?.map((each) => {
    const [outcome] = engine.evaluate([each.tool]).tools;
    return { ...each, outcome: outcome! };
  });
  return coverageReport(policy, card, judged);
}

const card: Card = { boundedActions: ["read", "write", "send", "read"], forbiddenActions: ["send"] };
const policy = tinyPolicy({
  forbidden: [["mcp__fs__delete*"]],
  capabilities: [
    ["reading", ["mcp__fs__read*", "mcp__fs__list"], ["read"]],
    ["all files", ["mcp__fs__*"], ["write", "erase"]],
    ["idle", ["mcp__fs__read_file"], ["read"]],
    ["mail", ["mcp__mail__*"], ["send"]],
  ],
});
const known: readonly KnownTool[] = [
  { tool: "mcp__fs__read_file", calls: 3 },
  { tool: "mcp__fs__read_all", calls: 9 },
  { tool: "mcp__fs__write", calls: 1 },
  { tool: "mcp__fs__delete_file", calls: 2 },
  { tool: "mcp__web__get", calls: 5 },
  { tool: "mcp__web__put", calls: 0 },
  { tool: "", calls: 1 },
];

describe("coverage", () => {
  const report = reportOf(policy, card, known);
  test("of the card, as C1 counts it", () => {
    expect(report.card).toMatchObject({ totalCardActions: 3, coveragePct: 100, unmappedCardActions: [] });
    const less = reportOf(tinyPolicy({ capabilities: [["r", ["a"], ["read"]]] }), card);
    expect(less.card).toMatchObject({ coveragePct: 33.33, unmappedCardActions: ["write", "send"] });
    expect([less.tools, less.unmappedTools]).toEqual([undefined, []]);
  });
  test("actions that the same capabilities map share one list of tools", () => {
    const both: Card = { boundedActions: ["read", "write"], forbiddenActions: [] };
    const shared = reportOf(tinyPolicy({ capabilities: [["c", ["mcp__fs__*"], ["read", "write"]]] }), both, known);
    expect(shared.actions[0]?.tools).toHaveLength(4);
    expect(shared.actions[0]?.tools).toBe(shared.actions[1]?.tools);
  });
  test("from each action to its capabilities and their tools", () => {
    expect(report.actions).toEqual([
      {
        action: "read",
        forbidden: false,
        capabilities: [0, 2],
        tools: [
          { tool: "mcp__fs__read_all", calls: 9 },
          { tool: "mcp__fs__read_file", calls: 3 },
        ],
      },
      { action: "write", forbidden: false, capabilities: [1], tools: [{ tool: "mcp__fs__write", calls: 1 }] },
      { action: "send", forbidden: true, capabilities: [3], tools: [] },
    ]);
  });
  test("from each capability to its tools: the first match decides, and what it takes is told", () => {
    const [reading, all, idle] = report.capabilities;
    expect(reading).toMatchObject({
      globs: [
        { pattern: "mcp__fs__read*", tools: 2, calls: 12 },
        { pattern: "mcp__fs__list", tools: 0, calls: 0 },
      ],
      missingActions: [],
      takenTools: 0,
    });
    expect(all).toMatchObject({ missingActions: ["erase"], takenTools: 2, tools: [{ tool: "mcp__fs__write", calls: 1 }] });
    expect(idle).toMatchObject({ tools: [], takenTools: 1 });
  });
  test("of the tools: what is blocked is no gap", () => {
    expect(report.tools).toEqual({
      total: 7,
      mapped: 3,
      blocked: 1,
      mappedPct: 50,
      calls: 21,
      mappedCalls: 13,
      blockedCalls: 2,
    });
    expect(report.unmappedTools.map(({ tool }) => tool)).toEqual(["mcp__web__get", "", "mcp__web__put"]);
    expect(report.blockedTools).toEqual([{ tool: "mcp__fs__delete_file", calls: 2 }]);
  });
  test("of nothing is 0, not an error", () => {
    expect(reportOf(tinyPolicy({}), { boundedActions: [], forbiddenActions: [] }, [])).toMatchObject({
      card: { coveragePct: 0 },
      tools: { mappedPct: 0, total: 0 },
    });
  });
  test("hostile names are escaped in every writer", () => {
    const hostile = ["mcp__fs__a\u001b[2J", "\u202etxt", "`|<b>", "__proto__", "constructor", "x".repeat(100_000)];
    const odd = tinyPolicy({ capabilities: [["__proto__", ["mcp__fs__*", "constructor"], ["\u202e", "toString"]]] });
    const found = reportOf(
      odd,
      { boundedActions: ["\u202e", "__proto__"], forbiddenActions: [] },
      hostile.map((tool) => ({ tool, calls: 1 })),
    );
    expect(found.capabilities[0]?.tools.map(({ tool }) => tool)).toContain("constructor");
    const frame = { file: "p`|.yaml", reasons: [], code: 0 };
    for (const text of [coverageText(found, [], plain), coverageMarkdown(found, frame)]) {
      expect(text).not.toMatch(/[\u001b\u202e]/);
      expect(text).toContain("__proto__");
    }
    expect(JSON.parse(JSON.stringify(coverageJson(found, frame)))).toMatchObject({ tool_coverage: { total_tools: 6 } });
  });
  test("10,000 capabilities and as many tools", () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `mcp__s${i}__t`);
    const big = tinyPolicy({ capabilities: names.map((name, i) => [`c${i}`, [`${name}*`], [`a${i % 7}`]]) });
    const { engine } = openPolicy(big);
    const outcomes = engine.evaluate(names).tools;
    const found = coverageReport(
      big,
      { boundedActions: ["a0", "a9"], forbiddenActions: [] },
      outcomes.map((outcome) => ({ tool: outcome.tool, calls: 1, outcome })),
    );
    expect([found.tools?.mapped, found.actions[0]?.tools.length, found.card?.coveragePct]).toEqual([10_000, 1429, 50]);
    expect(coverageText(found, [], plain).split("\n").length).toBeLessThan(100);
  });
});

const files = {
  "policy.yaml": `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings:
  reading: {tools: ["mcp__fs__read*"], card_actions: [read]}
forbidden: []
defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: false}
`,
  "card.yaml": "card_id: c\nautonomy_envelope: {bounded_actions: [read, write]}\n",
  "runs.jsonl": ["mcp__fs__read_file", "mcp__fs__write", "mcp__fs__read_file"]
    .map((tool) => `${JSON.stringify({ tool, session: "s", timestamp: "2026-01-01T00:00:00Z" })}\n`)
    .join(""),
  "tools.json": '["mcp__fs__stat"]',
};
const all = ["policy", "coverage", "policy.yaml", "--card", "card.yaml", "--traces", "runs.jsonl", "--inventory", "tools.json"];

describe("policy coverage", () => {
  test("text, JSON and Markdown say the same", async () => {
    const cwd = folderOf(files);
    const text = await smoltbot(all, { cwd });
    expect(text.stdout).toContain("Coverage: 50% (1/2 card actions mapped)");
    expect(text.stdout).toContain("Tool coverage: 33.33% (1/3 tools mapped), 2 of 3 calls");
    expect(text.stdout).toContain("✗ write: no capability maps it");
    expect(text.stdout).toContain("mcp__fs__stat  not called");
    expect([text.status, text.stderr]).toEqual([0, ""]);
    const { stdout } = await smoltbot([...all, "--format", "json"], { cwd });
    expect(schemaFaults("coverage", stdout)).toEqual([]);
    const json = JSON.parse(stdout);
    expect(json).toMatchObject({
      schema: "smoltbot.coverage/1",
      coverage: { coverage_pct: 50 },
      tool_coverage: { mapped_pct: 33.33 },
    });
    expect(json.unmapped_tools).toEqual([
      { tool: "mcp__fs__write", calls: 1 },
      { tool: "mcp__fs__stat", calls: 0 },
    ]);
    const markdown = (await smoltbot([...all, "--format", "markdown"], { cwd })).stdout;
    expect(markdown).toContain("| `write` | **none** | none known |");
  });
  test("the gates", async () => {
    const cwd = folderOf(files);
    const ran = await smoltbot([...all, "--min-coverage", "90", "--min-tool-coverage", "34"], { cwd });
    expect(ran.stdout).toContain("Exit 1: coverage 50% is below the required 90%");
    expect(ran.stdout).toContain("Exit 1: tool coverage 33.33% is below the required 34%");
    expect(ran.status).toBe(1);
    expect((await smoltbot([...all, "--min-coverage", "50", "--min-tool-coverage", "33.33"], { cwd })).status).toBe(0);
  });
  test("what there is nothing to compare with is refused", async () => {
    const cwd = folderOf(files);
    const bare = ["policy", "coverage", "policy.yaml"];
    expectRefused(await smoltbot(bare, { cwd }), "usage_nothing_to_cover");
    expectRefused(
      await smoltbot([...bare, "--inventory", "tools.json", "--min-coverage", "1"], { cwd }),
      "usage_coverage_without_card",
    );
    expectRefused(
      await smoltbot([...bare, "--card", "card.yaml", "--min-tool-coverage", "1"], { cwd }),
      "usage_coverage_without_tools",
    );
  });
});
