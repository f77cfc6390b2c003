import type { Cause, RuleRef, Verdict } from "../../src/engine/result.js";
import type { ReplayFrame } from "../../src/report/replay-frame.js";
import type {
  CallPlace,
  DecisionChanges,
  NewTool,
  ReplayReport,
  RuleHits,
  ToolReport,
  TraceFinding,
  TraceReport,
  VerdictCounts,
} from "../../src/trace/replay-report.js";

/** Reports as a replay makes them, for the tests of what is written about them. Everything is made up and always the same. */

export const hour = 3_600_000;
export const day = 24 * hour;
export const startMs = Date.parse("2026-02-02T08:00:00Z");

export const frame: ReplayFrame = {
  file: "policies/support-agent.yaml",
  exitReasons: ["3 traces would fail"],
  generatedAtMs: startMs + 7 * day,
  version: "0.1.0",
};

export function rule(kind: RuleRef["kind"], label: string, line: number, more: Partial<RuleRef> = {}): RuleRef {
  const at = { layer: "agent", index: line, file: "policies/support-agent.yaml", line, column: 7 } as const;
  return { kind, label, ...at, ...(kind === "forbidden" && { pattern: label }), ...more };
}

export const rules = {
  deletes: rule("forbidden", "mcp__filesystem__delete*", 39, {
    severity: "critical",
    reason: "Support agents do not delete files",
  }),
  admin: rule("forbidden", "mcp__admin__*", 42, { severity: "high", reason: "Administration needs a person" }),
  shells: rule("forbidden", "*__exec_shell", 12, {
    severity: "critical",
    reason: "No shell in production",
    layer: "org",
    file: "policies/org.yaml",
  }),
  payments: rule("trigger", "tool_matches('mcp__payment__*')", 47, {
    action: "escalate",
    reason: "A person approves every payment",
  }),
  browsing: rule("capability", "web_browsing", 12, { pattern: "mcp__browser__*" }),
  reading: rule("capability", "file_operations", 20, { pattern: "mcp__filesystem__read*" }),
  writing: rule("capability", "file_operations", 21, { pattern: "mcp__filesystem__write*" }),
  mail: rule("capability", "communication", 29, { pattern: "mcp__email__send" }),
  unmapped: rule("default", "unmapped_tool_action", 57, { index: -1, action: "deny", severity: "medium" }),
} as const;

export const places = (input: string, line: number, at = startMs, n = 2): CallPlace[] =>
  Array.from({ length: n }, (_, i) => ({ input, line: line + i * 7, timeMs: at + i * 5 * 60_000, subagent: i === 1 }));

export const counts = (pass: number, warn: number, fail: number): VerdictCounts => ({ pass, warn, fail });

export function tool(
  name: string,
  verdict: Verdict,
  cause: Cause,
  decided: RuleRef | null,
  calls: number,
  more: Partial<ToolReport> = {},
) {
  const made: ToolReport = {
    tool: name,
    rawNames: [],
    calls,
    callVerdicts: counts(verdict === "pass" ? calls : 0, verdict === "warn" ? calls : 0, verdict === "fail" ? calls : 0),
    verdict,
    action: verdict === "pass" ? "allow" : verdict === "warn" ? "warn" : "deny",
    cause,
    rule: decided,
    capability: decided?.kind === "capability" ? decided : null,
    alsoMatches: [],
    reasons: decided?.reason === undefined ? [] : [decided.reason],
    firstMs: startMs + calls * 1000,
    lastMs: startMs + 6 * day - calls * 1000,
    traces: Math.max(1, Math.round(calls / 9)),
    places: places("runs/monday.jsonl", 10 + (calls % 90), startMs + calls * 1000),
    ...more,
  };
  return made;
}

