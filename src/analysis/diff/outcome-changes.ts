import { actions } from "../../engine/judge.js";
import { matchGlob } from "../../glob/match.js";
import { changeNamesMax } from "../../limits.js";
import { verdicts } from "../../policy/lattice.js";
import type { Card } from "../../policy/model.js";
import { confirm } from "../confirm.js";
import { type Direction, type Outcome, outcomeKey } from "../outcome.js";
import { compareNames, pointsOf } from "../product/points.js";
import type { Subject } from "../subject.js";
import { causeKey, causeOf } from "./causes.js";
import type { ChangedParts } from "./changed-parts.js";
import type { Entry } from "./comparison.js";
import { changeKey, type Explored, type Found } from "./exploring.js";
import type { Cause, Circumstance, NameCount, OutcomeChange } from "./policy-diff.js";

/** A change while its names are gathered. */
interface Gathered {
  readonly entry: Entry;
  readonly found: Found[];
  readonly causes: Map<string, Cause>;
  readonly inventory: string[];
}

/** Differences of single names, gathered to changes. */
export function outcomeChanges(explored: Explored, inventory: readonly string[]): OutcomeChange[] {
  const gathered = new Map<string, Gathered>();
  const of = (entry: Entry): Gathered => {
    const key = changeKey(entry);
    let own = gathered.get(key);
    if (own === undefined) {
      own = { entry, found: [], causes: new Map(), inventory: [] };
      gathered.set(key, own);
    }
    for (const cause of entry.causes) own.causes.set(causeKey(cause), cause);
    return own;
  };
  for (const found of explored.found) for (const entry of found.entries) of(entry).found.push(found);
  const met: [string, readonly Entry[]][] = [];
  for (const name of inventory) {
    const entries = explored.differences(name);
    if (entries !== undefined) met.push([name, entries]);
  }
  for (const [name, entries] of met) {
    for (const entry of entries) {
      const own = of(entry);
      own.inventory.push(name);
      // Where the exploration stopped, an inventory may know more than it does.
      if (own.found.length === 0) own.found.push({ entries, witness: name, size: "unknown", names: () => [name] });
    }
  }
  return [...gathered.values()].map((each) => changeOf(each, explored));
}

function changeOf({ entry, found, causes, inventory }: Gathered, { comparison, causesComplete }: Explored): OutcomeChange {
  const { before, after, direction } = entry;
  const size = sizeOf(found);
  // Of many names a shortest one says as much as the first few.
  const names = shortest(found, typeof size === "bigint" ? changeNamesMax : 1);
  const all = causes.size > 0 ? [...causes.values()] : matchingCauses(comparison.changed, names[0]);
  return {
    before,
    after,
    direction,
    circumstance: comparison.circumstances.list[entry.circumstance] as Circumstance,
    witness: names[0] as string,
    size,
    names,
    inventory,
    causes: all.sort(byPlace),
    causesComplete: causesComplete && causes.size > 0,
  };
}

/** The first names of several sets: a set whose shortest name is not among the first has none of them. */
function shortest(found: readonly Found[], limit: number): string[] {
  const ordered = (names: readonly string[]) =>
    [...new Set(names)].map((name) => ({ name, points: pointsOf(name) ?? [] })).sort((a, b) => compareNames(a.points, b.points));
  const firsts = new Map(found.map((each) => [each.witness, each]));
  const sets = ordered([...firsts.keys()]).slice(0, limit);
  const names = limit === 1 ? sets.map(({ name }) => name) : sets.flatMap(({ name }) => firsts.get(name)?.names(limit) ?? []);
  return ordered(names)
    .slice(0, limit)
    .map(({ name }) => name);
}

/** Sets that hold infinitely many names make more of any others. */
function sizeOf(found: readonly Found[]): NameCount {
  let sum = 0n;
  let known = true;
  for (const { size } of found) {
    if (size === "infinite") return size;
    if (size === "unknown") known = false;
    else if (size !== undefined) sum += size;
  }
  return known ? sum : "unknown";
}

/** Where nothing that decides tells the two sides apart, what applies to the witness does. */
function matchingCauses({ all }: ChangedParts, witness: string | undefined): Cause[] {
  const matching = all.filter(({ glob }) => glob === undefined || (witness !== undefined && matchGlob(glob, witness)));
  return [...new Map(matching.map((part) => [causeKey(causeOf(part)), causeOf(part)])).values()];
}

const directions: readonly Direction[] = ["weaker", "stricter", "other"];

/** Weaker first, then the most lenient new outcome. */
export function byWeight(a: OutcomeChange, b: OutcomeChange): number {
  const weight = ({ direction, before, after }: OutcomeChange) => [
    directions.indexOf(direction),
    verdicts.indexOf(after.verdict),
    actions.indexOf(after.action),
    -verdicts.indexOf(before.verdict),
    -actions.indexOf(before.action),
  ];
  const [x, y] = [weight(a), weight(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
  return byText(circumstanceText(a), circumstanceText(b)) || byText(pairText(a), pairText(b));
}

function circumstanceText({ circumstance: { prior, inGrace } }: OutcomeChange): string {
  const counts = [prior.toolCount, prior.unmappedOrgCount, prior.unmappedCount, prior.violationCount];
  return [inGrace ? 1 : 0, ...counts.map((n) => String(n).padStart(16, "0"))].join();
}

function pairText({ before, after }: OutcomeChange): string {
  return outcomeKey(before) + outcomeKey(after);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byPlace(a: Cause, b: Cause): number {
  const kinds = ["forbidden", "trigger", "capability", "default"];
  return (
    kinds.indexOf(a.rule.kind) - kinds.indexOf(b.rule.kind) ||
    byText(a.rule.file, b.rule.file) ||
    a.rule.line - b.rule.line ||
    a.rule.column - b.rule.column ||
    Number(a.side === "after") - Number(b.side === "after") ||
    byText(a.change, b.change) ||
    byText(causeKey(a), causeKey(b))
  );
}

/** Every name of every change, and those of the inventory that are shown, once more by the specification. Throws UnconfirmedAnswer. */
export function confirmChanges(
  changes: readonly OutcomeChange[],
  subjects: { readonly before: Subject; readonly after: Subject },
  cards: { readonly before?: Card | undefined; readonly after?: Card | undefined },
): void {
  const byCircumstance = new Map<Circumstance, OutcomeChange[]>();
  for (const change of changes) {
    const known = byCircumstance.get(change.circumstance);
    if (known === undefined) byCircumstance.set(change.circumstance, [change]);
    else known.push(change);
  }
  for (const [{ prior, inGrace }, own] of byCircumstance) {
    for (const side of ["before", "after"] as const) {
      const expected = new Map<string, Outcome>();
      for (const change of own) {
        const shown = [...change.names, ...change.inventory.slice(0, changeNamesMax)];
        for (const name of shown) expected.set(name, change[side]);
      }
      confirm(subjects[side], expected, { card: cards[side], prior, inGrace });
    }
  }
}
