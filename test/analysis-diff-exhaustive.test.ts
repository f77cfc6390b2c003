import { expect, test } from "vitest";
import { differenceOf, requirementDifference } from "../src/analysis/diff/differences.js";
import { type Circumstance, diffPolicies, type OutcomeChange, type PolicyDiff } from "../src/analysis/diff.js";
import { type Direction, type Outcome, outcomeKey } from "../src/analysis/outcome.js";
import { countTestsOf, priorsOf } from "../src/analysis/priors.js";
import { subjectOf } from "../src/analysis/subject.js";
import type { Policy } from "../src/policy/model.js";
import { referenceMatch } from "../src/reference/evaluate.js";
import { classAt, type NameClasses, nameClasses, names } from "./support/oracle.js";
import { countsByLength, sizesOf } from "./support/oracle-automaton.js";
import { globTextsOf, PairDraw, type PolicyPair } from "./support/oracle-pairs.js";
import { fullOutcomesOf } from "./support/oracle-verdicts.js";
import { scaledTo } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

/**
 * Comparisons of policies against exhaustion, on random pairs of small policies. Which names suffice, and how they are counted, is
 * argued in analysis-exhaustive.test.ts; here each combination of matched globs is asked about by its shortest name, under both
 * policies, in every kind of session. What one call shows is read with the function that the comparison uses.
 */
const pairs = scaledTo(500, 20_000);
const timeout = { timeout: 900_000 };

/** One line of a comparison: all names that change so, on calls of this kind first. */
interface Change {
  readonly before: Outcome;
  readonly after: Outcome;
  readonly direction: Direction;
  readonly circumstance: Circumstance;
  readonly classes: number[];
}

function keyOf({ before, after, direction, circumstance }: Omit<Change, "classes">): string {
  return JSON.stringify([direction, outcomeKey(before), outcomeKey(after), circumstance]);
}

/** The kinds of calls, in the order in which a change is looked for: out of grace first, a first call before all. */
function circumstancesOf(policies: readonly ReturnType<typeof subjectOf>["policy"][]): Circumstance[] {
  const priors = priorsOf(policies.flatMap(countTestsOf)) ?? [];
  const defaults = policies.map((policy) => policy.defaults);
  // Grace that only one side gives is a change of the defaults alone.
  const grace =
    defaults.every(({ gracePeriodHours }) => gracePeriodHours.value > 0) &&
    defaults.some(({ unmappedToolAction }) => unmappedToolAction.value === "deny");
  return [false, ...(grace ? [true] : [])].flatMap((inGrace) => priors.map((prior) => ({ prior, inGrace })));
}

/** How two outcomes of one call differ, if they do. */
type Reading = (before: Outcome, after: Outcome) => ReturnType<typeof differenceOf>;

function changesOf(all: NameClasses, { before, after, card }: PolicyPair): Map<string, Change> {
  const policies = [before, after].map((layers) => subjectOf(layers).policy);
  const tests = policies.flatMap(countTestsOf);
  const shortest = all.classes.map(({ name }) => name);
  const bare: Reading = (from, to) => {
    const without = (outcome: Outcome) => ({ ...outcome, cardActions: undefined });
    return differenceOf(without(from), without(to), { tests, anyCard: card === undefined });
  };
  // What is asked of a card is compared where none is given, and only of outcomes that are equal otherwise.
  const asked: Reading = (from, to) => {
    const without = (outcome: Outcome) => ({ ...outcome, counted: undefined });
    return card === undefined ? requirementDifference(without(from), without(to)) : undefined;
  };
  const tables = circumstancesOf(policies).map((circumstance) => {
    const [from, to] = [before, after].map((layers) => fullOutcomesOf(layers, shortest, { card, ...circumstance }, tests));
    return { circumstance, from, to };
  });
  const changes = new Map<string, Change>();
  for (const read of [bare, asked]) {
    all.classes.forEach((_, id) => {
      const pairsMet = new Set<string>();
      const directions = new Set<Direction>();
      for (const { circumstance, from, to } of tables) {
        const difference = read(from[id], to[id]);
        if (difference === undefined) continue;
        const pair = JSON.stringify([outcomeKey(difference.before), outcomeKey(difference.after)]);
        const { direction } = difference;
        if (pairsMet.has(pair) || (circumstance.inGrace && (direction === "other" || directions.has(direction)))) continue;
        pairsMet.add(pair);
        directions.add(difference.direction);
        const key = keyOf({ ...difference, circumstance });
        const known = changes.get(key);
        if (known === undefined) changes.set(key, { ...difference, circumstance, classes: [id] });
        else known.classes.push(id);
      }
    });
  }
  return changes;
}

