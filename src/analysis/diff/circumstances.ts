import type { MergedPolicy } from "../../policy/model.js";
import { countTestsOf, firstCall, type PlacedTest, type Prior, priorsOf } from "../priors.js";
import type { Circumstance, Undecided } from "./policy-diff.js";

export interface Circumstances {
  /** Calls out of grace first, a first call before all. */
  readonly list: readonly Circumstance[];
  /** The tests of both policies. */
  readonly tests: readonly PlacedTest[];
  readonly undecided: readonly Undecided[];
}

/** The kinds of calls that two policies can tell apart: by the counts of the session before, and in grace or out of it. */
export function circumstancesOf(before: MergedPolicy, after: MergedPolicy): Circumstances {
  const tests = [...countTestsOf(before), ...countTestsOf(after)];
  const found = priorsOf(tests);
  const priors: readonly Prior[] = found ?? [firstCall];
  const undecided =
    found === undefined
      ? [
          {
            question: "whether calls later in a session are judged differently",
            reason: "triggers test counts against so many numbers that the kinds of sessions are too many",
          },
        ]
      : [];
  const both = [before.defaults, after.defaults];
  // A grace period that only one side gives is a change of the defaults, and said there.
  const grace =
    both.every(({ gracePeriodHours }) => gracePeriodHours.value > 0) &&
    both.some(({ unmappedToolAction }) => unmappedToolAction.value === "deny");
  const outOfGrace = priors.map((prior) => ({ prior, inGrace: false }));
  return { list: grace ? [...outOfGrace, ...priors.map((prior) => ({ prior, inGrace: true }))] : outOfGrace, tests, undecided };
}
