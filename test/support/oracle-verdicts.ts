import { type Outcome, outcomeKey } from "../../src/analysis/outcome.js";
import { firstCall, type Prior } from "../../src/analysis/priors.js";
import type { Evaluation, ToolOutcome } from "../../src/engine/result.js";
import type { Card, Policy, Scope } from "../../src/policy/model.js";
import { referenceEvaluate } from "../../src/reference/evaluate.js";

export interface OracleLayers {
  readonly org?: Policy | undefined;
  readonly agent?: Policy | undefined;
}

/** The circumstances of a call. */
export interface OracleCall {
  readonly card?: Card | undefined;
  readonly prior?: Prior | undefined;
  /** The tool is seen for the first time; else no grace can be given. */
  readonly inGrace?: boolean | undefined;
}

/** What the executable specification makes of one call, asked directly: nothing of the analysis has a part in it. */
export function specificationOf(layers: OracleLayers, name: string, call: OracleCall = {}): Outcome {
  const evaluation = evaluated(layers, [name], call);
  return outcomeOf(evaluation.tools[0], evaluation);
}

function evaluated(layers: OracleLayers, names: readonly string[], { card, prior = firstCall, inGrace }: OracleCall): Evaluation {
  const grace = inGrace ? { nowMs: 0, sightings: { firstSeenMs: () => 0 } } : {};
  return referenceEvaluate(layers, names, { card, session: prior, ...grace });
}

function outcomeOf({ tool, verdict, action, cause, rule }: ToolOutcome, { violations, warnings }: Evaluation): Outcome {
  const found = rule?.severity
    ? undefined
    : [...violations, ...warnings].find((f) => f.rule === rule && [tool, "*"].includes(f.tool));
  return { verdict, action, cause, severity: rule?.severity ?? found?.severity, cardActions: undefined, counted: undefined };
}

/** A count that some trigger tests, and whose. */
interface Counted {
  readonly test: { readonly count: string };
  readonly layer: string;
}

/**
 * What a call leaves behind beyond its outcome: the card actions of its capability, where a card could refuse it, and what it adds to
 * the counts that are tested. Violations before triggers with counts are those of the same policy without such triggers (E7).
 */
export function tracesOf(
  layers: OracleLayers,
  name: string,
  call: OracleCall,
  outcome: Outcome,
  tests: readonly Counted[],
): { cardActions: string | undefined; counted: string } {
  const { tool, violates } = beforeCounts(layers, name, call);
  return { cardActions: actionsOf(layers, tool, outcome), counted: countedOf(tool, violates, tests) };
}

interface BeforeCounts {
  readonly tool: ToolOutcome;
  readonly violates: boolean;
}

const known = new WeakMap<OracleLayers, Map<string, BeforeCounts>>();

/** Asked again for every kind of session, and the same for all. */
function beforeCounts(layers: OracleLayers, name: string, { card, inGrace }: OracleCall): BeforeCounts {
  const own = known.get(layers) ?? new Map<string, BeforeCounts>();
  known.set(layers, own);
  const key = JSON.stringify([name, card, inGrace]);
  let found = own.get(key);
  if (found === undefined) {
    const { tools, violations } = evaluated(withoutCounts(layers), [name], { card, inGrace });
    found = { tool: tools[0], violates: violations.length > 0 };
    own.set(key, found);
  }
  return found;
}

function countedOf({ capability }: ToolOutcome, violates: boolean, tests: readonly Counted[]): string {
  const tested = (count: string, layer?: string) => tests.some((t) => t.test.count === count && (layer ?? t.layer) === t.layer);
  return [
    ...(tested("unmapped_tool_count", "agent") && capability === null ? ["unmapped"] : []),
    ...(tested("unmapped_tool_count", "org") && capability?.layer !== "org" ? ["unmapped by org"] : []),
    ...(tested("violation_count") && violates ? ["violation"] : []),
  ].join(", ");
}

function actionsOf(layers: OracleLayers, { capability }: ToolOutcome, { verdict, cause }: Outcome): string | undefined {
  if (capability === null || (verdict === "fail" && cause !== "capability_exceeded")) return undefined;
  const source = layers[capability.layer as Scope]?.capabilities[capability.index];
  return JSON.stringify([...new Set(source?.cardActions.map(({ value }) => value))].sort());
}

