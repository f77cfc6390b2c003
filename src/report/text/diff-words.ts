import type { Cause, Circumstance, DefaultChange, OutcomeChange, RuleChange } from "../../analysis/diff/policy-diff.js";
import type { Direction, Outcome } from "../../analysis/outcome.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";
import { causeWords } from "./evaluation.js";
import { count, ruleName } from "./words.js";

/** The words of a comparison, for every format that people read. User text in them is escaped for terminals. */

type Pair = Pick<OutcomeChange, "before" | "after">;

/** `fail (forbidden, critical)`; what tells the two apart beyond that comes behind it. */
export function outcomeWords(outcome: Outcome, pair: Pair): string {
  const { before, after } = pair;
  const parts = [causeWords[outcome.cause]];
  if (outcome.severity !== undefined) parts.push(outcome.severity);
  const tells = before.action !== after.action && (before.verdict === after.verdict || before.cause === after.cause);
  if (tells) parts.push(`decision ${outcome.action}`);
  if (before.cardActions !== undefined || after.cardActions !== undefined) parts.push(askedWords(outcome.cardActions));
  if (before.counted !== undefined || after.counted !== undefined) parts.push(countedWords(outcome.counted));
  return `${outcome.verdict} (${parts.join(", ")})`;
}

function askedWords(cardActions = "[]"): string {
  const actions = JSON.parse(cardActions) as string[];
  return actions.length === 0 ? "asks for no card action" : `asks for ${actions.map(escapeText).join(" and ")}`;
}

function countedWords(counted = ""): string {
  return counted === "" ? "counted by no trigger" : `counted as ${counted.split(", ").join(" and as ")}`;
}