function checkChange(found: OutcomeChange, wanted: Change, all: NameClasses, inventory: readonly string[]): void {
  const isIn = new Set(wanted.classes);
  const labels = all.classOf.map((id) => (id !== undefined && isIn.has(id) ? "in" : undefined));
  expect(found.size).toBe(sizesOf(all.automaton, labels).get("in"));
  const lengths = found.names.map((name) => Array.from(name).length);
  for (const name of [...found.names, found.witness]) expect(isIn.has(classAt(all, name) as number)).toBe(true);
  expect(new Set(found.names).size).toBe(found.names.length);
  expect(found.names[0]).toBe(found.witness);
  const counts = countsByLength(all.automaton, (s) => labels[s] === "in", lengths.at(-1) as number, true);
  const full = counts.flatMap((count, length) => Array<number>(Number(count < 9n ? count : 9n)).fill(length));
  expect(lengths).toEqual(full.slice(0, lengths.length));
  if (found.size === "infinite") expect(lengths.length).toBe(1);
  else if (lengths.length < 5) expect(found.size).toBe(BigInt(lengths.length));
  const members = inventory.filter((name) => classAt(all, name) !== undefined && isIn.has(classAt(all, name) as number));
  expect(found.inventory).toEqual(members);
}

/** Every cause is a rule of its side that applies to a name of the change, and there is one; of defaults just those that matter. */
function checkCauses(change: OutcomeChange, wanted: Change, all: NameClasses, pair: PolicyPair): void {
  const { causes, causesComplete } = change;
  if (!causesComplete || causes.length === 0) expect(change).toBe("a change with causes");
  const shortest = wanted.classes.map((id) => all.classes[id].name);
  const defaults = causes.flatMap(({ rule }) => (rule.kind === "default" ? [rule.label] : []));
  expect(defaults.sort()).toEqual(defaultsBehind(change, shortest, pair));
  for (const { side, rule } of causes) {
    if (rule.kind === "default") continue;
    const policy = pair[side][rule.layer as "org" | "agent"];
    const applies = (name: string): boolean => {
      if (rule.kind === "forbidden") return referenceMatch(policy?.forbidden[rule.index].pattern.glob.text ?? "", name);
      if (rule.kind === "capability") return referenceMatch(rule.pattern as string, name);
      const terms = policy?.triggers[rule.index].condition.terms ?? [];
      return terms.some(({ globs }) => globs.every((glob) => referenceMatch(glob.text, name)));
    };
    if (!shortest.some(applies)) expect({ shortest, side, rule }).toBe("a cause that applies");
  }
}

const defaultFields = [
  ["enforcement_mode", "enforcementMode"],
  ["fail_on", "failOn"],
  ["unmapped_severity", "unmappedSeverity"],
  ["unmapped_tool_action", "unmappedToolAction"],
] as const;

/** The changed defaults whose old value alone gives some name another outcome, as far as the change tells outcomes apart. */
function defaultsBehind({ after, circumstance }: OutcomeChange, shortest: readonly string[], pair: PolicyPair): string[] {
  // Which card actions a capability asks for no default decides.
  if (after.cardActions !== undefined) return [];
  const [old, now] = [pair.before, pair.after].map((layers) => subjectOf(layers).policy);
  const tests = [old, now].flatMap(countTestsOf);
  const keyed = (outcome: Outcome) =>
    outcomeKey({ ...outcome, cardActions: undefined, counted: after.counted === undefined ? undefined : outcome.counted });
  return defaultFields.flatMap(([label, field]) => {
    const { value } = old.defaults[field];
    if (value === now.defaults[field].value) return [];
    const written = (policy: Policy | undefined) => policy && { ...policy, defaults: { ...policy.defaults, [field]: value } };
    const layers = { org: written(pair.after.org), agent: written(pair.after.agent) };
    const outcomes = fullOutcomesOf(layers, shortest, { card: pair.card, ...circumstance }, tests);
    return outcomes.some((outcome) => keyed(outcome) !== outcomeKey(after)) ? [label] : [];
  });
}

