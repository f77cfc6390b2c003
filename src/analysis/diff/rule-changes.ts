import type { RuleRef } from "../../engine/result.js";
import type { Capability, ForbiddenRule, Layered, MergedPolicy, Trigger } from "../../policy/model.js";
import { capabilityRef, forbiddenRef, triggerRef } from "../rule-refs.js";
import { longestAscending } from "./longest-ascending.js";
import type { Cause, FieldChange, OutcomeChange, RuleChange } from "./policy-diff.js";

/** One rule as far as its author wrote it: what names it, and its fields as text. */
interface WrittenRule {
  readonly ref: RuleRef;
  /** In order of preference, what a rule of the other side must share to be the same rule, edited. */
  readonly identities: readonly string[];
  readonly fields: ReadonlyMap<string, string>;
}

/** Rules that were written differently, forbidden rules first, then triggers, then capabilities; n log n. */
export function ruleChanges(before: MergedPolicy, after: MergedPolicy, changes: readonly OutcomeChange[]): RuleChange[] {
  const effective = new Set(changes.flatMap(({ causes }) => causes.map(({ side, rule }) => effectKey(side, rule))));
  const isEffective = (side: Cause["side"], rule: RuleRef | undefined) =>
    rule !== undefined && effective.has(effectKey(side, rule));
  const sections: [RuleChange["kind"], WrittenRule[], WrittenRule[]][] = [
    ["forbidden", before.forbidden.map(writtenForbidden), after.forbidden.map(writtenForbidden)],
    ["trigger", before.triggers.map(writtenTrigger), after.triggers.map(writtenTrigger)],
    ["capability", before.capabilities.map(writtenCapability), after.capabilities.map(writtenCapability)],
  ];
  return sections.flatMap(([kind, olds, news]) => {
    const pairs = paired(olds, news);
    const places = placesOf(olds, news);
    const moved = kind === "capability" ? movedOf(pairs, olds, news) : new Set<WrittenRule>();
    return inOrder(pairs, olds, news).flatMap(([old, now]): RuleChange[] => {
      const fields = [
        ...fieldChanges(old, now),
        ...(old !== undefined && now !== undefined && moved.has(now) ? [positionChange(old, now, places)] : []),
      ];
      if (fields.length === 0 && old !== undefined && now !== undefined) return [];
      return [
        {
          kind,
          change: changeOf(old, now, fields),
          before: old?.ref,
          after: now?.ref,
          fields,
          effective: isEffective("before", old?.ref) || isEffective("after", now?.ref),
        },
      ];
    });
  });
}

function effectKey(side: Cause["side"], { kind, layer, index }: RuleRef): string {
  return `${side} ${kind} ${layer} ${index}`;
}

type Pair = readonly [old: WrittenRule | undefined, now: WrittenRule | undefined];

/** Rules of both sides that are the same one: exactly equal ones first, then by ever weaker identities. */
function paired(olds: readonly WrittenRule[], news: readonly WrittenRule[]): Pair[] {
  const whole = ({ ref, fields }: WrittenRule) => JSON.stringify([ref.layer, ...fields]);
  const steps = [
    whole,
    ...((olds[0] ?? news[0])?.identities.map(
      (_, i) =>
        ({ identities }: WrittenRule) =>
          identities[i],
    ) ?? []),
  ];
  let [left, right] = [olds, news];
  const pairs: Pair[] = [];
  for (const identity of steps) {
    const waiting = new Map<string, WrittenRule[]>();
    for (const now of right) {
      const key = identity(now);
      if (key === "" || key === undefined) continue;
      const list = waiting.get(key);
      if (list === undefined) waiting.set(key, [now]);
      else list.push(now);
    }
    const taken = new Set<WrittenRule>();
    for (const list of waiting.values()) list.reverse();
    for (const old of left) {
      const now = waiting.get(identity(old) ?? "")?.pop();
      if (now === undefined) continue;
      pairs.push([old, now]);
      taken.add(old).add(now);
    }
    left = left.filter((old) => !taken.has(old));
    right = right.filter((now) => !taken.has(now));
  }
  return [...pairs, ...left.map((old): Pair => [old, undefined]), ...right.map((now): Pair => [undefined, now])];
}

