import { describe, expect, test } from "vitest";
import { outcomeKey } from "../../../src/analysis/outcome.js";
import { countTestsOf, firstCall, type Prior, priorsOf } from "../../../src/analysis/priors.js";
import { ABSENT, type Row } from "../../../src/analysis/question.js";
import { type GlobUse, joinSides, Side, type SideOptions } from "../../../src/analysis/side.js";
import { layersOf, subjectOf } from "../../../src/analysis/subject.js";
import { globText } from "../../../src/glob/parse.js";
import { severities, triggerActions } from "../../../src/policy/lattice.js";
import type { MergedPolicy, Policy, TriggerAction } from "../../../src/policy/model.js";
import { referenceEvaluate, referenceMatch } from "../../../src/reference/evaluate.js";
import { specificationOf, tracesOf, unitKey, unitsOf, withoutUnits } from "../../support/oracle-verdicts.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";
import { globOf, tinyPolicy } from "../../support/tiny-policy.js";

interface Drawn {
  readonly layers: { readonly org?: Policy; readonly agent?: Policy };
  readonly policy: MergedPolicy;
  readonly options: SideOptions;
}

function drawnPolicy(draw: PolicyDraw): Drawn {
  const which = draw.of(["org", "agent", "both", "both"]);
  const layers = {
    ...(which === "agent" ? {} : { org: draw.policy("org") }),
    ...(which === "org" ? {} : { agent: draw.policy("agent") }),
  };
  const options = {
    ...(draw.chance(50) ? { card: draw.card() } : {}),
    byCardActions: draw.chance(50),
    byCounts: draw.chance(50),
  };
  return { layers, policy: subjectOf(layers).policy, options };
}

function validName(draw: PolicyDraw): string {
  for (;;) {
    const name = draw.name();
    if (name !== "" && Array.from(name).every((character) => character !== "\ufffd" && !/[\ud800-\udfff]/u.test(character)))
      return name;
  }
}

function rowOf(side: Side, name: string): number[] {
  const row = Array<number>(side.width).fill(ABSENT);
  for (const [text, { row: own }] of side.globs) {
    if (referenceMatch(text, name)) own.forEach((rank, c) => (row[c] = Math.min(row[c] as number, rank)));
  }
  return row;
}

function somePriors(draw: PolicyDraw, policy: MergedPolicy): Prior[] {
  const priors = priorsOf(countTestsOf(policy)) ?? [];
  const unmappedOrgCount = draw.below(8);
  const toolCount = unmappedOrgCount + draw.below(3);
  const odd = {
    toolCount,
    unmappedOrgCount,
    unmappedCount: draw.below(unmappedOrgCount + 1),
    violationCount: draw.below(toolCount + 1),
  };
  return [firstCall, odd, ...Array.from({ length: 4 }, () => draw.of(priors))];
}

/** Whether the policy gives grace at all: without it there is nothing to ask (T1). */
function graces({ defaults }: MergedPolicy): boolean[] {
  return defaults.gracePeriodHours.value > 0 ? [false, true] : [false];
}

test("rows of the matching globs give what the specification says, after any calls, in grace and out of it", () => {
  const draw = new PolicyDraw(defaultSeed);
  let judged = 0;
  const causes = new Set<string>();
  for (let round = 0; round < scaled(200); round++) {
    const { layers, policy, options } = drawnPolicy(draw);
    const { card, byCardActions, byCounts } = options;
    const side = new Side(policy, options);
    for (let n = 0; n < 6; n++) {
      const name = validName(draw);
      const row = rowOf(side, name);
      for (const prior of somePriors(draw, policy)) {
        const inGrace = draw.of(graces(policy));
        const wanted = specificationOf(layers, name, { card, prior, inGrace });
        const traces = tracesOf(layers, name, { card, inGrace }, wanted, countTestsOf(policy));
        const own = side.outcome(row, 0, prior, { inGrace });
        const full = {
          ...wanted,
          cardActions: byCardActions ? traces.cardActions : undefined,
          counted: byCounts ? traces.counted : undefined,
        };
        // Compared as text first: thousands of deep comparisons take their time.
        if (outcomeKey(own) !== outcomeKey(full)) expect({ round, name, prior, inGrace, ...own }).toEqual(full);
        causes.add(own.cause);
        judged++;
      }
    }
  }
  expect(judged).toBe(scaled(200) * 36);
  if (judged > 5_000) expect(causes.size).toBe(11);
});

test("a row can be asked what it gets under other defaults", () => {
  const draw = new PolicyDraw(defaultSeed + 4);
  for (let round = 0; round < scaled(150); round++) {
    const { policy, options } = drawnPolicy(draw);
    const other = drawnPolicy(draw).policy.defaults;
    // The rules of one policy, the defaults of the other, in each layer: they merge to themselves.
    const { org, agent } = layersOf({ ...policy, defaults: other });
    const side = new Side(policy, { card: options.card });
    for (let n = 0; n < 4; n++) {
      const name = validName(draw);
      for (const prior of somePriors(draw, policy).slice(0, 3)) {
        const wanted = specificationOf({ org, agent }, name, { card: options.card, prior });
        expect(side.outcome(rowOf(side, name), 0, prior, { defaults: other })).toEqual(wanted);
      }
    }
  }
});

