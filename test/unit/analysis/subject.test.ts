import { expect, test } from "vitest";
import { confirm, specified } from "../../../src/analysis/confirm.js";
import { countTestsOf, priorsOf } from "../../../src/analysis/priors.js";
import { layersOf, subjectOf, subjectOfArtifact } from "../../../src/analysis/subject.js";
import { decodeArtifact } from "../../../src/artifact/decode.js";
import { compilePolicy } from "../../../src/compiler/compile.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import type { MergedPolicy, Policy } from "../../../src/policy/model.js";
import { specificationOf } from "../../support/oracle-verdicts.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { scaled } from "../../support/scale.js";
import { defaultSeed } from "../../support/seed.js";

function drawnLayers(draw: PolicyDraw): { org?: Policy; agent?: Policy } {
  const which = draw.of(["org", "agent", "both", "both"]);
  return {
    ...(which === "agent" ? {} : { org: draw.policy("org") }),
    ...(which === "org" ? {} : { agent: draw.policy("agent") }),
  };
}

/** Everything that decides, and where it stands. */
function essence(policy: MergedPolicy): unknown {
  const at = ({ file, line, column }: { file: string; line: number; column: number }) => `${file}:${line}:${column}`;
  return {
    sources: policy.sources,
    forbidden: policy.forbidden.map(({ layer, index, rule: { pattern, reason, severity } }) => [
      layer, index, pattern.glob.text, at(pattern.span), reason, severity,
    ]), // biome-ignore format: one rule
    triggers: policy.triggers.map(({ layer, index, rule: { condition, action, reason, span } }) => [
      layer, index, condition.text, action, reason, at(span),
      condition.terms.map(({ globs, tests }) => [globs.map(({ text }) => text).sort(), tests]),
    ]), // biome-ignore format: one rule
    capabilities: policy.capabilities.map(({ layer, index, rule: { name, tools, cardActions } }) => [
      layer, index, name, tools.map(({ glob, span }) => [glob.text, at(span)]), cardActions.map(({ value }) => value),
    ]), // biome-ignore format: one rule
    defaults: Object.entries(policy.defaults).map(([field, { value, layer }]) => [field, value, layer]),
  };
}

test("an artifact gives the outcomes of the layers it was compiled from, and their places", () => {
  const draw = new PolicyDraw(defaultSeed);
  for (let round = 0; round < scaled(120); round++) {
    const layers = drawnLayers(draw);
    const subject = subjectOf(layers);
    const read = subjectOfArtifact(decodeArtifact(compilePolicy(subject.policy).bytes));
    const card = draw.chance(50) ? draw.card() : undefined;
    const prior = draw.of(priorsOf(countTestsOf(subject.policy)) ?? []);
    const names = [...new Set(Array.from({ length: 8 }, () => draw.name()))];
    const wanted = new Map(names.map((name) => [name, specificationOf(layers, name, { card, prior })]));
    expect({ round, said: specified(read, names, { card, prior }) }).toEqual({ round, said: wanted });
    confirm(read, wanted, { card, prior });
    expect(priorsOf(countTestsOf(read.policy))).toEqual(priorsOf(countTestsOf(subject.policy)));
    expect(essence(read.policy)).toEqual(essence(subject.policy));
  }
});

test("the layers of a merged policy merge to it again", () => {
  const draw = new PolicyDraw(defaultSeed + 1);
  for (let round = 0; round < scaled(120); round++) {
    const layers = drawnLayers(draw);
    const { policy } = subjectOf(layers);
    const split = layersOf(policy);
    expect(Object.keys(split).sort()).toEqual(Object.keys(layers).sort());
    const { value: again, diagnostics } = mergePolicies(split);
    expect(diagnostics.filter(({ level }) => level === "error")).toEqual([]);
    const values = ({ defaults }: MergedPolicy) => Object.entries(defaults).map(([field, { value }]) => [field, value]);
    expect(values(again as MergedPolicy)).toEqual(values(policy));
    const prior = draw.of(priorsOf(countTestsOf(policy)) ?? []);
    for (let n = 0; n < 6; n++) {
      const name = draw.name();
      expect(specificationOf(split, name, { prior })).toEqual(specificationOf(layers, name, { prior }));
    }
  }
});

test("layers that do not merge are no subject", () => {
  const draw = new PolicyDraw(defaultSeed + 2);
  const [org, agent] = [draw.policy("org"), draw.policy("agent")];
  expect(() => subjectOf({})).toThrow(TypeError);
  expect(() => subjectOf({ org: agent })).toThrow(/scope: agent/);
  expect(() => subjectOf({ agent: org })).toThrow(/scope: org/);
  expect(subjectOf({ org, agent: undefined }).layers).toEqual({ org });
});
