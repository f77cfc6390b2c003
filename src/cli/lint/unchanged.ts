import { diffPolicies } from "../../analysis/diff.js";
import { Ground } from "../../analysis/lint/ground.js";
import { findDead } from "../../analysis/lint/liveness.js";
import { policyOf, type Unit } from "../../analysis/lint/units.js";
import { layersOf, type Subject, subjectOf } from "../../analysis/subject.js";
import { type Glob, parseGlob } from "../../glob/parse.js";
import type { Card, Policy } from "../../policy/model.js";

/** `open`: not decided within the budget, or true without a card and not with every card. */
export type Comparison = "equal" | "different" | "open";

/**
 * Whether two versions of a policy judge every tool name alike, in every session, with any card or none: an agent's under org if
 * there is one, org's alone and below agents.
 */
export function unchangedBy(org: Policy | undefined): (before: Policy, after: Policy) => Comparison {
  return (before, after) => {
    if (before.meta.scope === "agent") return withAnyCard(subjectOf({ org, agent: before }), subjectOf({ org, agent: after }));
    for (const agent of [undefined, ...agentsBelow(before)]) {
      const comparison = withAnyCard(subjectOf({ org: before, agent }), subjectOf({ org: after, agent }));
      if (comparison !== "equal") return comparison;
    }
    return "equal";
  };
}

function withAnyCard(from: Subject, to: Subject): Comparison {
  const bare = compared(from, to, undefined);
  if (bare !== "equal") return bare;
  return extremeCards(from).every((card) => compared(from, to, card) === "equal") ? "equal" : "open";
}

/**
 * Agents that take away what may hide a rule of org: they map whatever org denies as unmapped, and have every forbidden match
 * fail (M3).
 */
function agentsBelow({ defaults, file }: Policy): Policy[] {
  const span = { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const everything = { name: "all", tools: [{ glob: parseGlob("*") as Glob, span }], cardActions: [], span };
  const capabilities = defaults.unmappedToolAction === "deny" ? [[], [everything]] : [[]];
  const failOns = (defaults.failOn ?? "low") === "low" ? [] : ["low" as const];
  const meta = { schemaVersion: "1.0", name: "agent", scope: "agent" } as const;
  return capabilities
    .flatMap((own) => [defaults.failOn, ...failOns].map((failOn) => ({ own, failOn })))
    .slice(1)
    .map(({ own, failOn }) => ({
      meta,
      capabilities: own,
      forbidden: [],
      triggers: [],
      defaults: { ...defaults, ...(failOn && { failOn }) },
      file,
    }));
}

/**
 * Without a card names are told apart by the actions they need, so that what holds there holds for every card; but for the count of
 * violations, to which a call adds that exceeds the card. Any card treats each call as one of these two does, or as none.
 */
function extremeCards({ policy }: Subject): Card[] {
  const counts = policy.triggers.some(({ rule }) =>
    rule.condition.terms.some(({ tests }) => tests.some(({ count }) => count === "violation_count")),
  );
  if (!counts) return [];
  const actions = policy.capabilities.flatMap(({ rule }) => rule.cardActions.map(({ value }) => value));
  return [
    { boundedActions: [], forbiddenActions: [] },
    { boundedActions: [], forbiddenActions: [...new Set(actions)] },
  ];
}

/**
 * A condition that tests counts tells names apart by what they add to them, even where it never matters itself. So where that is
 * all that differs the proof goes by way of both policies without such parts, each step of it proven in its turn.
 */
function compared(before: Subject, after: Subject, card: Card | undefined): Comparison {
  const direct = compare(before, after, card);
  if (direct !== "different") return direct;
  const [plainBefore, plainAfter] = [withoutIdleTests(before, card), withoutIdleTests(after, card)];
  if (plainBefore === before && plainAfter === after) return direct;
  const steps = [
    [before, plainBefore],
    [plainBefore, plainAfter],
    [plainAfter, after],
  ] as const;
  return steps.every(([from, to]) => compare(from, to, card) === "equal") ? "equal" : "different";
}

function compare(before: Subject, after: Subject, card: Card | undefined): Comparison {
  if (before === after) return "equal";
  const { equal, complete, defaults } = diffPolicies(before, after, { card });
  if (equal && complete && defaults.length === 0) return "equal";
  return equal && defaults.length === 0 ? "open" : "different";
}

/**
 * The policy without the tests of counts that seem to change nothing; itself if there are none. What such a trigger denies does
 * not count (E7), so nothing else changes with it.
 */
function withoutIdleTests(subject: Subject, card: Card | undefined): Subject {
  const ground = new Ground(subject, { card });
  const idle = new Set(findDead(ground, testsCounts).dead.flatMap(({ units }) => units));
  if (idle.size === 0) return subject;
  const policy = policyOf(
    subject.policy,
    ground.units.filter((unit) => !idle.has(unit)),
  );
  return { policy, layers: layersOf(policy) };
}

function testsCounts(unit: Unit): boolean {
  return unit.kind === "trigger" && unit.tests.length > 0;
}
