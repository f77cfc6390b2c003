import type { Ground } from "./ground.js";
import type { Unit } from "./units.js";

/** A search for units that make a group superfluous: those it has so far, and which it would rather have. */
export interface Search {
  readonly enough: readonly Unit[];
  readonly group: readonly Unit[];
  readonly inOrder: (units: readonly Unit[]) => readonly Unit[];
}

/**
 * What to add to `enough` so that the group does not matter to this name: one unit where one will do, else all that match it. Empty
 * when the name needs nothing more; then the group matters to it in the policy as a whole.
 */
export function decisiveAt(ground: Ground, name: string, { enough, group, inOrder }: Search): readonly Unit[] {
  const here = inOrder(ground.matching(name).filter((unit) => !group.includes(unit)));
  const present = here.filter((unit) => enough.includes(unit));
  const missing = here.filter((unit) => !enough.includes(unit));
  const one = missing.find((unit) => !mattersAt(ground, name, [...present, unit], group));
  return one === undefined ? missing : [one];
}

/** Whether a name that matches `units` and no others depends on those of the group that it matches. */
export function mattersAt(ground: Ground, name: string, units: readonly Unit[], group: readonly Unit[]): boolean {
  const own = group.filter(({ globs }) => globs.every((glob) => ground.matches(glob, name)));
  const all = [...units, ...own].sort((a, b) => a.id - b.id);
  return ground.dependsAt(all, new Set(own)) !== false;
}
