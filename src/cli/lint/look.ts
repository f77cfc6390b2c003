import type { LintInput } from "../../analysis/lint/lint.js";
import type { LintReport } from "../../analysis/lint/lint-report.js";
import { subjectOf } from "../../analysis/subject.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { Findings } from "../../diagnostics/findings.js";
import { policyBytesMax } from "../../limits.js";
import type { Card, Policy } from "../../policy/model.js";
import type { LintedFile, ShownLint, SuppressedLint } from "../../report/lint-run.js";
import { readDocument } from "../../syntax/document.js";
import { placeRuleEdits } from "../../syntax/edit/rule-edits.js";
import type { SourceDocument } from "../../syntax/node.js";
import { decodeSource } from "../../syntax/source.js";
import { parsePolicyFile } from "../policy-file.js";
import { ruleEditOf } from "./plan-edits.js";
import { applySuppressions } from "./suppress.js";

/** What files are linted with, and which findings are wanted. */
export interface LintSetup {
  /** In force for agents' files; org files are linted alone. */
  readonly org?: Policy | undefined;
  readonly card?: Card | undefined;
  readonly inventory?: readonly string[] | undefined;
  readonly wanted: (code: string) => boolean;
  readonly lint: (input: LintInput) => LintReport;
}

/** A text that was linted. */
export interface Looked extends LintedFile {
  readonly valid: true;
  readonly policy: Policy;
  readonly document: SourceDocument;
}

/** A file that cannot be linted, and why. */
export interface NotLinted extends LintedFile {
  readonly valid: false;
}

export function notLinted(file: string, diagnostics: readonly Diagnostic[]): NotLinted {
  return { file, valid: false, diagnostics, findings: [], suppressed: [], rules: 0, undecided: 0 };
}

/** Reads a policy and lints it: what the file's comments suppress is apart, what is not wanted is gone. */
export function look(source: string | Uint8Array, file: string, setup: LintSetup): Looked | NotLinted {
  const { policy, diagnostics } = parsePolicyFile(source, file);
  const decoded = decodeSource(source, { file, bytesMax: policyBytesMax }).value;
  const document = decoded && readDocument(decoded, new Findings());
  if (policy === undefined || document === undefined) return notLinted(file, diagnostics);
  const { scope } = policy.meta;
  const org = scope === "org" ? policy : setup.org;
  const subject = subjectOf({ org, agent: scope === "agent" ? policy : undefined });
  const { card, inventory, wanted } = setup;
  const report = setup.lint({ subject, scope, card, inventory });
  const given = { org: scope === "agent" && org !== undefined, card: card !== undefined, inventory: inventory !== undefined };
  const judged = applySuppressions(report.findings, document, policy, given);
  return {
    file,
    valid: true,
    diagnostics,
    findings: judged.findings.filter(({ code }) => wanted(code)).map((finding) => withReplacements(finding, document, policy)),
    suppressed: judged.suppressed
      .filter(({ finding }) => wanted(finding.code))
      .map((each): SuppressedLint => ({ ...each, finding: withReplacements(each.finding, document, policy) })),
    rules: report.rules,
    undecided: report.undecided,
    policy,
    document,
  };
}

/** What `--fix` would write for a finding alone, for machines that offer it one by one. */
function withReplacements(finding: Omit<ShownLint, "replacements">, document: SourceDocument, policy: Policy): ShownLint {
  const edit = finding.safe ? ruleEditOf(finding, policy) : undefined;
  const placed = (edit && placeRuleEdits(document, [edit])) ?? [];
  return { ...finding, replacements: placed.map(({ start, end, text }) => ({ span: document.source.span(start, end), text })) };
}
