import { type Residuals, STEP_ANY } from "./residuals.js";

const AVOID = 1;

/** Residuals behind a `*`, which never leave a search, with the roles that are not certain. Kept once each. */
export interface Standing {
  readonly id: number;
  /** Roles that are certain whatever follows. */
  readonly met: number;
  /** Roles that some residual here may still meet. */
  readonly open: number;
  /** Ascending. */
  readonly residuals: readonly number[];
  readonly roles: readonly number[];
  /** Places in `residuals` by the rank they wait for. */
  readonly steps: ReadonlyMap<number, readonly number[]>;
  /** Ranks that residuals with wants wait for. */
  readonly wanted: readonly number[];
}

/** What is left of a role beside what stands, from the looping residual `at` on: a later star of the same glob matches all that an earlier one does. */
export function covers(standing: Standing, star: Int32Array, at: number, role: number): number {
  let left = role;
  for (let behind = at; behind >= 0 && left !== 0; behind = star[behind]) left &= ~roleAt(standing, behind);
  return left;
}

function roleAt({ residuals, roles }: Standing, residual: number): number {
  let low = 0;
  let high = residuals.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = residuals[middle];
    if (at === residual) return roles[middle];
    if (at < residual) low = middle + 1;
    else high = middle - 1;
  }
  return 0;
}

export class Standings {
  readonly #r: Residuals;
  readonly #wants: number;
  readonly #byKey = new Map<string, Standing>();
  readonly #extended = new Map<string, Standing>();
  /** Residuals looked at. */
  work = 0;
  readonly empty: Standing;

  constructor(residuals: Residuals, wants: number) {
    this.#r = residuals;
    this.#wants = wants;
    this.empty = this.#intern(0, new Map());
  }

  /** With roles that have become certain and looping residuals that have come. */
  extend(standing: Standing, met: number, added: ReadonlyMap<number, number>): Standing {
    const { star } = this.#r;
    const fresh: [number, number][] = [];
    for (const [residual, role] of added) {
      const left = covers(standing, star, residual, role & ~standing.met & ~met);
      if (left !== 0) fresh.push([residual, left]);
    }
    if (fresh.length === 0 && (met & ~standing.met) === 0) return standing;
    fresh.sort(([a], [b]) => a - b);
    const key = `${standing.id};${met};${fresh.join()}`;
    const known = this.#extended.get(key);
    if (known !== undefined) return known;
    const roles = new Map<number, number>();
    standing.residuals.forEach((residual, i) => roles.set(residual, standing.roles[i]));
    for (const [residual, role] of fresh) roles.set(residual, (roles.get(residual) ?? 0) | role);
    const result = this.#intern(standing.met | met, roles);
    this.#extended.set(key, result);
    return result;
  }

  /** Whether what stands in `one` wants no more and has no more to avoid than what stands in `other`. */
  isAsGood(one: Standing, other: Standing): boolean {
    return one === other || this.#compare(one, other);
  }

  #compare(one: Standing, other: Standing): boolean {
    if ((other.met & ~one.met) !== 0) return false;
    const { star } = this.#r;
    this.work += one.residuals.length + other.residuals.length;
    for (let i = 0; i < one.residuals.length; i++) {
      if ((one.roles[i] & AVOID) !== 0 && covers(other, star, one.residuals[i], AVOID) !== 0) return false;
    }
    for (let i = 0; i < other.residuals.length; i++) {
      const role = other.roles[i] & this.#wants & ~one.met;
      if (role !== 0 && covers(one, star, other.residuals[i], role) !== 0) return false;
    }
    return true;
  }

  #intern(met: number, all: ReadonlyMap<number, number>): Standing {
    const { star, steps: stepOf } = this.#r;
    const residuals: number[] = [];
    const roles: number[] = [];
    this.work += all.size;
    for (const residual of [...all.keys()].sort((a, b) => a - b)) {
      // Covered by what all had: what covers one is itself covered only by what covers both.
      let role = (all.get(residual) as number) & ~met;
      for (let at = star[residual]; at >= 0 && role !== 0; at = star[at]) role &= ~(all.get(at) ?? 0);
      if (role === 0) continue;
      residuals.push(residual);
      roles.push(role);
    }
    const key = `${met};${residuals.join()};${roles.join()}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const steps = new Map<number, number[]>();
    const wanted = new Set<number>();
    let open = 0;
    for (let i = 0; i < residuals.length; i++) {
      const step = stepOf[residuals[i]];
      open |= roles[i];
      // A looping residual never takes any code point whatever: `?` stands before the star.
      if (step >= STEP_ANY) continue;
      const same = steps.get(step);
      if (same === undefined) steps.set(step, [i]);
      else same.push(i);
      if ((roles[i] & this.#wants) !== 0) wanted.add(step);
    }
    const standing = { id: this.#byKey.size, met, open, residuals, roles, steps, wanted: [...wanted] };
    this.#byKey.set(key, standing);
    return standing;
  }
}