const tools: ToolReport[] = [
  tool("mcp__browser__navigate", "pass", "mapped", rules.browsing, 412),
  tool("mcp__browser__click", "pass", "mapped", rules.browsing, 287),
  tool("mcp__filesystem__read_file", "pass", "mapped", rules.reading, 154, { rawNames: ["filesystem-read_file"] }),
  tool("mcp__email__send", "pass", "mapped", rules.mail, 61),
  tool("mcp__payment__refund", "warn", "escalated", rules.payments, 19, { action: "escalate" }),
  tool("mcp__crm__find_customer", "fail", "unmapped_denied", rules.unmapped, 17, {
    callVerdicts: counts(0, 12, 5),
    reasons: ["no capability maps the tool and unmapped_tool_action is deny"],
  }),
  tool("mcp__filesystem__delete_file", "fail", "forbidden", rules.deletes, 4, { alsoMatches: [rules.writing] }),
  tool("mcp__admin__grant_role", "fail", "forbidden", rules.admin, 2),
  tool("mcp__filesystem__write_file", "pass", "mapped", rules.writing, 1, { firstMs: undefined, lastMs: undefined }),
];

export function finding(about: ToolReport, level: TraceFinding["level"], type: TraceFinding["type"], by: RuleRef): TraceFinding {
  return {
    level,
    type,
    tool: about.tool,
    calls: Math.min(about.calls, 3),
    reason: by.reason ?? about.reasons[0] ?? "no reason",
    severity: by.severity,
    rule: by,
    missingCardActions: undefined,
    graceExpiresAtMs: type === "unmapped_in_grace" ? startMs + day : undefined,
    places: about.places,
  };
}

export function trace(
  n: number,
  verdict: TraceReport["verdict"],
  findings: readonly TraceFinding[],
  verdicts = counts(8, 0, 0),
): TraceReport {
  const judged = verdict === "skipped" ? counts(0, 0, 0) : verdicts;
  return {
    id: `5f0c1e${String(n).padStart(2, "0")}-7a31-4c55-9c1e-a40b2f0d11${String(n).padStart(2, "0")}`,
    format: "claude-code",
    agent: n % 2 === 0 ? "support-1" : undefined,
    input: `runs/${["monday", "tuesday"][n % 2]}.jsonl`,
    firstMs: startMs + n * 9 * hour,
    lastMs: startMs + n * 9 * hour + 40 * 60_000,
    calls: judged.pass + judged.warn + judged.fail,
    subagentCalls: n % 3,
    callVerdicts: judged,
    verdict,
    action: verdict === "fail" ? "deny" : verdict === "warn" ? "escalate" : "allow",
    verdictBefore: undefined,
    findings,
  };
}

const [, , , , refund, crm, deletes, grant] = tools as [
  ToolReport,
  ToolReport,
  ToolReport,
  ToolReport,
  ...ToolReport[],
] as Required<[ToolReport, ToolReport, ToolReport, ToolReport, ToolReport, ToolReport, ToolReport, ToolReport, ToolReport]>;

const traces: TraceReport[] = [
  ...Array.from({ length: 7 }, (_, i) => trace(i, "pass", [])),
  trace(7, "fail", [finding(deletes, "violation", "forbidden", rules.deletes)], counts(11, 0, 4)),
  trace(8, "warn", [finding(refund, "warning", "escalation", rules.payments)], counts(20, 3, 0)),
  trace(
    9,
    "fail",
    [
      finding(grant, "violation", "forbidden", rules.admin),
      finding(crm, "violation", "unmapped_denied", rules.unmapped),
      finding(refund, "warning", "escalation", rules.payments),
    ],
    counts(33, 3, 5),
  ),
  trace(10, "fail", [finding(crm, "violation", "unmapped_denied", rules.unmapped)], counts(5, 0, 2)),
  trace(11, "warn", [finding(crm, "warning", "unmapped_in_grace", rules.unmapped)], counts(5, 12, 0)),
  trace(12, "skipped", []),
];

export const hits = (of: RuleRef, calls: number, decided: number, of2: readonly ToolReport[]): RuleHits => ({
  rule: of,
  calls,
  decided,
  tools: of2.length,
  topTools: of2.map((t) => ({ tool: t.tool, calls: t.calls })),
  firstMs: calls === 0 ? undefined : startMs + 2 * hour,
  lastMs: calls === 0 ? undefined : startMs + 6 * day,
  places: of2[0]?.places ?? [],
});

