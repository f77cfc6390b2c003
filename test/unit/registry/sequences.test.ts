import { afterAll, describe, expect, it } from "vitest";
import { referenceEvaluate } from "../../../src/reference/evaluate.js";
import type { Registry } from "../../../src/registry/registry.js";
import { orderedJson } from "../../../src/report/json/ordered.js";
import { openStore } from "../../../src/store/open.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { instantiate, mutate, type PolicyShape, randomPolicy } from "../../support/generate.js";
import { Random } from "../../support/random.js";
import { json, openTestRegistry, type TestRegistry } from "../../support/registry.js";
import { scaled } from "../../support/scale.js";
import { storeKinds } from "../../support/stores.js";

/** What a registry should hold for one owner. */
interface Expected {
  readonly texts: string[];
  active: number | undefined;
}

const agents = ["a", "b"];
const owners = [undefined, ...agents];

describe.each(storeKinds)("any sequence of publishing, rolling back and removing, on $name", ({ name: kind, place }) => {
  const random = new Random(5);
  const runs = scaled(kind === "sqlite" ? 3 : 1);
  let denied = 0;
  let checked = 0;
  for (let run = 0; run < runs; run++) {
    it(`reads back as it was published, and judges as the specification does (${run})`, async () => {
      const { where, remove } = await place();
      const test = await openTestRegistry(await openStore(where, { poolSize: 3 }));
      const model = new Map(owners.map((owner) => [owner, { texts: [], active: undefined } as Expected]));
      const globs: string[] = [];
      for (let step = 0; step < 12; step++) {
        const owner = random.pick(owners);
        const expected = model.get(owner) as Expected;
        test.nowMs += random.below(1000);
        await act(test.registry, owner, expected, random, globs);
        for (const [id, { texts, active }] of model) await expectHeld(test.registry, id, texts, active);
        for (const agent of agents) checked += await expectJudged(test, model, agent, random, globs);
      }
      await test.service.close();
      await remove();
    });
  }
  afterAll(() => {
    // The comparison must have had something to compare.
    expect(checked).toBeGreaterThan(runs * 80);
    expect(denied).toBeGreaterThan(0);
  });

  async function act(registry: Registry, agent: string | undefined, expected: Expected, draw: Random, globs: string[]) {
    const roll = draw.next();
    if (roll < 0.1) {
      const removal = registry.removePolicy({ agent });
      if (expected.active === undefined) await expect(removal).rejects.toMatchObject({ code: "not_found" });
      else await removal;
      expected.active = undefined;
      return;
    }
    if (roll < 0.25 && expected.texts.length > 0) {
      const version = 1 + draw.below(expected.texts.length);
      const text = expected.texts[version - 1];
      const again = expected.active !== undefined && expected.texts[expected.active - 1] === text;
      const answer = await registry.rollback({ agent }, version, { confirmBroad: true });
      if (!again) expected.texts.push(text);
      expected.active = again ? expected.active : expected.texts.length;
      expect(answer.version).toBe(expected.active);
      return;
    }
    const shape = randomShape(draw, agent === undefined ? "org" : "agent", globs);
    const text = `${JSON.stringify(shape, null, draw.below(3))}\n`;
    const answer = await registry.publish({ agent }, json(text), { confirmBroad: true });
    expect(answer.archived_version).toBe(expected.active ?? null);
    expected.texts.push(text);
    expected.active = expected.texts.length;
    expect(answer.version).toBe(expected.active);
  }

  async function expectJudged(
    { registry, nowMs }: TestRegistry,
    model: ReadonlyMap<string | undefined, Expected>,
    agent: string,
    draw: Random,
    globs: readonly string[],
  ): Promise<number> {
    const layer = (id: string | undefined, label: string) => {
      const { texts, active } = model.get(id) as Expected;
      return active === undefined ? undefined : parsePolicy(texts[active - 1], { file: label }).value;
    };
    const layers = { org: layer(undefined, "orgs/acme/policy.json"), agent: layer(agent, `agents/${agent}/policy.json`) };
    const names = draw.times(8, () => {
      const name = globs.length === 0 ? "x" : instantiate(draw, draw.pick(globs));
      return draw.chance(0.3) ? mutate(draw, name) : name;
    });
    const asked = registry.evaluate({ agent_id: agent, tools: names });
    if (layers.org === undefined && layers.agent === undefined) {
      await expect(asked).rejects.toMatchObject({ code: "not_found" });
      return 0;
    }
    const answer = await asked;
    const said = referenceEvaluate(layers, names, { kind: "cicd", nowMs, sightings: { firstSeenMs: () => undefined } });
    expect([answer.verdict, answer.decision, answer.mode]).toEqual([said.verdict, said.action, said.mode]);
    const told = answer.tools as readonly {
      tool: string;
      verdict: string;
      cause: string;
      rule: { layer: string; index: number };
    }[];
    for (const [i, own] of told.entries()) {
      const other = said.tools[i];
      expect([own.tool, own.verdict, own.cause]).toEqual([other.tool, other.verdict, other.cause]);
      expect(own.rule && [own.rule.layer, own.rule.index]).toEqual(other.rule && [other.rule.layer, other.rule.index]);
      if (own.verdict === "fail") denied++;
    }
    const resolved = await registry.getResolvedPolicy(agent);
    const digest = (answer.policy as { digest: string }).digest;
    expect(resolved.digest).toBe(digest);
    return names.length;
  }
});

async function expectHeld(registry: Registry, agent: string | undefined, texts: readonly string[], active: number | undefined) {
  const history = await registry.history({ agent }, { perPage: 100 });
  expect(history.versions.map((v) => [v.version, v.active])).toEqual(texts.map((_, i) => [i + 1, i + 1 === active]).reverse());
  if (active === undefined) await expect(registry.getPolicy({ agent })).rejects.toMatchObject({ code: "not_found" });
  else {
    const { text } = await registry.getPolicySource({ agent });
    expect(text).toBe(texts[active - 1]);
    const { id, version, digest, created_at, updated_at, updated_by, ...policy } = await registry.getPolicy({ agent });
    expect(version).toBe(active);
    expect([id, digest, created_at, updated_at, updated_by].every((field) => typeof field === "string")).toBe(true);
    expect(JSON.parse(orderedJson(policy))).toEqual(JSON.parse(texts[active - 1]));
  }
}

function randomShape(random: Random, scope: "org" | "agent", globs: string[]): PolicyShape {
  for (;;) {
    const { layers, globs: own } = randomPolicy(random, { globs: random.between(1, 12), counts: true });
    const shape = layers[scope];
    if (shape === undefined || parsePolicy(JSON.stringify(shape), { file: "p.json" }).value === undefined) continue;
    globs.push(...own);
    return shape;
  }
}
