import { quoteText } from "../../diagnostics/escape.js";
import { lintRelatedMax, lintWitnessesMax } from "../../limits.js";
import type { Capability, Layered, Scope } from "../../policy/model.js";
import { refuses } from "./dominance.js";
import { findingAt } from "./finding.js";
import { GlobIndex } from "./glob-index.js";
import { isLiteral, shortestName } from "./glob-pairs.js";
import { type Answer, type Ground, isRefusal, type Undecided } from "./ground.js";
import { type LintFinding, lintCodes } from "./lint-report.js";
import { addTo } from "./multimap.js";
import type { Proofs } from "./proofs.js";
import { capabilityPath, capabilityRef, type ForbiddenUnit, isSameRule, type ToolUnit, type Unit } from "./units.js";
import { atMost, nameOfUnit, related, undecidedReasons } from "./wording.js";

/** forbidden_overlap: names that a tool glob maps and a forbidden rule refuses. Globs that are dead for it have another finding. */
export function forbiddenOverlaps(ground: Ground, own: readonly Unit[], proofs: Proofs): LintFinding[] {
  const rulesOf = new Map<string, ForbiddenUnit[]>();
  for (const unit of ground.units) {
    if (unit.kind !== "forbidden" || ground.removed.has(unit.id) || !refuses(ground, unit)) continue;
    addTo(rulesOf, unit.rule.pattern.glob.text, unit);
  }
  const index = new GlobIndex([...rulesOf.values()].flatMap(([first]) => first?.globs ?? []));
  return own.flatMap((unit) => {
    if (unit.kind !== "capability") return [];
    const rules = index.meeting(unit.tool.glob).flatMap(({ text }) => rulesOf.get(text) as ForbiddenUnit[]);
    const first = earliest(rules, lintRelatedMax);
    return first.length === 0 ? [] : [overlapOf(ground, unit, first, rules.length, proofs)];
  });
}

/** The first rules of the policy, in its order. */
function earliest(rules: readonly ForbiddenUnit[], count: number): ForbiddenUnit[] {
  const kept: ForbiddenUnit[] = [];
  for (const rule of rules) {
    if (kept.length === count && rule.id > (kept[count - 1]?.id as number)) continue;
    kept.push(rule);
    kept.sort((a, b) => a.id - b.id);
    kept.length = Math.min(kept.length, count);
  }
  return kept;
}

function overlapOf(ground: Ground, unit: ToolUnit, rules: readonly ForbiddenUnit[], count: number, proofs: Proofs): LintFinding {
  const [first] = rules as readonly [ForbiddenUnit];
  const { glob } = unit.tool;
  const name = isLiteral(glob) ? shortestName(glob) : ground.commonName([glob, ...first.globs]);
  const witnesses = name === undefined ? [] : [name];
  proofs.refused(witnesses);
  proofs.matched(witnesses, glob.source);
  const more = count === 1 ? "" : ` and ${count - 1} more`;
  const listed = related(rules, () => "forbids some of these names");
  return findingAt(unit, "forbidden_overlap", {
    message: `some names that ${nameOfUnit(unit)} maps are forbidden by ${nameOfUnit(first)}${more}: the mapping loses there`,
    fix: "nothing, if the forbidden rule is an exception to the mapping; else narrow one of them",
    witnesses,
    related: atMost(listed, lintRelatedMax, count),
  });
}

/**
 * capability_all_forbidden where the capability is not dead for it: it still counts as mapped, or what it maps in the inventory is
 * refused though other names are not. `skip` has the capabilities that are dead.
 */
export function refusedCapabilities(
  ground: Ground,
  capabilities: readonly Layered<Capability>[],
  inventory: readonly string[] | undefined,
  proofs: Proofs,
): LintFinding[] {
  const real = inventory === undefined ? undefined : mappedTools(ground, inventory);
  const tools = new Map<string, ToolUnit[]>();
  for (const unit of ground.units) {
    if (unit.kind === "capability" && !ground.removed.has(unit.id)) addTo(tools, keyOf(unit), unit);
  }
  return capabilities.flatMap((capability): LintFinding[] => {
    const units = tools.get(keyOf(capability));
    if (units === undefined) return [];
    const answer = isRefusedWhole(ground, units);
    if (answer === "yes") {
      const witnesses = units.slice(0, lintWitnessesMax).map(({ tool }) => shortestName(tool.glob));
      proofs.refused(witnesses);
      return [aboutCapability(capability, "grants nothing: every name it decides is refused", witnesses)];
    }
    const undecided = answer === "no" ? [] : [undecidedRefusal(capability, answer)];
    const mapped = real?.get(keyOf(capability));
    if (mapped === undefined || mapped.open > 0) return undecided;
    const witnesses = mapped.refused.slice(0, lintWitnessesMax);
    proofs.refused(witnesses);
    const message = "grants nothing in the inventory: every tool there that it maps is refused";
    return [...undecided, aboutCapability(capability, message, witnesses)];
  });
}

function keyOf({ layer, index }: { readonly layer: Scope; readonly index: number }): string {
  return `${layer} ${index}`;
}

function aboutCapability(capability: Layered<Capability>, message: string, witnesses: readonly string[]): LintFinding {
  const { name, span } = capability.rule;
  return {
    code: "capability_all_forbidden",
    severity: lintCodes.capability_all_forbidden,
    rule: capabilityRef(capability),
    span,
    path: capabilityPath(name),
    message: `the capability ${quoteText(name)} ${message}`,
    witnesses,
    related: [],
    fix: "remove the capability, or narrow the rules that refuse its tools",
    safe: false,
  };
}

function undecidedRefusal(capability: Layered<Capability>, reason: Undecided): LintFinding {
  const { name, span } = capability.rule;
  return {
    code: "not_decided",
    severity: lintCodes.not_decided,
    rule: capabilityRef(capability),
    span,
    path: capabilityPath(name),
    message: `whether every name that the capability ${quoteText(name)} maps is refused was not decided: ${undecidedReasons[reason]}`,
    witnesses: [],
    related: [],
    fix: "write globs with fewer inner wildcards, or split the policy",
    safe: false,
  };
}

function isRefusedWhole(ground: Ground, units: readonly ToolUnit[]): Answer {
  const open: ToolUnit[] = [];
  for (const unit of units) {
    const matching = ground.matching(ground.generic(unit.tool.glob));
    if (!isRefusal(ground.outcomeAt(matching))) return "no";
    if (!ground.covering(unit).some((by) => refuses(ground, by))) open.push(unit);
  }
  return open.length === 0 ? "yes" : ground.isRefused(ground.meeting(open), new Set(open));
}

/** By layer and index of the capability: the tools it maps, refused ones and the number of the others. */
function mappedTools(ground: Ground, inventory: readonly string[]): Map<string, { refused: string[]; open: number }> {
  const found = new Map<string, { refused: string[]; open: number }>();
  for (const name of inventory) {
    const matching = ground.matching(name);
    const tools = matching.filter((unit) => unit.kind === "capability");
    if (tools.length === 0) continue;
    const isRefused = isRefusal(ground.outcomeAt(matching));
    for (const [i, unit] of tools.entries()) {
      if (tools.slice(0, i).some((other) => isSameRule(other, unit))) continue;
      const key = keyOf(unit);
      const entry = found.get(key) ?? { refused: [], open: 0 };
      found.set(key, entry);
      if (isRefused) entry.refused.push(name);
      else entry.open++;
    }
  }
  return found;
}