/** The calls that a change is seen on; undefined where every first call shows it. */
export function circumstanceWords({ prior, inGrace }: Circumstance): string | undefined {
  const { toolCount, unmappedOrgCount, unmappedCount, violationCount } = prior;
  const parts = [
    ...(unmappedCount > 0 ? [`${unmappedCount.toLocaleString("en-US")} unmapped`] : []),
    ...(unmappedOrgCount > unmappedCount ? [`${unmappedOrgCount.toLocaleString("en-US")} unmapped by org`] : []),
    ...(violationCount > 0 ? [`${violationCount.toLocaleString("en-US")} violating`] : []),
  ];
  const calls =
    toolCount === 0 ? undefined : `after ${count(toolCount, "call")}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
  const grace = inGrace ? "in the grace period of a new tool" : undefined;
  return [calls, grace].filter((words) => words !== undefined).join(", ") || undefined;
}

/** How many names; with fewer than the size when it is not known. */
export function sizeWords({ size, names }: Pick<OutcomeChange, "size" | "names">): string {
  if (size === "infinite") return "infinitely many names";
  if (size === "unknown") return `${count(names.length, "name")} or more`;
  return `${size.toLocaleString("en-US")} ${size === 1n ? "name" : "names"}`;
}

export const directionTitles: Record<Direction, string> = {
  weaker: "Weaker",
  stricter: "Stricter",
  other: "Other",
};

export const changeMarks: Record<RuleChange["change"], string> = {
  added: "+",
  removed: "-",
  changed: "~",
  moved: "~",
  renamed: "~",
};

/** A rule that brings a change about: on one side, or on both where it was changed. */
export interface CauseLine {
  readonly change: Cause["change"];
  readonly rule: RuleRef;
  /** Old place first, where there are two. */
  readonly places: readonly string[];
}

/** Both sides of one changed rule on one line. */
export function causeLines(causes: readonly Cause[]): CauseLine[] {
  const lines = new Map<string, { change: Cause["change"]; rule: RuleRef; places: string[] }>();
  for (const { side, change, rule } of [...causes].sort((a, b) => Number(a.side === "after") - Number(b.side === "after"))) {
    const key = JSON.stringify([change, rule.kind, rule.label, rule.pattern ?? ""]);
    const known = lines.get(key);
    const at = placeOf(rule);
    if (known === undefined) lines.set(key, { change, rule, places: at === "" ? [] : [at] });
    else {
      if (side === "after") known.rule = rule;
      if (at !== "" && !known.places.includes(at)) known.places.push(at);
    }
  }
  return [...lines.values()];
}

/** `policy.yaml:12`; empty for what nobody wrote. */
export function placeOf({ file, line }: RuleRef): string {
  return file === "" ? "" : `${escapeText(file)}:${line}`;
}

/** A rule as the cause of a change: of a default the field, whose values stand above. */
export function causeName(rule: RuleRef): string {
  return rule.kind === "default" ? `defaults.${rule.label}` : ruleName(rule);
}

/** Equal for changes that the same rules bring about. */
export function causesKey({ causes }: Pick<OutcomeChange, "causes">): string {
  return JSON.stringify(
    causeLines(causes).map(({ change, rule, places }) => [change, rule.kind, rule.label, rule.pattern ?? "", places]),
  );
}

/** A change, and the same names again on other calls of a session, for the same reasons. */
export interface EchoedChange {
  readonly change: OutcomeChange;
  readonly echoes: readonly OutcomeChange[];
}

/** Changes of one direction; what only repeats one of them later in a session, or in grace, stands with it. */
export function withEchoes(changes: readonly OutcomeChange[]): EchoedChange[] {
  const shown = new Map<string, { change: OutcomeChange; echoes: OutcomeChange[] }>();
  const others: { change: OutcomeChange; echoes: OutcomeChange[] }[] = [];
  for (const change of changes) {
    const key = JSON.stringify([change.witness, causesKey(change)]);
    const first = shown.get(key);
    const own = { change, echoes: [] };
    if (first !== undefined && circumstanceWords(change.circumstance) !== undefined) first.echoes.push(change);
    else others.push(own);
    if (first === undefined && circumstanceWords(change.circumstance) === undefined) shown.set(key, own);
  }
  return others;
}

/** `3 rules changed, 1 added, 1 removed`. */
export function ruleCountWords(rules: readonly RuleChange[]): string {
  const of = (...kinds: RuleChange["change"][]) => rules.filter(({ change }) => kinds.includes(change)).length;
  const [changed, added, removed] = [of("changed", "moved", "renamed"), of("added"), of("removed")];
  const parts = [
    ...(changed > 0 ? [`${count(changed, "rule")} changed`] : []),
    ...(added > 0 ? [changed > 0 ? `${added.toLocaleString("en-US")} added` : `${count(added, "rule")} added`] : []),
    ...(removed > 0
      ? [changed + added > 0 ? `${removed.toLocaleString("en-US")} removed` : `${count(removed, "rule")} removed`]
      : []),
  ];
  return parts.length === 0 ? "no rule changed" : parts.join(", ");
}

/** What was edited in a rule, field by field. */
export function fieldWords({ kind, fields, before, after }: RuleChange): string[] {
  return fields.flatMap(({ field, before: old, after: now }) => {
    if (field === "tools" || field === "card_actions") return listWords(field, old, now);
    if (field === "position") return [`moved from place ${old} to place ${now} among the capabilities`];
    if (field === "layer") return [`moved from the ${before?.layer ?? old} layer to the ${after?.layer ?? now} layer`];
    if (kind === "forbidden" && field === "severity") return [`severity ${old} -> ${now}`];
    return [`${field} ${JSON.stringify(escapeText(old))} -> ${JSON.stringify(escapeText(now))}`];
  });
}

/** Lists are shown by what came and went. */
function listWords(field: string, old: string, now: string): string[] {
  const [before, after] = [old, now].map((text) => JSON.parse(text || "[]") as string[]);
  const gone = before.filter((item) => !after.includes(item));
  const come = after.filter((item) => !before.includes(item));
  if (gone.length + come.length === 0) return [`${field} in another order`];
  const words = [...gone.map((item) => `-${escapeText(item)}`), ...come.map((item) => `+${escapeText(item)}`)];
  return [`${field} ${words.slice(0, 8).join(" ")}${words.length > 8 ? ` and ${words.length - 8} more` : ""}`];
}

export function defaultWords({ field, before, after, direction }: DefaultChange): string {
  return `defaults.${field}: ${before} -> ${after}, ${direction}`;
}

/** A capability is named by the glob only where one glob is meant. */
export function changedRuleName(change: RuleChange): string {
  return ruleName((change.after ?? change.before) as RuleRef);
}

export function planWords(changes: readonly { readonly direction: Direction }[]): string {
  const of = (direction: Direction) => changes.filter((change) => change.direction === direction).length.toLocaleString("en-US");
  return `Plan: ${of("weaker")} weaker, ${of("stricter")} stricter, ${of("other")} other`;
}
