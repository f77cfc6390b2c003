import { describe, expect, test } from "vitest";
import { evaluationOf } from "../../../src/cli/evaluate-traces.js";
import { type OpenPolicy, openPolicy } from "../../../src/cli/open-policy.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { ReplayFold } from "../../../src/trace/fold/fold.js";
import { Knowledge } from "../../../src/trace/fold/knowledge.js";
import { readTraces } from "../../../src/trace/io/read.js";
import { replay } from "../../../src/trace/replay.js";
import type { TraceSet } from "../../../src/trace/trace-set.js";

const hour = 3_600_000;
const start = Date.parse("2026-02-01T00:00:00Z");

function open(trigger: string, unmapped: "warn" | "deny") {
  const text = `
meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings:
  reading: {tools: ["read_*"], card_actions: [read]}
forbidden: [{pattern: "rm*", reason: no, severity: high}]
escalation_triggers: [${trigger}]
defaults: {unmapped_tool_action: ${unmapped}, unmapped_severity: medium, fail_open: false, grace_period_hours: 2}
`;
  const { value, diagnostics } = parsePolicy(text, { file: "p.yaml" });
  expect(diagnostics).toEqual([]);
  return openPolicy(mergePolicies({ agent: value }).value!);
}

/** AP-Trace lines: a session, an hour, the tools called. */
async function recorded(...runs: readonly (readonly [session: string, hours: number, ...tools: string[]])[]) {
  const lines = runs.map(([session, hours, ...tools], i) =>
    JSON.stringify({
      trace_id: `tr-${i}`,
      agent_id: "a",
      card_id: "c",
      timestamp: new Date(start + hours * hour).toISOString(),
      action: { type: "execute", name: tools.join(", "), category: "bounded", parameters: { tools } },
      decision: { selected: "x", selection_reasoning: "y" },
      context: { session_id: session },
    }),
  );
  const set = await readTraces([{ name: "runs.jsonl", bytes: new TextEncoder().encode(lines.join("\n")) }]);
  expect(set.diagnostics).toEqual([]);
  return set;
}

function evaluateSet(policy: OpenPolicy, set: TraceSet) {
  const fold = new ReplayFold(policy.replayEngine(), { keepEvaluations: true }, Knowledge.of(set, {}));
  return evaluationOf(policy.engine.evaluate([], { kind: "cicd" }), fold.finish(set));
}

describe("traces as one result", () => {
  test("grace is judged at each call's own time, by when the whole input first saw the tool", async () => {
    const set = await recorded(["s1", 0, "new_tool"], ["s2", 1, "new_tool"], ["s3", 3, "new_tool"]);
    const result = evaluateSet(open("", "deny"), set);
    expect(result.tools).toMatchObject([{ tool: "new_tool", calls: 3, cause: "unmapped_denied" }]);
    expect(result.violations).toHaveLength(1);
    expect(result.warnings).toMatchObject([{ type: "unmapped_in_grace", graceExpiresAtMs: start + 2 * hour }]);
    expect([result.verdict, result.grace]).toEqual(["fail", "applied"]);
  });
  test("counts run inside a session, never across two", async () => {
    const policy = open("{condition: 'tool_count > 2', action: deny, reason: long}", "warn");
    const apart = await recorded(["s1", 0, "read_a", "read_b"], ["s2", 1, "read_a", "read_b"]);
    expect(evaluateSet(policy, apart).verdict).toBe("pass");
    const together = await recorded(["s1", 0, "read_a", "read_b"], ["s1", 1, "read_a", "read_b"]);
    const result = evaluateSet(policy, together);
    expect(result.violations.map((v) => [v.type, v.tool])).toEqual([["escalation_denied", "*"]]);
    expect(result.tools.map((tool) => [tool.tool, tool.calls, tool.verdict])).toEqual([
      ["read_a", 2, "fail"],
      ["read_b", 2, "fail"],
    ]);
  });
  test.each([
    ["", "warn"],
    ["", "deny"],
    ["{condition: 'unmapped_tool_count > 1', action: warn, reason: many}", "deny"],
  ] as const)("it says what the dry run says: %j, unmapped %s", async (trigger, unmapped) => {
    const policy = open(trigger, unmapped);
    const set = await recorded(["s1", 0, "read_a", "rm_x", "q"], ["s1", 1, "q", "z"], ["s2", 5, "q", "read_a", "constructor"]);
    const result = evaluateSet(policy, set);
    const report = replay(policy.replayEngine(), set);
    const key = (finding: { type: string; tool: string }) => `${finding.type} ${finding.tool}`;
    const found = new Set(report.traces.flatMap((trace) => trace.findings.map(key)));
    expect(new Set([...result.violations, ...result.warnings].map(key))).toEqual(found);
    expect(result.tools.reduce((sum, tool) => sum + tool.calls, 0)).toBe(report.summary.calls);
    expect(result.verdict).toBe(report.summary.fail > 0 ? "fail" : report.summary.warn > 0 ? "warn" : "pass");
  });
});
