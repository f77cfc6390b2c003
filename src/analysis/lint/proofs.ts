import { lintFullChecksMax } from "../../limits.js";
import { referenceMatch } from "../../reference/evaluate.js";
import { specified, UnconfirmedAnswer } from "../confirm.js";
import { type Outcome, outcomeKey } from "../outcome.js";
import { layersOf, type Subject } from "../subject.js";
import { type Ground, givesGrace, isRefusal } from "./ground.js";
import { policyOf, type Unit } from "./units.js";

/**
 * Puts every witness to the executable specification before it is shown. Where names times rules are few, the specification
 * sees the whole policy; past `lintFullChecksMax` it sees the rules whose globs share a piece with the name, and decides
 * itself which of them match.
 * Every method throws UnconfirmedAnswer where the specification disagrees.
 */
export class Proofs {
  #checksLeft = lintFullChecksMax;

  constructor(readonly ground: Ground) {}

  /** These names have the same outcome without these units. */
  unchanged(names: readonly string[], without: readonly Unit[]): void {
    const left = new Set(without);
    for (const name of names) {
      const units = this.#units(name, left);
      const rest = units.filter((unit) => !left.has(unit));
      for (const inGrace of givesGrace(this.ground.policy) ? [false, true] : [false]) {
        const [before, after] = [units, rest].map((list) => outcomeKey(this.#specified(list, name, inGrace)));
        if (before !== after) throw disagreement(name);
      }
    }
  }

  /** These names are forbidden or denied. */
  refused(names: readonly string[]): void {
    for (const name of names) {
      const outcome = this.#specified(this.#units(name), name);
      if (!isRefusal(outcome)) throw disagreement(name);
    }
  }

  /** These names match the glob, or do not. */
  matched(names: readonly string[], source: string, expected = true): void {
    for (const name of names) if (referenceMatch(source, name) !== expected) throw disagreement(name);
  }

  #units(name: string, keep: ReadonlySet<Unit> = new Set()): readonly Unit[] {
    const { units } = this.ground;
    if (units.length <= this.#checksLeft) {
      this.#checksLeft -= units.length;
      return units;
    }
    return this.ground.near(name, keep);
  }

  #specified(units: readonly Unit[], name: string, inGrace = false): Outcome {
    const { policy, card } = this.ground;
    const merged = policyOf(policy, units);
    const subject: Subject = { policy: merged, layers: layersOf(merged) };
    const outcome = specified(subject, [name], { card, inGrace }).get(name);
    if (outcome === undefined) throw disagreement(name);
    return outcome;
  }
}

function disagreement(name: string): UnconfirmedAnswer {
  return new UnconfirmedAnswer(`lint and the specification disagree about ${JSON.stringify(name)}`);
}
