import type { Cause, DefaultChange, OutcomeChange } from "../../analysis/diff/policy-diff.js";
import { escapeText, quoteText } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";
import { sarifResultsMax } from "../../limits.js";
import type { DiffRun } from "../diff-run.js";
import { circumstanceWords, defaultWords, outcomeWords, sizeWords } from "../text/diff-words.js";
import { count, ruleName } from "../text/words.js";
import { fingerprint } from "./fingerprint.js";
import { sarifLog, uriOf } from "./log.js";

/** Names with one result, and characters of a name that is shown whole. */
const namesMax = 5;
const nameShown = 200;
const relatedMax = 10;

const descriptors = [
  {
    id: "policy-weaker",
    shortDescription: { text: "A policy lets through more than before." },
    fullDescription: { text: "For some tool names the new policy has a more lenient verdict or decision than the old one." },
    help: { text: "Take the change back, or have it approved by whoever answers for the policy." },
    properties: { tags: ["security", "policy-diff"] },
  },
  {
    id: "policy-default-weaker",
    shortDescription: { text: "A default of a policy is more lenient than before." },
    fullDescription: {
      text: "A longer grace period, a call that is let through when the engine fails, or a mode that denies less.",
    },
    help: { text: "Take the change back, or have it approved by whoever answers for the policy." },
    properties: { tags: ["security", "policy-diff"] },
  },
] as const;

/** SARIF 2.1.0: a result is a change to something more lenient and a rule that brings it about, at the place of the rule. */
export function diffSarif({ diff, exitReasons, version }: DiffRun): string {
  const weaker = diff.changes.filter(({ direction }) => direction === "weaker");
  const results = [
    ...weaker.flatMap((change) => changeResults(change, { id: "policy-weaker", index: 0 })),
    ...diff.defaults.filter(({ direction, beside }) => direction === "weaker" && beside).map(defaultResult),
  ];
  const left = results.length - sarifResultsMax;
  const notes = [
    ...(left > 0 ? [{ level: "warning", message: { text: `${count(left, "result")} left out` } }] : []),
    ...diff.undecided.map(({ question, reason }) => ({
      level: "warning",
      message: { text: `Not decided: ${escapeText(question)}; ${escapeText(reason)}` },
    })),
  ];
  return sarifLog({
    tool: { driver: { name: "smoltbot-policy", semanticVersion: version, version, rules: descriptors } },
    invocations: [
      {
        executionSuccessful: diff.complete,
        exitCode: exitReasons.length === 0 ? 0 : 1,
        ...(exitReasons.length > 0 && { exitCodeDescription: exitReasons.map(escapeText).join("; ") }),
        toolExecutionNotifications: notes,
      },
    ],
    results: results.slice(0, sarifResultsMax),
    columnKind: "utf16CodeUnits",
  });
}

/** One for each rule behind the change; a rule that both sides have is named where it stands now. Shared with the floor. */
export function changeResults(change: OutcomeChange, rule: { readonly id: string; readonly index: number }): object[] {
  const subjects = new Map<string, Cause>();
  for (const cause of change.causes) {
    const { kind, label, pattern = "" } = cause.rule;
    const key = JSON.stringify([kind, label, pattern]);
    if (cause.side === "after" || !subjects.has(key)) subjects.set(key, cause);
  }
  const causes: readonly (Cause | undefined)[] = subjects.size === 0 ? [undefined] : [...subjects.values()];
  return causes.map((cause) => ({ ruleId: rule.id, ruleIndex: rule.index, ...resultOf(change, cause, causes) }));
}

function resultOf(change: OutcomeChange, cause: Cause | undefined, all: readonly (Cause | undefined)[]): object {
  const { before, after, names, inventory } = change;
  const when = circumstanceWords(change.circumstance);
  const shown = names.slice(0, namesMax).map((name) => quoteText(name, nameShown));
  const why = cause === undefined ? "" : ` Because ${ruleName(cause.rule)} was ${cause.change}.`;
  const listed = inventory.length === 0 ? "" : ` ${count(inventory.length, "name")} of the inventory.`;
  const text = `${outcomeWords(before, change)} -> ${outcomeWords(after, change)}${when === undefined ? "" : `, ${when}`}: ${sizeWords(change)}, such as ${shown.join(", ")}.${listed}${why}`;
  const others = all.filter((other) => other !== undefined && other !== cause && other.rule.file !== "") as Cause[];
  return {
    level: before.verdict === "fail" && after.verdict !== "fail" ? "error" : "warning",
    message: { text },
    locations: cause === undefined ? [] : locationsOf(cause.rule),
    relatedLocations: others.slice(0, relatedMax).map((other, id) => ({
      id,
      ...locationOf(other.rule),
      message: { text: `${ruleName(other.rule)} ${other.change}` },
    })),
    partialFingerprints: {
      "smoltbotDiff/v1": fingerprint([
        before.cause,
        after.cause,
        before.severity ?? "",
        after.severity ?? "",
        when ?? "",
        ...(cause === undefined ? [] : [cause.change, cause.rule.kind, cause.rule.label, cause.rule.pattern ?? ""]),
      ]),
    },
    properties: { witness: escapeText(change.witness), inventory: inventory.length },
  };
}

function defaultResult(change: DefaultChange): object {
  const rule = change.afterRule.file === "" ? change.beforeRule : change.afterRule;
  return {
    ruleId: "policy-default-weaker",
    ruleIndex: 1,
    level: "warning",
    message: { text: defaultWords(change) },
    locations: locationsOf(rule),
    partialFingerprints: { "smoltbotDiff/v1": fingerprint([change.field, change.before, change.after]) },
  };
}

function locationsOf(rule: RuleRef): object[] {
  return rule.file === "" ? [] : [locationOf(rule)];
}

/** What stands in a git revision is shown at its path: a viewer knows the file, if not the revision. */
function locationOf({ file, line, column }: RuleRef): { readonly physicalLocation: object } {
  const path = file.startsWith("git:") ? file.slice(file.lastIndexOf(":") + 1) : file;
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(path) },
      region: { startLine: Math.max(1, line), startColumn: Math.max(1, column) },
    },
  };
}
