import { describe, expect, test } from "vitest";
import { escapeText } from "../../../src/diagnostics/escape.js";
import { replayHtml } from "../../../src/report/html/replay.js";
import { replayJson } from "../../../src/report/json/replay.js";
import { jsonText } from "../../../src/report/json/rule.js";
import { replayJunit } from "../../../src/report/junit/replay.js";
import { codeSpan, prose } from "../../../src/report/markdown/inline.js";
import { replayMarkdown } from "../../../src/report/markdown/replay.js";
import { plain } from "../../../src/report/paint.js";
import { replaySarif } from "../../../src/report/sarif/replay.js";
import { replayText } from "../../../src/report/text/replay.js";
import { toolName } from "../../../src/report/text/words.js";
import { hostile, hostileFrame, hostileNames } from "../../support/extreme-reports.js";
import { elementsNamed, markdownTables, outsideCode, parseXml } from "../../support/markup-check.js";

/** Everything that hides, reorders or controls, but for the line breaks that a format writes itself. */
const unseen = /[\0-\x09\x0b-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff]|\p{Cs}/u;

const written: Record<string, string> = {
  text: replayText(hostile, hostileFrame, plain),
  json: jsonText(replayJson(hostile, { code: 1, reasons: hostileFrame.exitReasons })),
  markdown: replayMarkdown(hostile, hostileFrame),
  junit: replayJunit(hostile, hostileFrame),
  sarif: replaySarif(hostile, hostileFrame),
  html: replayHtml(hostile, hostileFrame),
};

describe("hostile names", () => {
  test.each(Object.keys(written))("%s shows no raw control and nothing invisible", (format) => {
    const found = unseen.exec(written[format]!);
    expect(found === null ? null : [found.index, written[format]!.slice(found.index - 40, found.index + 40)]).toBeNull();
  });

  test.each(Object.keys(written))("%s names every tool", (format) => {
    const seen = hostileNames.filter((name) => name !== "" && name.length < 100 && !/[\0-\x1f"\\&<>`|']|[^ -~]/.test(name));
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.filter((name) => !written[format]!.includes(name))).toEqual([]);
  });

  test("JUnit is well formed and holds each name as people see it", () => {
    const cases = elementsNamed(parseXml(written["junit"]!), "testcase");
    const names = cases.map((each) => each.attributes.get("name"));
    expect(names.slice(0, hostileNames.length)).toEqual(
      hostileNames.map((name) => (name === "" ? "(no name)" : escapeText(name))),
    );
  });

  test("SARIF parses, and its addresses are addresses", () => {
    const log = JSON.parse(written["sarif"]!) as { runs: { results: { properties: { tool: string } }[] }[] };
    expect(new Set(log.runs[0]!.results.map((each) => each.properties.tool))).toEqual(new Set(hostileNames.map(escapeText)));
    for (const [, uri] of written["sarif"]!.matchAll(/"uri": "([^"]*)"/g)) {
      expect(uri).toMatch(/^[A-Za-z0-9\-._~%!'()*/]+$/);
      expect(new URL(uri!, "file:///base/").protocol).toBe("file:");
    }
  });

  test("Markdown: tables keep their columns, and nothing from outside stands outside of code", () => {
    const tables = markdownTables(written["markdown"]!);
    expect(tables.length).toBeGreaterThan(5);
    const ours = /^<\/?(?:details|summary|sub)>|<\/(?:summary|sub)>$/g;
    for (const line of written["markdown"]!.split("\n")) {
      expect(outsideCode(line).replace(ours, "")).not.toMatch(/[<@`]|\]\(|https?:|pwned|:tada:/);
    }
  });

  test("HTML: text from outside opens no element and ends no script", () => {
    const html = written["html"]!;
    expect(html.match(/<script\b/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html.match(/<(?:img|svg onload|iframe|object|embed|link|base|form)\b/g)).toBeNull();
    expect(html.match(/\son[a-z]+=/g)?.filter((each) => !/onload=|onerror=/.test(each)) ?? []).toEqual([]);
    expect(html).not.toMatch(/<!--|javascript:[^a-z]/);
    const payload = /<script type="application\/json" id="page">([^<]*)<\/script>/.exec(html)?.[1];
    const page = JSON.parse(payload ?? "") as { tools: { name: string }[] };
    expect(page.tools.map(({ name }) => name)).toEqual(hostileNames.map(toolName));
  });
});

describe("Markdown pieces", () => {
  test.each([
    ["mcp__a__b", "`mcp__a__b`"],
    ["", "`(empty)`"],
    ["a`b", "<code>a&#96;b</code>"],
    ["a|b", "<code>a&#124;b</code>"],
    ["a\nb", "`a\\u{a}b`"],
    ["*a* @b", "`*a* @b`"],
    [" a", "<code> a</code>"],
  ])("code %j", (name, code) => {
    expect(codeSpan(name)).toBe(code);
  });
  test.each([
    ["Support agents do not delete files", "Support agents do not delete files"],
    ["unmapped_tool_action is deny", "unmapped\\_tool\\_action is deny"],
    ["Enforcement mode warn: live, it passes", "Enforcement mode warn: live, it passes"],
    ["ask @security first", "`ask @security first`"],
    ["see www.example.com", "`see www.example.com`"],
    ["see https://example.com", "`see https://example.com`"],
    ["as in 9c56cc51b3", "`as in 9c56cc51b3`"],
    ["<b>no</b>", "`<b>no</b>`"],
    ["well :tada: done", "`well :tada: done`"],
    ["1. first", "`1. first`"],
  ])("prose %j", (text, shown) => {
    expect(prose(text)).toBe(shown);
  });
});
