import { isHard } from "./dominance.js";
import { findingAt } from "./finding.js";
import type { Ground } from "./ground.js";
import type { LintFinding } from "./lint-report.js";
import type { Unit } from "./units.js";
import { nameOfUnit } from "./wording.js";

/** severity_below_fail_on: forbidden rules that only warn (E3). */
export function severitiesBelow(ground: Ground, own: readonly Unit[]): LintFinding[] {
  const { value, layer } = ground.policy.defaults.failOn;
  return own.flatMap((unit) => {
    if (unit.kind !== "forbidden" || isHard(ground, unit.rule.severity)) return [];
    const { severity } = unit.rule;
    const whose = layer !== unit.layer && layer !== "default" ? ` of the ${layer} policy` : "";
    return [
      findingAt(unit, "severity_below_fail_on", {
        message: `${nameOfUnit(unit)} only warns: its severity ${severity} is below \`fail_on: ${value}\`${whose}`,
        fix: `raise the severity to ${value}, or lower \`fail_on\`, if these tools must be blocked`,
      }),
    ];
  });
}
