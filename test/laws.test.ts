import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeArtifact } from "../src/artifact/decode.js";
import { NONE } from "../src/artifact/layout.js";
import { compilePolicy } from "../src/compiler/compile.js";
import { buildDfa, buildUnminimizedDfa } from "../src/compiler/determinize.js";
import type { Dfa } from "../src/compiler/dfa.js";
import { RowTable } from "../src/compiler/rows.js";
import type { BatchCounts } from "../src/engine/batch.js";
import { type Engine, openEngine } from "../src/engine/engine.js";
import { encodeName, packNames } from "../src/engine/names.js";
import type { Context, Verdict } from "../src/engine/result.js";
import { parseGlob } from "../src/glob/parse.js";
import { mergePolicies } from "../src/policy/merge.js";
import type { Policy } from "../src/policy/model.js";
import { referenceEvaluate } from "../src/reference/evaluate.js";
import { layersOf } from "./support/cases.js";
import { again, compileLayers, indexedOnly, type Layers } from "./support/evaluators.js";
import { caseOf, comparable, decisionKey } from "./support/found-case.js";
import { type GeneratedPolicy, randomGlob, randomName, randomPolicy } from "./support/generate.js";
import { Random } from "./support/random.js";
import { scale, scaled } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

/** Laws of the whole engine. Each run of fast-check draws seeds for the generators; the failing seed is printed by it. */
const seed = Number(process.env.SMOLTBOT_SEED ?? defaultSeed);
const limit = { timeout: 120_000 * Math.max(1, scale) };
const namesPerPolicy = 40;

interface Sample {
  readonly random: Random;
  readonly generated: GeneratedPolicy;
  readonly layers: Layers;
  readonly names: readonly string[];
}

/** A policy, and names from its own globs, made of one seed. */
function sampleOf(seedOfSample: number, counts: boolean, globs = 16): Sample {
  const random = new Random(seedOfSample);
  const generated = randomPolicy(random, { globs: random.between(1, globs), counts });
  const names = random.times(namesPerPolicy, () => randomName(random, generated.globs));
  return { random, generated, layers: layersOf(caseOf(generated)), names };
}

function law(check: (seedOfSample: number) => void, runs: number): void {
  fc.assert(fc.property(fc.nat(0x7fffffff), check), { seed, numRuns: scaled(runs) });
}

const strictness: readonly Verdict[] = ["pass", "warn", "fail"];
const rank = (verdict: Verdict) => strictness.indexOf(verdict);
const open = (layers: Layers): Engine => openEngine(compileLayers(layers), { evaluator: "js" });
const withForbidden = (policy: Policy, forbidden: Policy["forbidden"]): Policy => ({ ...policy, forbidden });

