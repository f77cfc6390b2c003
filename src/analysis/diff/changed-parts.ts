import type { RuleRef } from "../../engine/result.js";
import { severities, triggerActions } from "../../policy/lattice.js";
import type { ConditionTerm, MergedPolicy, Scope } from "../../policy/model.js";
import { ABSENT } from "../question.js";
import { capabilityRef, forbiddenRef, triggerRef } from "../rule-refs.js";
import type { Side } from "../side.js";
import { longestAscending } from "./longest-ascending.js";
import type { Cause } from "./policy-diff.js";

/** The smallest piece of a rule that can change what a name gets: a forbidden glob, a term of a condition, a glob of a capability. */
export interface ChangedPart {
  readonly side: Cause["side"];
  readonly change: Cause["change"];
  readonly rule: RuleRef;
  /** How strongly it decides among its kind, in the ranks of its side; smaller is stronger. */
  readonly strength: number;
  /** Canonical text of a glob that every name it applies to matches; undefined for a term of counts only. */
  readonly glob: string | undefined;
  /** A term that needs several globs or counts: its trigger's position in the merged policy, and its own in the condition. */
  readonly term?: { readonly trigger: number; readonly part: number } | undefined;
}

/** Ranks of the same glob under both policies, for the parts that both have. */
export interface Unchanged {
  /** Of the severity, or ABSENT. */
  readonly forbidden: number;
  readonly trigger: number;
  /** Class of the capability under the old and the new policy. */
  readonly capabilityBefore: number;
  readonly capabilityAfter: number;
}

/**
 * Where two policies differ. A name to which no changed part applies matches the same rules in both, in an order of the same
 * consequences, so that only changed defaults can tell it apart.
 */
export class ChangedParts {
  /** Of each kind the strongest first; capabilities by declaration. */
  readonly forbidden: Readonly<Record<Cause["side"], readonly ChangedPart[]>>;
  readonly triggers: Readonly<Record<Cause["side"], readonly ChangedPart[]>>;
  readonly capabilities: Readonly<Record<Cause["side"], readonly ChangedPart[]>>;
  /** Terms that need several globs or counts. */
  readonly terms: Readonly<Record<Cause["side"], readonly ChangedPart[]>>;
  readonly all: readonly ChangedPart[];
  /** Some changed part applies to every name. */
  readonly everywhere: boolean;
  /** Canonical texts: what a name must match for a changed part to apply, unless `everywhere`. */
  readonly globs: ReadonlySet<string>;
  readonly #unchanged: ReadonlyMap<string, Unchanged>;

  /** The sides are those of the whole policies. n log n in the globs. */
  constructor(before: Side, after: Side) {
    const unchanged = new Map<string, { -readonly [K in keyof Unchanged]: number }>();
    const of = (text: string) => {
      let entry = unchanged.get(text);
      if (entry === undefined) {
        entry = { forbidden: ABSENT, trigger: ABSENT, capabilityBefore: ABSENT, capabilityAfter: ABSENT };
        unchanged.set(text, entry);
      }
      return entry;
    };
    const forbidden = twoSided(forbiddenParts(before.policy), forbiddenParts(after.policy), (text, strength) => {
      of(text).forbidden = Math.min(of(text).forbidden, strength);
    });
    const terms = twoSided(termParts(before.policy), termParts(after.policy), (text, strength) => {
      of(text).trigger = Math.min(of(text).trigger, strength);
    });
    const simple = (parts: readonly ChangedPart[]) => parts.filter(({ term }) => term === undefined);
    const joint = (parts: readonly ChangedPart[]) => parts.filter(({ term }) => term !== undefined);
    this.forbidden = forbidden;
    this.triggers = { before: simple(terms.before), after: simple(terms.after) };
    this.terms = { before: joint(terms.before), after: joint(terms.after) };
    this.capabilities = capabilityParts(before, after, (text, ranks) => Object.assign(of(text), ranks));
    this.all = [this.forbidden, terms, this.capabilities].flatMap((kind) => [...kind.before, ...kind.after]);
    this.everywhere = this.all.some(({ glob }) => glob === undefined);
    this.globs = new Set(this.all.flatMap(({ glob }) => glob ?? []));
    this.#unchanged = unchanged;
  }

  unchanged(text: string): Unchanged | undefined {
    return this.#unchanged.get(text);
  }
}

/** A part before it is known whether the other side has it. */
interface Candidate extends Omit<ChangedPart, "side" | "change"> {
  /** Equal for parts that do the same. */
  readonly key: string;
  /** Equal for parts that people would call the same one. */
  readonly subject: string;
}

