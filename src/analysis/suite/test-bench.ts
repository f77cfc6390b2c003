import type { Engine } from "../../engine/engine.js";
import type { Evaluation, PolicyIdentity } from "../../engine/result.js";
import type { RuleCatalog } from "../../engine/rule-catalog.js";
import type { Subject } from "../subject.js";
import { RuleNames } from "./rule-names.js";
import { RuleUses } from "./rule-uses.js";
import { SecondOpinion, type Specification } from "./second-opinion.js";
import type { CallResult, CaseResult, CaseStatus, SuiteResult } from "./suite-report.js";

/** A policy, ready to be judged by. */
export interface TestedPolicy {
  readonly subject: Subject;
  readonly engine: Engine;
  readonly rules: RuleCatalog;
}

export interface SuiteOptions {
  /** Only cases with this text in their name; the others are counted. */
  readonly filter?: string | undefined;
  /** What judges again; the executable specification unless a test says otherwise. */
  readonly specification?: Specification | undefined;
}

/** What all cases of one policy share. */
export class TestBench {
  readonly uses: RuleUses;
  readonly identity: PolicyIdentity;
  readonly opinion: SecondOpinion;
  readonly names: RuleNames;
  /** Some condition has counts: only then a session differs from calls alone (semantics E7). */
  readonly counts: boolean;
  readonly #mode: Evaluation["mode"];

  constructor(
    readonly tested: TestedPolicy,
    private readonly options: SuiteOptions,
  ) {
    const { engine, rules, subject } = tested;
    this.uses = new RuleUses(rules);
    this.names = new RuleNames(rules.rules);
    this.counts = rules.hasCountTests;
    this.opinion = new SecondOpinion(subject.layers, this.counts, options.specification);
    const { policy, mode } = engine.evaluate([]);
    this.identity = policy;
    this.#mode = mode;
  }

  isWanted(name: string): boolean {
    return this.options.filter === undefined || name.includes(this.options.filter);
  }

  result(kind: SuiteResult["kind"], file: string, cases: readonly CaseResult[], leftOut: number): SuiteResult {
    return { kind, file, policy: this.identity, mode: this.#mode, cases, leftOut };
  }
}

export function statusOf(calls: readonly Pick<CallResult, "differences" | "mismatches">[]): CaseStatus {
  if (calls.some((call) => call.differences.length > 0)) return "error";
  return calls.some((call) => call.mismatches.length > 0) ? "failed" : "passed";
}
