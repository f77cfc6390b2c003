import { expect, test } from "vitest";
import { keepsCapability, reasonOf } from "../src/analysis/lint/decisive.js";
import { Ground } from "../src/analysis/lint/ground.js";
import { lintPolicy } from "../src/analysis/lint/lint.js";
import { type Dead, findDead } from "../src/analysis/lint/liveness.js";
import type { Unit } from "../src/analysis/lint/units.js";
import type { Outcome } from "../src/analysis/outcome.js";
import { countTestsOf, type PlacedTest, priorsOf } from "../src/analysis/priors.js";
import { subjectOf } from "../src/analysis/subject.js";
import type { Span } from "../src/diagnostics/diagnostic.js";
import { type Glob, parseGlob } from "../src/glob/parse.js";
import type { Card, Policy, Scope } from "../src/policy/model.js";
import { referenceMatch } from "../src/reference/evaluate.js";
import { type NameClasses, nameClasses } from "./support/oracle.js";
import { globTextsOf, PairDraw } from "./support/oracle-pairs.js";
import {
  fullOutcomesOf,
  judgementsOf,
  type OracleCall,
  type OracleLayers,
  unitKey,
  unitsOf,
  withoutUnits,
} from "./support/oracle-verdicts.js";
import { scaledTo } from "./support/scale.js";
import { defaultSeed } from "./support/seed.js";

/**
 * Lint against exhaustion, on random small policies: every rule that it calls dead is, and no other one. Which names suffice is
 * argued in analysis-exhaustive.test.ts; here each combination of matched globs is asked about by its shortest name.
 */
const policies = scaledTo(200, 20_000);
const timeout = { timeout: 900_000 };

/** What must stay the same when rules are taken out, by class of names and kind of call. */
class Judgements {
  readonly #names: readonly string[];
  readonly #calls: readonly OracleCall[];
  readonly #known = new Map<string, string>();

  constructor(
    readonly layers: OracleLayers,
    readonly classes: NameClasses["classes"],
    card: Card | undefined,
  ) {
    this.#names = classes.map(({ name }) => name);
    const { policy } = subjectOf(layers);
    const { unmappedToolAction, gracePeriodHours } = policy.defaults;
    const grace = unmappedToolAction.value === "deny" && gracePeriodHours.value > 0 ? [false, true] : [false];
    const priors = priorsOf(countTestsOf(policy)) ?? [];
    this.#calls = priors.flatMap((prior) => grace.map((inGrace) => ({ card, prior, inGrace })));
  }

