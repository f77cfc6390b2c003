import type {
  Cause,
  Circumstance,
  DefaultChange,
  NameCount,
  OutcomeChange,
  RuleChange,
  Undecided,
} from "../../analysis/diff/policy-diff.js";
import type { Outcome } from "../../analysis/outcome.js";
import type { DiffRun } from "../diff-run.js";
import { ruleJson } from "./rule.js";

/** `smoltbot policy diff --format json`. Sizes are decimal strings: they can be larger than any number of JSON's readers. */
export function diffJson({ diff, before, after, exitReasons }: DiffRun): object {
  const of = (direction: string) => diff.changes.filter((change) => change.direction === direction).length;
  return {
    schema: "smoltbot.diff/1",
    ok: exitReasons.length === 0,
    exit_reasons: exitReasons,
    old: { label: before, ...diff.before },
    new: { label: after, ...diff.after },
    equal: diff.equal,
    complete: diff.complete,
    card_checked: diff.cardChecked,
    summary: { weaker: of("weaker"), stricter: of("stricter"), other: of("other"), undecided: diff.undecided.length },
    inventory: diff.inventory ?? null,
    defaults: diff.defaults.map(defaultJson),
    rules: diff.rules.map(ruleChangeJson),
    changes: diff.changes.map(changeJson),
    undecided: diff.undecided.map(undecidedJson),
  };
}

/** Also of the floor's exceptions. */
export function changeJson(change: OutcomeChange): object {
  return {
    direction: change.direction,
    old: outcomeJson(change.before),
    new: outcomeJson(change.after),
    when: circumstanceJson(change.circumstance),
    witness: change.witness,
    names: sizeJson(change.size),
    examples: change.names,
    inventory: change.inventory,
    causes: change.causes.map(causeJson),
    causes_complete: change.causesComplete,
  };
}

function outcomeJson({ verdict, action, cause, severity, cardActions, counted }: Outcome): object {
  return {
    verdict,
    decision: action,
    cause,
    severity: severity ?? null,
    card_actions: cardActions === undefined ? null : JSON.parse(cardActions),
    counted_as: counted === undefined ? null : counted.split(", ").filter((part) => part !== ""),
  };
}

function circumstanceJson({ prior, inGrace }: Circumstance): object {
  return {
    calls_before: prior.toolCount,
    unmapped_before: prior.unmappedCount,
    unmapped_by_org_before: prior.unmappedOrgCount,
    violations_before: prior.violationCount,
    in_grace: inGrace,
  };
}

function sizeJson(size: NameCount): object {
  return typeof size === "bigint" ? { kind: "finite", count: size.toString() } : { kind: size, count: null };
}

function causeJson({ side, change, rule }: Cause): object {
  return { side: side === "before" ? "old" : "new", change, rule: ruleJson(rule) };
}

function ruleChangeJson({ kind, change, before, after, fields, effective }: RuleChange): object {
  return {
    kind,
    change,
    old: ruleJson(before ?? null),
    new: ruleJson(after ?? null),
    fields: fields.map((field) => ({ field: field.field, old: field.before, new: field.after })),
    effective,
  };
}

function defaultJson({ field, before, after, direction, beforeRule, afterRule }: DefaultChange): object {
  return { field, direction, old: before, new: after, old_rule: ruleJson(beforeRule), new_rule: ruleJson(afterRule) };
}

export function undecidedJson({ question, reason, change }: Undecided): object {
  return {
    question,
    reason,
    change:
      change === undefined
        ? null
        : {
            direction: change.direction,
            old: outcomeJson(change.before),
            new: outcomeJson(change.after),
            when: circumstanceJson(change.circumstance),
          },
  };
}
