import { type LintCode, type LintEdit, type LintFinding, type LintSeverity, lintCodes, type RelatedRule } from "./lint-report.js";
import { pathOf, refOf, spanOf, type Unit } from "./units.js";

/** The parts of a finding that differ from what a rule and a code say already. */
export interface FindingParts {
  readonly message: string;
  readonly fix: string;
  readonly severity?: LintSeverity;
  readonly witnesses?: readonly string[];
  readonly related?: readonly RelatedRule[];
  readonly edit?: LintEdit | undefined;
}

/** A finding about one rule, or one glob of a capability, that `--fix` leaves to its author. */
export function findingAt(unit: Unit, code: LintCode, parts: FindingParts): LintFinding {
  const { message, fix, severity = lintCodes[code], witnesses = [], related = [], edit } = parts;
  return {
    code,
    severity,
    rule: refOf(unit),
    span: spanOf(unit),
    path: pathOf(unit),
    message,
    witnesses,
    related,
    fix,
    ...(edit === undefined ? {} : { edit }),
    safe: false,
  };
}
