import { quoteText } from "../../diagnostics/escape.js";
import { lintWitnessesMax } from "../../limits.js";
import { findingAt } from "./finding.js";
import type { Ground } from "./ground.js";
import type { LintFinding } from "./lint-report.js";
import { addTo } from "./multimap.js";
import { foldName } from "./tool-names.js";
import type { Unit } from "./units.js";
import { nameOfUnit } from "./wording.js";

/**
 * lookalike_names: tools of the inventory whose names differ only by case, `-` and `_` and whose verdicts or causes differ. Told
 * once for such names, at a rule that tells two of them apart.
 */
export function lookalikeNames(ground: Ground, own: ReadonlySet<Unit>, inventory: readonly string[]): LintFinding[] {
  const alike = new Map<string, string[]>();
  for (const name of inventory) {
    addTo(alike, foldName(name, true), name);
  }
  const findings: LintFinding[] = [];
  for (const names of alike.values()) {
    const finding = names.length > 1 ? differing(ground, own, names) : undefined;
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

function differing(ground: Ground, own: ReadonlySet<Unit>, names: readonly string[]): LintFinding | undefined {
  const judged = names.map((name) => {
    const units = ground.matching(name);
    return { name, units, outcome: ground.outcomeAt(units) };
  });
  const [first, ...others] = judged;
  if (first === undefined) return undefined;
  for (const other of others) {
    if (other.outcome.cause === first.outcome.cause && other.outcome.action === first.outcome.action) continue;
    const [more, less] = first.units.some((unit) => own.has(unit) && !other.units.includes(unit))
      ? [first, other]
      : [other, first];
    const unit = more.units.find((one) => own.has(one) && !less.units.includes(one));
    if (unit === undefined) continue;
    return findingAt(unit, "lookalike_names", {
      message: `${nameOfUnit(unit)} matches ${quoteText(more.name)}, but not ${quoteText(less.name)}, which looks the same and is judged differently: ${more.outcome.verdict} and ${less.outcome.verdict}`,
      fix: "write a glob for both, or a rule for each",
      witnesses: [more.name, less.name, ...names.filter((name) => name !== more.name && name !== less.name)].slice(
        0,
        lintWitnessesMax,
      ),
    });
  }
  return undefined;
}
