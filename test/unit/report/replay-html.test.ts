import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { htmlFindingsMax, htmlToolsMax } from "../../../src/limits.js";
import { pageOf } from "../../../src/report/html/payload.js";
import { replayHtml } from "../../../src/report/html/replay.js";
import { tablesOf } from "../../../src/report/html/tables.js";
import { h, markup } from "../../../src/report/html/tree.js";
import type { ReplayReport } from "../../../src/trace/replay-report.js";
import { large } from "../../support/extreme-reports.js";
import { against, empty, frame, ordinary, startMs } from "../../support/replay-reports.js";

const hash = (text: string | undefined) =>
  `sha256-${createHash("sha256")
    .update(text ?? "absent")
    .digest("base64")}`;

describe("the page as text", () => {
  const html = replayHtml(against, frame);
  test("allows its own script and style by hash, and nothing else", () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    const script = hash(/<script>([\s\S]*?)<\/script>/.exec(html)?.[1]);
    const style = hash(/<style>([\s\S]*?)<\/style>/.exec(html)?.[1]);
    const rest = "base-uri 'none'; form-action 'none'";
    expect(policy).toBe(`default-src 'none'; script-src '${script}'; style-src '${style}'; ${rest}`);
  });
  test("names nothing to load", () => {
    expect(html.match(/\b(?:src|href|action|data|poster|srcset)="(?!#)[^"]*"|@import|url\(|<link|<base/g)).toBeNull();
  });
  test("every link leads to a part of the page", () => {
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]));
    const links = [...html.matchAll(/ href="#([^"]+)"/g)].map((m) => m[1]);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !ids.has(link))).toEqual([]);
  });
  test.each<[string, ReplayReport, RegExp]>([
    ["fail", ordinary, /<h1 class="fail">.*3 of 13 traces would fail/],
    [
      "warn",
      { ...ordinary, summary: { ...ordinary.summary, fail: 0 } },
      /<h1 class="warn">.*2 of 13 traces would warn, none would fail/,
    ],
    [
      "pass",
      { ...ordinary, summary: { ...ordinary.summary, fail: 0, warn: 0 } },
      /<h1 class="pass">.*All 7 traces with calls would pass/,
    ],
    ["skipped", empty, /<h1 class="skipped">.*No trace has a tool call/],
  ])("the headline of %s", (_, report, headline) => {
    expect(replayHtml(report, frame)).toMatch(headline);
  });
  test("without a policy to compare with there is no matrix", () => {
    expect(replayHtml(ordinary, frame)).not.toContain('class="matrix"');
  });
  test("equal input gives equal text", () => {
    expect(replayHtml(against, frame)).toBe(html);
  });
});

describe("what the page carries", () => {
  test("beyond the cap tools that do not pass stay, and the page says what is missing", () => {
    const many = large(100);
    const pass = many.tools.filter((tool) => tool.verdict === "pass");
    const tools = [...Array.from({ length: htmlToolsMax }, (_, i) => ({ ...pass[0]!, tool: `p${i}` })), ...many.tools];
    const kept = pageOf({ ...many, tools }, startMs).tools;
    expect(kept.length).toBe(htmlToolsMax);
    expect(kept.filter((tool) => tool.verdict !== "pass").length).toBe(many.tools.length - pass.length);
    const html = replayHtml({ ...many, tools }, frame);
    expect(html).toContain("100 more tools are counted above but not part of this page");
  });
  test("findings are kept for the worst traces", () => {
    const one = large(10, 100).traces[0]!;
    const many = Array.from({ length: 300 }, () => ({ ...one, findings: Array.from({ length: 1_000 }, () => one.findings[0]!) }));
    const { traces } = pageOf({ ...ordinary, traces: many }, startMs);
    expect(traces.reduce((sum, trace) => sum + trace.findings.length, 0)).toBe(htmlFindingsMax);
    expect([traces[0]!.hidden, traces[299]!.hidden]).toEqual([800, 1_000]);
  });
  test("traces are sorted worst first", () => {
    const { traces } = pageOf(ordinary, startMs);
    expect(traces.map(({ verdict }) => verdict).slice(0, 6)).toEqual(["fail", "fail", "fail", "warn", "warn", "pass"]);
    expect(traces.map(({ counts }) => counts[2]).slice(0, 3)).toEqual([5, 4, 2]);
  });
  test("grace that is over is told from grace that lasts", () => {
    const page = pageOf(ordinary, startMs + 5 * 86_400_000);
    const table = tablesOf(page, { tools: 0, traces: 0, unmapped: 0 }).find(({ id }) => id === "new-tools")!;
    expect(page.newTools.map((_, row) => markup(table.cells(row)[4]!).replace(/<[^>]*>/g, ""))).toEqual([
      "until 2026-02-10 08:00",
      "ended 2026-02-06 08:00",
      "not concerned",
    ]);
  });
});

test("a tree is text as text and nothing else", () => {
  const tree = h("p", { class: `a"><b>` }, "<i>&amp;</i>", h("wbr", {}), ["'x'"]);
  expect(markup(tree)).toBe('<p class="a&quot;&gt;&lt;b&gt;">&lt;i&gt;&amp;amp;&lt;/i&gt;<wbr>&#39;x&#39;</p>');
});
