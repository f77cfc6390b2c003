import type { CallResult, CaseResult, SuiteRun } from "../../analysis/suite/suite-report.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";
import { sarifResultsMax } from "../../limits.js";
import type { SuiteFrame } from "../suite-frame.js";
import { caseTitle, countsOf, mismatchLines, outcomeWords } from "../text/suite-words.js";
import { count, toolName } from "../text/words.js";
import { fingerprint } from "./fingerprint.js";
import { sarifLog, uriOf } from "./log.js";

/** SARIF 2.1.0: a result is a case that does not hold, at its place in the suite; the rule that decided is a related location. */
export function suiteSarif(run: SuiteRun, frame: SuiteFrame): string {
  return sarifLog(suiteSarifRun(run, frame));
}

const kinds = [
  { id: "policy-test-failed", text: "A policy test does not hold" },
  { id: "suite_answers_differ", text: "The engine and the specification differ on a call of a policy test" },
] as const;

/** The same as one of several runs; its category keeps it apart from others of one commit. */
export function suiteSarifRun(run: SuiteRun, { version, exitReasons, generatedAtMs }: SuiteFrame): object {
  const faulty = run.suites.flatMap((suite) => suite.cases).filter(({ status }) => status !== "passed");
  const left = Math.max(0, faulty.length - sarifResultsMax);
  const { cases, passed, failed, errors } = countsOf(run);
  return {
    tool: {
      driver: {
        name: "smoltbot-policy",
        semanticVersion: version,
        version,
        rules: kinds.map(({ id, text }) => ({ id, shortDescription: { text }, properties: { tags: ["policy-test"] } })),
      },
    },
    automationDetails: { id: "policy-tests/" },
    invocations: [
      {
        executionSuccessful: errors === 0,
        exitCode: exitReasons.length === 0 ? 0 : 1,
        ...(exitReasons.length > 0 && { exitCodeDescription: exitReasons.map(escapeText).join("; ") }),
        endTimeUtc: new Date(generatedAtMs).toISOString(),
        toolExecutionNotifications:
          left === 0 ? [] : [{ level: "warning", message: { text: `${count(left, "result")} left out` } }],
      },
    ],
    results: faulty.slice(0, sarifResultsMax).map(resultOf),
    columnKind: "utf16CodeUnits",
    properties: {
      cases,
      passed,
      failed,
      errors,
      ruleCoverage: run.coverage.map(({ policy, decided, pct, rules }) => ({
        policy: escapeText(policy.name),
        rules: rules.length,
        decided,
        pct,
      })),
    },
  };
}

function resultOf(each: CaseResult): object {
  const index = each.status === "error" ? 1 : 0;
  const bad = each.calls.filter((call) => call.mismatches.length + call.differences.length > 0);
  const rules = distinctPlaces(bad.flatMap(({ outcome }) => outcome.rule ?? []));
  return {
    ruleId: kinds[index].id,
    ruleIndex: index,
    level: "error",
    message: { text: [caseTitle(each), ...bad.slice(0, 10).map(callText)].join("\n") },
    locations: [{ physicalLocation: location(each.span) }],
    relatedLocations: rules.slice(0, 5).map((rule, id) => ({
      id,
      physicalLocation: location(rule),
      message: { text: "the rule that decides" },
    })),
    partialFingerprints: { "smoltbotPolicyTest/v1": fingerprint([each.span.file, ...each.groups, each.name]) },
  };
}

function callText(call: CallResult): string {
  const lines = [...call.mismatches.flatMap(mismatchLines), ...call.differences.map(escapeText)];
  const found = lines.map((line) => line.trim());
  return `${toolName(call.tool)}: ${found.join("; ")}. The policy says: ${outcomeWords(call)}`;
}

function distinctPlaces(rules: readonly RuleRef[]): RuleRef[] {
  const found = new Map<string, RuleRef>();
  for (const rule of rules) if (rule.file !== "") found.set(`${rule.line} ${rule.column} ${rule.file}`, rule);
  return [...found.values()];
}

function location({ file, line, column }: { readonly file: string; readonly line: number; readonly column: number }): object {
  return { artifactLocation: { uri: uriOf(file) }, region: { startLine: Math.max(1, line), startColumn: Math.max(1, column) } };
}
