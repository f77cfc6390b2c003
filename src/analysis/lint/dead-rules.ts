import { quoteText } from "../../diagnostics/escape.js";
import { lintRelatedMax, lintWitnessesMax } from "../../limits.js";
import { holding } from "./conditions.js";
import { keepsCapability, type Reason, reasonOf } from "./decisive.js";
import { refuses, sameTests } from "./dominance.js";
import { shortestName } from "./glob-pairs.js";
import type { Ground } from "./ground.js";
import type { LintCode, LintEdit, LintFinding } from "./lint-report.js";
import { lintCodes } from "./lint-report.js";
import type { Dead, Liveness, UndecidedUnit } from "./liveness.js";
import type { Proofs } from "./proofs.js";
import { capabilityPath, capabilityRef, hasSameActions, isSameRule, pathOf, refOf, spanOf, type Unit } from "./units.js";
import { atMost, counted, nameOfUnit, related, termText, undecidedReasons, verbOf } from "./wording.js";

/**
 * dead_rule, shadowed_rule, redundant_rule, duplicate_rule, capability_all_forbidden where the capability is dead for it, and
 * not_decided. Call it with all dead rules taken out of the ground.
 */
export function deadRules(ground: Ground, { dead, undecided }: Liveness, options: DeadRulesOptions): LintFinding[] {
  return [...dead.map((one) => deadFinding(ground, one, options)), ...undecided.map(notDecided)];
}

export interface DeadRulesOptions {
  readonly proofs: Proofs;
  /** Ids of units that another card brings to life. */
  readonly byCard: ReadonlySet<number>;
}

function deadFinding(ground: Ground, dead: Dead, { proofs, byCard }: DeadRulesOptions): LintFinding {
  const [unit] = dead.units as readonly [Unit];
  const reason = reasonOf(ground, dead);
  const code = codeOf(ground, dead, reason);
  const byDefault = reason.by.length === 0 ? heldNames(ground, dead) : [];
  const witnesses = reason.by.length === 0 ? byDefault : witnessesOf(ground, dead, reason);
  proofs.unchanged(witnesses, dead.units);
  const isCapability = dead.whole && unit.kind === "capability";
  const isByCard = dead.units.some(({ id }) => byCard.has(id));
  const safe = !isByCard && isRemovable(dead) && keepsCapability(ground, dead, reason);
  const edit = editOf(dead);
  return {
    code,
    severity: lintCodes[code],
    rule: isCapability ? capabilityRef(unit) : refOf(unit),
    span: isCapability ? unit.rule.span : spanOf(unit),
    path: isCapability ? capabilityPath(unit.rule.name) : pathOf(unit),
    message: messageOf(dead, reason, code, byDefault.length > 0),
    witnesses,
    related: atMost(
      related(reason.by, (by) => roleOf(by)),
      lintRelatedMax,
    ),
    fix: isByCard ? cardFirst : fixOf(dead, reason, { safe, byDefault: byDefault.length > 0 }),
    ...(edit === undefined ? {} : { edit }),
    safe,
  };
}

function codeOf(ground: Ground, { units, whole }: Dead, { by, rough }: Reason): LintCode {
  const [unit] = units as readonly [Unit];
  if (by.length === 0) return "dead_rule";
  if (whole && unit.kind === "capability" && by.every((other) => refuses(ground, other))) return "capability_all_forbidden";
  if (by.length > 1 || rough) return "redundant_rule";
  return units.length === 1 && saysTheSame(unit, by[0] as Unit) ? "duplicate_rule" : "shadowed_rule";
}

function saysTheSame(a: Unit, b: Unit): boolean {
  if (a.globs.length !== b.globs.length || !a.globs.every(({ text }) => b.globs.some((glob) => glob.text === text))) return false;
  if (a.kind === "forbidden" && b.kind === "forbidden") return a.rule.severity === b.rule.severity;
  if (a.kind === "trigger" && b.kind === "trigger") return a.rule.action === b.rule.action && sameTests(a.tests, b.tests);
  return a.kind === "capability" && b.kind === "capability" && hasSameActions(a, b);
}

function witnessesOf(ground: Ground, { units }: Dead, { by }: Reason): string[] {
  const names = new Set<string>();
  for (const other of by) {
    if (names.size >= lintWitnessesMax) break;
    for (const unit of units) {
      const globs = [...unit.globs, ...other.globs];
      const name = globs.length === 0 ? "a" : globs.length === 1 ? shortestName(globs[0]!) : ground.commonName(globs);
      if (name === undefined) continue;
      names.add(name);
      break;
    }
  }
  return [...names];
}

