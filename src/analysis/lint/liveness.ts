import type { Glob } from "../../glob/parse.js";
import { lintRoundsMax } from "../../limits.js";
import { pointsOf } from "../product/points.js";
import { decisiveAt } from "./decisive-at.js";
import { dominates, refuses } from "./dominance.js";
import { filled, meet } from "./glob-pairs.js";
import type { Answer, Ground } from "./ground.js";
import { hasSameActions, isSameRule, type ToolUnit, type Unit } from "./units.js";

/** A rule, or a part of one, that changes nothing. */
export interface Dead {
  /** The units of a whole rule, or one of several. */
  readonly units: readonly Unit[];
  /** All of the rule's units are dead. */
  readonly whole: boolean;
}

export interface UndecidedUnit {
  readonly unit: Unit;
  readonly reason: Exclude<Answer, "yes" | "no">;
}

export interface Liveness {
  /** In the order of the policy. */
  readonly dead: readonly Dead[];
  readonly undecided: readonly UndecidedUnit[];
}

/**
 * The units that change the outcome of no valid name in no kind of session, in grace or out of it, where outcomes include the
 * deciding capability's card actions and what the call adds to counts that a trigger tests. Each is asked about with those found dead before it taken
 * out, so that all of them can be taken out together, and each by itself: triggers first, then capabilities, then forbidden rules, each from the
 * last one to the first, so that of two equal rules the earlier stays. A rule is dead when all its units are, since a part
 * of a rule never changes what the whole does not.
 */
export function findDead(ground: Ground, isAsked: (unit: Unit) => boolean): Liveness {
  const asked = ground.units.filter(isAsked);
  const of = (kind: Unit["kind"]) => asked.filter((unit) => unit.kind === kind).reverse();
  const undecided: UndecidedUnit[] = [];
  const found: Unit[] = [];
  for (const unit of [...of("trigger"), ...of("capability"), ...of("forbidden")]) {
    const answer = changesNothing(ground, unit);
    if (answer === "yes") {
      ground.remove(unit);
      found.push(unit);
    } else if (answer !== "no") undecided.push({ unit, reason: answer });
  }
  found.sort((a, b) => a.id - b.id);
  undecided.sort((a, b) => a.unit.id - b.unit.id);
  return { dead: groups(ground, found), undecided };
}

function groups(ground: Ground, found: readonly Unit[]): Dead[] {
  const dead: Dead[] = [];
  for (let from = 0; from < found.length; ) {
    let to = from + 1;
    while (to < found.length && isSameRule(found[to] as Unit, found[from] as Unit)) to++;
    const units = found.slice(from, to);
    if (units.length === sizeOf(ground, units[0] as Unit)) dead.push({ units, whole: true });
    else for (const unit of units) dead.push({ units: [unit], whole: false });
    from = to;
  }
  return dead;
}

/** Units of the rule that this one belongs to. */
function sizeOf({ units }: Ground, unit: Unit): number {
  const isSame = (at: number) => units[at] !== undefined && isSameRule(units[at], unit);
  let [from, to] = [unit.id, unit.id];
  while (isSame(from - 1)) from--;
  while (isSame(to + 1)) to++;
  return to - from + 1;
}

/**
 * Names are tried first, then what one rule can prove of another; then names that depend on the unit if it is left with few other
 * rules, and only else all names at once.
 */
function changesNothing(ground: Ground, unit: Unit): Answer {
  if (ground.alike(unit).some((by) => by !== unit && dominates(ground, by, unit))) return "yes";
  const group = new Set([unit]);
  let isOpen = false;
  for (const name of samples(ground, unit)) {
    if (pointsOf(name) === undefined) continue;
    const units = ground.matching(name);
    if (!units.includes(unit)) continue;
    const depends = ground.dependsAt(units, group);
    if (depends === true) return "no";
    if (depends === undefined) isOpen = true;
  }
  if (ground.covering(unit).some((by) => dominates(ground, by, unit))) return "yes";
  // What kinds of sessions there are does not get less when other rules join in.
  if (isOpen) return "sessions";
  if (hasDependentName(ground, unit)) return "no";
  const meeting = ground.meeting([unit]);
  const answer = ground.isDead(meeting, group);
  if (answer !== "yes" || unit.kind !== "capability") return answer;
  const others = heirs(ground, unit);
  if (others.length === 0) return "yes";
  // What stands before it, or refuses its names, does so whoever comes after.
  const before = meeting.filter((other) => (other.kind === "capability" ? other.id <= unit.id : refuses(ground, other)));
  if (ground.isDead(before, group) === "yes") return "yes";
  for (const heir of others) {
    const kept = ground.isDead(
      [...meeting, heir].sort((a, b) => a.id - b.id),
      group,
    );
    if (kept !== "yes") return kept;
  }
  return "yes";
}

/**
 * Globs taken out already that may take over names of this one while they still stand, for other actions. Those taken out stand
 * behind it, so which of them takes over a name first does not depend on the others: each is asked about by itself.
 */
function heirs(ground: Ground, unit: ToolUnit): ToolUnit[] {
  const found: ToolUnit[] = [];
  for (const id of ground.removed) {
    const other = ground.units[id];
    if (other?.kind !== "capability" || hasSameActions(other, unit) || !meet(other.tool.glob, unit.tool.glob)) continue;
    found.push(other);
  }
  return found;
}

function hasDependentName(ground: Ground, unit: Unit): boolean {
  const group = [unit];
  const enough: Unit[] = [];
  for (let round = 0; round < lintRoundsMax; round++) {
    const { name } = ground.dependent(
      [...enough, unit].sort((a, b) => a.id - b.id),
      new Set(group),
    );
    if (name === undefined) return false;
    const others = ground.matching(name).filter((other) => other !== unit);
    if (
      ground.dependsAt(
        [...others, unit].sort((a, b) => a.id - b.id),
        new Set(group),
      ) === true
    )
      return true;
    enough.push(...decisiveAt(ground, name, { enough, group, inOrder: (units) => units }));
  }
  return false;
}

/** Names that often show that a unit matters: what it matches and little else does. */
function samples(ground: Ground, { globs }: Unit): Set<string> {
  const names = new Set<string>();
  const add = (glob: Glob) => {
    names.add(ground.generic(glob));
    names.add(filled(glob, "", "a") || "a");
  };
  for (const glob of globs) add(glob);
  if (globs.length === 0) names.add(ground.unmatched);
  return names;
}
