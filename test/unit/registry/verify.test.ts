import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { floorOf } from "../../../src/analysis/floor.js";
import type { Policy } from "../../../src/policy/model.js";
import {
  checkArtifact,
  checkFloor,
  compiledArtifact,
  mergeLayers,
  ownDigest,
  verifyPolicy,
} from "../../../src/registry/verify.js";
import { parsePolicy } from "../../../src/syntax/policy.js";
import { randomPolicy } from "../../support/generate.js";
import { edited, validPolicy } from "../../support/policy-text.js";
import { Random } from "../../support/random.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";
import { scaled } from "../../support/scale.js";

function parsed(text: string): Policy {
  return parsePolicy(text, { file: "p.yaml" }).value ?? expect.fail("the policy does not parse");
}

const agent = parsed(validPolicy);
const org = parsed(
  validPolicy.replace("scope: agent", "scope: org").replace("unmapped_tool_action: warn", "unmapped_tool_action: deny"),
);

describe("verifying a policy", () => {
  it("passes every random policy, and its artifact is the one that is compiled again", () => {
    const random = new Random(77);
    for (let round = 0; round < scaled(25); round++) {
      const { layers } = randomPolicy(random, { globs: random.between(1, 25), counts: true });
      const read = (shape: object | undefined) => shape && parsePolicy(JSON.stringify(shape), { file: "p.json" }).value;
      const pair = { org: read(layers.org), agent: read(layers.agent) };
      if (pair.org === undefined && pair.agent === undefined) continue;
      const { artifact } = verifyPolicy(pair, { confirmBroad: true });
      expect(Buffer.compare(artifact, compiledArtifact(mergeLayers(pair).merged).bytes)).toBe(0);
    }
  });

  it("finds an artifact that is not of the policy", () => {
    const layers = { org, agent };
    const right = compiledArtifact(mergeLayers(layers).merged).artifact;
    const names = ["mcp__admin__x", "mcp__browser__x", "other"];
    expect(() => checkArtifact(layers, right, names)).not.toThrow();
    const changes: [string, string][] = [
      ['"mcp__admin__*"', '"mcp__admins__*"'],
      ['"mcp__browser__*"', '"mcp__browse__*"'],
      ["unmapped_tool_action: warn", "unmapped_tool_action: allow"],
    ];
    for (const [part, replacement] of changes) {
      const other = parsed(edited(part, replacement));
      const wrong = compiledArtifact(mergeLayers({ agent: other }).merged).artifact;
      expect(() => checkArtifact({ agent }, wrong, names)).toThrow(/disagree about/);
    }
  });

  it("refuses a floor that is broken or not decided for every name", () => {
    const report = floorOf(org, agent);
    expect(() => checkFloor(report)).not.toThrow();
    const [change] = floorOf(org, parsed(edited('"mcp__browser__*"', '"other"'))).exceptions;
    expect(change).toBeDefined();
    const thrown = (work: () => void): unknown => {
      try {
        work();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(thrown(() => checkFloor({ ...report, broken: [change] }))).toMatchObject({
      code: "validation_error",
      details: [{ message: expect.stringContaining("`other` would be judged pass") }],
    });
    const made = { ...report, undecided: [{ question: "q", reason: "r" }] };
    expect(thrown(() => checkFloor(made))).toMatchObject({ details: [{ message: "not decided: q; r" }] });
  });

  it("digests a policy alone, whatever stands below it", () => {
    expect(ownDigest(agent)).toBe(ownDigest(parsed(`# other text\n${validPolicy}`)));
    expect(ownDigest(agent)).not.toBe(ownDigest(parsed(edited("name: support", "name: other"))));
  });
});

describe("an org's policy and its agents", () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await openTestRegistry();
  });
  afterEach(() => test.service.close());
  const floor = validPolicy.replace("scope: agent", "scope: org").replace("action: warn", "action: deny");

  it("looks at each text once, and names every agent that has it", async () => {
    const broad = edited('"mcp__browser__*"', '"*_read"');
    for (const name of ["a", "b", "c"]) await test.registry.publish({ agent: name }, yaml(broad));
    let asked = 0;
    const { policies } = test.store;
    const counting = {
      ...test.service.services,
      store: {
        ...test.store,
        policies: {
          list: policies.list.bind(policies),
          publish: policies.publish.bind(policies),
          active: (owner: { org: string }) => {
            asked++;
            return policies.active(owner);
          },
        },
      },
    };
    const { publish } = await import("../../../src/registry/publish.js");
    const answer = await publish(counting as never, { org: "acme", actor: "t" }, {}, yaml(floor));
    expect(answer.warnings.map(({ message }) => message.slice(0, 9))).toEqual(["agent `a`", "agent `b`", "agent `c`"]);
    expect(answer.warnings.every((finding) => finding.line === undefined)).toBe(true);
    // Its own, and one of the three.
    expect(asked).toBe(2);
  });

  it("leaves out the proof, and only that, for an agent whose policy is large", async () => {
    const padded = (bytes: number) => `${edited('"mcp__browser__*"', '"*_read"')}${"# so many words\n".repeat(bytes / 16)}`;
    await test.registry.publish({ agent: "large" }, yaml(padded(300 * 1024)));
    await test.registry.publish({ agent: "huge" }, yaml(padded(2200 * 1024)));
    const { warnings } = await test.registry.publish({}, yaml(floor));
    expect(warnings.map(({ code }) => code)).toEqual(["merge_broad_mapping", "merge_broad_mapping", "floor_not_proven"]);
    expect(warnings[2].message).toMatch(/for 2 agents$/);
  });

  it("goes through more agents than fit on a page", async () => {
    await test.registry.publish({ agent: "x0" }, yaml(edited('"mcp__browser__*"', '"*_read"')));
    const stored = (await test.store.policies.active({ org: "acme", agent: "x0" })) ?? expect.fail("no version");
    for (let i = 1; i < 230; i++) {
      const owner = { org: "acme", agent: `x${i}` };
      const newPolicyId = `pol-${String(i).padStart(20, "0")}`;
      await test.store.policies.publish({ ...stored, owner, newPolicyId, orgVersion: undefined }, { kind: "any" });
    }
    const answer = await test.registry.publish({}, yaml(floor));
    expect(answer.warnings).toHaveLength(100);
  });
});
