import { nameOf, pointAt } from "./points.js";
import { matchesRest, type Residuals, residualsOf, STEP_ANY, STEP_OVER } from "./residuals.js";
import { covers, type Standing, Standings } from "./standings.js";

/** A glob and what matching it means for one search. */
export interface Role {
  readonly tokens: readonly number[];
  /** `AVOID`, or a set of wants: bit 1 + i for want i. */
  readonly role: number;
}

export const AVOID = 1;
/** Wants of one search: a role is a set of bits. */
export const wantsMax = 30;

export interface Reached {
  /** A shortest name that matches, for every want, at least one of its globs, and none to avoid; undefined: there is none. */
  readonly witness: string | undefined;
  /** The budget was spent before that was known; `witness` is undefined. */
  readonly over: boolean;
  readonly work: number;
}

/** Where a search is: what stands behind a `*`, and what moves with every code point. */
interface Place {
  readonly standing: Standing;
  /** Residuals that do not loop, ascending, and their roles beside the standing ones. */
  readonly residuals: readonly number[];
  readonly roles: readonly number[];
  readonly parent: Place | undefined;
  /** Rank of the code point that led here. */
  readonly rank: number;
  readonly depth: number;
}

/** Places with the same standing residuals. */
interface Group {
  readonly standing: Standing;
  readonly places: Place[];
  /** By a moving residual that has a want. */
  readonly byMove: Map<number, Place[]>;
}

const none: readonly Place[] = [];

/**
 * Decides whether some valid name meets all wants and avoids all that is to be avoided, without building the automaton of all
 * globs: a breadth-first search that drops a place when an earlier one is at least as good, wanting no more and having no more to
 * avoid (antichains; De Wulf, Doyen, Henzinger and Raskin, CAV 2006). Two things keep it small where subset construction explodes.
 * What was seen of globs to avoid only makes a place worse, so it is never remembered for its own sake. And a code point that
 * no wanted glob waits for is never better than one that no glob at all waits for, so one of those stands for all. Longer names
 * than `lengthMax` are not looked for.
 */
export function reach(globs: readonly Role[], wants: number, workMax: number, lengthMax = Number.POSITIVE_INFINITY): Reached {
  const residuals = residualsOf(
    globs.map(({ tokens, role }) => ({ tokens, row: role })),
    { join: (a, b) => a | b },
  );
  return new Search(residuals, ((1 << wants) - 1) << 1, workMax).run(lengthMax);
}

class Search {
  readonly #r: Residuals;
  readonly #wants: number;
  readonly #workMax: number;
  readonly #standings: Standings;
  #work: number;
  /** Places kept, in the order they were met. */
  readonly #queue: Place[] = [];
  /** The same by what stands. */
  readonly #kept = new Map<Standing, Group>();
  readonly #groups: Group[] = [];
  /** Of those seen so far, the groups that are as good. */
  readonly #better = new Map<Standing, { seen: number; readonly groups: Group[] }>();

  constructor(residuals: Residuals, wants: number, workMax: number) {
    this.#r = residuals;
    this.#wants = wants;
    this.#workMax = workMax;
    this.#work = residuals.work;
    this.#standings = new Standings(residuals, wants);
  }