/** The parts that only one side has; `same` hears of those both have, by glob, unless they need several globs or counts. */
function twoSided(
  before: readonly Candidate[],
  after: readonly Candidate[],
  same: (glob: string, strength: number) => void,
): Record<Cause["side"], ChangedPart[]> {
  const keys = { before: new Set(before.map(({ key }) => key)), after: new Set(after.map(({ key }) => key)) };
  const subjects = { before: new Set(before.map((c) => c.subject)), after: new Set(after.map((c) => c.subject)) };
  const changed = (list: readonly Candidate[], side: Cause["side"], other: Cause["side"]): ChangedPart[] => {
    const gone = side === "before" ? "removed" : "added";
    const own = list.filter(({ key }) => !keys[other].has(key));
    return own
      .map(
        ({ key: _, subject, ...part }): ChangedPart => ({
          side,
          change: subjects[other].has(subject) ? "changed" : gone,
          ...part,
        }),
      )
      .sort((a, b) => a.strength - b.strength);
  };
  for (const { key, glob, strength, term } of before) {
    if (glob !== undefined && term === undefined && keys.after.has(key)) same(glob, strength);
  }
  return { before: changed(before, "before", "after"), after: changed(after, "after", "before") };
}

function forbiddenParts(policy: MergedPolicy): Candidate[] {
  return policy.forbidden.map((entry) => {
    const { severity, pattern } = entry.rule;
    const strength = severities.length - 1 - severities.indexOf(severity);
    const { text } = pattern.glob;
    return { rule: forbiddenRef(entry), strength, glob: text, key: `${strength} ${text}`, subject: text };
  });
}

function termParts(policy: MergedPolicy): Candidate[] {
  return policy.triggers.flatMap((entry, trigger) => {
    const { action, condition } = entry.rule;
    const strength = triggerActions.length - 1 - triggerActions.indexOf(action);
    const rule = triggerRef(entry);
    return condition.terms.map((term, part): Candidate => {
      const globs = [...new Set(term.globs.map(({ text }) => text))].sort();
      const tests = testsKey(term, entry.layer);
      const isSimple = term.globs.length === 1 && term.tests.length === 0;
      const subject = JSON.stringify([globs, tests]);
      return {
        rule,
        strength,
        // One of a conjunction is enough to find the names; the longest rules out most.
        glob: globs.reduce<string | undefined>(
          (longest, text) => (text.length > (longest?.length ?? 0) ? text : longest),
          undefined,
        ),
        key: `${strength} ${subject}`,
        subject,
        term: isSimple ? undefined : { trigger, part },
      };
    });
  });
}

function testsKey({ tests }: ConditionTerm, layer: Scope): string[] {
  const texts = tests.map(({ count, comparison, value }) => {
    const counter = count === "unmapped_tool_count" ? `${layer} ${count}` : count;
    return `${counter} ${comparison} ${value}`;
  });
  return [...new Set(texts)].sort();
}

interface Mapping {
  readonly rule: RuleRef;
  readonly key: string;
  /** Rank of its class. */
  readonly rank: number;
}

/**
 * First match decides, so a glob counts where it stands first. Of those that both sides have with equal consequences, as many as
 * possible are taken as unchanged; the others have moved past a mapping of other consequences.
 */
function capabilityParts(
  before: Side,
  after: Side,
  same: (glob: string, ranks: { capabilityBefore: number; capabilityAfter: number }) => void,
): Record<Cause["side"], ChangedPart[]> {
  const olds = mappingsOf(before);
  const news = mappingsOf(after);
  const common: { text: string; from: number; to: number }[] = [];
  for (const [text, { key, rank }] of olds) {
    const own = news.get(text);
    if (own?.key === key) common.push({ text, from: rank, to: own.rank });
  }
  // Within one class the order means nothing.
  common.sort((a, b) => a.from - b.from || a.to - b.to);
  const kept = new Set<string>();
  for (const i of longestAscending(common.map(({ to }) => to))) {
    const { text, from, to } = common[i];
    kept.add(text);
    same(text, { capabilityBefore: from, capabilityAfter: to });
  }
  const changed = (
    own: ReadonlyMap<string, Mapping>,
    other: ReadonlyMap<string, Mapping>,
    side: Cause["side"],
  ): ChangedPart[] => {
    const gone = side === "before" ? "removed" : "added";
    return [...own].flatMap(([text, { rule, key, rank }]): ChangedPart[] => {
      if (kept.has(text)) return [];
      const there = other.get(text);
      const change = there === undefined ? gone : there.key === key ? "moved" : "changed";
      return [{ side, change, rule, strength: rank, glob: text }];
    });
  };
  return { before: changed(olds, news, "before"), after: changed(news, olds, "after") };
}

function mappingsOf(side: Side): Map<string, Mapping> {
  const found = new Map<string, Mapping>();
  for (const entry of side.policy.capabilities) {
    for (const tool of entry.rule.tools) {
      const { text } = tool.glob;
      if (found.has(text)) continue;
      found.set(text, { rule: capabilityRef(entry, tool), key: side.consequences(text) ?? "", rank: side.capabilityRank(text) });
    }
  }
  return found;
}
