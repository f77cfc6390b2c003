import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { CompileOptions } from "../../src/compiler/compile.js";
import { openEngine } from "../../src/engine/engine.js";
import { packNames } from "../../src/engine/names.js";
import type { Decision, Evaluation, RuleRef } from "../../src/engine/result.js";
import { referenceEvaluate } from "../../src/reference/evaluate.js";
import { type Case, contextOf, type Fields, layersOf } from "./cases.js";
import { compileLayers, sessionAt } from "./evaluators.js";
import type { LayersShape, PolicyShape } from "./generate.js";

/** A generated question in the vocabulary of the case format, so that what fails can be written down as a case. */
export interface Question {
  readonly layers: LayersShape;
  readonly tools: readonly string[];
  readonly card?: { bounded: string[]; forbidden: string[] } | undefined;
  readonly context?: Record<string, unknown> | undefined;
  readonly budget: CompileOptions["budget"];
}

function toFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toFields);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, toFields(item)]));
}

export function caseOf({ layers, card, context }: Pick<Question, "layers" | "card" | "context">): Case {
  const fields = new Map<string, unknown>(Object.entries(layers).map(([layer, shape]) => [layer, toFields(shape)]));
  if (card) fields.set("card", toFields(card));
  if (context) fields.set("context", toFields(context));
  return { id: "generated", file: "", rules: [], negative: false, fields: fields as Fields };
}

export function ruleKey(rule: RuleRef | null): string {
  return rule === null
    ? "none"
    : `${rule.kind} ${rule.layer} ${rule.index} ${rule.label} ${rule.file}:${rule.line}:${rule.column}`;
}

/** What two evaluators must agree on for one call. */
export function decisionKey({ verdict, action, cause, rule }: Pick<Decision, "verdict" | "action" | "cause" | "rule">): string {
  return `${verdict} ${action} ${cause} by ${ruleKey(rule)}`;
}

/** What two evaluators must agree on: everything but the wording of our own reasons, the digest, and which glob is shown. */
export function comparable(evaluation: Evaluation): unknown {
  const ownWords = new Set(["forbidden", "trigger"]);
  const stripped = JSON.parse(
    JSON.stringify({ ...evaluation, policy: { ...evaluation.policy, digest: "" } }, function (this: unknown, key, value) {
      const owner = this as { rule?: RuleRef; kind?: string };
      if (key === "pattern") return undefined;
      if (key === "triggers") return (value as RuleRef[]).map(ruleKey).sort();
      if (key === "reason" && !ownWords.has(owner.rule?.kind ?? owner.kind ?? "")) return undefined;
      if (owner.kind === "guardrail" && key === "severity") return undefined;
      return value;
    }),
  ) as Record<string, unknown[]>;
  // Within one call the order in which two triggers of one strength are listed means nothing.
  for (const key of ["violations", "warnings", "escalations"]) stripped[key].sort((a, b) => (shown(a) < shown(b) ? -1 : 1));
  return stripped;
}

/** JSON with keys in one order, for comparing and for messages. */
function shown(value: unknown): string {
  const sorted = (_: string, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).sort()) : item;
  return JSON.stringify(value, sorted);
}

/** The first difference between the reference and the compiled evaluators, or undefined. */
export function disagreement(question: Question): string | undefined {
  const generated = caseOf(question);
  const layers = layersOf(generated);
  const context = contextOf(generated);
  const { tools, budget } = question;
  const expected = comparable(referenceEvaluate(layers, tools, context)) as Evaluation;
  const alones = tools.map((tool) => decisionKey(referenceEvaluate(layers, [tool], context).tools[0]));
  const bytes = compileLayers(layers, budget);
  for (const evaluator of ["js", "wasm"] as const) {
    const engine = openEngine(bytes, { evaluator });
    const actual = comparable(engine.evaluate(tools, context)) as Evaluation;
    for (const key of Object.keys(expected) as (keyof Evaluation)[]) {
      const [want, got] = [shown(expected[key]), shown(actual[key])];
      if (want !== got) return `${evaluator}, ${key}: reference ${want}, engine ${got}`;
    }
    // Single checks and packed batches, each call a session of its own.
    const batch = engine.decideBatch(packNames(tools), context);
    for (const [i, tool] of tools.entries()) {
      const alone = alones[i];
      const [single, packed] = [decisionKey(engine.decide(tool, context)), decisionKey(batch.at(i))];
      if (single !== alone) return `${evaluator}, decide alone: reference ${alone}, engine ${single}`;
      if (packed !== alone) return `${evaluator}, packed batch: reference ${alone}, engine ${packed}`;
    }
    // Single checks in one session: earlier calls set the counts of later ones.
    const session = sessionAt(engine, undefined);
    const causes = tools.map((tool) => engine.decide(tool, { ...context, session }).cause);
    for (const [i, tool] of tools.entries()) {
      const outcome = expected.tools.find((o) => o.tool === tool);
      if (tools.indexOf(tool) === tools.lastIndexOf(tool) && outcome?.cause !== causes[i]) {
        return `${evaluator}, decide: reference ${outcome?.cause}, engine ${causes[i]} for ${shown(tool)}`;
      }
    }
  }
  return undefined;
}

