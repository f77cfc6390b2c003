import { pointsOf } from "../product/points.js";
import { decisiveAt } from "./decisive-at.js";
import { dominates, refuses } from "./dominance.js";
import type { Answer, Ground } from "./ground.js";
import type { Dead } from "./liveness.js";
import { isSameRule, type Unit } from "./units.js";

/** Why a dead rule is dead. */
export interface Reason {
  /**
   * Units that make it dead without any other rule of the policy: none where it never holds, one where that suffices, else as
   * few as taking out one after the other leaves. In the order of the policy.
   */
  readonly by: readonly Unit[];
  /** `by` is sufficient, but some of it may be superfluous: the budget was spent. */
  readonly rough: boolean;
}

/**
 * What makes a rule dead, once all dead rules are taken out of the ground. Those of its own kind and those declared earlier are
 * preferred. Asks small questions: what is not enough yet has a name that shows it, and what decides that name joins in.
 */
export function reasonOf(ground: Ground, dead: Dead): Reason {
  const group = new Set(dead.units);
  const depends = (units: readonly Unit[]) =>
    ground.dependent(
      [...units, ...dead.units].sort((a, b) => a.id - b.id),
      group,
    );
  const isEnough = (units: readonly Unit[]) => depends(units).answer;
  const inOrder = (units: readonly Unit[]) =>
    [...units].sort((a, b) => preference(a, dead.units) - preference(b, dead.units) || a.id - b.id);
  const over = inOrder(coveringAll(ground, dead.units));
  const proven = over.find((unit) => dead.units.every((own) => dominates(ground, unit, own)));
  if (proven !== undefined && !(mayNeverHold(dead) && isEnough([]) === "yes")) return { by: [proven], rough: false };
  if (isEnough([]) === "yes") return { by: [], rough: false };
  for (const unit of over) if (isEnough([unit]) === "yes") return { by: [unit], rough: false };
  const enough: Unit[] = [];
  for (;;) {
    const { answer, name } = depends(enough);
    if (answer === "yes") return fewest(inOrder(enough), isEnough);
    const added = name === undefined ? [] : decisiveAt(ground, name, { enough, group: dead.units, inOrder });
    if (added.length === 0) break;
    enough.push(...added);
  }
  // The budget was spent, or nothing that is left accounts for it.
  return { by: inOrder(ground.meeting(dead.units).filter((unit) => !group.has(unit))).sort((a, b) => a.id - b.id), rough: true };
}

function coveringAll(ground: Ground, units: readonly Unit[]): Unit[] {
  const [first, ...others] = units.map((unit) => ground.covering(unit));
  const sets = others.map((list) => new Set(list));
  return (first ?? []).filter((unit) => sets.every((set) => set.has(unit)) && !units.includes(unit));
}

/** Takes out ever smaller runs of units, the least preferred first, as long as the rest is enough. */
function fewest(ranked: readonly Unit[], isEnough: (units: readonly Unit[]) => Answer): Reason {
  let kept = [...ranked];
  let rough = false;
  for (let size = Math.ceil(kept.length / 2); kept.length > 1; size = Math.ceil(size / 2)) {
    let isSmaller = false;
    for (let end = kept.length; end > 0; end -= size) {
      const without = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)];
      const answer = isEnough(without);
      if (answer === "yes") {
        kept = without;
        isSmaller = true;
      } else if (answer !== "no") rough = true;
    }
    if (size <= 1 && !isSmaller) break;
  }
  return { by: kept.sort((a, b) => a.id - b.id), rough };
}

/** The same glob of the same kind of rule first, then the same kind. */
function preference(unit: Unit, units: readonly Unit[]): number {
  const [own] = units as readonly [Unit];
  if (unit.kind !== own.kind) return 2;
  return units.some((one) => one.globs.length === 1 && unit.globs.length === 1 && one.globs[0]?.text === unit.globs[0]?.text)
    ? 0
    : 1;
}

/** Whether a rule may match nothing at all; forbidden rules and tools with valid letters always match something. */
function mayNeverHold({ units }: Dead): boolean {
  return units.some((unit) => unit.kind === "trigger" || pointsOf(unit.globs[0]?.text ?? "") === undefined);
}

/**
 * Whether taking the tools out is safe beyond outcomes: no name that is let through is mapped by another capability afterwards, so
 * that guardrails and reports that go by capability stay as they are, also when only some of the dead rules are taken out. Coverage may
 * fall: a capability counts its card actions even where it decides nothing (C1).
 */
export function keepsCapability(ground: Ground, dead: Dead, { by, rough }: Reason): boolean {
  return dead.units.every((unit) => {
    if (unit.kind !== "capability") return true;
    if (rough) return false;
    return by.every((other) => {
      if (other.kind === "capability") return other.id < unit.id || isSameRule(other, unit);
      return refuses(ground, other);
    });
  });
}
