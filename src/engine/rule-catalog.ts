import type { Artifact } from "../artifact/artifact.js";
import { MatchLister } from "./matches.js";
import type { RuleRef, Session } from "./result.js";
import { type CountedTerm, Rules } from "./rules.js";
import { SessionState, testsHold } from "./session.js";
import { isInvalidName } from "./tool-names.js";

/**
 * Every rule of a policy, numbered, for whoever counts which of them met a call. A capability has one entry for each of
 * its globs. Beside the runtime: a gateway does not take it along.
 */
export class RuleCatalog {
  /** Forbidden rules, triggers, capability globs, each org's before agent's and as declared; the default for unmapped tools last. */
  readonly rules: readonly RuleRef[];
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly lister: MatchLister;
  private readonly counted: readonly CountedTerm[];
  private readonly termSets = new Map<number | string, number>();

  /** Linear in the globs. */
  constructor(artifact: Artifact) {
    const tables = new Rules(artifact);
    const { forbidden, triggers, capabilities } = artifact;
    const rules: RuleRef[] = [
      ...asDeclared(forbidden.count, (rank) => tables.ref("forbidden", rank)),
      ...asDeclared(triggers.count, (rank) => tables.ref("trigger", rank)),
    ];
    for (let rank = 0; rank < capabilities.count; rank++) {
      const rule = tables.ref("capability", rank);
      for (const id of new Set(capabilities.get(rank).globIds)) {
        const { text, uses } = artifact.globs.get(id);
        const { line, column } = uses.find((use) => use.kind === "capability" && use.rank === rank) ?? rule;
        rules.push(Object.freeze({ ...rule, pattern: text, line, column }));
      }
    }
    rules.push(tables.unmappedRule);
    this.rules = rules;
    this.numbers = new Map(rules.map((rule, number) => [keyOf(rule), number]));
    this.lister = new MatchLister(tables);
    this.counted = [...tables.mixedTerms, ...tables.countTerms];
  }

  /** Some trigger has count tests (semantics E7). */
  get hasCountTests(): boolean {
    return this.counted.length > 0;
  }

  /** The number of a rule as the engine cites it; undefined for guardrails and for what breaks no rule but G2. */
  numberOf(rule: RuleRef): number | undefined {
    return this.numbers.get(keyOf(rule));
  }

  /** Numbers of the globs of capabilities that match, first capability first; none for an invalid name (G2). */
  capabilityGlobs(name: string): number[] {
    const { capabilities } = this.lister.list(name, isInvalidName(name));
    return capabilities.flatMap((match) =>
      match.globIds.flatMap((id) => {
        const one = this.lister.ref("capability", { rank: match.rank, globIds: [id] });
        return this.numberOf(one) ?? [];
      }),
    );
  }

  /**
   * A number for the set of terms whose count tests hold after a call: with the name and its circumstances it says
   * everything a session can change about a call. Linear in the terms with counts.
   */
  termSet(counts: Session): number {
    const { counted } = this;
    let bits = 0;
    let key = "";
    for (let i = 0; i < counted.length; i++) {
      if (testsHold(counted[i], counts)) bits |= 1 << (i % 30);
      if (i % 30 === 29) {
        key += `${bits},`;
        bits = 0;
      }
    }
    const set = key === "" ? bits : key + bits;
    let number = this.termSets.get(set);
    if (number === undefined) {
      number = this.termSets.size;
      this.termSets.set(set, number);
    }
    return number;
  }

  /** A session as it stands after some calls. */
  sessionAfter(counts: Session): Session {
    const session = new SessionState();
    session.toolCount = counts.toolCount;
    session.unmappedOrgCount = counts.unmappedOrgCount;
    session.unmappedCount = counts.unmappedCount;
    session.violationCount = counts.violationCount;
    return session;
  }
}

/** Rank order is by severity or strength; people look for rules where they wrote them. */
function asDeclared(count: number, at: (rank: number) => RuleRef): RuleRef[] {
  const rules = Array.from({ length: count }, (_, rank) => at(rank));
  return rules.sort((a, b) => Number(a.layer === "agent") - Number(b.layer === "agent") || a.index - b.index);
}

function keyOf({ kind, layer, index, pattern }: RuleRef): string {
  return kind === "default" ? kind : [kind, layer, index, kind === "capability" ? pattern : ""].join("\u0000");
}
