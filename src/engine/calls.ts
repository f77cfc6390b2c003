import { NONE } from "../artifact/layout.js";
import { type CardGrants, cardGrants } from "../policy/card.js";
import { graceExpiryMs } from "../policy/grace.js";
import type { Card } from "../policy/model.js";
import { GuardrailView, missingGuardrail, type Stand } from "./guardrail.js";
import { actionOf, judge, verdictOf } from "./judge.js";
import type { Cause, Context, Decision, Evaluation, Guardrail, RuleRef } from "./result.js";
import { type CountedTerm, nameRule, type Rules } from "./rules.js";
import { type Counts, countCall, SessionState, testsHold } from "./session.js";

/** A rule left out of a judgement, as if it were not in the policy; for explanations. */
export interface Omission {
  /** The terms of counts only that are left. */
  readonly countTerms: readonly CountedTerm[];
  /** Rank of the capability left out, or NONE. */
  readonly capability: number;
}

/** Circumstances that change the decision of the same matches; a set of them indexes `NameFacts.decisions`. */
export const EXCEEDED = 1;
export const IN_GRACE = 2;
export const OUTSIDE = 4;

/**
 * What matched a name, in ranks, and the decisions made of it so far. Names of one row share one object, so a decision
 * is made once and then looked up.
 */
export class NameFacts {
  readonly decisions: (Decision | undefined)[] = [undefined];
  /** The decision of a call without any context: a session of one call. */
  alone: Decision | undefined = undefined;
  #stronger: Map<number, NameFacts> | undefined = undefined;

  constructor(
    readonly forbidden: number,
    /** Strongest trigger that fires without count tests. */
    readonly trigger: number,
    readonly capability: number,
    readonly invalid: boolean,
    /** Terms with count tests whose globs match, by trigger rank. */
    readonly counted: readonly CountedTerm[],
    /** Facts of a row whose names still have to be asked for guarded terms. */
    readonly guarded: boolean,
  ) {}

  /** The same matches with a stronger trigger. */
  withTrigger(trigger: number): NameFacts {
    this.#stronger ??= new Map();
    let facts = this.#stronger.get(trigger);
    if (facts === undefined) {
      facts = new NameFacts(this.forbidden, trigger, this.capability, this.invalid, this.counted, this.guarded);
      this.#stronger.set(trigger, facts);
    }
    return facts;
  }
}

/** A card against one policy: what it grants, and what it lacks by capability. */
interface CardView {
  readonly grants: CardGrants;
  readonly missing: Map<number, readonly string[]>;
}

const insideAll: Stand = { place: "inside", reason: "", decision: null };

/** From facts and context to a decision: what the judge needs to know of one call is gathered here. */
export class Calls {
  readonly #missing: Stand;
  readonly #guardrails = new WeakMap<Guardrail, GuardrailView>();
  readonly #cards = new WeakMap<Card, CardView>();
  #lastCard: Card | undefined = undefined;
  #lastView: CardView | undefined = undefined;

  constructor(readonly rules: Rules) {
    this.#missing = missingGuardrail(rules);
  }

  /** The decision of one call; advances the session, if there is one. */
  decide(name: string, facts: NameFacts, context: Context, omission?: Omission): Decision {
    const { countTerms } = omission ?? this.rules;
    let circumstances = 0;
    if (context.card !== undefined && this.missingActions(context.card, facts.capability).length > 0) circumstances |= EXCEEDED;
    if (this.mayHaveGrace(facts) && typeof this.graceExpiryMs(name, context) === "number") circumstances |= IN_GRACE;
    let settled = facts;
    if (context.session !== undefined || countTerms.length > 0 || facts.counted.length > 0) {
      const counts: Counts = (context.session as SessionState | undefined) ?? new SessionState();
      this.count(facts, circumstances, counts);
      const trigger = this.strongestTrigger(facts, counts, countTerms);
      if (trigger < facts.trigger) settled = facts.withTrigger(trigger);
    }
    return this.under(this.stand(name, facts.capability, context, omission), settled, circumstances);
  }

  /** Adds the call to the counts (E7). */
  count(facts: NameFacts, circumstances: number, counts: Counts): void {
    countCall(counts, {
      unmapped: facts.capability === NONE,
      unmappedOrg: facts.capability === NONE || facts.capability >= this.rules.orgCapabilities,
      violation: this.decision(facts, circumstances).verdict === "fail",
    });
  }

  /** The strongest trigger of a call once its counts are known. Linear in the terms with counts. */
  strongestTrigger(facts: NameFacts, counts: Counts, countTerms: readonly CountedTerm[]): number {
    const first = firstHolding(countTerms, counts, facts.trigger);
    return firstHolding(facts.counted, counts, first);
  }

  /** The decision under a guardrail (M5): the worse of the policy's and the guardrail's. */
  under(stand: Stand, facts: NameFacts, circumstances: number): Decision {
    if (stand.place === "inside") return this.decision(facts, circumstances);
    if (stand.place === "missing") return stand.decision as Decision;
    const decision = this.decision(facts, circumstances | OUTSIDE);
    return decision.cause === "guardrail_denied" ? (stand.decision as Decision) : decision;
  }

