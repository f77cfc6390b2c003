import type { RuleRef } from "../../engine/result.js";
import { severities, triggerActions } from "../../policy/lattice.js";
import type { MergedDefaults, MergedPolicy, Severity, TriggerAction } from "../../policy/model.js";
import { type Outcome, outcomeKey } from "../outcome.js";
import { ABSENT, type Row } from "../question.js";
import { defaultRef, defaultsFields } from "../rule-refs.js";
import { CAPABILITY, type Side } from "../side.js";
import type { ChangedPart, ChangedParts } from "./changed-parts.js";
import type { Difference } from "./differences.js";
import type { Cause, Circumstance } from "./policy-diff.js";

/** Fields of `defaults` that outcomes depend on; grace and `fail_open` are compared on their own. */
export const outcomeFields = ["unmapped_tool_action", "unmapped_severity", "enforcement_mode", "fail_on"] as const;
export type OutcomeField = (typeof outcomeFields)[number];

/** Components behind those of the two sides. */
export const REQUIRED = 0;
export const SAME_FORBIDDEN = 1;
export const SAME_TRIGGER = 2;
export const SAME_CAPABILITY = { before: 3, after: 4 } as const;
export const CHANGED_FORBIDDEN = { before: 5, after: 6 } as const;
export const CHANGED_TRIGGER = { before: 7, after: 8 } as const;
export const CHANGED_CAPABILITY = { before: 9, after: 10 } as const;
export const EXTRAS = 11;
export const sideNames = ["before", "after"] as const;

/** Finds the changed rules and fields behind a difference. */
export class CauseFinder {
  readonly #fieldCauses: ReadonlyMap<OutcomeField, Cause>;
  readonly #termParts: ReadonlyMap<string, ChangedPart>;
  readonly #width: number;

