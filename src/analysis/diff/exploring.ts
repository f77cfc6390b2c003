import { globText } from "../../glob/parse.js";
import { causesStatesMax, causesWorkMax, requirementStatesMax, requirementWorkMax } from "../../limits.js";
import { explore } from "../explore.js";
import { outcomeKey } from "../outcome.js";
import { pointsOf } from "../product/points.js";
import type { AnswerSet, Exploration, ExplorationBudget, Question } from "../question.js";
import { instancesOf } from "./candidates.js";
import type { Comparison, Entry } from "./comparison.js";
import type { Undecided } from "./policy-diff.js";

/** Names that differ in the same ways. */
export interface Found {
  readonly entries: readonly Entry[];
  readonly witness: string;
  /** Undefined where the same names are counted elsewhere. */
  readonly size: AnswerSet["size"] | undefined;
  names(limit: number): string[];
}

export interface Explored {
  readonly comparison: Comparison;
  readonly found: readonly Found[];
  readonly undecided: readonly Undecided[];
  /** Causes are known for all names of `found`. */
  readonly causesComplete: boolean;
  /** What differs about one name; undefined for one judged alike, and for one that is no valid name (G2). Always exact. */
  differences(name: string): readonly Entry[] | undefined;
  readonly cost: { readonly states: number; readonly work: number };
}

/** Answers the questions of a comparison, the hard ones as far as the budget goes. */
export function exploreComparison(comparison: Comparison, budget: ExplorationBudget): Explored {
  const cost = { states: 0, work: 0 };
  const ask = (question: Question, limit: ExplorationBudget = budget): Exploration => {
    const answer = explore({ ...question, budget: limit });
    cost.states += answer.states;
    cost.work += answer.work;
    return answer;
  };
  const parts: Part[] = [];
  if (comparison.globs.size > 0) parts.push(changedPart(comparison, budget, ask));
  if (comparison.beyondChanged) parts.push(otherPart(comparison, budget, ask));
  return {
    comparison,
    found: parts.flatMap(({ found }) => found),
    undecided: parts.flatMap(({ undecided }) => undecided),
    causesComplete: parts.every((part) => part.causesComplete),
    differences: (name) => {
      for (const { whole } of parts) {
        const answer = whole.answerOf(name);
        if (answer !== undefined) return comparison.entries(answer);
      }
      return undefined;
    },
    cost,
  };
}

interface Part extends Pick<Explored, "found" | "undecided" | "causesComplete"> {
  /** The question with causes, perhaps not explored to its end. */
  readonly whole: Exploration;
}

type Ask = (question: Question, limit?: ExplorationBudget) => Exploration;

function foundIn(comparison: Comparison, exploration: Exploration): Found[] {
  return [...exploration.answers.values()].map((set) => ({
    entries: comparison.entries(set.answer),
    witness: set.witness,
    // Not asked before it is needed: past a budget it takes a search.
    get size() {
      return set.size;
    },
    names: (limit) => set.names(limit),
  }));
}

const changedNames = "names that changed rules match";

/** Ways with ever fewer states at a time: all at once with causes; without causes; rule by rule. */
function changedPart(comparison: Comparison, budget: ExplorationBudget, ask: Ask): Part {
  const whole = ask(comparison.changedNames({ causes: true }), within(budget, causesStatesMax, causesWorkMax));
  const found = foundIn(comparison, whole);
  if (whole.over === undefined) return { found, undecided: [], causesComplete: true, whole };
  // The causes met so far are causes, and so are those of names that the changed globs suggest; names are counted without.
  found.push(...candidates(comparison, whole, [...comparison.globs]));
  const { requirements = false } = comparison.options;
  const limit = requirements ? within(budget, requirementStatesMax, requirementWorkMax) : budget;
  const plain = ask(comparison.changedNames({ causes: false }), limit);
  const size = plain.complete ? undefined : "unknown";
  const uncounted = found.map(({ entries, witness }): Found => ({ entries, witness, size, names: () => [witness] }));
  const all = [...uncounted, ...foundIn(comparison, plain)];
  if (plain.complete) return { found: all, undecided: [], causesComplete: false, whole };
  if (requirements) {
    const question = "whether some names that stay mapped ask a card for other actions";
    const reason = `${spent(limit)}; with --card it is decided for that card`;
    return { found: all, undecided: [{ question, reason }], causesComplete: false, whole };
  }
  const single = ruleByRule(comparison, budget, ask);
  all.push(...single.found);
  const undecided = single.complete ? [] : undecidedOf(comparison, plain, all, changedNames, budget);
  return { found: all, undecided, causesComplete: false, whole };
}