  get #spent(): number {
    return this.#work + this.#standings.work;
  }

  run(lengthMax: number): Reached {
    const { starts } = this.#r;
    const first = this.#place(this.#standings.empty, starts, undefined, -1);
    if (first !== undefined) this.#keep(first);
    for (let i = 0; i < this.#queue.length; i++) {
      const place = this.#queue[i];
      if (place.depth >= lengthMax) break;
      const moves = this.#moves(place);
      for (const rank of this.#ranks(place, moves)) {
        if (this.#spent > this.#workMax) return { witness: undefined, over: true, work: this.#spent };
        const next = this.#step(place, moves, rank);
        if (next === undefined) continue;
        if (this.#isAccepted(next)) return { witness: nameTo(next), over: false, work: this.#spent };
        this.#keep(next);
      }
    }
    return { witness: undefined, over: false, work: this.#spent };
  }

  /** Places of the moving residuals by the rank they wait for, STEP_ANY for those that take any code point. */
  #moves({ residuals }: Place): ReadonlyMap<number, readonly number[]> {
    const moves = new Map<number, number[]>();
    for (let i = 0; i < residuals.length; i++) {
      const step = this.#r.steps[residuals[i]];
      const same = moves.get(step);
      if (same === undefined) moves.set(step, [i]);
      else same.push(i);
    }
    this.#work += residuals.length;
    return moves;
  }

  /** What wanted globs wait for, and the first code point that nothing waits for; ascending. */
  #ranks({ standing, roles }: Place, moves: ReadonlyMap<number, readonly number[]>): number[] {
    const wanted = new Set(standing.wanted);
    for (const [rank, places] of moves) {
      if (rank < STEP_ANY && places.some((i) => (roles[i] & this.#wants) !== 0)) wanted.add(rank);
    }
    let free = 0;
    while (standing.steps.has(free) || moves.has(free)) free++;
    return [...wanted, free].sort((a, b) => a - b);
  }

  #step(place: Place, moves: ReadonlyMap<number, readonly number[]>, rank: number): Place | undefined {
    const { next } = this.#r;
    const { standing, residuals, roles } = place;
    const pairs: number[] = [];
    for (const places of [moves.get(rank), moves.get(STEP_ANY)]) {
      for (const i of places ?? []) pairs.push(next[residuals[i]], roles[i]);
    }
    for (const i of standing.steps.get(rank) ?? []) pairs.push(next[standing.residuals[i]], standing.roles[i]);
    this.#work += 1 + pairs.length;
    return this.#place(standing, pairs, place, rank);
  }

  /** Undefined where a want is out of reach, or what is to be avoided is certain. */
  #place(before: Standing, pairs: readonly number[], parent: Place | undefined, rank: number): Place | undefined {
    const { loops, star } = this.#r;
    let met = 0;
    const moving = new Map<number, number>();
    const added = new Map<number, number>();
    for (let i = 0; i < pairs.length; i += 2) {
      const [residual, role] = [pairs[i], pairs[i + 1]];
      if (matchesRest(this.#r, residual)) met |= role;
      else {
        const list = loops[residual] === 1 ? added : moving;
        list.set(residual, (list.get(residual) ?? 0) | role);
      }
    }
    const standing = this.#standings.extend(before, met, added);
    if ((standing.met & AVOID) !== 0) return undefined;
    const residuals: number[] = [];
    const roles: number[] = [];
    let open = standing.open;
    for (const residual of [...moving.keys()].sort((a, b) => a - b)) {
      const role = covers(standing, star, star[residual], (moving.get(residual) as number) & ~standing.met);
      if (role === 0) continue;
      residuals.push(residual);
      roles.push(role);
      open |= role;
    }
    if ((this.#wants & ~standing.met & ~open) !== 0) return undefined;
    return { standing, residuals, roles, parent, rank, depth: parent === undefined ? 0 : parent.depth + 1 };
  }

  #isAccepted({ standing, residuals, roles }: Place): boolean {
    let here = standing.met;
    for (let i = 0; i < residuals.length; i++) if (this.#r.steps[residuals[i]] === STEP_OVER) here |= roles[i];
    return (here & AVOID) === 0 && (this.#wants & ~here) === 0;
  }

  #keep(place: Place): void {
    for (const group of this.#asGood(place.standing)) {
      for (const one of this.#rivals(group, place)) if (this.#isAsGood(one, place)) return;
    }
    let group = this.#kept.get(place.standing);
    if (group === undefined) {
      group = { standing: place.standing, places: [], byMove: new Map() };
      this.#kept.set(place.standing, group);
      this.#groups.push(group);
    }
    group.places.push(place);
    place.residuals.forEach((residual, i) => {
      if ((place.roles[i] & this.#wants) === 0) return;
      const same = group.byMove.get(residual);
      if (same === undefined) group.byMove.set(residual, [place]);
      else same.push(place);
    });
    this.#queue.push(place);
  }

  /** Groups whose standing residuals are as good as these, in the order in which they came. */
  #asGood(standing: Standing): readonly Group[] {
    let known = this.#better.get(standing);
    if (known === undefined) {
      known = { seen: 0, groups: [] };
      this.#better.set(standing, known);
    }
    for (; known.seen < this.#groups.length; known.seen++) {
      const group = this.#groups[known.seen];
      if (this.#standings.isAsGood(group.standing, standing)) known.groups.push(group);
    }
    return known.groups;
  }

  /** Those that can be as good: what moves for a want, and is not covered by what stands, has to move in them, too. */
  #rivals({ standing, places, byMove }: Group, { residuals, roles }: Place): readonly Place[] {
    let fewest: readonly Place[] = places;
    for (let i = 0; i < residuals.length && fewest.length > 0; i++) {
      const role = roles[i] & this.#wants & ~standing.met;
      if (role === 0) continue;
      const moving = byMove.get(residuals[i]) ?? none;
      if (moving.length < fewest.length && covers(standing, this.#r.star, this.#r.star[residuals[i]], role) !== 0)
        fewest = moving;
    }
    this.#work += residuals.length;
    return fewest;
  }

  /**
   * Whether whatever can follow `other` can follow `one` as well, where what stands in them says so: what moves in `one` to be
   * avoided moves or stands in `other`, and what moves in `other` of the wants that are open in `one` does so in `one`.
   */
  #isAsGood(one: Place, other: Place): boolean {
    const { star } = this.#r;
    this.#work += 1;
    let j = 0;
    for (let i = 0; i < one.residuals.length; i++) {
      if ((one.roles[i] & AVOID) === 0) continue;
      const residual = one.residuals[i];
      while (j < other.residuals.length && other.residuals[j] < residual) j++;
      const moves = other.residuals[j] === residual && (other.roles[j] & AVOID) !== 0;
      if (!moves && covers(other.standing, star, star[residual], AVOID) !== 0) return false;
    }
    j = 0;
    for (let i = 0; i < other.residuals.length; i++) {
      const residual = other.residuals[i];
      let role = other.roles[i] & this.#wants & ~one.standing.met;
      if (role === 0) continue;
      while (j < one.residuals.length && one.residuals[j] < residual) j++;
      if (one.residuals[j] === residual) role &= ~one.roles[j];
      if (role !== 0 && covers(one.standing, star, star[residual], role) !== 0) return false;
    }
    return true;
  }
}

function nameTo(place: Place): string {
  const points: number[] = [];
  for (let at: Place | undefined = place; at?.parent !== undefined; at = at.parent) points.push(pointAt(at.rank));
  return nameOf(points.reverse());
}