const byCapability = (of: RuleRef) => tools.filter((t) => t.capability === of);

const newTools: NewTool[] = [
  {
    tool: "mcp__crm__find_customer",
    agent: "support-1",
    firstMs: startMs + 5 * day,
    calls: 17,
    mapped: false,
    graceExpiresAtMs: startMs + 8 * day,
  },
  {
    tool: "mcp__payment__refund",
    agent: undefined,
    firstMs: startMs + 3 * day,
    calls: 19,
    mapped: false,
    graceExpiresAtMs: startMs + 4 * day,
  },
  {
    tool: "mcp__browser__click",
    agent: "support-1",
    firstMs: startMs + hour,
    calls: 287,
    mapped: true,
    graceExpiresAtMs: undefined,
  },
];

/** A week of one support agent: most passes, some fails, one trace skipped. */
export const ordinary: ReplayReport = {
  summary: {
    traces: 13,
    pass: 7,
    warn: 2,
    fail: 3,
    skipped: 1,
    calls: 957,
    callVerdicts: counts(915, 31, 11),
    tools: tools.length,
    firstMs: startMs,
    lastMs: startMs + 6 * day,
  },
  traces,
  tracesNotListed: 0,
  detailsDropped: 0,
  topFailing: [traces[9]!, traces[7]!, traces[10]!, traces[11]!, traces[8]!],
  rules: [
    hits(rules.shells, 0, 0, []),
    hits(rules.deletes, 4, 4, [deletes]),
    hits(rules.admin, 2, 2, [grant]),
    hits(rules.payments, 19, 19, [refund]),
    hits(rules.browsing, 699, 699, byCapability(rules.browsing)),
    hits(rules.reading, 154, 154, byCapability(rules.reading)),
    hits(rules.writing, 5, 1, [deletes, ...byCapability(rules.writing)]),
    hits(rules.mail, 61, 61, byCapability(rules.mail)),
    hits(rules.unmapped, 17, 17, [crm]),
  ],
  tools,
  newTools,
  timeline: {
    bucketMs: 6 * hour,
    buckets: Array.from({ length: 26 }, (_, i) => i)
      .filter((i) => i % 4 !== 3)
      .map((i) => ({
        startMs: startMs + i * 6 * hour,
        pass: 20 + ((i * 37) % 61),
        warn: (i * 5) % 7,
        fail: i % 5 === 0 ? 2 + (i % 3) : 0,
      })),
    undated: counts(1, 0, 0),
  },
  changes: undefined,
  wrappers: { unwrapped: false, calls: 0, tools: [] },
  partial: undefined,
  unmappedTools: [
    { tool: "mcp__payment__refund", count: 19 },
    { tool: "mcp__crm__find_customer", count: 17 },
  ],
  graceTools: [{ tool: "mcp__crm__find_customer", agent: "support-1", count: 12, expiresAtMs: startMs + 8 * day }],
  leftOut: { otherAgent: 0, otherSession: 0, otherTime: 0, undated: 0, beyondLimit: 4 },
  grace: "applied",
  cardChecked: false,
  mode: "enforce",
  context: "cicd",
  policy: {
    name: "support-agent-policy",
    digest: "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab",
    sources: [
      { layer: "org", file: "policies/org.yaml", name: "company" },
      { layer: "agent", file: "policies/support-agent.yaml", name: "support-agent-policy" },
    ],
  },
  inputs: [
    { name: "runs/monday.jsonl", format: "claude-code", records: 2210, badLines: 0, repeatedCalls: 31 },
    { name: "runs/tuesday.jsonl", format: "claude-code", records: 940, badLines: 0, repeatedCalls: 0 },
  ],
  badLines: 0,
  diagnostics: [],
};

