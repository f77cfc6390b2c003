import type { LintCode, LintFinding, LintSeverity } from "../analysis/lint/lint-report.js";
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import type { SuppressionCode } from "../syntax/suppressions.js";

export type ShownCode = LintCode | SuppressionCode;

/** A finding of the analysis, or one about a suppression. */
export interface ShownLint extends Omit<LintFinding, "code"> {
  readonly code: ShownCode;
  /** What `--fix` would write for it alone; empty where it would not. */
  readonly replacements: readonly Replacement[];
}

/** One change of a file's text. */
export interface Replacement {
  readonly span: Span;
  readonly text: string;
}

export interface SuppressedLint {
  readonly finding: ShownLint;
  /** As the author wrote it. */
  readonly reason: string;
  /** The comment. */
  readonly comment: Span;
}

/** What `--fix` did to a file, or would do. */
export interface LintFix {
  /** In the order they were fixed; places are those of the text at that time. */
  readonly fixed: readonly ShownLint[];
  /** Findings whose edit was not made: not proven, or in a text of a shape that is not cut. */
  readonly left: readonly ShownLint[];
  /** Empty when nothing changed. */
  readonly diff: string;
  readonly written: boolean;
}

/** One file that was linted; findings are of its text as it is afterwards. */
export interface LintedFile {
  readonly file: string;
  /** False: it could not be linted, and `diagnostics` says why. */
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** In the order of the file. */
  readonly findings: readonly ShownLint[];
  readonly suppressed: readonly SuppressedLint[];
  readonly rules: number;
  readonly undecided: number;
  readonly fix?: LintFix;
}

/** What is said of a code wherever it is explained. */
export interface CodeText {
  /** A few words, lower case. */
  readonly title: string;
  /** What it means and why it matters; sentences. */
  readonly meaning: string;
  readonly fix: string;
}

/** A whole run of `policy lint`. */
export interface LintRun {
  readonly files: readonly LintedFile[];
  /** Findings from this severity on fail the run. */
  readonly failOn: LintSeverity;
  /** Why the run fails; empty when it does not. */
  readonly exitReasons: readonly string[];
  readonly codes: Readonly<Record<ShownCode, CodeText>>;
  readonly version: string;
}

/** The gravest first. */
export const severities: readonly LintSeverity[] = ["error", "warning", "notice"];

/** Findings of each severity. */
export function severityCounts(findings: Iterable<Pick<LintFinding, "severity">>): Record<LintSeverity, number> {
  const counts = { error: 0, warning: 0, notice: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

/** Findings of each severity that there are, the gravest first: `2 errors`, `1 notice`. */
export function countedSeverities(
  findings: Iterable<Pick<LintFinding, "severity">>,
): { severity: LintSeverity; words: string }[] {
  const counts = severityCounts(findings);
  return severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => ({
      severity,
      words: `${counts[severity].toLocaleString("en-US")} ${severity}${counts[severity] === 1 ? "" : "s"}`,
    }));
}

/** The gravest first; findings of one severity stay in their order. */
export function bySeverity<T extends Pick<LintFinding, "severity">>(findings: readonly T[]): T[] {
  return [...findings].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
