import type { LintEdit } from "../../analysis/lint/lint-report.js";
import type { Span } from "../../diagnostics/diagnostic.js";
import { type LintedFile, type LintRun, type ShownLint, severityCounts } from "../lint-run.js";
import { diagnosticJson } from "./diagnostic.js";
import { ruleJson } from "./rule.js";

/** `smoltbot policy lint --format json`: every finding, also those that are suppressed. */
export function lintJson(run: LintRun): object {
  const findings = run.files.flatMap((file) => file.findings);
  const counts = severityCounts(findings);
  return {
    schema: "smoltbot.lint/1",
    ok: run.exitReasons.length === 0,
    exit_reasons: run.exitReasons,
    fail_on: run.failOn,
    summary: {
      files: run.files.length,
      invalid_files: run.files.filter(({ valid }) => !valid).length,
      errors: counts.error,
      warnings: counts.warning,
      notices: counts.notice,
      suppressed: run.files.reduce((sum, file) => sum + file.suppressed.length, 0),
      fixed: run.files.reduce((sum, file) => sum + (file.fix?.fixed.length ?? 0), 0),
    },
    files: run.files.map(fileJson),
  };
}

function fileJson({ file, valid, diagnostics, findings, suppressed, rules, undecided, fix }: LintedFile): object {
  return {
    file,
    valid,
    rules,
    undecided,
    diagnostics: diagnostics.map(diagnosticJson),
    findings: findings.map(findingJson),
    suppressed: suppressed.map((each) => ({
      ...findingJson(each.finding),
      suppression: { reason: each.reason, ...placeJson(each.comment) },
    })),
    fix:
      fix === undefined
        ? null
        : { written: fix.written, fixed: fix.fixed.map(findingJson), left: fix.left.length, diff: fix.diff },
  };
}

function findingJson(finding: ShownLint): object {
  const { code, severity, path, message, fix, span, rule, witnesses, related, safe, edit, replacements } = finding;
  return {
    code,
    severity,
    path,
    message,
    fix,
    ...placeJson(span),
    rule: ruleJson(rule ?? null),
    witnesses,
    related: related.map((each) => ({ role: each.role, rule: ruleJson(each.rule) })),
    safe,
    edit: edit === undefined ? null : editJson(edit),
    replacements: replacements.map((each) => ({ ...placeJson(each.span), text: each.text })),
  };
}

function editJson(edit: LintEdit): object {
  return { kind: edit.kind, rule: ruleJson(edit.rule), ...(edit.kind === "replace_glob" && { glob: edit.glob }) };
}

function placeJson({ file, line, column, endLine, endColumn }: Span): object {
  return { file, line, column, end_line: endLine, end_column: endColumn };
}