function explain(round: number, pair: PolicyPair): string {
  return JSON.stringify({ round, ...pair }, (key, value) => (/[sS]pan|tokens|source/.test(key) ? undefined : value));
}

test("comparisons find every change of outcome, its shortest name, its size and what brings it about", timeout, () => {
  const draw = new PairDraw(defaultSeed);
  const met = new Map<string, number>();
  const count = (what: string) => met.set(what, (met.get(what) ?? 0) + 1);
  for (let round = 0; round < pairs; round++) {
    const pair = draw.pair();
    const all = nameClasses(globTextsOf(pair.before, pair.after));
    const inventory = [...new Set(Array.from({ length: 6 }, () => names[draw.below(120)]))];
    const asked = draw.chance(30) ? [...inventory, "", "\ud800", "a\ufffd"] : inventory;
    const diff = diffPolicies(subjectOf(pair.before), subjectOf(pair.after), { card: pair.card, inventory: asked });
    const wanted = changesOf(all, pair);
    try {
      expect(diff.changes.map(keyOf).sort()).toEqual([...wanted.keys()].sort());
      for (const change of diff.changes) {
        checkChange(change, wanted.get(keyOf(change)) as Change, all, inventory);
        checkCauses(change, wanted.get(keyOf(change)) as Change, all, pair);
        count(change.direction);
        if (change.size !== "infinite") count("finite");
        if (change.circumstance.inGrace || change.circumstance.prior.toolCount > 0) count("later");
        if (change.inventory.length > 0) count("inventory");
      }
      checkWhole(diff, wanted, asked.length - inventory.length);
      if (round % 4 === 0) checkStopped(pair, wanted, all, draw);
    } catch (error) {
      throw new Error(explain(round, pair), { cause: error });
    }
    if (wanted.size === 0) count("equal");
  }
  if (pairs < 1_000) return;
  for (const what of ["weaker", "stricter", "other", "finite", "later", "inventory", "equal"]) {
    expect([what, (met.get(what) ?? 0) > pairs * 0.02]).toEqual([what, true]);
  }
});

function checkWhole(diff: PolicyDiff, wanted: ReadonlyMap<string, Change>, invalid: number): void {
  expect(diff.complete).toBe(true);
  expect(diff.undecided).toEqual([]);
  expect(diff.equal).toBe(wanted.size === 0);
  expect(diff.inventory?.invalid).toBe(invalid);
  expect(diff.inventory?.changed).toBe(new Set(diff.changes.flatMap(({ inventory }) => inventory)).size);
  const order = ["weaker", "stricter", "other"];
  const places = diff.changes.map(({ direction }) => order.indexOf(direction));
  expect(places).toEqual([...places].sort((a, b) => a - b));
}

/** With hardly any budget: what is said is true, and what is not said is said to be open. */
function checkStopped(pair: PolicyPair, wanted: ReadonlyMap<string, Change>, all: NameClasses, draw: PairDraw): void {
  const budget = { statesMax: draw.below(6), workMax: draw.of([0, 5, 20, 60]) };
  const diff = diffPolicies(subjectOf(pair.before), subjectOf(pair.after), { card: pair.card, budget });
  for (const change of diff.changes) {
    const own = wanted.get(keyOf(change));
    expect(own?.classes).toContain(classAt(all, change.witness));
  }
  expect(diff.equal && wanted.size > 0).toBe(false);
  const said = new Set(diff.changes.map(keyOf));
  const open = diff.undecided.flatMap(({ change }) => (change === undefined ? [] : [keyOf(change)]));
  if (diff.undecided.some(({ change }) => change === undefined)) return;
  for (const key of wanted.keys()) expect(said.has(key) || open.includes(key)).toBe(true);
}