/** By the place in the new policy; what was removed stands at its old place. */
function inOrder(pairs: readonly Pair[], olds: readonly WrittenRule[], news: readonly WrittenRule[]): Pair[] {
  const place = placesOf(olds, news);
  const at = ([old, now]: Pair) => place.get((now ?? old) as WrittenRule) as number;
  return [...pairs].sort((a, b) => at(a) - at(b) || Number(a[1] !== undefined) - Number(b[1] !== undefined));
}

/** Capabilities that stand elsewhere among those that both sides have: as few as possible. */
function movedOf(pairs: readonly Pair[], olds: readonly WrittenRule[], news: readonly WrittenRule[]): Set<WrittenRule> {
  const from = new Map(olds.map((rule, i) => [rule, i]));
  const to = new Map(news.map((rule, i) => [rule, i]));
  const both = pairs.flatMap(([old, now]) => (old === undefined || now === undefined ? [] : [{ old, now }]));
  both.sort((a, b) => (from.get(a.old) as number) - (from.get(b.old) as number));
  const kept = new Set(longestAscending(both.map(({ now }) => to.get(now) as number)));
  return new Set(both.filter((_, i) => !kept.has(i)).map(({ now }) => now));
}

/** Positions in the list that each rule is part of. */
function placesOf(olds: readonly WrittenRule[], news: readonly WrittenRule[]): ReadonlyMap<WrittenRule, number> {
  return new Map([olds, news].flatMap((list) => list.map((rule, i): [WrittenRule, number] => [rule, i])));
}

/** People count from 1. */
function positionChange(old: WrittenRule, now: WrittenRule, places: ReadonlyMap<WrittenRule, number>): FieldChange {
  const position = (rule: WrittenRule) => String((places.get(rule) as number) + 1);
  return { field: "position", before: position(old), after: position(now) };
}

function changeOf(
  old: WrittenRule | undefined,
  now: WrittenRule | undefined,
  fields: readonly FieldChange[],
): RuleChange["change"] {
  if (old === undefined) return "added";
  if (now === undefined) return "removed";
  const [only] = fields;
  if (fields.length !== 1 || only === undefined) return "changed";
  return only.field === "position" ? "moved" : only.field === "name" ? "renamed" : "changed";
}

function fieldChanges(old: WrittenRule | undefined, now: WrittenRule | undefined): FieldChange[] {
  if (old === undefined || now === undefined) return [];
  const fields = new Set([...old.fields.keys(), ...now.fields.keys()]);
  const found = [...fields].flatMap((field): FieldChange[] => {
    const [before = "", after = ""] = [old.fields.get(field), now.fields.get(field)];
    return before === after ? [] : [{ field, before, after }];
  });
  return old.ref.layer === now.ref.layer ? found : [...found, { field: "layer", before: old.ref.layer, after: now.ref.layer }];
}

function writtenForbidden(entry: Layered<ForbiddenRule>): WrittenRule {
  const { pattern, severity, reason } = entry.rule;
  const { text } = pattern.glob;
  return {
    ref: forbiddenRef(entry),
    identities: [JSON.stringify([entry.layer, text]), text, reason === "" ? "" : JSON.stringify([entry.layer, reason])],
    fields: new Map([
      ["pattern", text],
      ["severity", severity],
      ["reason", reason],
    ]),
  };
}

function writtenTrigger(entry: Layered<Trigger>): WrittenRule {
  const { condition, action, reason } = entry.rule;
  return {
    ref: triggerRef(entry),
    identities: [
      JSON.stringify([entry.layer, condition.text]),
      condition.text,
      reason === "" ? "" : JSON.stringify([entry.layer, reason]),
    ],
    fields: new Map([
      ["condition", condition.text],
      ["action", action],
      ["reason", reason],
    ]),
  };
}

function writtenCapability(entry: Layered<Capability>): WrittenRule {
  const { name, description = "", tools, cardActions } = entry.rule;
  const globs = JSON.stringify(tools.map(({ glob }) => glob.text));
  const actions = JSON.stringify(cardActions.map(({ value }) => value));
  return {
    ref: capabilityRef(entry),
    identities: [JSON.stringify([entry.layer, name]), name, JSON.stringify([globs, actions])],
    fields: new Map([
      ["name", name],
      ["description", description],
      ["tools", globs],
      ["card_actions", actions],
    ]),
  };
}