/** Names that meet a rule that is dead without any other: then the defaults decide them whether it is there or not. */
function heldNames(ground: Ground, { units }: Dead): string[] {
  const names = units.flatMap((unit) => {
    if (unit.kind === "trigger" && holding([unit.tests], unit.layer) === "never") return [];
    return (unit.globs.length === 0 ? "a" : ground.commonName(unit.globs)) ?? [];
  });
  return [...new Set(names)].slice(0, lintWitnessesMax);
}

/** A term is part of a text that only its author can rewrite. */
function isRemovable({ units, whole }: Dead): boolean {
  return whole || units[0]?.kind !== "trigger";
}

function editOf(dead: Dead): LintEdit | undefined {
  const [unit] = dead.units as readonly [Unit];
  if (!isRemovable(dead)) return undefined;
  if (unit.kind !== "capability") return { kind: "remove_rule", rule: refOf(unit) };
  return dead.whole ? { kind: "remove_rule", rule: capabilityRef(unit) } : { kind: "remove_glob", rule: refOf(unit) };
}

function subjectOf({ units, whole }: Dead): string {
  const [unit] = units as readonly [Unit];
  if (unit.kind === "trigger" && !whole) return `the part ${quoteText(termText(unit))} of ${nameOfUnit(unit)}`;
  if (unit.kind === "capability" && whole) return `the capability ${quoteText(unit.rule.name)}`;
  return nameOfUnit(unit);
}

function messageOf(dead: Dead, { by, rough }: Reason, code: LintCode, byDefault: boolean): string {
  const subject = subjectOf(dead);
  const [unit] = dead.units as readonly [Unit];
  const [first] = by;
  if (first === undefined) {
    if (byDefault) return `${subject} changes nothing: tools that no capability maps are denied anyway`;
    if (unit.kind !== "trigger") return `${subject} matches no valid tool name`;
    return `${subject} holds for no call`;
  }
  if (code === "capability_all_forbidden") {
    const what = by.length === 1 ? `${nameOfUnit(first)} ${verbOf(first)}` : `${counted(by.length, "rule")} refuse`;
    return `${subject} grants nothing: ${what} every name it maps`;
  }
  if (by.length === 1 && !rough) {
    if (code === "duplicate_rule") return `${subject} says again what stands in ${placeOf(first, unit)}`;
    const same = isSameRule(first, unit) && first.kind === "trigger";
    // A mapping stands above other rules only where the card refuses it (E4).
    const refused = first.kind === "capability" && unit.kind !== "capability" ? ", which exceeds the card," : "";
    const other = same ? `the part ${quoteText(termText(first))}` : `${nameOfUnit(first)}${refused}`;
    return `${subject} changes nothing: ${other} ${verbOf(first)} every name it matches`;
  }
  const together = rough ? "other rules" : `${counted(by.length, "other rule")} together`;
  return `${subject} changes nothing: ${together} decide every name it matches`;
}

/** Lines of another file need its name. */
function placeOf(other: Unit, unit: Unit): string {
  const { file, line } = refOf(other);
  return file === refOf(unit).file ? `line ${line}` : `line ${line} of ${quoteText(file)}`;
}

function roleOf(by: Unit): string {
  if (by.kind === "forbidden") return "forbids these names";
  return by.kind === "capability" ? "maps these names" : `${verbOf(by)} these names`;
}

const cardFirst = "have the card grant the actions of these tools, or remove the rule: it matters once they are granted";

function fixOf(dead: Dead, { by }: Reason, { safe, byDefault }: { safe: boolean; byDefault: boolean }): string {
  const [unit] = dead.units as readonly [Unit];
  if (!isRemovable(dead)) return "take this part out of the condition, or correct what it was meant to match";
  const orgFirst = "have the org narrow what decides first";
  const kept = "remove this one: names would go to another capability, so --fix leaves it";
  if (unit.layer === "agent" && by.some(({ layer }) => layer === "org")) {
    return safe ? `remove it, or ${orgFirst}` : `${orgFirst}, or ${kept}`;
  }
  const mapping = by.find((other) => other.kind === "capability");
  if (unit.kind === "capability" && mapping !== undefined && mapping.rule !== unit.rule) {
    const earlier =
      mapping.id < unit.id ? "move the capability in front of the one that maps these names first" : "keep one of the two";
    return safe ? `remove it, or ${earlier}` : `${earlier}, or ${kept}`;
  }
  if (byDefault) return "remove it, or map the tools it is for";
  return by.length === 0 ? "remove it, or correct what it was meant to match" : "remove it, or narrow what decides first";
}

function notDecided({ unit, reason }: UndecidedUnit): LintFinding {
  return {
    code: "not_decided",
    severity: lintCodes.not_decided,
    rule: refOf(unit),
    span: spanOf(unit),
    path: pathOf(unit),
    message: `whether ${nameOfUnit(unit)} changes anything was not decided: ${undecidedReasons[reason]}`,
    witnesses: [],
    related: [],
    fix: "write globs with fewer inner wildcards, or split the policy",
    safe: false,
  };
}
