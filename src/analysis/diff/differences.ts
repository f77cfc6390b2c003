import type { CountTest } from "../../policy/model.js";
import { type Direction, directionOf, type Outcome, outcomeKey } from "../outcome.js";
import type { PlacedTest } from "../priors.js";

/** Two outcomes of one call that differ. */
export interface Difference {
  readonly before: Outcome;
  readonly after: Outcome;
  readonly direction: Direction;
}

/**
 * What differs, or undefined. Counts are told apart only where they make the difference, so that one change is not many because
 * of them. `anyCard`: what is mapped could yet be refused by a card, what is not mapped could not.
 */
export function differenceOf(
  before: Outcome,
  after: Outcome,
  { tests, anyCard }: { readonly tests: readonly PlacedTest[]; readonly anyCard: boolean },
): Difference | undefined {
  const [from, to] = [bare(before), bare(after)];
  const plain = outcomeKey(from) === outcomeKey(to) ? undefined : directionOf(from, to);
  const counted = before.counted !== after.counted;
  const asked = anyCard && isPassing(before) && isPassing(after) ? asks(after) - asks(before) : 0;
  if (plain === "weaker" || plain === "stricter") return { before: from, after: to, direction: plain };
  if (asked !== 0) return { before: from, after: to, direction: asked < 0 ? "weaker" : "stricter" };
  if (!counted) return plain && { before: from, after: to, direction: plain };
  const direction = countingDirection(partsOf(before.counted), partsOf(after.counted), tests);
  return { before: { ...from, counted: before.counted }, after: { ...to, counted: after.counted }, direction };
}

/**
 * What two outcomes ask of a card, where the name stays mapped or they are equal otherwise. Undefined where they ask alike, and
 * where the outcomes themselves say as much: that the change is weaker, or in the same direction.
 */
export function requirementDifference(before: Outcome, after: Outcome): Difference | undefined {
  const { cardActions: olds = "[]" } = before;
  const { cardActions: news = "[]" } = after;
  if (olds === news) return undefined;
  const direction = requirementDirection(olds, news);
  const [from, to] = [bare(before), bare(after)];
  if (outcomeKey(from) !== outcomeKey(to)) {
    const plain = directionOf(from, to);
    const isKept = before.cardActions !== undefined && after.cardActions !== undefined;
    if (!isKept || plain === "weaker" || plain === direction) return undefined;
  }
  return { before: { ...from, cardActions: olds }, after: { ...to, cardActions: news }, direction };
}

function isPassing({ cause }: Outcome): boolean {
  return cause === "mapped" || cause === "unmapped_allowed";
}

/** A capability asks for one card action at least (D3, E4). */
function asks({ cause }: Outcome): number {
  return cause === "mapped" ? 1 : 0;
}

function bare(o: Outcome): Outcome {
  return o.cardActions === undefined && o.counted === undefined ? o : { ...o, cardActions: undefined, counted: undefined };
}

/** Weaker when some card refuses the old actions and grants the new ones: when an action is no longer asked for (E4). */
function requirementDirection(before: string, after: string): Direction {
  const [olds, news] = [before, after].map((text) => JSON.parse(text) as string[]);
  return olds.some((action) => !news.includes(action)) ? "weaker" : "stricter";
}

/** Weaker when a later call of the session can meet fewer triggers: their tests need not hold any more. */
function countingDirection(olds: Parts, news: Parts, tests: readonly PlacedTest[]): Direction {
  const among = (own: Parts, other: Parts) =>
    tests.filter((placed) => [...own].some((part) => !other.has(part) && isCountedBy(part, placed)));
  const holdsLess =
    among(olds, news).some(({ test }) => !isUpperBound(test)) || among(news, olds).some(({ test }) => !isLowerBound(test));
  return holdsLess ? "weaker" : "stricter";
}

/** What a call adds to the counts of its session. */
type Parts = ReadonlySet<string>;

function partsOf(counted = ""): Parts {
  return new Set(counted.split(", ").filter((part) => part !== ""));
}

function isCountedBy(part: string, { test, layer }: PlacedTest): boolean {
  if (part === "violation") return test.count === "violation_count";
  return test.count === "unmapped_tool_count" && (part === "unmapped by org") === (layer === "org");
}

function isUpperBound({ comparison }: CountTest): boolean {
  return comparison === "<" || comparison === "<=";
}

function isLowerBound({ comparison }: CountTest): boolean {
  return comparison === ">" || comparison === ">=";
}