function withoutCounts({ org, agent }: OracleLayers): OracleLayers {
  const bare = (own: Policy): Policy => {
    const triggers = own.triggers.flatMap((trigger) => {
      const terms = trigger.condition.terms.filter(({ tests }) => tests.length === 0);
      return terms.length === 0 ? [] : [{ ...trigger, condition: { ...trigger.condition, terms } }];
    });
    return { ...own, triggers };
  };
  return { ...(org && { org: bare(org) }), ...(agent && { agent: bare(agent) }) };
}

function hasCounts({ org, agent }: OracleLayers): boolean {
  const triggers = [...(org?.triggers ?? []), ...(agent?.triggers ?? [])];
  return triggers.some(({ condition }) => condition.terms.some(({ tests }) => tests.length > 0));
}

/** Outcomes with what calls leave behind, of each name as a call of its own. */
export function fullOutcomesOf(
  layers: OracleLayers,
  names: readonly string[],
  call: OracleCall,
  tests: readonly Counted[],
): readonly Outcome[] {
  if (!hasCounts(layers) && tests.length === 0) {
    // Without counts the calls of one session do not know of each other.
    const evaluation = evaluated(layers, names, call);
    return evaluation.tools.map((tool) => {
      const outcome = outcomeOf(tool, evaluation);
      return { ...outcome, cardActions: actionsOf(layers, tool, outcome), counted: "" };
    });
  }
  return names.map((name) => {
    const outcome = specificationOf(layers, name, call);
    return { ...outcome, ...tracesOf(layers, name, call, outcome, tests) };
  });
}

/** The same as text: equal texts mean that nothing tells the calls apart. */
export function judgementsOf(...asked: Parameters<typeof fullOutcomesOf>): readonly string[] {
  return fullOutcomesOf(...asked).map(outcomeKey);
}

/** The least that can be taken out of a policy: a forbidden rule, a term of a condition, a tool glob of a capability. */
export interface OracleUnit {
  readonly kind: "forbidden" | "trigger" | "capability";
  readonly layer: Scope;
  /** Position of the rule in its layer's section. */
  readonly index: number;
  /** Place in its rule; 0 for a forbidden rule. */
  readonly part: number;
}

export function unitKey({ kind, layer, index, part }: OracleUnit): string {
  return `${kind} ${layer} ${index} ${part}`;
}

/** The layers without some units: without these globs and terms, and without the rules that had nothing else. */
export function withoutUnits(layers: OracleLayers, gone: ReadonlySet<string>): OracleLayers {
  const left = <T>(kind: OracleUnit["kind"], layer: Scope, index: number, parts: readonly T[]): T[] =>
    parts.filter((_, part) => !gone.has(unitKey({ kind, layer, index, part })));
  const strip = (own: Policy): Policy => {
    const { scope } = own.meta;
    return {
      ...own,
      forbidden: own.forbidden.filter((_, index) => left("forbidden", scope, index, [0]).length > 0),
      triggers: own.triggers.flatMap((rule, index) => {
        const terms = left("trigger", scope, index, rule.condition.terms);
        return terms.length === 0 ? [] : [{ ...rule, condition: { ...rule.condition, terms } }];
      }),
      capabilities: own.capabilities.flatMap((rule, index) => {
        const tools = left("capability", scope, index, rule.tools);
        return tools.length === 0 ? [] : [{ ...rule, tools }];
      }),
    };
  };
  return { ...(layers.org && { org: strip(layers.org) }), ...(layers.agent && { agent: strip(layers.agent) }) };
}

/** In declaration order, org's first; forbidden rules, then triggers, then capabilities. */
export function unitsOf({ org, agent }: OracleLayers): OracleUnit[] {
  const both = [org, agent].filter((own) => own !== undefined);
  const of = (kind: OracleUnit["kind"], parts: (own: Policy) => readonly number[]) =>
    both.flatMap((own) =>
      parts(own).flatMap((count, index) =>
        Array.from({ length: count }, (_, part) => ({ kind, layer: own.meta.scope, index, part })),
      ),
    );
  return [
    ...of("forbidden", (own) => own.forbidden.map(() => 1)),
    ...of("trigger", (own) => own.triggers.map(({ condition }) => condition.terms.length)),
    ...of("capability", (own) => own.capabilities.map(({ tools }) => tools.length)),
  ];
}
