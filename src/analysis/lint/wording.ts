import { quoteText } from "../../diagnostics/escape.js";
import type { CountTest } from "../../policy/model.js";
import type { Undecided } from "./ground.js";
import type { RelatedRule } from "./lint-report.js";
import { refOf, type Unit } from "./units.js";

/** How rules are spoken of. All user text is escaped. */

/** A unit as the subject of a sentence. */
export function nameOfUnit(unit: Unit): string {
  if (unit.kind === "forbidden") return quoteText(unit.rule.pattern.glob.source);
  if (unit.kind === "capability") return `${quoteText(unit.tool.glob.source)} of capability ${quoteText(unit.rule.name)}`;
  return `the trigger ${quoteText(unit.rule.condition.text)}`;
}

const verbs = { deny: "denies", escalate: "escalates", warn: "warns about" } as const;

/** What a unit does with the names it matches, as a verb. */
export function verbOf(unit: Unit): string {
  if (unit.kind === "forbidden") return "forbids";
  return unit.kind === "capability" ? "maps" : verbs[unit.rule.action];
}

/** A term of a condition, in the words of conditions. */
export function termText(unit: Unit): string {
  if (unit.kind !== "trigger") return "";
  const globs = unit.term.globs.map(({ source }) => `tool_matches('${source}')`);
  return [...globs, ...unit.tests.map(testText)].join(" and ");
}

export function testText({ count, comparison, value }: CountTest): string {
  return `${count} ${comparison} ${value}`;
}

export function related(units: readonly Unit[], role: (unit: Unit) => string): RelatedRule[] {
  return units.map((unit) => ({ rule: refOf(unit), role: role(unit) }));
}

/** Rules named with a finding; where there are more of them than fit, the last role says how many. */
export function atMost(list: readonly RelatedRule[], max: number, count = list.length): RelatedRule[] {
  const last = list[max - 1];
  if (count <= max || last === undefined) return [...list];
  return [...list.slice(0, max - 1), { ...last, role: `${last.role}; and ${count - max} more` }];
}

/** Why a question was not decided. */
export const undecidedReasons: Readonly<Record<Undecided, string>> = {
  states: "names fall into too many kinds to look at all of them",
  work: "looking at all names takes too much work",
  total_work: "the work for one policy was spent on the rules before",
  sessions: "triggers test counts in too many ways",
};

/** `n things`, or `one thing`. */
export function counted(n: number, thing: string): string {
  return n === 1 ? `one ${thing}` : `${n} ${thing}s`;
}
