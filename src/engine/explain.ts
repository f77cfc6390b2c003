import { NONE } from "../artifact/layout.js";
import { type Calls, NameFacts, type Omission } from "./calls.js";
import { contextKind } from "./evaluate.js";
import type { Matches, MatchLister } from "./matches.js";
import type { Context, Decision, PolicyIdentity, RuleRef } from "./result.js";
import type { CountedTerm, UseKind } from "./rules.js";
import { SessionState, testsHold } from "./session.js";

/** A glob of a rule that matched, and where it is written. */
export interface MatchedGlob {
  readonly pattern: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One rule that matched, and what the call would get without it. */
export interface ExplainedRule {
  readonly rule: RuleRef;
  /** Empty for a trigger that holds by its counts alone. */
  readonly globs: readonly MatchedGlob[];
  readonly decides: boolean;
  readonly without: Decision;
}

/** Why a tool gets what it gets. */
export interface Explanation {
  /** What was judged: the empty name for what is not a string (G2). */
  readonly tool: string;
  readonly invalid: boolean;
  readonly decision: Decision;
  /** Forbidden rules worst first, triggers strongest first, capabilities in declaration order. */
  readonly rules: readonly ExplainedRule[];
  readonly policy: PolicyIdentity;
}

/**
 * Lists every matching rule and judges the call again without each of them. A capability is one rule with all its globs.
 * The session of the context is read, not advanced. @throws TypeError for an unknown context kind.
 */
export function explain(calls: Calls, lister: MatchLister, name: string, facts: NameFacts, context: Context): Explanation {
  contextKind(context.kind);
  const { rules } = calls;
  const { artifact } = rules;
  const matches = lister.list(name, facts.invalid);
  const fork = (): Context => ({ ...context, session: copySession(context.session as SessionState | undefined) });
  const after = copySession(context.session as SessionState | undefined);
  const decision = calls.decide(name, facts, { ...context, session: after });

  const without = (kind: UseKind, rank: number): Decision => {
    const countTerms = kind === "trigger" ? rules.countTerms.filter(({ trigger }) => trigger !== rank) : rules.countTerms;
    const omission: Omission = { countTerms, capability: kind === "capability" ? rank : NONE };
    return calls.decide(name, factsWithout(matches, kind, rank), fork(), omission);
  };
  const explained = (kind: UseKind, rank: number, globIds: readonly number[]): ExplainedRule => {
    const rule = lister.ref(kind, { rank, globIds });
    const { rule: deciding } = decision;
    return {
      rule,
      globs: globIds.map((id) => {
        const { text, uses } = artifact.globs.get(id);
        const place = uses.find((use) => use.kind === kind && use.rank === rank) ?? rule;
        return { pattern: text, file: rule.file, line: place.line, column: place.column };
      }),
      decides: deciding !== null && deciding.kind === kind && deciding.layer === rule.layer && deciding.index === rule.index,
      without: without(kind, rank),
    };
  };
  return {
    tool: name,
    invalid: facts.invalid,
    decision,
    rules: [
      ...matches.forbidden.map(({ rank, globIds }) => explained("forbidden", rank, globIds)),
      ...firedTriggers(matches, rules.countTerms, after).map(([rank, globIds]) => explained("trigger", rank, globIds)),
      ...matches.capabilities.map(({ rank, globIds }) => explained("capability", rank, globIds)),
    ],
    policy: { name: artifact.name, digest: artifact.digest, sources: artifact.sources },
  };
}

/** The facts that the other matches make; two steps into each list at most. */
function factsWithout(matches: Matches, kind: UseKind, rank: number): NameFacts {
  const first = (list: readonly { readonly rank: number }[], of: UseKind) =>
    (kind !== of || list[0]?.rank !== rank ? list[0]?.rank : list[1]?.rank) ?? NONE;
  const { forbidden, triggers, capabilities, invalid, counted } = matches;
  const others = kind === "trigger" ? counted.filter(({ trigger }) => trigger !== rank) : counted;
  return new NameFacts(
    first(forbidden, "forbidden"),
    first(triggers, "trigger"),
    first(capabilities, "capability"),
    invalid,
    others,
    false,
  );
}

/** Triggers that fire on this call, by name or by counts, strongest first, with the globs that matched. */
function firedTriggers(
  matches: Matches,
  countTerms: readonly CountedTerm[],
  session: SessionState,
): [number, readonly number[]][] {
  const fired = new Map<number, readonly number[]>(matches.triggers.map(({ rank, globIds }) => [rank, globIds]));
  for (const term of [...matches.counted, ...countTerms]) {
    if (!fired.has(term.trigger) && testsHold(term, session)) fired.set(term.trigger, term.globIds);
  }
  return [...fired].sort(([a], [b]) => a - b);
}

function copySession(session: SessionState | undefined): SessionState {
  const copy = new SessionState();
  if (session === undefined) return copy;
  copy.toolCount = session.toolCount;
  copy.unmappedCount = session.unmappedCount;
  copy.unmappedOrgCount = session.unmappedOrgCount;
  copy.violationCount = session.violationCount;
  for (const [id, guardrail] of session.guardrails) copy.guardrails.set(id, guardrail);
  return copy;
}