  /** Of the policy without these units, where these tests are what counts are for; of org alone below agents as well. */
  without(gone: ReadonlySet<string>, own: readonly PlacedTest[]): string {
    const { org, agent } = this.layers;
    const joined = org !== undefined && agent === undefined;
    const tests = joined ? [...own, ...agentTests] : own;
    const key = JSON.stringify([[...gone].sort(), tests]);
    let known = this.#known.get(key);
    if (known === undefined) {
      const rest = withoutUnits(this.layers, gone);
      const below = joined ? agentsOf(org).map((each) => ({ ...rest, agent: each })) : [];
      const all = [rest, ...below].flatMap((layers) => this.#calls.map((call) => ({ layers, call })));
      known = all.map(({ layers, call }) => judgementsOf(layers, this.#names, call, tests).join("\n")).join("\n\n");
      this.#known.set(key, known);
    }
    return known;
  }

  /** The capabilities of a layer whose every name is forbidden or denied, whatever the session; globs that are gone do not count. */
  refused(scope: Scope, gone: ReadonlySet<string>): number[] {
    const tables = this.#calls.map((call) => fullOutcomesOf(this.layers, this.#names, call, []));
    const isRefused = ({ cause }: Outcome) => cause === "forbidden" || cause === "escalation_denied";
    return (this.layers[scope]?.capabilities ?? []).flatMap(({ tools }, index) => {
      const left = tools.filter((_, part) => !gone.has(unitKey({ kind: "capability", layer: scope, index, part })));
      const mapped = this.#names.flatMap((name, n) => (left.some(({ glob }) => referenceMatch(glob.text, name)) ? [n] : []));
      return mapped.length > 0 && tables.every((table) => mapped.every((n) => isRefused(table[n]))) ? [index] : [];
    });
  }

  /** Tests of the triggers that are left. */
  testsWithout(gone: ReadonlySet<string>): PlacedTest[] {
    return countTestsOf(subjectOf(withoutUnits(this.layers, gone)).policy);
  }
}

/** What an agent's triggers may count. */
const agentTests: readonly PlacedTest[] = (["unmapped_tool_count", "violation_count"] as const).map((count) => ({
  test: { count, comparison: ">", value: 0 },
  layer: "agent",
}));

/** Agents that take away what may hide a rule of org: they map everything, and have everything forbidden fail. */
function agentsOf({ defaults, file }: Policy): Policy[] {
  const span = { file, line: 1, column: 1, endLine: 1, endColumn: 2 };
  const everything = { name: "all", tools: [{ glob: parseGlob("*") as Glob, span }], cardActions: [], span };
  return [[], [everything]].flatMap((capabilities) =>
    ([defaults.failOn, "low"] as const).map((failOn) => ({
      meta: { schemaVersion: "1.0" as const, name: "agent", scope: "agent" as const },
      capabilities,
      forbidden: [],
      triggers: [],
      defaults: { ...defaults, ...(failOn && { failOn }) },
      file,
    })),
  );
}

/** The definition, one unit after the other, each with what was found dead before it taken out. */
function deadUnits(judgements: Judgements, scope: Scope): Set<string> {
  const gone = new Set<string>();
  const own = unitsOf(judgements.layers).filter(({ layer }) => layer === scope);
  for (const kind of ["trigger", "capability", "forbidden"]) {
    for (const unit of own.filter((one) => one.kind === kind).reverse()) {
      const tests = judgements.testsWithout(gone);
      const key = unitKey(unit);
      const isIdle = (others: ReadonlySet<string>) =>
        judgements.without(others, tests) === judgements.without(new Set([...others, key]), tests);
      // A capability may hide one that was found dead before: it has to be dead whichever of those still stand.
      const heirs = kind === "capability" ? [...gone].filter((other) => other.startsWith(kind)) : [];
      if (subsetsOf(heirs).every((standing) => isIdle(new Set([...gone].filter((one) => !standing.includes(one))))))
        gone.add(key);
    }
  }
  return gone;
}

function subsetsOf<T>(items: readonly T[]): T[][] {
  const subsets: T[][] = [[]];
  for (const item of items) subsets.push(...subsets.map((subset) => [...subset, item]));
  return subsets;
}

function keyOf(unit: Unit): string {
  return unitKey({ ...unit, part: unit.kind === "forbidden" ? 0 : unit.part });
}

/** That what is said to make a rule dead does so alone, and that nothing of it is superfluous. */
function checkReason(ground: Ground, dead: Dead, judgements: Judgements, gone: ReadonlySet<string>): number {
  const { by, rough } = reasonOf(ground, dead);
  const tests = judgements.testsWithout(gone);
  const all = unitsOf(judgements.layers).map(unitKey);
  const own = dead.units.map(keyOf);
  const isEnough = (units: readonly string[]) => {
    const others = all.filter((key) => !units.includes(key) && !own.includes(key));
    return judgements.without(new Set(others), tests) === judgements.without(new Set([...others, ...own]), tests);
  };
  const keys = by.map(keyOf);
  if (rough) {
    // What made it dead was dead for rules behind: of what is left nothing accounts for it, and nothing is claimed.
    expect(isEnough(all.filter((key) => !gone.has(key)))).toBe(false);
    expect(keepsCapability(ground, dead, { by, rough }) && dead.units[0].kind === "capability").toBe(false);
    return 2;
  }
  expect(isEnough(keys)).toBe(true);
  // One rule that says at least as much is told also where the defaults alone would do.
  if (keys.length > 1) for (const key of keys) expect(isEnough(keys.filter((other) => other !== key))).toBe(false);
  if (keys.length > 1) expect(all.filter((key) => !gone.has(key) && isEnough([key]))).toEqual([]);
  return keys.length;
}

test("what lint calls dead changes nothing, and what it does not has a name that depends on it", timeout, () => {
  const draw = new PairDraw(defaultSeed);
  const reasons = [0, 0, 0];
  let alive = 0;
  for (let round = 0; round < policies; round++) {
    const { before: layers, card } = draw.pair();
    const scope: Scope = layers.org && (layers.agent === undefined || draw.chance(30)) ? "org" : "agent";
    const linted = scope === "org" ? { org: layers.org } : layers;
    const { classes } = nameClasses(globTextsOf(linted));
    const judgements = new Judgements(linted, classes, card);
    const wanted = deadUnits(judgements, scope);
    const ground = new Ground(subjectOf(linted), { card });
    const { dead, undecided } = findDead(ground, ({ layer }) => layer === scope);
    const found = dead.flatMap(({ units }) => units.map(keyOf));
    const described = () =>
      JSON.stringify({ round, scope, layers: linted }, (key, value) => (/[sS]pan/.test(key) ? undefined : value));
    if (JSON.stringify([...wanted].sort()) !== JSON.stringify([...found].sort())) {
      expect({ found: found.sort(), at: described() }).toEqual({ found: [...wanted].sort() });
    }
    expect(undecided).toEqual([]);
    alive += unitsOf(linted).filter(({ layer }) => layer === scope).length - found.length;
    for (const one of dead) {
      try {
        reasons[Math.min(2, checkReason(ground, one, judgements, wanted))]++;
      } catch (error) {
        throw new Error(`${one.units.map(keyOf)} of ${described()}`, { cause: error });
      }
    }
    try {
      checkReport(layers, scope, card, judgements, dead);
    } catch (error) {
      throw new Error(`the report of ${described()}`, { cause: error });
    }
  }
  if (policies < 500) return;
  expect(alive).toBeGreaterThan(policies);
  // Dead by itself, by one other, by several.
  for (const count of reasons) expect(count).toBeGreaterThan(policies * 0.01);
});

const deadCodes = ["dead_rule", "shadowed_rule", "redundant_rule", "duplicate_rule", "capability_all_forbidden"];

/** Every dead rule is reported once, where it stands; all safe edits together change nothing. */
function checkReport(
  layers: OracleLayers,
  scope: Scope,
  card: Card | undefined,
  judgements: Judgements,
  dead: readonly Dead[],
): void {
  const { findings } = lintPolicy({ subject: subjectOf(layers), scope, card });
  const whole = new Set(dead.flatMap(({ units: [unit], whole }) => (whole && unit.kind === "capability" ? [unit.index] : [])));
  // A capability that only counts keep alive is reported for what it grants: nothing.
  const idle = findings.filter(({ code, rule }) => code === "capability_all_forbidden" && !whole.has(rule?.index as number));
  const deadKeys = new Set(dead.flatMap(({ units }) => units.map(keyOf)));
  expect(idle.map(({ rule }) => rule?.index)).toEqual(judgements.refused(scope, deadKeys).filter((index) => !whole.has(index)));
  const reported = findings.filter((finding) => deadCodes.includes(finding.code) && !idle.includes(finding));
  const lines = (list: readonly { line: number }[]) => list.map(({ line }) => line).sort((a, b) => a - b);
  expect(lines(reported.map(({ span }) => span))).toEqual(lines(dead.map(placeOf)));
  for (const { message, span } of reported) {
    if (!/holds for no call|matches no valid tool name/.test(message)) continue;
    const own = dead.filter((one) => placeOf(one).line === span.line).flatMap(({ units }) => units.map(keyOf));
    checkNeverHolds(judgements, own, card);
  }
  const gone = new Set<string>();
  for (const { edit, safe, rule } of findings) {
    if (!safe || edit === undefined || rule === undefined) continue;
    expect(edit.kind).not.toBe("replace_glob");
    for (const unit of unitsOf(judgements.layers)) {
      const { kind, layer, index, part } = unit;
      if (kind !== rule.kind || layer !== rule.layer || index !== rule.index) continue;
      const tool = judgements.layers[layer]?.capabilities[index]?.tools[part];
      if (edit.kind === "remove_glob" && tool?.span.line !== rule.line) continue;
      gone.add(unitKey(unit));
    }
  }
  // Counts that only dead terms test are nobody's any more, also where such a term stays because it is part of a text.
  const tests = judgements.testsWithout(deadKeys);
  if (judgements.without(gone, tests) !== judgements.without(new Set(), tests)) {
    throw new Error(`taking out ${[...gone].join(", ")} changes something`);
  }
}

function placeOf({ units: [unit], whole }: Dead): Span {
  if (unit.kind === "forbidden") return unit.rule.pattern.span;
  return unit.kind === "capability" && !whole ? unit.tool.span : unit.rule.span;
}

/** Alone in a policy that lets through all the rest, it changes nothing either. */
function checkNeverHolds({ layers, classes }: Judgements, own: readonly string[], card: Card | undefined): void {
  const lenient = (policy: Policy | undefined): Policy | undefined =>
    policy && { ...policy, defaults: { ...policy.defaults, unmappedToolAction: "allow" } };
  const [org, agent] = [lenient(layers.org), lenient(layers.agent)];
  const open = new Judgements({ ...(org && { org }), ...(agent && { agent }) }, classes, card);
  const others = unitsOf(layers).map(unitKey);
  const alone = new Set(others.filter((key) => !own.includes(key)));
  expect(open.without(alone, [])).toBe(open.without(new Set(others), []));
}