test("deciding terms are of the strongest trigger that fires, and none where a single glob is as strong", () => {
  const draw = new PolicyDraw(defaultSeed + 5);
  let [found, single] = [0, 0];
  for (let round = 0; round < scaled(200); round++) {
    const { layers, policy, options } = drawnPolicy(draw);
    const side = new Side(policy, options);
    for (let n = 0; n < 5; n++) {
      const name = validName(draw);
      for (const prior of somePriors(draw, policy).slice(0, 3)) {
        const fired = referenceEvaluate(layers, [name], { card: options.card, session: prior }).tools[0].triggers;
        const strongest = Math.max(...fired.map(({ action }) => triggerActions.indexOf(action as TriggerAction)));
        const strong = fired.filter(({ action }) => triggerActions.indexOf(action as TriggerAction) === strongest);
        const ruleAt = (layer: string, index: number) => policy.triggers.findIndex((t) => t.layer === layer && t.index === index);
        const alone = strong.some(({ layer, index }) =>
          policy.triggers[ruleAt(layer, index)].rule.condition.terms.some(
            ({ globs, tests }) => globs.length === 1 && tests.length === 0 && referenceMatch(globs[0].text, name),
          ),
        );
        const deciding = side.decidingTerms(rowOf(side, name), 0, prior);
        const rules = [...new Set(deciding.map(({ trigger }) => trigger))].sort((a, b) => a - b);
        const wanted = alone ? [] : strong.map(({ layer, index }) => ruleAt(layer, index)).sort((a, b) => a - b);
        expect(rules).toEqual(wanted);
        for (const { trigger, part } of deciding) {
          const term = policy.triggers[trigger].rule.condition.terms[part];
          expect(term.globs.every((glob) => referenceMatch(glob.text, name))).toBe(true);
        }
        if (deciding.length > 0) found++;
        if (alone) single++;
      }
    }
  }
  expect(found).toBeGreaterThan(scaled(50));
  expect(single).toBeGreaterThan(scaled(50));
});

test("sides stand next to each other, and so do their outcomes", () => {
  const draw = new PolicyDraw(defaultSeed + 1);
  for (let round = 0; round < scaled(150); round++) {
    const drawn = [drawnPolicy(draw), drawnPolicy(draw), drawnPolicy(draw)];
    const sides = drawn.map(({ policy, options }) => new Side(policy, options));
    const marked = joinSides(sides, (text) => [text.length, ABSENT]);
    const width = sides.reduce((sum, side) => sum + side.width, 0) + 2;
    expect(marked.every((glob) => glob.row.length === width)).toBe(true);
    const texts = marked.map(({ tokens }) => globText(tokens));
    expect(texts).toEqual([...new Set(sides.flatMap((side) => [...side.globs.keys()]))].sort());
    const name = validName(draw);
    const row = Array<number>(width).fill(ABSENT);
    marked.forEach((glob, i) => {
      if (referenceMatch(texts[i], name)) glob.row.forEach((rank, c) => (row[c] = Math.min(row[c] as number, rank)));
    });
    let offset = 0;
    sides.forEach((side, i) => {
      const prior = draw.of(somePriors(draw, drawn[i].policy));
      expect(side.outcome(row, offset, prior)).toEqual(side.outcome(rowOf(side, name), 0, prior));
      offset += side.width;
    });
    const matched = texts.filter((text) => referenceMatch(text, name)).map((text) => text.length);
    expect(row.slice(-2)).toEqual([Math.min(ABSENT, ...matched), ABSENT]);
  }
});

