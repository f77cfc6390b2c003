import { escapeText } from "../../diagnostics/escape.js";
import type { ReplayReport, TraceFinding, TraceReport } from "../../trace/replay-report.js";
import type { ReplayFrame } from "../replay-frame.js";
import { findingLabels } from "../text/findings.js";
import { partialWords, replayNotes } from "../text/replay-notes.js";
import { place, ruleName, toolName } from "../text/words.js";
import { junitText, type TestCase, type TestSuite } from "./test-suites.js";

/** Findings written of one trace. */
const findingsMax = 50;

/**
 * JUnit XML as GitLab and Jenkins read it: a test case per trace. Failures beyond the listed traces, and reasons to exit 1 that
 * no trace stands for, are cases of their own, so that the file never says less than the exit code.
 */
export function replayJunit(report: ReplayReport, frame: ReplayFrame): string {
  return junitText(`smoltbot policy test ${frame.file}`, [replaySuite(report, frame)]);
}

/** The same as one of several suites. */
export function replaySuite(report: ReplayReport, frame: ReplayFrame): TestSuite {
  return {
    name: `smoltbot policy test ${frame.file}`,
    generatedAtMs: frame.generatedAtMs,
    properties: properties(report, frame),
    cases: [...report.traces.map(traceCase), ...wholeCases(report, frame)],
  };
}

function properties({ policy, mode, summary, partial }: ReplayReport, { version }: ReplayFrame): [string, string][] {
  return [
    ["policy", policy.name],
    ["policy_digest", policy.digest],
    ["enforcement_mode", mode],
    ["traces", String(summary.traces)],
    ["calls", String(summary.calls)],
    ["partial", String(partial !== undefined)],
    ["smoltbot_version", version],
  ];
}

function traceCase(trace: TraceReport): TestCase {
  const { id, format, agent, input, verdict, calls, callVerdicts } = trace;
  const found = trace.findings.slice(0, findingsMax).map(findingText);
  const hidden = trace.findings.length - found.length;
  if (hidden > 0) found.push(`and ${hidden} more`);
  const shared = { name: id, className: agent === undefined ? format : `${format}/${agent}`, file: input };
  const text = found.join("\n");
  if (verdict === "skipped") return { ...shared, outcome: "skipped", message: "no tool calls" };
  if (verdict !== "fail") return { ...shared, outcome: "passed", ...(text !== "" && { output: text }) };
  const message = `${callVerdicts.fail} of ${calls} calls would fail`;
  return { ...shared, outcome: "failure", message, body: text === "" ? message : text };
}

function findingText({ type, level, tool, calls, severity, reason, rule, places }: TraceFinding): string {
  const at = places.map(({ input, line }) => `${escapeText(input)}:${line}`).join(", ");
  const where = place(rule);
  const by = `rule: ${ruleName(rule)}${where === "" ? "" : ` at ${where}`}`;
  const head = `${findingLabels[type]}: ${toolName(tool)} (${level === "violation" ? (severity ?? "fail") : "warn"}) x${calls}`;
  return [head, `  reason: ${escapeText(reason)}`, `  ${by}`, ...(at === "" ? [] : [`  calls: ${at}`])].join("\n");
}

/** What concerns the run and not one trace of it. */
function wholeCases(report: ReplayReport, { exitReasons }: ReplayFrame): TestCase[] {
  const className = "smoltbot/replay";
  const out: TestCase[] = [];
  const listed = report.traces.filter(({ verdict }) => verdict === "fail").length;
  const beyond = report.summary.fail - listed;
  if (beyond > 0) {
    const message = `${beyond} more traces would fail and are not listed`;
    out.push({ name: "traces not listed", className, outcome: "failure", message, body: message });
  }
  const errors = report.diagnostics.filter(({ level }) => level === "error");
  const stopped = report.partial === undefined ? [] : [partialWords(report.partial)];
  const faults = [
    ...stopped,
    ...errors.map(
      ({ code, message, span }) =>
        `${code}: ${escapeText(message)}${span === undefined ? "" : ` at ${escapeText(span.file)}:${span.line}`}`,
    ),
  ];
  if (faults.length > 0) {
    out.push({ name: "reading the traces", className, outcome: "error", message: faults[0]!, body: faults.join("\n") });
  }
  if (exitReasons.length > 0 && listed + beyond <= 0 && faults.length === 0) {
    const body = exitReasons.map(escapeText).join("\n");
    out.push({ name: "exit code", className, outcome: "failure", message: exitReasons[0]!, body });
  }
  const notes = replayNotes(report).join("\n");
  if (notes !== "") out.push({ name: "how this was read", className, outcome: "passed", output: notes });
  return out;
}