/** Smaller questions, the boldest cuts first. */
function* smaller(question: Question): Generator<Question> {
  const { layers, tools } = question;
  for (let i = 0; i < tools.length && tools.length > 1; i++) yield { ...question, tools: tools.toSpliced(i, 1) };
  for (const key of ["card", "context"] as const) if (question[key]) yield { ...question, [key]: undefined };
  for (const key of Object.keys(question.context ?? {})) {
    yield { ...question, context: Object.fromEntries(Object.entries(question.context ?? {}).filter(([k]) => k !== key)) };
  }
  for (const layer of ["org", "agent"] as const) {
    const shape = layers[layer];
    if (shape === undefined) continue;
    const other = layer === "org" ? layers.agent : layers.org;
    if (other) yield { ...question, layers: { [layer === "org" ? "agent" : "org"]: other } };
    for (const less of smallerPolicies(shape)) yield { ...question, layers: { ...layers, [layer]: less } };
  }
  for (let i = 0; i < tools.length; i++) {
    for (const text of shorter(tools[i])) yield { ...question, tools: tools.with(i, text) };
  }
}

function* smallerPolicies(shape: PolicyShape): Generator<PolicyShape> {
  for (const section of ["forbidden", "escalation_triggers"] as const) {
    const list = shape[section] as unknown[];
    for (let size = list.length >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at < list.length; at += size) yield { ...shape, [section]: list.toSpliced(at, size) };
    }
  }
  for (const name of Object.keys(shape.capability_mappings)) {
    const { [name]: entry, ...rest } = shape.capability_mappings;
    yield { ...shape, capability_mappings: rest };
    for (let i = 0; i < entry.tools.length && entry.tools.length > 1; i++) {
      const mappings = { ...shape.capability_mappings, [name]: { ...entry, tools: entry.tools.toSpliced(i, 1) } };
      yield { ...shape, capability_mappings: mappings };
    }
  }
  for (const [i, rule] of shape.forbidden.entries()) {
    for (const pattern of shorter(rule.pattern)) {
      if (pattern !== "") yield { ...shape, forbidden: shape.forbidden.with(i, { ...rule, pattern }) };
    }
  }
}

function shorter(text: string): string[] {
  const points = Array.from(text);
  if (points.length > 40) return [points.slice(0, points.length >> 1).join(""), points.slice(points.length >> 1).join("")];
  return points.map((_, i) => points.toSpliced(i, 1).join(""));
}

/** The smallest question found that still disagrees. Bounded in steps. */
export function shrink(question: Question): Question {
  let current = question;
  let steps = 0;
  for (let again = true; again && steps < 2000; ) {
    again = false;
    for (const candidate of smaller(current)) {
      if (++steps > 2000) break;
      if (stillFails(candidate)) {
        current = candidate;
        again = true;
        break;
      }
    }
  }
  return current;
}

function stillFails(question: Question): boolean {
  try {
    return disagreement(question) !== undefined;
  } catch {
    // A cut that makes the policy invalid is no smaller failure.
    return false;
  }
}

/** Writes a question as a case that expects what the reference says; returns its file. */
export function writeRegression(folder: string, question: Question, note: string): string {
  const { layers, tools, card, context } = question;
  const generated = caseOf(question);
  const evaluation = referenceEvaluate(layersOf(generated), tools, contextOf(generated));
  const id = createHash("sha256").update(JSON.stringify({ layers, tools, card, context })).digest("hex").slice(0, 12);
  const units = (text: string) => ({ units: Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)) });
  const found = {
    id: `e9-found-${id}`,
    rules: ["E9"],
    ...layers,
    ...(card ? { card } : {}),
    ...(context ? { context } : {}),
    tools: tools.map((tool) => (/^[ -~]+$/.test(tool) ? tool : units(tool))),
    expect: {
      verdict: evaluation.verdict,
      action: evaluation.action,
      tools: evaluation.tools.map(({ verdict, cause, rule }) => ({
        verdict,
        cause,
        rule: rule && { kind: rule.kind, layer: rule.layer, index: rule.index },
      })),
      violations: evaluation.violations.map(({ type, severity }) => ({ type, severity })),
    },
  };
  const file = join(folder, `found-${id}.yaml`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, stringify({ area: "found by the differential test", description: note, cases: [found] }, { lineWidth: 0 }));
  return file;
}
