import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";
import { sarifResultsMax } from "../../limits.js";
import type { CallPlace, ReplayReport } from "../../trace/replay-report.js";
import type { ReplayFrame } from "../replay-frame.js";
import { findingLabels } from "../text/findings.js";
import { partialWords, replayNotes } from "../text/replay-notes.js";
import { count, ruleName, toolName } from "../text/words.js";
import { fingerprint } from "./fingerprint.js";
import { type Issue, issuesOf } from "./issues.js";
import { sarifLog, uriOf } from "./log.js";

export { uriOf } from "./log.js";

/** What GitHub sorts security results by, for each of our severities. */
const securitySeverity = { critical: "9.5", high: "8.0", medium: "5.5", low: "2.0" } as const;

/**
 * SARIF 2.1.0: a result is a rule and a tool it finds fault with, at the rule's place in the policy; where the tool was called
 * is a related location. Results keep their fingerprint when lines move and counts change.
 */
export function replaySarif(report: ReplayReport, frame: ReplayFrame): string {
  return sarifLog(replayRun(report, frame));
}

/** The same as one of several runs. */
export function replayRun(report: ReplayReport, frame: ReplayFrame): object {
  const rules = new RuleTable();
  for (const { rule } of report.rules) rules.indexOf(rule);
  const issues = issuesOf(report);
  const results = issues.slice(0, sarifResultsMax).map((issue) => resultOf(issue, rules));
  const left = issues.length - results.length;
  return {
    tool: {
      driver: { name: "smoltbot-policy", semanticVersion: frame.version, version: frame.version, rules: rules.descriptors },
    },
    invocations: [invocationOf(report, frame, left)],
    results,
    columnKind: "utf16CodeUnits",
    properties: {
      policy: escapeText(report.policy.name),
      policyDigest: report.policy.digest,
      mode: report.mode,
      summary: report.summary,
      partial: report.partial !== undefined,
    },
  };
}

/** Rules as the log describes them, in the order of the policy; rules that only findings name come behind. */
class RuleTable {
  readonly descriptors: object[] = [];
  private readonly indexes = new Map<string, number>();

  indexOf(rule: RuleRef): number {
    const id = ruleId(rule);
    let index = this.indexes.get(id);
    if (index === undefined) {
      index = this.descriptors.push(descriptor(id, rule)) - 1;
      this.indexes.set(id, index);
    }
    return index;
  }
}

/** The same rule in the next run, whatever stands above it by then. */
function ruleId(rule: RuleRef): string {
  const parts = [
    rule.layer,
    rule.kind,
    rule.label,
    ...(rule.kind === "capability" && rule.pattern !== undefined ? [rule.pattern] : []),
  ];
  return parts
    .filter((part) => part !== "")
    .map(escapeText)
    .join(": ");
}

function descriptor(id: string, rule: RuleRef): object {
  const text = ruleName(rule);
  const reason = rule.reason === undefined || rule.reason === "" ? text : escapeText(rule.reason);
  return {
    id,
    shortDescription: { text },
    fullDescription: { text: reason },
    help: { text: `${reason}${rule.file === "" ? "" : ` (${escapeText(rule.file)}:${rule.line})`}` },
    properties: {
      tags: ["security", `policy-${rule.kind}`],
      ...(rule.severity !== undefined && { "security-severity": securitySeverity[rule.severity] }),
    },
  };
}

function resultOf(issue: Issue, rules: RuleTable): object {
  const { rule, tool, type, level, reason, calls, places } = issue;
  const message = `${findingLabels[type]}: ${toolName(tool)}, ${count(calls, "call")}. ${escapeText(reason)}`;
  const primary =
    rule.file === ""
      ? places.slice(0, 1).map((each) => ({ physicalLocation: callLocation(each) }))
      : [{ physicalLocation: ruleLocation(rule) }];
  const related = rule.file === "" ? places.slice(1) : places;
  return {
    ruleId: ruleId(rule),
    ruleIndex: rules.indexOf(rule),
    level: level === "violation" ? "error" : type === "notice" ? "note" : "warning",
    message: { text: message },
    locations: primary,
    relatedLocations: related.map((each, id) => ({
      id,
      physicalLocation: callLocation(each),
      message: {
        text: `called here${each.subagent ? " by a subagent" : ""}${each.timeMs === undefined ? "" : ` at ${new Date(each.timeMs).toISOString()}`}`,
      },
    })),
    partialFingerprints: {
      "smoltbotFinding/v1": fingerprint([type, rule.layer, rule.kind, rule.label, rule.pattern ?? "", tool]),
    },
    occurrenceCount: Math.max(1, calls),
    properties: { tool: escapeText(tool), type, severity: issue.severity, traces: issue.traces },
  };
}

function ruleLocation({ file, line, column }: RuleRef): object {
  return { artifactLocation: { uri: uriOf(file) }, region: { startLine: Math.max(1, line), startColumn: Math.max(1, column) } };
}

function callLocation({ input, line }: CallPlace): object {
  return { artifactLocation: { uri: uriOf(input) }, region: { startLine: Math.max(1, line) } };
}

function invocationOf(report: ReplayReport, { generatedAtMs, exitReasons }: ReplayFrame, left: number): object {
  const notes = replayNotes(report).map((text) => ({ level: "note", message: { text } }));
  const stopped = report.partial === undefined ? [] : [{ level: "warning", message: { text: partialWords(report.partial) } }];
  const cut = left === 0 ? [] : [{ level: "warning", message: { text: `${count(left, "result")} left out, the least severe` } }];
  const found = report.diagnostics.map(({ code, level, message, fix, span }) => ({
    level: level === "notice" ? "note" : level,
    message: { text: `${escapeText(message)}; ${escapeText(fix)}` },
    descriptor: { id: code },
    ...(span !== undefined && {
      locations: [
        { physicalLocation: { artifactLocation: { uri: uriOf(span.file) }, region: { startLine: Math.max(1, span.line) } } },
      ],
    }),
  }));
  return {
    executionSuccessful: report.partial === undefined && !report.diagnostics.some(({ level }) => level === "error"),
    exitCode: exitReasons.length === 0 ? 0 : 1,
    ...(exitReasons.length > 0 && { exitCodeDescription: exitReasons.map(escapeText).join("; ") }),
    endTimeUtc: new Date(generatedAtMs).toISOString(),
    toolExecutionNotifications: [...stopped, ...cut, ...found, ...notes],
  };
}