export const stand = (cause: Cause, by: RuleRef | null, reason = by?.reason) => ({ cause, rule: by, reason });
const oldUnmapped = rule("default", "unmapped_tool_action", 50, {
  index: -1,
  action: "warn",
  severity: "medium",
  file: "policies/old.yaml",
});
const oldFiles = rule("capability", "file_operations", 18, { pattern: "mcp__filesystem__*", file: "policies/old.yaml" });
const oldMail = rule("forbidden", "mcp__email__*", 31, { severity: "low", reason: "No mail yet", file: "policies/old.yaml" });

export const changes: DecisionChanges = {
  old: {
    name: "support-agent-policy",
    digest: "0f".repeat(32),
    sources: [{ layer: "agent", file: "policies/old.yaml", name: "support" }],
  },
  calls: { pass: counts(854, 19, 4), warn: counts(0, 12, 5), fail: counts(61, 0, 2) },
  traces: { pass: counts(6, 1, 1), warn: counts(0, 1, 1), fail: counts(1, 0, 1) },
  cells: [
    {
      from: "fail",
      to: "pass",
      weaker: true,
      calls: 61,
      tools: [
        {
          tool: "mcp__email__send",
          calls: 61,
          before: stand("forbidden", oldMail),
          after: stand("mapped", rules.mail),
          places: tools[3]!.places,
        },
      ],
    },
    {
      from: "pass",
      to: "warn",
      weaker: false,
      calls: 19,
      tools: [
        {
          tool: "mcp__payment__refund",
          calls: 19,
          before: stand("mapped", oldFiles),
          after: stand("escalated", rules.payments),
          places: refund.places,
        },
      ],
    },
    {
      from: "warn",
      to: "fail",
      weaker: false,
      calls: 5,
      tools: [
        {
          tool: "mcp__crm__find_customer",
          calls: 5,
          before: stand("unmapped_warned", oldUnmapped, "no capability maps the tool"),
          after: stand("unmapped_denied", rules.unmapped),
          places: crm.places,
        },
      ],
    },
    {
      from: "pass",
      to: "fail",
      weaker: false,
      calls: 4,
      tools: [
        {
          tool: "mcp__filesystem__delete_file",
          calls: 4,
          before: stand("mapped", oldFiles),
          after: stand("forbidden", rules.deletes),
          places: deletes.places,
        },
      ],
    },
  ],
};

/** The same week, compared with the policy before. */
export const against: ReplayReport = {
  ...ordinary,
  changes,
  traces: traces.map((each) => ({ ...each, verdictBefore: each.verdict === "skipped" ? "skipped" : "pass" })),
};

/** Stopped early, with damage, wrappers and more than is listed. */
export const partial: ReplayReport = {
  ...ordinary,
  partial: { bytesRead: 3_221_225_472, bytesTotal: 10_737_418_240 },
  tracesNotListed: 4_711,
  detailsDropped: 12,
  badLines: 2,
  wrappers: { unwrapped: false, calls: 33, tools: [{ tool: "mcp__gateway__execute-tool", calls: 33 }] },
  diagnostics: [
    {
      code: "trace_bad_line",
      level: "error",
      path: "",
      message: "the line is not JSON",
      fix: "look at the line; it was skipped",
      span: { file: "runs/monday.jsonl", line: 99, column: 1, endLine: 99, endColumn: 1 },
    },
    {
      code: "trace_left_out",
      level: "warning",
      path: "",
      message: "1 file looks like a trace and is none",
      fix: "name it alone",
    },
  ],
};

/** Traces were read, and no agent called anything. */
export const empty: ReplayReport = {
  ...ordinary,
  summary: {
    ...{ traces: 2, pass: 0, warn: 0, fail: 0, skipped: 2, calls: 0, tools: 0 },
    callVerdicts: counts(0, 0, 0),
    firstMs: undefined,
    lastMs: undefined,
  },
  traces: [trace(0, "skipped", []), trace(1, "skipped", [])],
  topFailing: [],
  rules: [hits(rules.deletes, 0, 0, [])],
  tools: [],
  newTools: [],
  timeline: { bucketMs: hour, buckets: [], undated: counts(0, 0, 0) },
  unmappedTools: [],
  graceTools: [],
};