describe("laws", () => {
  test("M4: merged is at least as strict as org alone, but for names the agent newly maps", limit, () => {
    law((s) => {
      const { random, names } = sampleOf(s, false);
      // Two layers that were drawn apart from each other, so that the agent tries everything.
      const org = layersOf(caseOf({ layers: { org: drawLayer(random, "org") } })).org as Policy;
      const agent = layersOf(caseOf({ layers: { agent: drawLayer(random, "agent") } })).agent as Policy;
      const tools = [...names, ...[...globsOf(org), ...globsOf(agent)].flatMap((glob) => [randomName(random, [glob]), glob])];
      const [floor, merged] = [open({ org }), open({ org, agent })];
      for (const tool of tools) {
        const [before, after] = [floor.decide(tool), merged.decide(tool)];
        if (rank(after.verdict) >= rank(before.verdict)) continue;
        const { capability } = merged.evaluate([tool]).tools[0];
        expect(capability?.layer, `${JSON.stringify(tool)}: ${decisionKey(before)}, then ${decisionKey(after)}`).toBe("agent");
        expect(floor.evaluate([tool]).tools[0].capability).toBeNull();
      }
    }, 250);
  });

  test("adding a forbidden rule never improves a verdict", limit, () => {
    law((s) => {
      const { random, layers, names } = sampleOf(s, false);
      const [layer, policy] = random.pick(Object.entries(layers)) as ["org" | "agent", Policy];
      const donor = layersOf(caseOf({ layers: { agent: drawLayer(random, "agent") } })).agent as Policy;
      const extra = donor.forbidden.slice(0, 1);
      const changed = { ...layers, [layer]: withForbidden(policy, [...policy.forbidden, ...extra]) };
      const [before, after] = [open(layers), open(changed)];
      for (const name of [...names, ...extra.map((rule) => randomName(random, [rule.pattern.glob.source]))]) {
        expect(rank(after.decide(name).verdict), name).toBeGreaterThanOrEqual(rank(before.decide(name).verdict));
      }
    }, 200);
  });

  test("the order of forbidden rules does not matter to verdicts", limit, () => {
    law((s) => {
      const { random, layers, names } = sampleOf(s, true);
      const shuffle = (policy: Policy) => {
        const keyed = policy.forbidden.map((rule) => ({ rule, key: random.next() }));
        return withForbidden(
          policy,
          keyed.sort((a, b) => a.key - b.key).map(({ rule }) => rule),
        );
      };
      const shuffled = Object.fromEntries(Object.entries(layers).map(([layer, policy]) => [layer, shuffle(policy as Policy)]));
      const [before, after] = [open(layers), open(shuffled)];
      for (const name of names) {
        const [a, b] = [before.decide(name), after.decide(name)];
        expect([b.verdict, b.action, b.cause], name).toEqual([a.verdict, a.action, a.cause]);
      }
    }, 150);
  });

  test("M5: a guardrail only narrows, over whole sessions with counts", limit, () => {
    law((s) => {
      const { random, generated, layers, names } = sampleOf(s, true);
      const capabilities = Object.values(generated.layers).flatMap((layer) => Object.keys(layer.capability_mappings));
      const guardrail = {
        id: "t",
        expiresAtMs: random.pick([1, 1000]),
        ...(random.chance(0.7) ? { tools: generated.globs.filter(() => random.chance(0.5)) } : {}),
        ...(random.chance(0.5) ? { allowedCapabilities: capabilities.filter(() => random.chance(0.5)) } : {}),
      };
      const engine = open(layers);
      const free: Context = { nowMs: 10, session: engine.openSession() };
      const held: Context = { nowMs: 10, session: engine.openSession(), guardrail };
      for (const name of names) {
        const [before, after] = [engine.decide(name, free), engine.decide(name, held)];
        expect(rank(after.verdict), name).toBeGreaterThanOrEqual(rank(before.verdict));
      }
    }, 150);
  });

  test("M5: a guardrail stays with its session when a later call leaves it out", () => {
    const { layers } = sampleOf(1, false);
    for (const evaluator of ["js", "wasm"] as const) {
      const engine = openEngine(compileLayers(layers), { evaluator });
      const session = engine.openSession();
      const guardrail = { id: "t", expiresAtMs: 100, tools: ["nothing"] };
      const free = engine.decide("anything_else");
      const held = ["guardrail_denied", ...(rank(free.verdict) === 2 ? [free.cause] : [])];
      expect(held).toContain(engine.decide("anything_else", { nowMs: 10, session, guardrail }).cause);
      expect(held).toContain(engine.decide("anything_else", { nowMs: 10, session }).cause);
      expect(held).toContain(engine.evaluate(["anything_else"], { nowMs: 10, session }).tools[0].cause);
      expect(engine.decide("anything_else", { nowMs: 200, session }).cause).toBe("guardrail_missing");
      expect(engine.decide("anything_else", { session }).cause).toBe("guardrail_missing");
      expect(decisionKey(engine.decide("anything_else", { nowMs: 10, session: engine.openSession() }))).toBe(decisionKey(free));
    }
  });

  test("G2: packed bytes that are no text are invalid names, never mapped ones", () => {
    const every = { tools: ["*"], card_actions: ["x"] };
    const shape = {
      ...drawLayer(new Random(1), "agent"),
      capability_mappings: { every },
      forbidden: [],
      escalation_triggers: [],
    };
    const bytes = compileLayers(layersOf(caseOf({ layers: { agent: shape } })));
    const broken = [[0xff], [0x61, 0xc3], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], []];
    const offsets = Uint32Array.from([0, ...broken.map((_, i) => broken.slice(0, i + 1).flat().length)]);
    for (const evaluator of ["js", "wasm"] as const) {
      const engine = openEngine(bytes, { evaluator });
      const batch = engine.decideBatch({ count: broken.length, offsets, bytes: Uint8Array.from(broken.flat()) });
      for (let i = 0; i < broken.length; i++) expect(batch.at(i).cause, broken[i].join()).toBe("invalid_tool_name");
      expect(engine.decide("plain").cause).toBe("mapped");
    }
  });

  test("equal input gives equal bytes, and bytes survive reading", limit, () => {
    law((s) => {
      const { layers, names } = sampleOf(s, true);
      const bytes = compileLayers(layers);
      expect(Buffer.compare(compileLayers(layers), bytes)).toBe(0);
      const copy = again(bytes);
      expect(Buffer.compare(decodeArtifact(copy).bytes, bytes)).toBe(0);
      const [one, other] = [openEngine(bytes, { evaluator: "wasm" }), openEngine(copy, { evaluator: "wasm" })];
      expect(comparable(other.evaluate(names))).toEqual(comparable(one.evaluate(names)));
    }, 100);
  });

  test("a batch is each of its names alone", limit, () => {
    law((s) => {
      const { layers, names } = sampleOf(s, true);
      const bytes = compileLayers(layers, new Random(s).chance(0.5) ? indexedOnly : undefined);
      for (const evaluator of ["js", "wasm"] as const) {
        const engine = openEngine(bytes, { evaluator });
        const alone = openEngine(bytes, { evaluator });
        const doubled = [...names, ...names];
        const packed = engine.decideBatch(packNames(doubled));
        const listed = engine.decideBatch(doubled);
        doubled.forEach((name, i) => {
          const expected = decisionKey(alone.decide(name));
          expect([decisionKey(packed.at(i)), decisionKey(listed.at(i))], name).toEqual([expected, expected]);
        });
        expect(packed.tally.reduce((sum, { count }) => sum + count, 0)).toBe(doubled.length);
      }
    }, 100);
  });

  test("counts are those of the batch, from names and from ids", limit, () => {
    law((s) => {
      const random = new Random(s);
      const { layers, names } = sampleOf(s, true);
      const bytes = compileLayers(layers, random.chance(0.5) ? indexedOnly : undefined);
      const ids = Uint32Array.from(random.times(random.below(40), () => random.below(names.length)));
      const called = Array.from(ids, (id) => names[id]);
      for (const evaluator of ["js", "wasm"] as const) {
        const engine = openEngine(bytes, { evaluator });
        const expected = tallyText(engine.decideBatch(called));
        expect(tallyText(engine.countBatch(packNames(called))), "packed").toEqual(expected);
        expect(tallyText(engine.countBatch(called)), "listed").toEqual(expected);
        expect(tallyText(engine.countIds(ids, packNames(names))), "ids, packed").toEqual(expected);
        expect(tallyText(engine.countIds(ids, names)), "ids, listed").toEqual(expected);
      }
    }, 100);
  });

  test("one lane says what several lanes say", limit, () => {
    law((s) => {
      const { layers, names } = sampleOf(s, false, 40);
      const budgets = [
        undefined,
        indexedOnly,
        { statesMax: 6 },
        { workMax: 40, literalWorkMax: 0 },
        { reserveBytesMax: 0, statesMax: 0 },
      ];
      const answers = budgets.map((budget) => {
        const engine = openEngine(compileLayers(layers, budget), { evaluator: "wasm" });
        const batch = engine.decideBatch(packNames(names));
        return names.map((_, i) => decisionKey(batch.at(i)));
      });
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    }, 100);
  });

  test("minimising preserves, and leaves no more states", limit, () => {
    law((s) => {
      const random = new Random(s);
      const globs = [...new Set(random.times(random.between(1, 10), () => randomGlob(random)))].flatMap((text) => {
        const glob = parseGlob(text);
        return typeof glob === "string" ? [] : [glob];
      });
      const [minimal, plain] = [buildDfa, buildUnminimizedDfa].map((build) => {
        const rows = new RowTable();
        const rowed = [...new Map(globs.map((glob) => [glob.text, glob])).values()].map((glob, i) => ({
          tokens: glob.tokens,
          row: rows.intern(i % 3 === 0 ? i : NONE, NONE, i % 3 === 1 ? i : NONE, i % 3 === 2 ? 0 : NONE),
        }));
        return { rows, dfa: build(rowed, rows, { statesMax: 20_000, workMax: 2_000_000 }) };
      });
      if (!("next" in minimal.dfa) || !("next" in plain.dfa)) return;
      expect(minimal.dfa.stateCount).toBeLessThanOrEqual(plain.dfa.stateCount);
      for (let n = 0; n < namesPerPolicy; n++) {
        const name = randomName(
          random,
          globs.map((glob) => glob.source),
        );
        const cells = [minimal, plain].map(({ rows, dfa }) => [0, 1, 2, 3].map((c) => rows.at(walk(dfa as Dfa, name), c)));
        expect(cells[0], name).toEqual(cells[1]);
      }
    }, 150);
  });

  test("an explanation lists rules exactly when something matched", limit, () => {
    law((s) => {
      const { layers, names } = sampleOf(s, true);
      const engine = open(layers);
      for (const name of names) {
        const { rules, decision } = engine.explain(name);
        const [outcome] = referenceEvaluate(layers, [name]).tools;
        const matched =
          outcome.forbidden.length + outcome.triggers.length + (outcome.capability ? 1 + outcome.alsoMatches.length : 0);
        expect(rules.length, name).toBe(matched);
        expect(decisionKey(decision)).toBe(decisionKey(outcome));
        const cited = ["forbidden", "trigger", "capability"].includes(decision.rule?.kind ?? "");
        expect(rules.filter((rule) => rule.decides).length, name).toBe(cited ? 1 : 0);
      }
    }, 120);
  });

  test("leaving out the rule that an explanation names gives the answer it promises", limit, () => {
    law((s) => {
      const { layers, names } = sampleOf(s, false, 8);
      const { value } = mergePolicies(layers);
      if (value === undefined) throw new Error("generated layers merge");
      const engine = openEngine(compilePolicy(value).bytes, { evaluator: "js" });
      for (const name of names.slice(0, 8)) {
        for (const { rule, without } of engine.explain(name).rules) {
          const keep = (entry: { layer: string; index: number }) => entry.layer !== rule.layer || entry.index !== rule.index;
          const section = { forbidden: "forbidden", trigger: "triggers", capability: "capabilities" }[
            rule.kind as "forbidden"
          ] as "forbidden";
          const less = { ...value, [section]: value[section].filter(keep) };
          const actual = openEngine(compilePolicy(less).bytes, { evaluator: "js" }).decide(name);
          expect([without.verdict, without.action, without.cause], `${name} without ${rule.label}`).toEqual([
            actual.verdict,
            actual.action,
            actual.cause,
          ]);
        }
      }
    }, 40);
  });
});

