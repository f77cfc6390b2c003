import { expect, test } from "vitest";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { type Engine, openEngine } from "../../../src/engine/engine.js";
import { packNames } from "../../../src/engine/names.js";
import type { Context, Decision, Evaluation, RuleRef, Session } from "../../../src/engine/result.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import type { MergedPolicy } from "../../../src/policy/model.js";
import { referenceEvaluate } from "../../../src/reference/evaluate.js";
import { engineDouble } from "../../support/artifact-double.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaledTo } from "../../support/scale.js";

const nowMs = Date.UTC(2026, 0, 15);
const seed = Number(process.env.SMOLTBOT_SEED ?? 20260115);
const rounds = scaledTo(210, 20_000);

function orderedKeys(_: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What both must say alike; sentences, the order of findings and the digest are each one's own. */
function comparable({ policy: _, ...evaluation }: Evaluation): unknown {
  const rule = ({ reason: _reason, pattern: _pattern, ...rest }: RuleRef) => rest;
  const found = <T extends { readonly rule: RuleRef; readonly reason: string }>({ reason: _reason, ...rest }: T) => ({
    ...rest,
    rule: rule(rest.rule),
  });
  const sorted = (list: readonly unknown[]) => list.map((item) => JSON.stringify(item, orderedKeys)).sort();
  return {
    ...evaluation,
    tools: evaluation.tools.map((tool) => ({
      ...tool,
      rule: tool.rule && rule(tool.rule),
      capability: tool.capability && rule(tool.capability),
      alsoMatches: tool.alsoMatches.map(rule),
      forbidden: tool.forbidden.map(rule),
      triggers: sorted(tool.triggers.map(rule)),
    })),
    violations: sorted(evaluation.violations.map(found)),
    warnings: sorted(evaluation.warnings.map(found)),
    escalations: sorted(evaluation.escalations.map(found)),
    cardGaps: sorted(evaluation.cardGaps.map(({ reason: _reason, ...gap }) => gap)),
  };
}

interface Case {
  readonly layers: Parameters<typeof mergePolicies>[0];
  readonly merged: MergedPolicy;
  readonly tools: readonly unknown[];
  readonly context: Context;
}

function drawCase(draw: PolicyDraw): Case {
  const which = draw.below(3);
  const layers = {
    ...(which !== 0 ? { org: draw.policy("org") } : {}),
    ...(which !== 1 ? { agent: draw.policy("agent") } : {}),
  };
  const merged = mergePolicies(layers).value;
  if (merged === undefined) throw new Error("layers of the right scopes merge");
  const tools = draw.list(8, () => (draw.chance(3) ? draw.of<unknown>([null, 7, ["a"]]) : draw.name()));
  return { layers, merged, tools, context: draw.context(nowMs) };
}

/** The engines that must agree: without bytes, and over the compiled artifact. */
function engines(merged: MergedPolicy): Engine[] {
  const { bytes } = compilePolicy(merged);
  return [engineDouble(merged), openEngine(bytes, { evaluator: "js" }), openEngine(bytes, { evaluator: "wasm" })];
}

function decideInOrder(engine: Engine, tools: readonly unknown[], context: Context | undefined, session?: Session): Decision[] {
  return tools.map((tool) => engine.decide(tool, session === undefined ? context : { ...context, session }));
}

/** A decision without the object of its rule. */
function brief({ rule, ...decision }: Decision): unknown {
  return { ...decision, rule: rule && [rule.kind, rule.layer, rule.index] };
}

test("evaluate says what the specification says", () => {
  const draw = new PolicyDraw(seed);
  let calls = 0;
  for (let round = 0; round < rounds; round++) {
    const { layers, merged, tools, context } = drawCase(draw);
    const expected = comparable(referenceEvaluate(layers, tools, context));
    for (const engine of engines(merged))
      expect(comparable(engine.evaluate(tools, context)), `seed ${seed}, round ${round}`).toEqual(expected);
    calls += tools.length;
  }
  expect(calls).toBeGreaterThan(rounds);
});

test("decide on one call says what evaluate says of it, and without a context nothing else", () => {
  const draw = new PolicyDraw(seed + 1);
  for (let round = 0; round < rounds / 3; round++) {
    const { merged, tools, context } = drawCase(draw);
    for (const engine of engines(merged)) {
      for (const tool of tools) {
        for (const given of [context, undefined]) {
          const [outcome] = engine.evaluate([tool], given).tools;
          const { verdict, action, cause, rule } = outcome;
          expect(brief(engine.decide(tool, given)), `seed ${seed}, round ${round}`).toEqual(
            brief({ verdict, action, cause, rule }),
          );
          const explanation = engine.explain(tool, given);
          expect(brief(explanation.decision)).toEqual(brief(engine.decide(tool, given)));
        }
      }
    }
  }
});

test("a batch is its decisions, in a session and without one, packed and not", () => {
  const draw = new PolicyDraw(seed + 2);
  for (let round = 0; round < rounds / 3; round++) {
    const { merged, tools, context } = drawCase(draw);
    const names = tools.filter((tool) => typeof tool === "string");
    for (const engine of [...engines(merged), engineDouble(merged, {}, 1)]) {
      for (const given of [undefined, context]) {
        for (const withSession of [false, true]) {
          const session = () => (withSession ? engine.openSession() : undefined);
          const inBatch = () => (withSession ? { ...given, session: engine.openSession() } : given);
          const each = decideInOrder(engine, tools, given, session());
          const batch = engine.decideBatch(tools, inBatch());
          expect(each.map((_, i) => batch.at(i))).toEqual(each);
          const packed = engine.decideBatch(packNames(names), inBatch());
          const one = decideInOrder(engine, names, given, session());
          expect(
            one.map((_, i) => packed.at(i)),
            `seed ${seed}, round ${round}`,
          ).toEqual(one);
          const { pass, warn, fail } = packed.counts;
          expect([pass, warn, fail]).toEqual(
            ["pass", "warn", "fail"].map((v) => one.filter(({ verdict }) => verdict === v).length),
          );
          const ids = Uint32Array.from(names, (_, i) => i);
          for (const counted of [
            engine.countBatch(packNames(names), inBatch()),
            engine.countBatch(names, inBatch()),
            engine.countIds(ids, names, inBatch()),
            engine.countIds(ids, packNames(names), inBatch()),
          ]) {
            expect(counted.counts, `seed ${seed}, round ${round}`).toEqual(packed.counts);
          }
        }
      }
    }
  }
});

test("leaving out a rule is what the policy without it says", () => {
  const draw = new PolicyDraw(seed + 3);
  let compared = 0;
  for (let round = 0; round < rounds / 3; round++) {
    const { merged, tools, context } = drawCase(draw);
    const engine = engineDouble(merged);
    for (const tool of tools) {
      for (const { rule, without } of engine.explain(tool, context).rules) {
        const others = <T extends { readonly layer: string; readonly index: number }>(kind: string, list: readonly T[]) =>
          rule.kind === kind ? list.filter(({ layer, index }) => layer !== rule.layer || index !== rule.index) : list;
        const smaller = {
          ...merged,
          forbidden: others("forbidden", merged.forbidden),
          triggers: others("trigger", merged.triggers),
          capabilities: others("capability", merged.capabilities),
        };
        expect(brief(engineDouble(smaller).decide(tool, context)), `seed ${seed}, round ${round}`).toEqual(brief(without));
        compared++;
      }
    }
  }
  expect(compared).toBeGreaterThan(rounds / 3);
});
