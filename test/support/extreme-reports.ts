import type { RuleRef } from "../../src/engine/result.js";
import type { ReplayFrame } from "../../src/report/replay-frame.js";
import type { ReplayReport } from "../../src/trace/replay-report.js";
import {
  changes,
  counts,
  day,
  finding,
  frame,
  hits,
  ordinary,
  partial,
  places,
  rule,
  rules,
  stand,
  startMs,
  tool,
  trace,
} from "./replay-reports.js";

/** As many tools and traces as are asked for; every seventh tool fails. */
export function large(toolCount = 10_000, traceCount = 2_000): ReplayReport {
  const many = Array.from({ length: toolCount }, (_, i) => {
    const name = `mcp__server_${i % 97}__action_${String(i).padStart(5, "0")}`;
    const calls = 20_000 - i;
    if (i % 7 === 0)
      return tool(name, "fail", "unmapped_denied", rules.unmapped, calls, {
        reasons: ["no capability maps the tool and unmapped_tool_action is deny"],
      });
    return i % 5 === 0
      ? tool(name, "warn", "escalated", rules.payments, calls)
      : tool(name, "pass", "mapped", rules.browsing, calls);
  });
  const runs = Array.from({ length: traceCount }, (_, i) => ({
    ...(i % 11 === 0
      ? trace(i, "fail", [finding(many[0]!, "violation", "unmapped_denied", rules.unmapped)], counts(3, 0, 1 + (i % 13)))
      : trace(i, "pass", [])),
    id: `run-${i}`,
  }));
  const worst = runs.filter((each) => each.verdict === "fail").sort((a, b) => b.callVerdicts.fail - a.callVerdicts.fail);
  return {
    ...ordinary,
    summary: {
      ...ordinary.summary,
      traces: traceCount,
      pass: traceCount - worst.length,
      warn: 0,
      fail: worst.length,
      skipped: 0,
      calls: 150_000_000,
      tools: toolCount,
      callVerdicts: counts(90_000_000, 30_000_000, 30_000_000),
    },
    traces: runs,
    topFailing: worst.slice(0, 10),
    tools: many,
    unmappedTools: many.filter((t) => t.cause === "unmapped_denied").map((t) => ({ tool: t.tool, count: t.calls })),
  };
}

/** Names that mean something to a terminal, HTML, Markdown, XML, JSON, a table or an object. */
export const hostileNames: readonly string[] = [
  `quotes " ' and \\ backslash`,
  "line\nbreak\r\nand\ttab",
  "\u001b[31mred\u001b[0m \u0007 \u009b2J",
  `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`,
  "</script><script>window.pwned=3</script><!--",
  "</style></textarea></title><svg onload=window.pwned=4>",
  "`back`tick``s``` | pipe || \\| end",
  "]]> <![CDATA[ x ]]>",
  "-- double -- hyphens -->",
  "nul \0 inside",
  "lone \ud800 high and \udc00 low",
  "right-to-left \u202egnp.exe\u202c \u2066iso\u2069",
  "__proto__",
  "constructor",
  "@octocat https://example.com #1 [link](javascript:alert(1)) ![i](x) **bold** :tada:",
  "&lt;already&gt; &#38; %00 %2e%2e/ $(x) {{y}}",
  "\u2028line\u2029separators\u200bzero\ufeffwidth",
  "noncharacter \ufffe \uffff",
  "",
  `long_${"x".repeat(10_240)}`,
];

/** Every text that comes from outside is hostile: tools, traces, agents, inputs, rules, reasons, the policy itself. */
export const hostile: ReplayReport = (() => {
  const nasty = hostileNames[4]!;
  const bad = (i: number) => hostileNames[i % hostileNames.length]!;
  const badRule = (i: number): RuleRef =>
    rule("forbidden", bad(i), 3 + i, { reason: bad(i + 1), severity: "high", file: bad(i + 2) });
  const all = hostileNames.map((name, i) =>
    tool(name, "fail", "forbidden", badRule(i), 3, {
      rawNames: [bad(i + 3)],
      alsoMatches: [badRule(i + 1)],
      reasons: [bad(i + 4)],
      places: places(bad(i + 5), 1),
    }),
  );
  const runs = all.map((each, i) => ({
    ...trace(
      i,
      "fail",
      [{ ...finding(each, "violation", "forbidden", badRule(i)), missingCardActions: [bad(i)] }],
      counts(0, 0, 3),
    ),
    ...{ id: each.tool, agent: each.tool, input: each.tool },
  }));
  const byTool = all.map((each, i) => ({
    tool: each.tool,
    calls: 3,
    before: stand("mapped", badRule(i)),
    after: stand("forbidden", badRule(i)),
    places: each.places,
  }));
  return {
    ...partial,
    traces: runs,
    topFailing: runs.slice(0, 10),
    tools: all,
    rules: all.map((each, i) => hits(badRule(i), 3, 3, [each])),
    newTools: all.map((each) => ({
      tool: each.tool,
      agent: each.tool,
      firstMs: startMs,
      calls: 3,
      mapped: false,
      graceExpiresAtMs: startMs + day,
    })),
    unmappedTools: all.map((each) => ({ tool: each.tool, count: 3 })),
    graceTools: all.map((each) => ({ tool: each.tool, agent: each.tool, count: 3, expiresAtMs: startMs })),
    changes: { ...changes, cells: [{ from: "pass", to: "fail", weaker: false, calls: 60, tools: byTool }] },
    wrappers: { unwrapped: true, calls: 1, tools: [{ tool: nasty, calls: 1 }] },
    policy: { name: nasty, digest: "00", sources: [{ layer: "agent", file: nasty, name: nasty }] },
    inputs: all.map((each) => ({ name: each.tool, format: "plain", records: 1, badLines: 0, repeatedCalls: 0 })),
    diagnostics: [
      {
        code: "trace_bad_line",
        level: "error",
        path: nasty,
        message: nasty,
        fix: nasty,
        span: { file: nasty, line: 1, column: 1, endLine: 1, endColumn: 1 },
      },
    ],
  };
})();

export const hostileFrame: ReplayFrame = { ...frame, file: hostileNames[4]!, exitReasons: [hostileNames[3]!] };