  constructor(
    readonly sides: Readonly<Record<Cause["side"], Side>>,
    readonly offsets: Readonly<Record<Cause["side"], number>>,
    readonly changed: ChangedParts,
    readonly fields: readonly OutcomeField[],
  ) {
    const { before, after } = sides;
    this.#width = before.width + after.width;
    this.#fieldCauses = new Map(
      fields.map((field) => [field, { side: "after", change: "changed", rule: fieldRef(before.policy, after.policy, field) }]),
    );
    this.#termParts = new Map(
      sideNames.flatMap((name) => changed.terms[name].map((part) => [termKey(name, part.term?.trigger, part.term?.part), part])),
    );
  }

  /** `parts`: the row has the components that single changed parts are told apart by. */
  of(row: Row, circumstance: Circumstance, difference: Difference, parts: boolean): Cause[] {
    const causes = new Map<string, Cause>();
    const add = (cause: Cause | undefined) => {
      if (cause !== undefined) causes.set(causeKey(cause), cause);
    };
    for (const field of this.#fieldsOf(row, circumstance, difference.after)) add(this.#fieldCauses.get(field));
    for (const name of sideNames) {
      for (const part of this.#decidingParts(row, name, circumstance, difference[name], parts)) add(causeOf(part));
    }
    // Rules that stay can decide otherwise because of how the name is mapped: what spares it a denial, or counts it.
    if (causes.size === 0) for (const name of sideNames) for (const part of this.#mapping(row, name, parts)) add(causeOf(part));
    return [...causes.values()];
  }

  /** The changed capability that maps the name on one side, unless an unchanged one ranks as high. */
  #mapping(row: Row, name: Cause["side"], parts: boolean): readonly ChangedPart[] {
    if (!parts) return [];
    const rank = row[this.offsets[name] + CAPABILITY] as number;
    const part = this.changed.capabilities[name][row[this.#width + CHANGED_CAPABILITY[name]] as number];
    const same = row[this.#width + SAME_CAPABILITY[name]] as number;
    return part !== undefined && part.strength === rank && same > rank ? [part] : [];
  }

  /**
   * A field brings a difference about when its old value alone would leave another outcome. What a call counts as is part of it
   * where the difference says so.
   */
  #fieldsOf(row: Row, circumstance: Circumstance, after: Outcome): OutcomeField[] {
    if (this.fields.length === 0) return [];
    const { prior, inGrace } = circumstance;
    const [old, now] = sideNames.map((name) => this.sides[name].policy.defaults);
    const isCounted = after.counted !== undefined;
    const key = (o: Outcome) => outcomeKey({ ...o, cardActions: undefined, counted: isCounted ? o.counted : undefined });
    return this.fields.filter((field) => {
      const name = defaultsFields[field];
      const defaults: MergedDefaults = { ...now, [name]: old[name] };
      return key(this.sides.after.outcome(row, this.offsets.after, prior, { inGrace, defaults })) !== key(after);
    });
  }

  /** The changed parts that decide on one side, unless an unchanged part is as strong. */
  #decidingParts(
    row: Row,
    name: Cause["side"],
    circumstance: Circumstance,
    outcome: Outcome,
    parts: boolean,
  ): readonly ChangedPart[] {
    const { cause, severity, cardActions, counted } = outcome;
    const { forbidden, triggers } = this.changed;
    const extra = (component: number) => (parts ? (row[this.#width + component] as number) : ABSENT);
    const first = (list: readonly ChangedPart[], component: number, strength: number, same: number) => {
      const part = list[extra(component)];
      return part !== undefined && part.strength === strength && extra(same) > strength ? [part] : [];
    };
    const mapping = this.#mapping(row, name, parts);
    if (cause === "mapped" || cause === "capability_exceeded" || cardActions !== undefined) return mapping;
    // What counts as unmapped is the capability's doing, whatever decides.
    const marked = counted === undefined ? [] : mapping;
    if (cause === "forbidden" || cause === "forbidden_soft") {
      const strength = severities.length - 1 - severities.indexOf(severity as Severity);
      return [...marked, ...first(forbidden[name], CHANGED_FORBIDDEN[name], strength, SAME_FORBIDDEN)];
    }
    const action = triggerActionOf.get(cause);
    if (action === undefined) return marked;
    const strength = triggerActions.length - 1 - triggerActions.indexOf(action);
    const simple = first(triggers[name], CHANGED_TRIGGER[name], strength, SAME_TRIGGER);
    return [...marked, ...(simple.length > 0 ? simple : this.#decidingTerms(row, name, circumstance, counted !== undefined))];
  }

  /** `counts`: a term without tests counts as a violation, also beside an unchanged one with tests that decides as much. */
  #decidingTerms(row: Row, name: Cause["side"], { prior, inGrace }: Circumstance, counts: boolean): readonly ChangedPart[] {
    const firing = this.sides[name].decidingTerms(row, this.offsets[name], prior, { inGrace });
    const changed = firing.flatMap(({ trigger, part }) => this.#termParts.get(termKey(name, trigger, part)) ?? []);
    return changed.length < firing.length && !counts ? [] : changed;
  }
}

const triggerActionOf: ReadonlyMap<Outcome["cause"], TriggerAction> = new Map([
  ["escalation_denied", "deny"],
  ["escalated", "escalate"],
  ["trigger_warned", "warn"],
]);

/** The changed part as what brings a difference about. */
export function causeOf({ side, change, rule }: ChangedPart): Cause {
  return { side, change, rule };
}

/** Where the new value stands, or else the old one. */
function fieldRef(before: MergedPolicy, after: MergedPolicy, field: OutcomeField): RuleRef {
  const now = defaultRef(after, field);
  return now.file === ""
    ? { ...defaultRef(before, field), ...(now.action && { action: now.action }), ...(now.severity && { severity: now.severity }) }
    : now;
}

function termKey(side: Cause["side"], trigger: number | undefined, part: number | undefined): string {
  return `${side} ${trigger} ${part}`;
}

/** Equal for the same change of the same rule; a capability has one for each glob. */
export function causeKey({ side, change, rule }: Cause): string {
  return JSON.stringify([
    side,
    change,
    rule.kind,
    rule.layer,
    rule.index,
    rule.label,
    rule.pattern ?? "",
    rule.line,
    rule.column,
  ]);
}
