import { enforcementModes, severities, unmappedActions } from "../../policy/lattice.js";
import type { DefaultsField, MergedPolicy } from "../../policy/model.js";
import { defaultRef, defaultsFields } from "../rule-refs.js";
import type { Cause, DefaultChange, OutcomeChange } from "./policy-diff.js";

/** What is stricter, from lenient to strict; grace is stricter when it is shorter. */
const scales: Readonly<Record<Exclude<DefaultsField, "grace_period_hours">, readonly unknown[]>> = {
  unmapped_tool_action: unmappedActions,
  unmapped_severity: severities,
  fail_open: [true, false],
  enforcement_mode: enforcementModes,
  fail_on: [...severities].reverse(),
};

/** Fields of `defaults` whose merged values differ, in the order of the documentation; `changes` are those of outcomes. */
export function defaultChanges(
  before: MergedPolicy,
  after: MergedPolicy,
  changes: readonly Pick<OutcomeChange, "causes">[],
): DefaultChange[] {
  const isMode = ({ rule }: Cause) => rule.kind === "default" && rule.label === "enforcement_mode";
  const modeShows = changes.some(({ causes }) => causes.some(isMode));
  return (Object.keys(defaultsFields) as DefaultsField[]).flatMap((field) => {
    const from = before.defaults[defaultsFields[field]].value;
    const to = after.defaults[defaultsFields[field]].value;
    if (from === to) return [];
    const step =
      field === "grace_period_hours" ? Number(from) - Number(to) : scales[field].indexOf(to) - scales[field].indexOf(from);
    return [
      {
        field,
        before: String(from),
        after: String(to),
        direction: step < 0 ? "weaker" : "stricter",
        beside: field === "grace_period_hours" || field === "fail_open" || (field === "enforcement_mode" && !modeShows),
        beforeRule: defaultRef(before, field),
        afterRule: defaultRef(after, field),
      },
    ];
  });
}
