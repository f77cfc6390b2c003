import { type LintFinding, lintCodes } from "../../analysis/lint/lint-report.js";
import type { Span } from "../../diagnostics/diagnostic.js";
import type { Policy } from "../../policy/model.js";
import type { ShownLint, SuppressedLint } from "../../report/lint-run.js";
import type { SourceDocument } from "../../syntax/node.js";
import { readSuppressions, type Suppression, type SuppressionFault, suppressionCodes } from "../../syntax/suppressions.js";

/** What lint was given beside the policy: without it some codes cannot be found, and their suppressions are not unused. */
export interface LintGiven {
  readonly org: boolean;
  readonly card: boolean;
  readonly inventory: boolean;
}

/** Whether a suppression that took nothing back may be called unused: with other things given it may be needed. */
const decides: ReadonlyMap<string, (given: LintGiven) => boolean> = new Map([
  ["no_inventory_match", ({ inventory }) => inventory],
  ["case_only_miss", ({ inventory }) => inventory],
  ["lookalike_names", ({ inventory }) => inventory],
  // Without an inventory a possible name is enough.
  ["surprising_match", ({ inventory }) => !inventory],
  ["unknown_card_action", ({ card }) => card],
  ["broad_mapping_over_deny", ({ org }) => org],
]);

export interface Judged {
  /** Without those that are suppressed; with those about suppressions. In the order of the file. */
  readonly findings: readonly Omit<ShownLint, "replacements">[];
  readonly suppressed: readonly (Omit<SuppressedLint, "finding"> & { readonly finding: LintFinding })[];
}

/** Takes the findings back that the file's comments suppress, and adds what is wrong with those comments. Linear. */
export function applySuppressions(
  findings: readonly LintFinding[],
  document: SourceDocument,
  policy: Policy,
  given: LintGiven,
): Judged {
  const { suppressions, faults } = readSuppressions(document, Object.keys(lintCodes));
  const byCode = new Map<string, Suppression[]>();
  for (const each of suppressions) byCode.set(each.code, [...(byCode.get(each.code) ?? []), each]);
  const index = new Map([...byCode].map(([code, all]) => [code, new ByLine(all)]));
  const used = new Set<Suppression>();
  const suppressed: (Omit<SuppressedLint, "finding"> & { finding: LintFinding })[] = [];
  const kept: Omit<ShownLint, "replacements">[] = [];
  for (const finding of findings) {
    const matching = index.get(finding.code)?.at(linesOf(finding, policy)) ?? [];
    for (const each of matching) used.add(each);
    const first = matching[0];
    if (first === undefined) kept.push(finding);
    else suppressed.push({ finding, reason: first.reason, comment: first.span });
  }
  for (const fault of faults) kept.push(shown(fault));
  const undecided = findings.some(({ code }) => code === "not_decided");
  for (const each of suppressions) {
    const isDecided = !undecided && (decides.get(each.code)?.(given) ?? true);
    if (isDecided && !used.has(each)) kept.push(shown(unused(each)));
  }
  return { findings: kept.sort(byPlace), suppressed };
}

/** The suppressions of one code by the lines they speak of. */
class ByLine {
  readonly #file: Suppression[] = [];
  readonly #lines = new Map<number, Suppression[]>();

  constructor(suppressions: readonly Suppression[]) {
    for (const each of suppressions) {
      if (each.lines === "file") this.#file.push(each);
      else for (const line of each.lines) this.#lines.set(line, [...(this.#lines.get(line) ?? []), each]);
    }
  }

  at(lines: readonly number[]): Suppression[] {
    return [...lines.flatMap((line) => this.#lines.get(line) ?? []), ...this.#file];
  }
}

/** Lines at which a suppression speaks of a finding: its own, and the first of its rule. None for what stands in another file. */
function linesOf({ span, rule }: LintFinding, policy: Policy): readonly number[] {
  if (span.file !== policy.file) return [];
  const start = rule?.layer === policy.meta.scope ? ruleSpan(policy, rule.kind, rule.index) : undefined;
  return start === undefined ? [span.line] : [span.line, start.line];
}

function ruleSpan(policy: Policy, kind: string, index: number): Span | undefined {
  const rules = { forbidden: policy.forbidden, trigger: policy.triggers, capability: policy.capabilities };
  return Object.hasOwn(rules, kind) ? rules[kind as keyof typeof rules][index]?.span : undefined;
}

function unused({ code, span }: Suppression): SuppressionFault {
  return {
    code: "suppression_unused",
    span,
    message: `lint finds no \`${code}\` here that this comment suppresses`,
    fix: "remove the comment, or the code from it",
  };
}

function shown({ code, span, message, fix }: SuppressionFault): Omit<ShownLint, "replacements"> {
  const about = { rule: undefined, path: "", witnesses: [], related: [], safe: false } as const;
  return { code, severity: suppressionCodes[code], span, message, fix, ...about };
}

/** Findings about the file itself before those about others; a stable sort keeps the order of the analysis otherwise. */
function byPlace(a: { readonly span: Span }, b: { readonly span: Span }): number {
  return a.span.line - b.span.line || a.span.column - b.span.column;
}
