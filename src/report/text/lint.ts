import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { escapeText, quoteText } from "../../diagnostics/escape.js";
import { diagnosticsShownMax } from "../../limits.js";
import { bySeverity, countedSeverities, type LintedFile, type LintRun, type ShownLint } from "../lint-run.js";
import type { Paint } from "../paint.js";
import { count, lines, place, ruleName } from "./words.js";

const marks = { error: "✗", warning: "!", notice: "·" } as const;
/** Names and related rules shown with a finding; the rest is counted. */
const witnessesMax = 5;
const relatedMax = 5;
/** Characters of a name that is shown whole. */
const nameShown = 120;

/** A finding as it is shown among diagnostics, with its names and the rules it is about. */
export function lintDiagnostic(finding: ShownLint): Diagnostic {
  const { code, severity, span, path, message, fix, safe, edit } = finding;
  const option = safe ? "--fix" : code === "case_only_miss" ? "--fix --fix-spelling" : undefined;
  const advice = edit !== undefined && option !== undefined ? `${fix} (${option} does it)` : fix;
  return { code, level: severity, span, path, message, notes: notesOf(finding), fix: advice };
}

/** The gravest findings, as many as are shown in full, in the order of the file. */
export function shownFindings(findings: readonly ShownLint[]): readonly ShownLint[] {
  if (findings.length <= diagnosticsShownMax) return findings;
  const shown = new Set(bySeverity(findings).slice(0, diagnosticsShownMax));
  return findings.filter((finding) => shown.has(finding));
}

/** How many findings of which codes are not shown; nothing when all are. */
function hiddenLines(findings: readonly ShownLint[]): string[] {
  const shown = new Set(shownFindings(findings));
  const counts = new Map<string, number>();
  for (const finding of findings) if (!shown.has(finding)) counts.set(finding.code, (counts.get(finding.code) ?? 0) + 1);
  if (counts.size === 0) return [];
  const codes = [...counts].sort((a, b) => b[1] - a[1]).map(([code, n]) => `${n.toLocaleString("en-US")} ${code}`);
  const hidden = findings.length - shown.size;
  return [`  ... and ${hidden.toLocaleString("en-US")} more (${codes.join(", ")}): --code shows one kind, --format json all`];
}

function notesOf({ witnesses, related }: ShownLint): string[] {
  const names = witnesses
    .slice(0, witnessesMax)
    .map((name) => quoteText(name, nameShown))
    .join(", ");
  const hidden = witnesses.length - witnessesMax;
  const more = related.length - relatedMax;
  return [
    ...(witnesses.length === 0 ? [] : [`such as: ${names}${hidden > 0 ? ` and ${hidden} more` : ""}`]),
    ...related.slice(0, relatedMax).map(({ rule, role }) => {
      const at = place(rule);
      return `${ruleName(rule)}${at === "" ? "" : ` (${at})`}: ${escapeText(role)}`;
    }),
    ...(more > 0 ? [`and ${count(more, "more rule")}`] : []),
  ];
}

/**
 * The run for people: each file with its findings, which `render` draws with their lines and carets (those of `shownFindings`),
 * and what they come to.
 * A file without findings is one line.
 */
export function lintText(run: LintRun, render: (file: LintedFile) => string, paint: Paint): string {
  return lines(
    run.files.flatMap((file, index) => [...(index === 0 ? [] : [""]), ...fileLines(file, render, paint)]),
    run.files.length > 1 ? ["", totalLine(run, paint)] : undefined,
    run.exitReasons.map((reason) => paint.fail(`✗ ${escapeText(reason)}`)),
  );
}

function fileLines(file: LintedFile, render: (file: LintedFile) => string, paint: Paint): string[] {
  const name = paint.strong(escapeText(file.file));
  if (!file.valid) {
    const errors = file.diagnostics.filter(({ level }) => level === "error").length;
    return [name, `  ${paint.fail("✗")} not linted: ${count(errors, "error")} in the file`];
  }
  const drawn = file.findings.length === 0 ? [] : render(file).trimEnd().split("\n");
  return [name, ...drawn, ...hiddenLines(file.findings), ...fixLines(file, paint), `  ${summaryOf(file, paint)}`];
}

function fixLines({ fix }: LintedFile, paint: Paint): string[] {
  if (fix === undefined) return [];
  const left =
    fix.left.length === 0
      ? []
      : [`  ${count(fix.left.length, "finding")} left to you: not proven, or in a text that is not cut without doubt`];
  if (fix.fixed.length === 0) return ["  nothing that --fix changes", ...left];
  return [`  ${paint.pass("✓")} ${fix.written ? "fixed" : "would fix"} ${count(fix.fixed.length, "finding")}`, ...left];
}

function summaryOf(file: LintedFile, paint: Paint): string {
  const { findings, suppressed, rules } = file;
  const aside = [
    ...(suppressed.length === 0 ? [] : [`${suppressed.length.toLocaleString("en-US")} suppressed`]),
    ...(file.undecided === 0 ? [] : [`${count(file.undecided, "question")} not decided`]),
    ...fixable(file),
  ];
  const behind = aside.length === 0 ? "" : ` (${aside.join("; ")})`;
  if (findings.length === 0) return `${paint.pass("✓")} ${count(rules, "rule")}, nothing found${behind}`;
  return `${countsText(findings, paint)} in ${count(rules, "rule")}${behind}`;
}

function fixable({ fix, findings }: LintedFile): string[] {
  const safe = findings.filter((finding) => finding.safe && finding.edit !== undefined).length;
  return fix !== undefined || safe === 0 ? [] : [`--fix can take care of ${safe.toLocaleString("en-US")}`];
}

function totalLine({ files }: LintRun, paint: Paint): string {
  const findings = files.flatMap((file) => file.findings);
  const broken = files.filter(({ valid }) => !valid).length;
  const notRead = broken === 0 ? "" : `, ${broken.toLocaleString("en-US")} not linted`;
  const found = findings.length === 0 ? `${paint.pass("✓")} nothing found` : countsText(findings, paint);
  return `${count(files.length, "file")}: ${found}${notRead}`;
}

function countsText(findings: readonly ShownLint[], paint: Paint): string {
  const painted = { error: paint.fail, warning: paint.warn, notice: paint.faint } as const;
  const counted = countedSeverities(findings);
  const worst = counted[0]?.severity ?? "notice";
  return `${painted[worst](marks[worst])} ${counted.map(({ severity, words }) => painted[severity](words)).join(", ")}`;
}