describe("settle", () => {
  const joined = (a: Row, b: Row) => a.map((rank, c) => Math.min(rank, b[c]));

  test("forgets only what no further match can bring back", () => {
    const draw = new PolicyDraw(defaultSeed + 2);
    let forgotten = 0;
    for (let round = 0; round < scaled(200); round++) {
      const { policy, options } = drawnPolicy(draw);
      const side = new Side(policy, options);
      const priors = somePriors(draw, policy);
      const inGrace = draw.of(graces(policy));
      // Asked under two defaults: what is forgotten must be decided under both.
      const other = { ...policy.defaults, failOn: { ...policy.defaults.failOn, value: draw.of(severities) } };
      const isMilder = severities.indexOf(other.failOn.value) > severities.indexOf(policy.defaults.failOn.value);
      const met = [...side.globs.values()].map(({ row }) => row);
      // Any rows of these ranks, not only those that names have.
      const anyRow = (): number[] =>
        Array.from({ length: side.width }, (_, c) => (draw.chance(55) || met.length === 0 ? ABSENT : draw.of(met)[c]));
      const offset = draw.below(4);
      for (let n = 0; n < 12; n++) {
        const before = anyRow();
        const padded = [...Array<number>(offset).fill(7), ...before, 7];
        if (isMilder) side.settle(padded, offset, other.failOn.value);
        else side.settle(padded, offset);
        const settled = padded.slice(offset, -1);
        expect([...padded.slice(0, offset), padded.at(-1)]).toEqual(Array<number>(offset + 1).fill(7));
        expect(settled.every((rank, c) => rank === before[c] || rank === 0)).toBe(true);
        const again = [...settled];
        side.settle(again, 0, isMilder ? other.failOn.value : undefined);
        expect(again).toEqual(settled);
        if (settled.some((rank, c) => rank !== before[c])) forgotten++;
        for (let m = 0; m < 4; m++) {
          const more = m === 0 ? before : anyRow();
          for (const prior of priors) {
            for (const variant of isMilder ? [{ inGrace }, { inGrace, defaults: other }] : [{ inGrace }]) {
              const wanted = outcomeKey(side.outcome(joined(before, more), 0, prior, variant));
              const own = outcomeKey(side.outcome(joined(settled, more), 0, prior, variant));
              if (own !== wanted) expect({ round, before, more, prior, own }).toEqual({ own: wanted });
            }
          }
        }
      }
    }
    expect(forgotten).toBeGreaterThan(scaled(100));
  });

  test("a hard match settles everything but its severity, a denial the capability", () => {
    const policy = tinyPolicy({
      forbidden: [["a*", "low"], ["aa*", "critical"]],
      triggers: [["deny", [{ globs: ["b*"] }]], ["warn", [{ globs: ["*c", "*d"] }]]],
      capabilities: [["c", ["*a"]]],
    }); // biome-ignore format: one line a role
    const side = new Side(policy);
    const settledOf = (name: string) => {
      const row = rowOf(side, name);
      side.settle(row);
      return row;
    };
    expect(settledOf("ax")).toEqual([3, 0, 0, 0, 0]);
    expect(settledOf("aax")).toEqual([0, 0, 0, 0, 0]);
    expect(settledOf("bx")).toEqual([ABSENT, 0, 0, 0, 0]);
    expect(settledOf("x")).toEqual([ABSENT, ABSENT, ABSENT, ABSENT, ABSENT]);
  });
});

test("a use left out is a policy without it", () => {
  const draw = new PolicyDraw(defaultSeed + 3);
  let differs = 0;
  for (let round = 0; round < scaled(80); round++) {
    const { layers, policy, options } = drawnPolicy(draw);
    const whole = new Side(policy, options);
    const names = Array.from({ length: 5 }, () => validName(draw));
    const priors = somePriors(draw, policy).slice(0, 3);
    for (const use of unitsOf(layers)) {
      const omit = (other: GlobUse) => JSON.stringify(other) === JSON.stringify(use);
      const rest = new Side(policy, { ...options, omit });
      const reduced = withoutUnits(layers, new Set([unitKey(use)]));
      const merged = subjectOf(reduced).policy;
      // Rules that collapsed into the one left out (M2) would stand in for it in the layers: they are not looked at here.
      if (use.kind === "forbidden" && merged.forbidden.length !== policy.forbidden.length - 1) continue;
      for (const name of names)
        for (const prior of priors) {
          const own = rest.outcome(rowOf(rest, name), 0, prior);
          const wanted = specificationOf(reduced, name, { card: options.card, prior });
          const bare = { ...own, cardActions: undefined, counted: undefined };
          if (outcomeKey(bare) !== outcomeKey(wanted)) expect(bare).toEqual(wanted);
          if (outcomeKey(own) !== outcomeKey(whole.outcome(rowOf(whole, name), 0, prior))) differs++;
        }
    }
  }
  expect(differs).toBeGreaterThan(scaled(80));
});

test("globs of one text are one, with the strongest of their ranks, and capabilities alike are one class", () => {
  const policy = tinyPolicy({
    forbidden: [["a**", "low"], ["a*", "high"]],
    capabilities: [["one", ["x", "y"], ["r"]], ["two", ["z", "x"], ["r"]], ["three", ["v"], ["s"]]],
  }); // biome-ignore format: one line a role
  const side = new Side(policy);
  expect([...side.globs].map(([text, { row }]) => [text, row])).toEqual([
    ["a*", [1, ABSENT, ABSENT]],
    ["v", [ABSENT, ABSENT, 0]],
    ["x", [ABSENT, ABSENT, 0]],
    ["y", [ABSENT, ABSENT, 0]],
    ["z", [ABSENT, ABSENT, 0]],
  ]);
  const told = new Side(policy, { byCardActions: true });
  expect(["v", "x", "z"].map((text) => told.globs.get(text)?.row[2])).toEqual([1, 0, 0]);
  const card = { boundedActions: ["r"], forbiddenActions: [] };
  const carded = new Side(policy, { card });
  expect(["v", "x"].map((text) => carded.outcome(carded.globs.get(text)?.row ?? []).cause)).toEqual([
    "capability_exceeded",
    "mapped",
  ]);
  expect(new Side(tinyPolicy({})).globs.size).toBe(0);
  expect(globOf("a**").text).toBe("a*");
});
