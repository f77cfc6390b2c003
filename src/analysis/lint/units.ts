import type { Span } from "../../diagnostics/diagnostic.js";
import { escapeText } from "../../diagnostics/escape.js";
import type { RuleRef } from "../../engine/result.js";
import type { Glob } from "../../glob/parse.js";
import type {
  Capability,
  ConditionTerm,
  CountTest,
  ForbiddenRule,
  GlobRef,
  Layered,
  MergedPolicy,
  Policy,
  Scope,
  Trigger,
} from "../../policy/model.js";
import type { Subject } from "../subject.js";

/**
 * The least that can be taken out of a policy: a forbidden rule, one term of a trigger's condition, one tool glob of a
 * capability. `id` counts through the policy: forbidden rules, triggers, capabilities, each in declaration order.
 */
export type Unit = ForbiddenUnit | TermUnit | ToolUnit;

interface Part {
  readonly id: number;
  readonly layer: Scope;
  /** Position of the rule in its layer's section. */
  readonly index: number;
  /** A name must match all of them. */
  readonly globs: readonly Glob[];
}

export interface ForbiddenUnit extends Part {
  readonly kind: "forbidden";
  readonly rule: ForbiddenRule;
}

export interface TermUnit extends Part {
  readonly kind: "trigger";
  readonly rule: Trigger;
  readonly term: ConditionTerm;
  /** Place of the term in the condition. */
  readonly part: number;
  readonly tests: readonly CountTest[];
}

export interface ToolUnit extends Part {
  readonly kind: "capability";
  readonly rule: Capability;
  readonly tool: GlobRef;
  /** Place of the glob in `tools`. */
  readonly part: number;
}

/** The units of a policy. Forbidden rules that a merge collapsed are here once for each layer: each can be taken out. Linear. */
export function unitsOf({ policy, layers }: Subject): Unit[] {
  const units: Unit[] = [];
  const both = [layers.org, layers.agent].filter((layer) => layer !== undefined);
  for (const { layer, index, rule } of both.flatMap((own) => layered(own, own.forbidden))) {
    units.push({ id: units.length, kind: "forbidden", layer, index, rule, globs: [rule.pattern.glob] });
  }
  for (const { layer, index, rule } of policy.triggers) {
    for (const [part, term] of rule.condition.terms.entries()) {
      const { globs, tests } = term;
      units.push({ id: units.length, kind: "trigger", layer, index, rule, term, part, globs: distinct(globs), tests });
    }
  }
  for (const { layer, index, rule } of policy.capabilities) {
    for (const [part, tool] of rule.tools.entries()) {
      units.push({ id: units.length, kind: "capability", layer, index, rule, tool, part, globs: [tool.glob] });
    }
  }
  return units;
}

function layered<T>(policy: Policy, rules: readonly T[]): Layered<T>[] {
  return rules.map((rule, index) => ({ layer: policy.meta.scope, index, rule }));
}

function distinct(globs: readonly Glob[]): Glob[] {
  return [...new Map(globs.map((glob) => [glob.text, glob])).values()];
}

/** The policy of these units alone, in ascending order of their ids, with the defaults of `policy`. Linear in the units. */
export function policyOf(policy: MergedPolicy, units: readonly Unit[]): MergedPolicy {
  const forbidden: Layered<ForbiddenRule>[] = [];
  const triggers: Layered<Trigger>[] = [];
  const capabilities: Layered<Capability>[] = [];
  for (let from = 0; from < units.length; ) {
    const { kind, layer, index, rule } = units[from] as Unit;
    let to = from + 1;
    while (to < units.length && isSameRule(units[to] as Unit, units[from] as Unit)) to++;
    const parts = units.slice(from, to);
    if (kind === "forbidden") forbidden.push({ layer, index, rule });
    else if (kind === "trigger") {
      const terms = parts.flatMap((unit) => (unit.kind === "trigger" ? [unit.term] : []));
      triggers.push({ layer, index, rule: { ...rule, condition: { ...rule.condition, terms } } });
    } else {
      const tools = parts.flatMap((unit) => (unit.kind === "capability" ? [unit.tool] : []));
      capabilities.push({ layer, index, rule: { ...rule, tools } });
    }
    from = to;
  }
  return { ...policy, forbidden, triggers, capabilities };
}

/** Of the same forbidden rule, trigger or capability. */
export function isSameRule(a: Unit, b: Unit): boolean {
  return a.kind === b.kind && a.layer === b.layer && a.index === b.index;
}

/** Of capabilities that need the same card actions. */
export function hasSameActions(a: ToolUnit, b: ToolUnit): boolean {
  const actions = ({ rule }: ToolUnit) => JSON.stringify([...new Set(rule.cardActions.map(({ value }) => value))].sort());
  return actions(a) === actions(b);
}

/** The rule of a unit as reports cite it, with the glob where it is a capability's. */
export function refOf(unit: Unit): RuleRef {
  const { layer, index, kind } = unit;
  if (unit.kind === "forbidden") {
    const { pattern, reason, severity } = unit.rule;
    const { source } = pattern.glob;
    return { kind, layer, index, label: source, pattern: source, reason, severity, ...placeOf(pattern.span) };
  }
  if (unit.kind === "trigger") {
    const { condition, action, reason, span } = unit.rule;
    return { kind, layer, index, label: condition.text, action, reason, ...placeOf(span) };
  }
  return { kind, layer, index, label: unit.rule.name, pattern: unit.tool.glob.source, ...placeOf(unit.tool.span) };
}

/** A capability as a whole. */
export function capabilityRef({ layer, index, rule }: Layered<Capability>): RuleRef {
  return { kind: "capability", layer, index, label: rule.name, ...placeOf(rule.span) };
}

function placeOf({ file, line, column }: Span): { file: string; line: number; column: number } {
  return { file, line, column };
}

export function spanOf(unit: Unit): Span {
  if (unit.kind === "forbidden") return unit.rule.pattern.span;
  return unit.kind === "capability" ? unit.tool.span : unit.rule.span;
}

/** Where a unit stands in its document. */
export function pathOf(unit: Unit): string {
  if (unit.kind === "forbidden") return `forbidden[${unit.index}].pattern`;
  if (unit.kind === "trigger") return `escalation_triggers[${unit.index}].condition`;
  return `${capabilityPath(unit.rule.name)}.tools[${unit.part}]`;
}

export function capabilityPath(name: string): string {
  return isWord(name) ? `capability_mappings.${name}` : `capability_mappings["${escapeText(name)}"]`;
}

function isWord(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text);
}
