import { join } from "node:path";
import { expect, test } from "vitest";
import type { CompileOptions } from "../src/compiler/compile.js";
import type { BatchCounts } from "../src/engine/batch.js";
import { type Engine, openEngine } from "../src/engine/engine.js";
import { packNames } from "../src/engine/names.js";
import type { Decision } from "../src/engine/result.js";
import { referenceEvaluate, referenceMatch } from "../src/reference/evaluate.js";
import { globsUpTo, textsUpTo } from "./support/alphabet.js";
import { layersOf } from "./support/cases.js";
import { compileLayers, indexedOnly, type Layers } from "./support/evaluators.js";
import { fastMatcher, pointsOf } from "./support/fast-match.js";
import { caseOf, decisionKey, disagreement, type Question, shrink, writeRegression } from "./support/found-case.js";
import { actions, type GeneratedPolicy, randomName, randomPolicy } from "./support/generate.js";
import { Random } from "./support/random.js";
import { scale, scaled } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

/**
 * Random policies and names through the reference and the compiled engines, 0 differences. Names come from the policy's own
 * globs, then move a step away. SMOLTBOT_SEED repeats a run; SMOLTBOT_DEEP=1 makes it twenty times as long.
 */
const seed = Number(process.env.SMOLTBOT_SEED ?? defaultSeed);
const policies = scaled(420);
const namesPerPolicy = 5000;
/** Seconds on a quiet machine; the limit is for busy ones. */
const limitMs = 300_000 * Math.max(1, scale);
const regressions = join(import.meta.dirname, "regressions");

const budgets: readonly CompileOptions["budget"][] = [
  undefined,
  { wholeStatesMax: 0 },
  indexedOnly,
  { statesMax: 12 },
  { workMax: 150, literalWorkMax: 0 },
  { statesMax: 0, literalWorkMax: 0, reserveBytesMax: 0 },
];

interface Subject {
  readonly generated: GeneratedPolicy;
  readonly budget: CompileOptions["budget"];
  /** Whether some condition may hold counts. */
  readonly counts: boolean;
}

function subjectOf(random: Random, index: number): Subject {
  // Mostly small policies, where matches overlap in every way; some that fill the indexed lanes and their reserve.
  const globs = index % 105 === 104 ? 1200 : index % 35 === 34 ? 250 : random.pick([1, 2, 3, 5, 8, 12, 20, 30, 60]);
  const counts = index % 7 === 6;
  return {
    generated: randomPolicy(random, { globs, counts }),
    budget: budgets[(index + Math.floor(index / 35)) % budgets.length],
    counts,
  };
}

/**
 * What the reference says about single calls. A name matters to it only through the globs it matches and being invalid,
 * so it is asked once for each such combination; a sample is asked name by name, with the reference's own matcher.
 */
function answersOf(layers: Layers, { globs }: GeneratedPolicy, counts: boolean, names: readonly string[]) {
  const distinct = [...new Set(globs)];
  const matchers = distinct.map(fastMatcher);
  const byGlob = new Map(distinct.map((glob, i) => [glob, matchers[i]]));
  const representatives = new Map<string, string>();
  let hits = 0;
  const combinations = names.map((name) => {
    const points = pointsOf(name);
    const invalid = name === "" || points.some((p) => p === 0xfffd || (p >= 0xd800 && p <= 0xdfff));
    let combination = invalid ? "-" : "+";
    for (let i = 0; i < matchers.length; i++) if (matchers[i](points)) combination += String.fromCharCode(i);
    if (combination.length > 1) hits++;
    if (!representatives.has(combination)) representatives.set(combination, name);
    return combination;
  });
  let latest = { name: "", points: [] as number[] };
  const matches = (glob: string, name: string) => {
    if (latest.name !== name) latest = { name, points: pointsOf(name) };
    return byGlob.get(glob)?.(latest.points) === true;
  };
  const ask = (asked: readonly string[]) => referenceEvaluate(layers, asked, {}, matches).tools.map(decisionKey);
  const asked = [...representatives.values()];
  // Without counts the calls of one evaluation do not touch each other; with counts each is a session of its own.
  const told = counts ? asked.flatMap((name) => ask([name])) : ask(asked);
  const answers = new Map(Array.from(representatives.keys(), (combination, i) => [combination, told[i]]));
  return { hits, expected: combinations.map((combination) => answers.get(combination) as string) };
}

/** The texts of decisions, which the engine shares between names. */
function keys(): (decision: Decision) => string {
  const known = new Map<Decision, string>();
  return (decision) => {
    const key = known.get(decision) ?? decisionKey(decision);
    known.set(decision, key);
    return key;
  };
}

function report(question: Question): never {
  const smallest = shrink(question);
  const what = disagreement(smallest) ?? "differs only among other names";
  const note = `Seed ${seed}, budget ${JSON.stringify(question.budget ?? {})}. ${what}`;
  throw new Error(`${note}\nwritten to ${writeRegression(regressions, smallest, note)}; repeat with SMOLTBOT_SEED=${seed}`);
}

test("the fast matcher is the reference matcher", () => {
  const letters = ["a", "\u00e9", "\u{1f600}"];
  const names = [...textsUpTo(letters, 5), "\ud83d", "a\ude00", "\ude00\ud83d"];
  for (const { source } of globsUpTo([...letters, "*", "?"], 3)) {
    const matches = fastMatcher(source);
    for (const name of names)
      if (matches(pointsOf(name)) !== referenceMatch(source, name)) throw new Error(`${source} on ${name}`);
  }
});