  /** The decision of facts in circumstances; made once, frozen. */
  decision(facts: NameFacts, circumstances: number): Decision {
    let decision = facts.decisions[circumstances];
    if (decision === undefined) {
      const cause = this.#cause(facts, circumstances);
      decision = Object.freeze({
        verdict: verdictOf(cause),
        action: actionOf(cause, this.rules.mode),
        cause,
        rule: this.#deciding(cause, facts),
      });
      facts.decisions[circumstances] = decision;
    }
    return decision;
  }

  #cause(facts: NameFacts, circumstances: number): Cause {
    const { hardForbidden, unmapped } = this.rules;
    return judge({
      forbidden: facts.forbidden === NONE ? null : facts.forbidden < hardForbidden ? "hard" : "soft",
      invalid: facts.invalid,
      trigger: facts.trigger === NONE ? null : this.rules.triggerAction(facts.trigger),
      mapped: facts.capability !== NONE,
      exceeded: (circumstances & EXCEEDED) !== 0,
      unmapped,
      inGrace: (circumstances & IN_GRACE) !== 0,
      guardrail: (circumstances & OUTSIDE) !== 0 ? "outside" : "inside",
    });
  }

  #deciding(cause: Cause, facts: NameFacts): RuleRef | null {
    switch (cause) {
      case "forbidden":
      case "forbidden_soft":
        return this.rules.ref("forbidden", facts.forbidden);
      case "escalation_denied":
      case "escalated":
      case "trigger_warned":
        return this.rules.ref("trigger", facts.trigger);
      case "capability_exceeded":
      case "mapped":
        return this.rules.ref("capability", facts.capability);
      case "invalid_tool_name":
        return nameRule;
      case "unmapped_denied":
      case "unmapped_in_grace":
      case "unmapped_warned":
      case "unmapped_allowed":
        return this.rules.unmappedRule;
      default:
        return null;
    }
  }

  /** The actions of a capability that a card does not grant (E4); empty for NONE. */
  missingActions(card: Card, capability: number): readonly string[] {
    if (capability === NONE) return [];
    const { grants, missing } = this.card(card);
    let actions = missing.get(capability);
    if (actions === undefined) {
      actions = grants.missing(this.rules.capability(capability).cardActions);
      missing.set(capability, actions);
    }
    return actions;
  }

  /** What the card grants; calls mostly bring the card of the call before. */
  card(card: Card): CardView {
    if (card === this.#lastCard && this.#lastView !== undefined) return this.#lastView;
    let known = this.#cards.get(card);
    if (known === undefined) {
      known = { grants: cardGrants(card), missing: new Map() };
      this.#cards.set(card, known);
    }
    this.#lastCard = card;
    this.#lastView = known;
    return known;
  }

  /** T1: grace turns `unmapped_denied` into a warning, and nothing else; the store is asked for nothing else. */
  mayHaveGrace(facts: NameFacts): boolean {
    const { unmapped, hardForbidden } = this.rules;
    return unmapped === "deny" && facts.capability === NONE && !facts.invalid && facts.forbidden >= hardForbidden;
  }

  /** T2: why grace cannot be given to any call, before a store was asked. */
  graceState(context: Context): Evaluation["grace"] {
    if (this.rules.graceMs === 0) return "disabled";
    if (context.nowMs === undefined || !Number.isFinite(context.nowMs)) return "no_clock";
    return context.sightings === undefined ? "no_store" : "applied";
  }

  /** When the tool's grace ends, `down` when the store failed, undefined without grace (T1, T2). */
  graceExpiryMs(name: string, context: Context): number | "down" | undefined {
    if (this.graceState(context) !== "applied") return undefined;
    let firstSeenMs: number | undefined;
    try {
      firstSeenMs = context.sightings?.firstSeenMs(name);
    } catch {
      return "down";
    }
    return graceExpiryMs(this.rules.graceMs, context.nowMs as number, firstSeenMs);
  }

  /** Where the call stands to the guardrail given and those bound to its session; binds the one given (M5). */
  stand(name: string, capability: number, context: Context, omission?: Omission): Stand {
    const { guardrail, nowMs } = context;
    if (guardrail === null) return this.#missing;
    const bound = (context.session as SessionState | undefined)?.guardrails;
    if (bound === undefined)
      return guardrail === undefined ? insideAll : this.#view(guardrail, omission).stand(name, capability, nowMs);
    if (guardrail !== undefined) bound.set(guardrail.id, guardrail);
    let worst = insideAll;
    for (const one of bound.values()) {
      const stand = this.#view(one, omission).stand(name, capability, nowMs);
      if (stand.place === "missing") return stand;
      if (worst.place === "inside") worst = stand;
    }
    return worst;
  }

  #view(guardrail: Guardrail, omission: Omission | undefined): GuardrailView {
    if (omission !== undefined) return new GuardrailView(guardrail, this.rules, omission.capability);
    let view = this.#guardrails.get(guardrail);
    if (view === undefined) {
      view = new GuardrailView(guardrail, this.rules);
      this.#guardrails.set(guardrail, view);
    }
    return view;
  }
}

/** The trigger of the first term that holds and is stronger than `trigger`; terms are sorted by trigger. */
function firstHolding(terms: readonly CountedTerm[], counts: Counts, trigger: number): number {
  for (const term of terms) {
    if (term.trigger >= trigger) return trigger;
    if (testsHold(term, counts)) return term.trigger;
  }
  return trigger;
}
