import type { Diagnostic, Span } from "../../diagnostics/diagnostic.js";
import { escapeText, quoteText } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";
import { sarifResultsMax } from "../../limits.js";
import { bySeverity, type LintedFile, type LintRun, type ShownCode, type ShownLint, type SuppressedLint } from "../lint-run.js";
import { count, ruleName } from "../text/words.js";
import { fingerprint } from "./fingerprint.js";
import { sarifLog, uriOf } from "./log.js";

const levels = { error: "error", warning: "warning", notice: "note" } as const;
/** Places of other rules and names with one result. */
const relatedMax = 10;
const namesMax = 5;
/** Characters of a name that is shown whole. */
const nameShown = 200;

/**
 * SARIF 2.1.0: a result is a finding at its place, with the rules it is about as related locations and what `--fix` would
 * write. Suppressed findings are results, too, with their reasons. Results keep their fingerprints when lines move.
 */
export function lintSarif(run: LintRun): string {
  const codes = Object.keys(run.codes) as ShownCode[];
  const seen = new Map<string, number>();
  const results = run.files.flatMap((file) => fileResults(file, codes, seen));
  const kept = results.slice(0, sarifResultsMax);
  return sarifLog({
    tool: {
      driver: {
        name: "smoltbot-policy",
        semanticVersion: run.version,
        version: run.version,
        rules: codes.map((code) => descriptor(code, run.codes[code])),
      },
    },
    invocations: [invocationOf(run, results.length - kept.length)],
    results: kept,
    columnKind: "utf16CodeUnits",
  });
}

function descriptor(code: ShownCode, { title, meaning, fix }: LintRun["codes"][ShownCode]): object {
  return {
    id: code,
    shortDescription: { text: sentence(title) },
    fullDescription: { text: meaning },
    help: { text: `${meaning} ${sentence(fix)}` },
    properties: { tags: ["policy-lint"] },
  };
}

function sentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(first) ? first : `${first}.`;
}

/** What counts first, should there be too many: the worst findings, then those that are suppressed. */
function fileResults(file: LintedFile, codes: readonly ShownCode[], seen: Map<string, number>): object[] {
  return [
    ...bySeverity(file.findings).map((finding) => resultOf(finding, { codes, seen, file: file.file })),
    ...file.suppressed.map((each) => resultOf(each.finding, { codes, seen, file: file.file, suppressed: each })),
  ];
}

interface ResultFrame {
  readonly codes: readonly ShownCode[];
  /** Fingerprints so far: equal findings are numbered, so that no two are taken for one. */
  readonly seen: Map<string, number>;
  readonly file: string;
  readonly suppressed?: SuppressedLint;
}

function resultOf(finding: ShownLint, { codes, seen, file, suppressed }: ResultFrame): object {
  const { code, severity, span, message, witnesses, related, fix, path } = finding;
  const names = witnesses.slice(0, namesMax).map((name) => quoteText(name, nameShown));
  const such = names.length === 0 ? "" : `; such as ${names.join(", ")}`;
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: levels[severity],
    message: { text: `${escapeText(message)}${such}. ${sentence(escapeText(fix))}` },
    locations: [{ physicalLocation: spanLocation(span) }],
    relatedLocations: related
      .slice(0, relatedMax)
      .filter(({ rule }) => rule.file !== "")
      .map(({ rule, role }, id) => ({
        id,
        physicalLocation: ruleLocation(rule),
        message: { text: `${ruleName(rule)}: ${escapeText(role)}` },
      })),
    partialFingerprints: { "smoltbotLint/v1": printOf(finding, file, seen) },
    ...fixesOf(finding),
    ...(suppressed !== undefined && {
      suppressions: [
        {
          kind: "inSource",
          justification: escapeText(suppressed.reason),
          location: { physicalLocation: spanLocation(suppressed.comment) },
        },
      ],
    }),
    properties: { path: escapeText(path), witnesses: names },
  };
}

/** The same finding in the next run, whatever stands above it by then. */
function printOf({ code, rule, path }: ShownLint, file: string, seen: Map<string, number>): string {
  const about = rule === undefined ? [path] : [rule.layer, rule.kind, rule.label, rule.pattern ?? ""];
  const base = fingerprint([code, file, ...about]);
  const times = seen.get(base) ?? 0;
  seen.set(base, times + 1);
  return times === 0 ? base : fingerprint([base, times]);
}

function fixesOf({ fix, span, replacements }: ShownLint): object {
  if (replacements.length === 0) return {};
  const changes = replacements.map(({ span: place, text }) => ({
    deletedRegion: regionOf(place),
    ...(text !== "" && { insertedContent: { text } }),
  }));
  return {
    fixes: [
      {
        description: { text: sentence(escapeText(fix)) },
        artifactChanges: [{ artifactLocation: { uri: uriOf(span.file) }, replacements: changes }],
      },
    ],
  };
}

function spanLocation(span: Span): object {
  return { artifactLocation: { uri: uriOf(span.file) }, region: regionOf(span) };
}

function regionOf({ line, column, endLine, endColumn }: Span): object {
  return { startLine: line, startColumn: column, endLine, endColumn };
}

function ruleLocation({ file, line, column }: RuleRef): object {
  return { artifactLocation: { uri: uriOf(file) }, region: { startLine: Math.max(1, line), startColumn: Math.max(1, column) } };
}

function invocationOf({ files, exitReasons }: LintRun, left: number): object {
  const cut = left === 0 ? [] : [{ level: "warning", message: { text: `${count(left, "result")} left out` } }];
  const found = files.flatMap(({ diagnostics }) => diagnostics.map(notification));
  return {
    executionSuccessful: files.every(({ valid }) => valid),
    exitCode: exitReasons.length === 0 ? 0 : 1,
    ...(exitReasons.length > 0 && { exitCodeDescription: exitReasons.map(escapeText).join("; ") }),
    toolExecutionNotifications: [...cut, ...found],
  };
}

function notification({ code, level, message, fix, span }: Diagnostic): object {
  return {
    level: levels[level],
    message: { text: `${escapeText(message)}; ${escapeText(fix)}` },
    descriptor: { id: code },
    ...(span !== undefined && { locations: [{ physicalLocation: spanLocation(span) }] }),
  };
}
