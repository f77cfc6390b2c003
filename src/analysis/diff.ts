import { explorationStatesMax, explorationWorkMax } from "../limits.js";
import type { Card, MergedPolicy } from "../policy/model.js";
import { Comparison } from "./diff/comparison.js";
import { defaultChanges } from "./diff/default-changes.js";
import { exploreComparison } from "./diff/exploring.js";
import { byWeight, confirmChanges, outcomeChanges } from "./diff/outcome-changes.js";
import type { ComparedPolicy, PolicyDiff } from "./diff/policy-diff.js";
import { ruleChanges } from "./diff/rule-changes.js";
import { pointsOf } from "./product/points.js";
import type { ExplorationBudget } from "./question.js";
import type { Subject } from "./subject.js";

export type * from "./diff/policy-diff.js";

export interface DiffOptions {
  /** Both sides are judged with it (E4). */
  readonly card?: Card | undefined;
  /** The old side's, where it is another one. */
  readonly oldCard?: Card | undefined;
  /** Tool names to look for among the changes. */
  readonly inventory?: Iterable<string> | undefined;
  readonly budget?: ExplorationBudget | undefined;
  /** Without a card: also compare what capabilities ask of a card, whichever it will be. Default true. */
  readonly anyCard?: boolean;
}

/**
 * What differs between two policies, for every valid tool name at once. Calls are compared after the same counts of a session.
 * Every name in the answer was judged by the specification, too; budgets count states and steps, so that equal input gives an
 * equal answer.
 * @throws UnconfirmedAnswer for a fault of this program
 */
export function diffPolicies(before: Subject, after: Subject, options: DiffOptions = {}): PolicyDiff {
  const {
    card,
    oldCard = card,
    anyCard = true,
    budget = { statesMax: explorationStatesMax, workMax: explorationWorkMax },
  } = options;
  const cards = { before: oldCard, after: card };
  const comparisons = [new Comparison(before.policy, after.policy, { cards, anyCard })];
  // A card that is given says what is granted; for any other, what is asked for counts.
  if (anyCard && card === undefined && oldCard === undefined) {
    comparisons.push(new Comparison(before.policy, after.policy, { requirements: true }));
  }
  const explored = comparisons.map((comparison) => exploreComparison(comparison, budget));
  const names = options.inventory === undefined ? undefined : [...new Set(options.inventory)];
  const valid = (names ?? []).filter((name) => pointsOf(name) !== undefined);
  const changes = explored.flatMap((each) => outcomeChanges(each, valid)).sort(byWeight);
  confirmChanges(changes, { before, after }, cards);
  const [first] = comparisons;
  // Nothing that is the same on both sides can differ later, either.
  const sessions = first.globs.size > 0 || first.beyondChanged ? first.circumstances.undecided : [];
  const undecided = [...sessions, ...explored.flatMap((each) => each.undecided)];
  return {
    before: compared(before.policy),
    after: compared(after.policy),
    changes,
    rules: ruleChanges(before.policy, after.policy, changes),
    defaults: defaultChanges(before.policy, after.policy, changes),
    equal: changes.length === 0 && undecided.length === 0,
    complete: undecided.length === 0,
    undecided,
    ...(names && {
      inventory: {
        names: names.length,
        changed: new Set(changes.flatMap(({ inventory }) => inventory)).size,
        invalid: names.length - valid.length,
      },
    }),
    cardChecked: card !== undefined && oldCard !== undefined,
    cost: { states: sum(explored.map(({ cost }) => cost.states)), work: sum(explored.map(({ cost }) => cost.work)) },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

function compared({ name, sources }: MergedPolicy): ComparedPolicy {
  return { name, sources };
}
