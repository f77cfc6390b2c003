import type { Span } from "../../diagnostics/diagnostic.js";
import type { RuleRef } from "../../engine/result.js";

/**
 * What lint answers, with the usual severity; some findings are graver or milder. Codes are stable; docs/lint.md has a section
 * for each. A rule that changes nothing (liveness.ts says what that means) has exactly one finding of dead_rule, shadowed_rule,
 * redundant_rule, duplicate_rule, or capability_all_forbidden with an edit; no other rule has one of these.
 */
export const lintCodes = {
  /** A dead rule that no other rule makes so: it matches nothing, or the defaults decide what it matches. */
  dead_rule: "warning",
  /** A dead rule that one other rule alone makes so. */
  shadowed_rule: "warning",
  /** A dead rule that several other rules together make so. */
  redundant_rule: "warning",
  /** A dead rule that says the same as an earlier one, with the same glob. */
  duplicate_rule: "warning",
  /** Some names are mapped by a capability and forbidden: the mapping loses there. */
  forbidden_overlap: "notice",
  /** Every tool of a capability is forbidden or denied, so it grants nothing. Without an edit it is not dead: its calls count as mapped. */
  capability_all_forbidden: "warning",
  /** A glob that matches no tool of the inventory; with the nearest real name. An error where that one is not refused. */
  no_inventory_match: "warning",
  /** The glob matches nothing of the inventory, but would if letters' case were the same. */
  case_only_miss: "error",
  /** `*` matches across `__`, so that the glob takes in names its author hardly meant. */
  surprising_match: "notice",
  /** A glob that maps or forbids (nearly) every tool. */
  broad_glob: "warning",
  /** A capability lists an action the card does not grant. */
  unknown_card_action: "warning",
  /** An agent maps tools of any server over an org `deny` (M4). */
  broad_mapping_over_deny: "error",
  /** Severities below `fail_on` only warn (E3). */
  severity_below_fail_on: "notice",
  /** A condition that never holds, or always does. */
  condition_constant: "warning",
  /** Tools whose names differ only by case or by `-` and `_` are judged differently. */
  lookalike_names: "notice",
  /** The question was too large to decide; nothing is claimed. */
  not_decided: "notice",
} as const satisfies Record<string, LintSeverity>;

export type LintCode = keyof typeof lintCodes;
export type LintSeverity = "error" | "warning" | "notice";

/** A safe edit that removes the cause of a finding; places are found by the rule reference. */
export type LintEdit =
  | { readonly kind: "remove_rule"; readonly rule: RuleRef }
  /** `rule.pattern` is the glob to take out of a capability's `tools`. */
  | { readonly kind: "remove_glob"; readonly rule: RuleRef }
  | { readonly kind: "replace_glob"; readonly rule: RuleRef; readonly glob: string };

export interface RelatedRule {
  readonly rule: RuleRef;
  /** How it is related, for people: "decides these names first". */
  readonly role: string;
}

export interface LintFinding {
  readonly code: LintCode;
  readonly severity: LintSeverity;
  /** The rule found; for a capability's glob with `pattern`. */
  readonly rule: RuleRef | undefined;
  readonly span: Span;
  /** Where in the document, such as `forbidden[2].pattern`. */
  readonly path: string;
  /** One sentence, lower case, no full stop, user text in backquotes and escaped. */
  readonly message: string;
  /** Names that show it; the first is a shortest one where the finding is exact. */
  readonly witnesses: readonly string[];
  readonly related: readonly RelatedRule[];
  /** What to do, one sentence. */
  readonly fix: string;
  /** Only where the edit changes no outcome, or is what the inventory says was meant. */
  readonly edit?: LintEdit;
  /** `--fix` may apply it: proven to change no outcome of any name. */
  readonly safe: boolean;
}

export interface LintReport {
  /** In the order of the file. */
  readonly findings: readonly LintFinding[];
  readonly rules: number;
  /** Questions that were not decided, with the reason; also findings `not_decided`. */
  readonly undecided: number;
}
