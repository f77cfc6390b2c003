import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { mergePolicies } from "../policy/merge.js";
import type { Card, Policy, UnmappedAction } from "../policy/model.js";
import type { OutcomeChange, Undecided } from "./diff/policy-diff.js";
import { diffPolicies } from "./diff.js";
import { explore } from "./explore.js";
import { directionOf, outcomeKey } from "./outcome.js";
import { ABSENT, type ExplorationBudget } from "./question.js";
import { CAPABILITY, joinSides, Side } from "./side.js";
import { type Subject, subjectOf } from "./subject.js";

export interface FloorOptions {
  readonly card?: Card | undefined;
  /** Tool names to look for among the exceptions. */
  readonly inventory?: Iterable<string> | undefined;
  readonly budget?: ExplorationBudget | undefined;
}

/** The names that an agent policy judges more leniently than its org alone does (M4). Equal input gives an equal answer. */
export interface FloorReport {
  readonly org: { readonly name: string; readonly file: string; readonly unmappedToolAction: UnmappedAction };
  readonly agent: { readonly name: string; readonly file: string };
  /**
   * Names below the org's own judgement that the agent newly maps where org left them unmapped: what the law allows. `before` is
   * org alone, `after` the merged policy; the causes are the agent's globs.
   */
  readonly exceptions: readonly OutcomeChange[];
  /** Names below it for any other reason. Not empty is a fault of this program. */
  readonly broken: readonly OutcomeChange[];
  /** Globs of the agent that map tools of any server over an org deny. */
  readonly broad: readonly Diagnostic[];
  /** Nothing is below, or only exceptions are; proven for all names. */
  readonly holds: boolean;
  readonly undecided: readonly Undecided[];
  readonly inventory?: { readonly names: number; readonly exceptions: number; readonly invalid: number };
  readonly cardChecked: boolean;
}

/**
 * Checks the floor law for one agent: verdict and action of the merged policy against those of org alone, for every valid name,
 * after equal counts of a session.
 * @throws TypeError for layers of the wrong scope (M1); UnconfirmedAnswer for a fault of this program
 */
export function floorOf(org: Policy, agent: Policy, options: FloorOptions = {}): FloorReport {
  const [before, after] = [subjectOf({ org }), subjectOf({ org, agent })];
  const diff = diffPolicies(before, after, { ...options, anyCard: false });
  const weaker = diff.changes.filter((change) => change.direction === "weaker" && isBelow(change));
  const mapped = new Map(
    weaker.map((change) => [change, isNewlyMapped(change) || areNewlyMapped(change, before, after, options)]),
  );
  const exceptions = weaker.filter((change) => mapped.get(change) === true);
  const broken = weaker.filter((change) => mapped.get(change) === false);
  const undecided = [
    ...diff.undecided.filter(({ change }) => change === undefined || (change.direction === "weaker" && isBelow(change))),
    ...weaker.filter((change) => mapped.get(change) === undefined).map(notKnown),
  ];
  const { inventory } = diff;
  return {
    org: { name: org.meta.name, file: org.file, unmappedToolAction: before.policy.defaults.unmappedToolAction.value },
    agent: { name: agent.meta.name, file: agent.file },
    exceptions,
    broken,
    broad: mergePolicies({ org, agent }).diagnostics.filter(({ code }) => code === "merge_broad_mapping"),
    holds: broken.length === 0 && undecided.length === 0,
    undecided,
    ...(inventory && {
      inventory: {
        names: inventory.names,
        exceptions: new Set(exceptions.flatMap((change) => change.inventory)).size,
        invalid: inventory.invalid,
      },
    }),
    cardChecked: diff.cardChecked,
  };
}

type Pair = Pick<OutcomeChange, "before" | "after">;

/** In the outcome itself, not in what a call asks of a card or adds to counts. */
function isBelow({ before, after }: Pair): boolean {
  return directionOf(before, after) === "weaker";
}

/**
 * Org lets the name fall to its default, and the merged policy does not: its default is at least as strict, so that a more
 * lenient outcome can only come from a mapping of the agent's.
 */
function isNewlyMapped({ before, after }: Pair): boolean {
  return before.cause.startsWith("unmapped_") && !after.cause.startsWith("unmapped_");
}

/**
 * Org can also deny an unmapped name by a trigger that counts the violation which being unmapped is. Whether all names of the
 * change are such names: unmapped by org, mapped by the agent. Exact; undefined where that takes more than the budget.
 */
function areNewlyMapped(
  change: OutcomeChange,
  before: Subject,
  after: Subject,
  { card, budget }: FloorOptions,
): boolean | undefined {
  const { prior, inGrace } = change.circumstance;
  const [floor, merged] = [new Side(before.policy, { card }), new Side(after.policy, { card })];
  const pair = ({ before: from, after: to }: Pair) => `${outcomeKey(from)}\u0001${outcomeKey(to)}`;
  const wanted = pair(change);
  const found = explore({
    globs: joinSides([floor, merged]),
    width: floor.width + merged.width,
    // What is forbidden or denied by name in one of them is never below org's judgement, mapped or not.
    settle: (row) => {
      const settled = [...row];
      floor.settle(settled, 0);
      merged.settle(settled, floor.width);
      return settled;
    },
    answer: (row) => {
      if (row[CAPABILITY] === ABSENT && row[floor.width + CAPABILITY] !== ABSENT) return undefined;
      const own = {
        before: floor.outcome(row, 0, prior, { inGrace }),
        after: merged.outcome(row, floor.width, prior, { inGrace }),
      };
      return pair(own) === wanted ? "below" : undefined;
    },
    until: (met) => met.size > 0,
    ...(budget && { budget }),
  });
  return found.answers.size > 0 ? false : found.complete ? true : undefined;
}

function notKnown({ before, after, direction, circumstance }: OutcomeChange): Undecided {
  return {
    question: "whether the agent newly maps all names that change so",
    reason: "looking at all of them takes more states than the budget has",
    change: { before, after, direction, circumstance },
  };
}
