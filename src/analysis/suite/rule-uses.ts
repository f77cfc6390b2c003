import type { Cause, PolicyIdentity, RuleRef, ToolOutcome } from "../../engine/result.js";
import type { RuleCatalog } from "../../engine/rule-catalog.js";
import type { RuleCoverage } from "./suite-report.js";

/** What decides before anybody asks for a mapping (semantics E5). */
const beforeDefault: ReadonlySet<Cause> = new Set(["forbidden", "invalid_tool_name"]);

/** Counts for every rule the cases it matches and decides in. */
export class RuleUses {
  readonly #matched: Uint32Array;
  readonly #decided: Uint32Array;
  /** The last case that was counted for a rule, so that a case counts once however many calls it has. */
  readonly #matchedBy: Int32Array;
  readonly #decidedBy: Int32Array;
  #case = -1;

  constructor(private readonly catalog: RuleCatalog) {
    const count = catalog.rules.length;
    this.#matched = new Uint32Array(count);
    this.#decided = new Uint32Array(count);
    this.#matchedBy = new Int32Array(count).fill(-1);
    this.#decidedBy = new Int32Array(count).fill(-1);
  }

  nextCase(): void {
    this.#case++;
  }

  /** Numbers of the rules that match a call. */
  matching(outcome: ToolOutcome): number[] {
    const { catalog } = this;
    const numbers = [...outcome.forbidden, ...outcome.triggers].flatMap((rule) => catalog.numberOf(rule) ?? []);
    if (outcome.capability !== null) numbers.push(...catalog.capabilityGlobs(outcome.tool));
    else if (!beforeDefault.has(outcome.cause)) numbers.push(catalog.rules.length - 1);
    return numbers;
  }

  /** A call of the current case. */
  add(outcome: ToolOutcome, matching: readonly number[] = this.matching(outcome)): void {
    for (const number of matching) this.#count(this.#matched, this.#matchedBy, number);
    if (outcome.rule !== null) this.#count(this.#decided, this.#decidedBy, this.catalog.numberOf(outcome.rule));
  }

  /** An example speaks for its own rule only. */
  addExample(outcome: ToolOutcome, isOwn: (rule: RuleRef) => boolean): void {
    const { catalog } = this;
    const matching = this.matching(outcome).filter((number) => isOwn(catalog.rules[number] as RuleRef));
    for (const number of matching) this.#count(this.#matched, this.#matchedBy, number);
    if (outcome.rule !== null && isOwn(outcome.rule)) this.#count(this.#decided, this.#decidedBy, catalog.numberOf(outcome.rule));
  }

  #count(counts: Uint32Array, by: Int32Array, number: number | undefined): void {
    if (number === undefined || by[number] === this.#case) return;
    by[number] = this.#case;
    counts[number] = (counts[number] as number) + 1;
  }

  result(policy: PolicyIdentity): RuleCoverage {
    const rules = this.catalog.rules.map((rule, number) => ({
      rule,
      matched: this.#matched[number] as number,
      decided: this.#decided[number] as number,
    }));
    const decided = rules.filter((use) => use.decided > 0).length;
    return { policy, rules, decided, pct: Math.floor((decided / rules.length) * 10_000) / 100 };
  }
}