function within({ statesMax, workMax }: ExplorationBudget, states: number, work: number): ExplorationBudget {
  return { statesMax: Math.min(statesMax, states), workMax: Math.min(workMax, work), openWorkMax: 0 };
}

function spent({ statesMax, workMax }: ExplorationBudget): string {
  return `more than ${statesMax.toLocaleString("en-US")} automaton states or ${workMax.toLocaleString("en-US")} steps would be needed`;
}

/** Each changed glob on its own, until the budget is spent; names that several match are met several times. */
function ruleByRule(comparison: Comparison, budget: ExplorationBudget, ask: Ask): { found: Found[]; complete: boolean } {
  const found: Found[] = [];
  const left = { states: budget.statesMax, work: budget.workMax };
  for (const glob of comparison.globs) {
    if (left.states <= 0 || left.work <= 0) return { found, complete: false };
    const own = ask(comparison.changedNames({ causes: false, glob }), {
      statesMax: left.states,
      workMax: left.work,
      openWorkMax: left.work,
    });
    left.states -= own.states;
    left.work -= own.work;
    const sets = foundIn(comparison, own);
    found.push(...sets.map(({ entries, witness, names }): Found => ({ entries, witness, size: "unknown", names })));
    // One that stays open leaves the whole open.
    if (!own.complete) return { found, complete: false };
  }
  return { found, complete: true };
}

function otherPart(comparison: Comparison, budget: ExplorationBudget, ask: Ask): Part {
  const question = comparison.otherNames();
  const whole = ask(question);
  const found = foundIn(comparison, whole);
  if (whole.complete) return { found, undecided: [], causesComplete: true, whole };
  const globs = question.globs.map(({ tokens }) => globText(tokens));
  found.push(...candidates(comparison, whole, globs));
  const which = "names that no changed rule matches";
  return { found, undecided: undecidedOf(comparison, whole, found, which, budget), causesComplete: false, whole };
}

/** The changes that some name may yet show; one entry without a change where it is not even known which those are. */
function undecidedOf(
  comparison: Comparison,
  { open }: Exploration,
  found: readonly Found[],
  which: string,
  budget: ExplorationBudget,
): Undecided[] {
  const reason = spent(budget);
  if (open === undefined) return [{ question: `whether other ${which} are judged differently`, reason }];
  const met = new Set(found.flatMap(({ entries }) => entries.map(changeKey)));
  const left = new Map(open.flatMap((answer) => comparison.entries(answer)).map((entry) => [changeKey(entry), entry]));
  return [...left]
    .filter(([key]) => !met.has(key))
    .map(([, { before, after, direction, circumstance }]) => ({
      question: `whether ${which} change so`,
      reason,
      change: { before, after, direction, circumstance: comparison.circumstances.list[circumstance] },
    }));
}

/** Equal for entries of one change. */
export function changeKey({ before, after, direction, circumstance }: Entry): string {
  return [circumstance, direction, outcomeKey(before), outcomeKey(after)].join("\u0001");
}

/** Names that the globs suggest, judged one by one: they decide what they can where the exploration stopped. */
function candidates(comparison: Comparison, whole: Exploration, globs: readonly string[]): Found[] {
  const found: Found[] = [];
  for (const name of instancesOf(globs)) {
    const answer = pointsOf(name) === undefined ? undefined : whole.answerOf(name);
    if (answer === undefined) continue;
    found.push({ entries: comparison.entries(answer), witness: name, size: "unknown", names: () => [name] });
  }
  return found;
}