function drawLayer(random: Random, scope: "org" | "agent") {
  for (;;) {
    const { layers } = randomPolicy(random, { globs: random.between(2, 12), counts: false });
    const shape = layers[scope];
    if (shape !== undefined) return shape;
  }
}

function globsOf({ forbidden, capabilities, triggers }: Policy): string[] {
  return [
    ...forbidden.map((rule) => rule.pattern.glob.source),
    ...capabilities.flatMap((rule) => rule.tools.map((tool) => tool.glob.source)),
    ...triggers.flatMap((rule) => rule.condition.terms.flatMap((term) => term.globs.map((glob) => glob.source))),
  ];
}

function walk({ next, classes, classCount, rows }: Dfa, name: string): number {
  const bytes = new Uint8Array(name.length * 3);
  const end = encodeName(name, bytes, 0);
  let state = 0;
  for (let i = 0; i < end; i++) state = next[state * classCount + classes[bytes[i]]];
  return rows[state];
}

/** A tally by what the decisions say; names of several rows may have equal decisions. */
function tallyText({ count, counts, tally }: BatchCounts): readonly [string, Map<string, number>] {
  const calls = new Map<string, number>();
  for (const { decision, count } of tally) calls.set(decisionKey(decision), (calls.get(decisionKey(decision)) ?? 0) + count);
  return [`${count} ${JSON.stringify(counts)}`, calls];
}
