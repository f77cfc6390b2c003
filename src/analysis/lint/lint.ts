import type { Card, Scope } from "../../policy/model.js";
import { pointsOf } from "../product/points.js";
import type { ExplorationBudget } from "../question.js";
import type { Subject } from "../subject.js";
import { subjectOf } from "../subject.js";
import { broadGlobs } from "./broad.js";
import { cardActions } from "./card-actions.js";
import { constantConditions } from "./conditions.js";
import { deadRules } from "./dead-rules.js";
import { Ground } from "./ground.js";
import { inventoryMisses, namesByGlob } from "./inventory.js";
import type { LintFinding, LintReport } from "./lint-report.js";
import { findDead, type Liveness } from "./liveness.js";
import { lookalikeNames } from "./lookalikes.js";
import { forbiddenOverlaps, refusedCapabilities } from "./overlaps.js";
import { Proofs } from "./proofs.js";
import { severitiesBelow } from "./severities.js";
import { surprisingMatches } from "./surprises.js";

export interface LintInput {
  readonly subject: Subject;
  /**
   * Whose file is linted: only its rules get findings. An agent's rules are judged with org's in force. Org's are judged alone,
   * since they have to hold for every agent.
   */
  readonly scope: Scope;
  readonly card?: Card | undefined;
  /** Names of real tools. */
  readonly inventory?: readonly string[] | undefined;
  /** Of one question; what it leaves open is a finding `not_decided`. */
  readonly budget?: ExplorationBudget | undefined;
}

/**
 * Everything lint has to say about one policy file. Exact: a rule that is called dead changes nothing (see liveness.ts for what
 * that means), one that is not has a name that depends on it. Every witness is confirmed by the executable specification.
 * @throws UnconfirmedAnswer where it is not, which is a fault of the analysis.
 */
export function lintPolicy({ subject, scope, card, inventory, budget }: LintInput): LintReport {
  const whole = scope === "org" && subject.layers.agent ? subjectOf({ org: subject.layers.org }) : subject;
  const ground = new Ground(whole, { card, budget });
  const proofs = new Proofs(ground);
  const all = ground.units.filter(({ layer }) => layer === scope);
  const liveness = findDead(ground, ({ layer }) => layer === scope);
  const dead = new Set(liveness.dead.flatMap(({ units }) => units));
  const alive = all.filter((unit) => !dead.has(unit));
  const capabilities = whole.policy.capabilities.filter(({ layer }) => layer === scope);
  const names = inventory === undefined ? undefined : [...new Set(inventory)].filter((name) => pointsOf(name) !== undefined);
  const matched = names === undefined ? undefined : namesByGlob(ground.index, names);
  const findings = [
    ...deadRules(ground, liveness, { proofs, byCard: deadByCard(ground, liveness, budget) }),
    ...refusedCapabilities(ground, capabilities, names, proofs),
    ...forbiddenOverlaps(ground, alive, proofs),
    ...broadGlobs(ground, alive, proofs),
    ...surprisingMatches(alive, matched, proofs),
    ...constantConditions(alive),
    ...severitiesBelow(ground, alive),
    ...(card === undefined ? [] : cardActions(capabilities, card)),
    ...(names === undefined || matched === undefined ? [] : inventoryMisses(ground, all, names, matched)),
    ...(names === undefined ? [] : lookalikeNames(ground, new Set(alive), names)),
  ];
  return { findings: sorted(findings), rules: rulesOf(whole, scope), undecided: liveness.undecided.length };
}

/** Units that are dead for what the card refuses, and come to life with a card that grants more. */
function deadByCard({ subject, card }: Ground, { dead }: Liveness, budget?: ExplorationBudget): ReadonlySet<number> {
  const ids = new Set(card === undefined ? [] : dead.flatMap(({ units }) => units.map(({ id }) => id)));
  if (ids.size === 0) return ids;
  const always = findDead(new Ground(subject, { budget }), ({ id }) => ids.has(id));
  for (const { units } of always.dead) for (const { id } of units) ids.delete(id);
  return ids;
}

function rulesOf({ layers }: Subject, scope: Scope): number {
  const policy = layers[scope];
  return policy === undefined ? 0 : policy.capabilities.length + policy.forbidden.length + policy.triggers.length;
}

/** In the order of the file; what stands at one place in the order it was found. */
function sorted(findings: readonly LintFinding[]): LintFinding[] {
  return [...findings].sort((a, b) => a.span.line - b.span.line || a.span.column - b.span.column);
}
