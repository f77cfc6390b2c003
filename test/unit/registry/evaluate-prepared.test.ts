import { describe, expect, it } from "vitest";
import type { SessionState } from "../../../src/engine/session.js";
import { mergePolicies } from "../../../src/policy/merge.js";
import { noIds, openMerged } from "../../../src/registry/active-policy.js";
import { evaluateText, PreparedTools } from "../../../src/registry/prepared-tools.js";
import { evaluationJson } from "../../../src/report/json/evaluation.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { openTestRegistry, yaml } from "../../support/registry.js";
import { scaled } from "../../support/scale.js";

/** What a whole evaluation answers, without what only the caller knows. */
function whole(evaluation: Parameters<typeof evaluationJson>[0]): unknown {
  const {
    schema: _,
    exit: __,
    ...rest
  } = JSON.parse(JSON.stringify(evaluationJson(evaluation, { evaluatedAtMs: 5, durationMs: 1, exit: { code: 0, reasons: [] } })));
  return rest;
}

describe("tools judged one by one", () => {
  it("come to what the whole list comes to, also as text, where no trigger counts", () => {
    let compared = 0;
    for (let seed = 0; compared < scaled(300); seed++) {
      const draw = new PolicyDraw(seed);
      const layers = { org: draw.policy("org"), agent: draw.chance(50) ? draw.policy("agent") : undefined };
      const merged = mergePolicies(layers).value;
      if (merged === undefined) continue;
      const policy = openMerged(merged, noIds, () => {});
      if (policy.hasCountTests) continue;
      compared++;
      const { card, kind = "gateway" } = draw.context(0);
      const tools = Array.from({ length: 1 + draw.below(8) }, () => draw.name());
      if (draw.chance(30)) tools.push(...tools.slice(0, 2));
      const prepared = new PreparedTools(policy, { kind, card });
      const nowMs = 1_000_000_000;
      const seen = new Map(tools.map((tool) => [tool, nowMs - draw.below(100 * 3_600_000)]));
      const sightings = draw.chance(20) ? undefined : { firstSeenMs: (tool: string) => seen.get(tool) };
      const sessions = [policy.engine.openSession(), policy.engine.openSession()] as SessionState[];
      // The second time everything is known.
      for (let time = 0; time < 2; time++) {
        const answer = prepared.answer(tools, nowMs, sightings, sessions[0])("1970-01-01T00:00:00.005Z", 1);
        const expected = whole(policy.engine.evaluate(tools, { kind, card, nowMs, sightings, session: sessions[1] }));
        expect(JSON.parse(JSON.stringify(answer)), `seed ${seed}`).toEqual(expected);
        expect(JSON.parse(evaluateText(answer)!), `seed ${seed}`).toEqual(expected);
      }
      const counts = ({ toolCount, unmappedCount, unmappedOrgCount, violationCount }: SessionState) => [
        toolCount,
        unmappedCount,
        unmappedOrgCount,
        violationCount,
      ];
      expect(counts(sessions[0]!), `seed ${seed}`).toEqual(counts(sessions[1]!));
    }
  });

  it("are forgotten over all policies, also those that nobody asks any more", () => {
    const draw = new PolicyDraw(1);
    const policy = () => openMerged(mergePolicies({ org: draw.policy("org") }).value!, noIds, () => {});
    const idle = new PreparedTools(policy(), { kind: "cicd" });
    idle.answer(["a", "b"], 0, undefined, undefined);
    expect(idle.size).toBe(2);
    let most = 0;
    const busy = Array.from({ length: 20 }, () => new PreparedTools(policy(), { kind: "cicd" }));
    for (let i = 0; idle.size > 0; i++) {
      expect(i).toBeLessThan(200);
      const names = Array.from({ length: 1000 }, (_, j) => `${"a".repeat(200)}${i}-${j}`);
      busy[i % 20]?.answer(names, 0, undefined, undefined);
      most = Math.max(
        most,
        busy.reduce((sum, { size }) => sum + size, 0),
      );
    }
    expect(busy.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(most / 2);
  });

  it("keep nothing of long names, and stay right when everything is forgotten", async () => {
    const test = await openTestRegistry();
    const text = `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings: {m: {tools: ["a*"], card_actions: [x]}}
forbidden: []
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false, grace_period_hours: 0}
`;
    await test.registry.publish({ agent: "a" }, yaml(text));
    for (let round = 0; round < 12; round++) {
      const tools = Array.from({ length: 1000 }, (_, i) => `${i % 2 === 0 ? "a" : "b"}${round}-${i}${"x".repeat(i % 400)}`);
      const answer = await test.registry.evaluate({ agent_id: "a", tools });
      const causes = (answer.tools as { cause: string }[]).map(({ cause }) => cause);
      expect(causes).toEqual(tools.map((_, i) => (i % 2 === 0 ? "mapped" : "unmapped_denied")));
      expect(answer.violations).toHaveLength(500);
    }
    await test.service.close();
  });
});