test("single calls: every decision is the reference's", { timeout: limitMs }, () => {
  const random = new Random(seed);
  let pairs = 0;
  let hits = 0;
  const causes = new Map<string, number>();
  for (let p = 0; p < policies; p++) {
    const { generated, budget, counts } = subjectOf(random, p);
    const layers = layersOf(caseOf(generated));
    const names = random.times(namesPerPolicy, () => randomName(random, generated.globs));
    const answers = answersOf(layers, generated, counts, names);
    const { expected } = answers;
    hits += answers.hits;
    pairs += names.length;
    for (const key of expected) causes.set(key.split(" ")[2], (causes.get(key.split(" ")[2]) ?? 0) + 1);
    for (let i = 0; i < names.length; i += 1250) {
      expect(decisionKey(referenceEvaluate(layers, [names[i]]).tools[0]), "the reference by itself").toBe(expected[i]);
    }
    const bytes = compileLayers(layers, budget);
    for (const evaluator of ["js", "wasm"] as const) {
      const wrong = firstWrong(openEngine(bytes, { evaluator }), names, expected);
      if (wrong !== undefined) report({ layers: generated.layers, tools: [names[wrong]], budget });
    }
  }
  const share = (n: number) => `${((n / pairs) * 100).toFixed(1)} %`;
  const distribution = Array.from(causes, ([cause, count]) => `${cause} ${share(count)}`).join(", ");
  console.log(`seed ${seed}: ${pairs} pairs of policy and name, ${share(hits)} hit a glob; ${distribution}`);
  expect(pairs).toBeGreaterThanOrEqual(2_000_000 * Math.min(1, scale));
  expect(hits / pairs).toBeGreaterThanOrEqual(0.2);
  if (scale >= 1) expect(causes.size).toBeGreaterThanOrEqual(9);
});

/** The first name whose decision in a batch, or alone, is not the expected one. */
function firstWrong(engine: Engine, names: readonly string[], expected: readonly string[]): number | undefined {
  const keyOf = keys();
  const batch = engine.decideBatch(packNames(names));
  for (let i = 0; i < names.length; i++) {
    if (keyOf(batch.at(i)) !== expected[i]) return i;
    if (i % 16 === 0 && keyOf(engine.decide(names[i])) !== expected[i]) return i;
  }
  return wrongCount(engine, names, expected);
}

/** Counts from bytes and from ids against the expected decisions; a name of the first decision that is miscounted. */
function wrongCount(engine: Engine, names: readonly string[], expected: readonly string[]): number | undefined {
  const packed = packNames(names);
  const ids = Uint32Array.from({ length: 3 * names.length }, (_, i) => (i * 7) % names.length);
  const counts: readonly (readonly [BatchCounts, readonly string[]])[] = [
    [engine.countBatch(packed), expected],
    [engine.countIds(ids, packed), Array.from(ids, (id) => expected[id])],
  ];
  for (const [{ tally }, told] of counts) {
    const wanted = new Map<string, number>();
    for (const key of told) wanted.set(key, (wanted.get(key) ?? 0) + 1);
    for (const { decision, count } of tally) wanted.set(decisionKey(decision), (wanted.get(decisionKey(decision)) ?? 0) - count);
    for (const [key, missing] of wanted) if (missing !== 0) return Math.max(0, expected.indexOf(key));
  }
  return undefined;
}

test("sessions with cards, grace and guardrails: every evaluation is the reference's", { timeout: limitMs }, () => {
  const random = new Random(seed ^ 0x5e551055);
  const rounds = scaled(400);
  for (let round = 0; round < rounds; round++) {
    const globs = random.pick([1, 2, 4, 8, 16, 16]);
    const generated = randomPolicy(random, { globs, counts: random.chance(0.7) });
    const tools = random.times(random.between(0, 14), () => randomName(random, generated.globs));
    if (tools.length > 0) tools.push(...random.times(random.below(5), () => random.pick(tools)));
    const question = {
      layers: generated.layers,
      tools,
      ...circumstances(random, generated, tools),
      budget: random.pick(budgets),
    };
    if (disagreement(question) !== undefined) report(question);
  }
});

const now = Date.parse("2026-03-01T12:00:00Z");
const hoursAgo = (hours: number) => new Date(now - hours * 3_600_000).toISOString();

function circumstances(
  random: Random,
  { layers, globs }: GeneratedPolicy,
  tools: readonly string[],
): Pick<Question, "card" | "context"> {
  const some = <T>(list: readonly T[], share: number) => list.filter(() => random.chance(share));
  const card = random.chance(0.5) ? { bounded: some(actions, 0.6), forbidden: some(actions, 0.15) } : undefined;
  const context: Record<string, unknown> = { kind: random.pick(["cicd", "gateway", "observer", "runtime", "audit"]) };
  if (random.chance(0.7)) context["now"] = new Date(now).toISOString();
  if (random.chance(0.6)) {
    const seen = tools.filter((tool) => tool !== "__proto__" && random.chance(0.6));
    context["first_seen"] = Object.fromEntries(
      seen.map((tool) => [tool, hoursAgo(random.pick([-5, 0, 0.25, 0.5, 3, 24, 30, 100]))]),
    );
  } else if (random.chance(0.3)) context["store"] = random.pick(["healthy", "down"]);
  if (random.chance(0.35)) context["guardrail"] = random.chance(0.15) ? null : guardrail();
  return { card, context };

  function guardrail(): Record<string, unknown> {
    const names = Object.values(layers).flatMap((layer) => Object.keys(layer.capability_mappings));
    return {
      id: "t",
      expires: hoursAgo(random.pick([-1, -1, -1, 0, 1])),
      ...(random.chance(0.6) ? { tools: some(globs, 0.4) } : {}),
      ...(random.chance(0.5) ? { allowed_capabilities: some(names, 0.5) } : {}),
    };
  }
}
