import type { RuleRef } from "../../engine/result.js";
import type { Direction, Outcome } from "../outcome.js";
import type { Prior } from "../priors.js";

/** The calls a change is seen on: of the first call of a session out of grace where it shows there, else of the first kind it shows on. */
export interface Circumstance {
  /** Counts of the session before the call; those of a first call unless triggers test counts. */
  readonly prior: Prior;
  /** The grace period of an unmapped tool is running (T1). */
  readonly inGrace: boolean;
}

/** How many names; `unknown` where the comparison is not complete. */
export type NameCount = bigint | "infinite" | "unknown";

/** All names that go from one outcome to another. No two changes have the same outcomes, direction and circumstance. */
export interface OutcomeChange {
  readonly before: Outcome;
  readonly after: Outcome;
  readonly direction: Direction;
  readonly circumstance: Circumstance;
  /** A shortest name, confirmed by the specification under both policies. */
  readonly witness: string;
  readonly size: NameCount;
  /** Some names, shortest first, the witness among them. */
  readonly names: readonly string[];
  /** Members of the inventory, in its order; empty without one. */
  readonly inventory: readonly string[];
  /** What brings it about; never empty where `causesComplete`. */
  readonly causes: readonly Cause[];
  /** False where the comparison was not explored to its end: there may be further causes. */
  readonly causesComplete: boolean;
}

/**
 * A changed rule that decides a name of the change: under the old policy as it was, or under the new one as it is. A name is
 * decided by one rule of each policy, the one `policy explain` names first.
 */
export interface Cause {
  readonly side: "before" | "after";
  readonly change: RuleChange["change"];
  /** With the place of the glob itself where it is one of a capability. */
  readonly rule: RuleRef;
}

/** One field that differs, as text. */
export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** A rule that was written differently, whether or not a name notices. */
export interface RuleChange {
  readonly kind: "forbidden" | "trigger" | "capability";
  /** `renamed` and `moved` only of capabilities; what both moved and changed otherwise is `changed`, with the field `position`. */
  readonly change: "added" | "removed" | "changed" | "moved" | "renamed";
  /** Undefined for what was added. */
  readonly before: RuleRef | undefined;
  /** Undefined for what was removed. */
  readonly after: RuleRef | undefined;
  readonly fields: readonly FieldChange[];
  /** Whether it is among the causes of a change. */
  readonly effective: boolean;
}

/** A field of `defaults` with another value. */
export interface DefaultChange {
  readonly field:
    | "unmapped_tool_action"
    | "unmapped_severity"
    | "fail_open"
    | "enforcement_mode"
    | "grace_period_hours"
    | "fail_on";
  readonly before: string;
  readonly after: string;
  readonly direction: Direction;
  /**
   * No change of outcome says so: grace and `fail_open` are part of none, and the mode of none where every name passes. It still
   * decides about names that are no tool names, which always fail (G2).
   */
  readonly beside: boolean;
  /** Where the old and the new value are written; a documented default has no file. */
  readonly beforeRule: RuleRef;
  readonly afterRule: RuleRef;
}

/** A question that no exact method answered within the budget. */
export interface Undecided {
  readonly question: string;
  readonly reason: string;
  /** The change it is about; absent where it is not known which changes there can be. */
  readonly change?: Pick<OutcomeChange, "before" | "after" | "direction" | "circumstance">;
}

export interface ComparedPolicy {
  readonly name: string;
  readonly sources: readonly { readonly layer: string; readonly file: string; readonly name: string }[];
}

/** Everything that differs between two policies. Equal input gives an equal answer, also of order. */
export interface PolicyDiff {
  readonly before: ComparedPolicy;
  readonly after: ComparedPolicy;
  /** Weaker first, then stricter, then other; in each the most lenient outcome first. */
  readonly changes: readonly OutcomeChange[];
  /** In the order of the policies: forbidden rules, triggers, capabilities. */
  readonly rules: readonly RuleChange[];
  readonly defaults: readonly DefaultChange[];
  /** No valid name is judged differently, in any session; proven for all of them. Grace and `fail_open` are not part of it. */
  readonly equal: boolean;
  /** Every name is accounted for: nothing is in `undecided`. */
  readonly complete: boolean;
  readonly undecided: readonly Undecided[];
  /** Names of the inventory: distinct, judged differently, and left out as no valid names (G2). Absent without one. */
  readonly inventory?: { readonly names: number; readonly changed: number; readonly invalid: number };
  /** Whether card actions were checked (E4). */
  readonly cardChecked: boolean;
  /** What it took: automaton states and items. */
  readonly cost: { readonly states: number; readonly work: number };
}
