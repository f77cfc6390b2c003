import { afterEach, describe, expect, it, vi } from "vitest";
import { decideOnFault } from "../../../src/policy/fault.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

let test: TestRegistry;
afterEach(() => test.service.close());

const agent = { agent: "support-1" };
const request = { agent_id: "support-1", tools: ["mcp__mail__send", "odd", "odd"], context: "gateway" } as const;

const policy = (failOpen: boolean, mode: string) => `meta: {schema_version: "1.0", name: support, scope: agent}
capability_mappings:
  mail: {tools: ["mcp__mail__*"], card_actions: [send_mail]}
forbidden: []
defaults: {unmapped_tool_action: warn, unmapped_severity: low, fail_open: ${failOpen}, enforcement_mode: ${mode}}
`;

const cells = [true, false].flatMap((failOpen) => (["off", "warn", "enforce"] as const).map((mode) => [failOpen, mode] as const));

describe.each(cells)("an engine that fails, with fail_open %s in mode %s", (failOpen, mode) => {
  const failing = async () => {
    test = await openTestRegistry();
    await test.registry.publish(agent, yaml(policy(failOpen, mode)));
    const { engine } = (await test.service.services.engines.policyOf("acme", "support-1")) ?? {};
    if (engine === undefined) throw new Error("there is no engine");
    const broken = () => {
      throw new Error("memory access out of bounds");
    };
    vi.spyOn(engine, "evaluate").mockImplementation(broken);
    vi.spyOn(engine, "decide").mockImplementation(broken);
  };

  it("is answered as F1 says, and each allow is counted", async () => {
    await failing();
    const { verdict, action } = decideOnFault({ engineLoaded: true, failOpen, mode });
    const answer = await test.registry.evaluate(request);
    expect([answer.verdict, answer.decision, answer.mode]).toEqual([verdict, action, mode]);
    expect(answer.tools).toMatchObject([
      { tool: "mcp__mail__send", calls: 1, cause: "fault", decision: action },
      { tool: "odd", calls: 2, cause: "fault", decision: action },
    ]);
    expect(test.service.services.engines.counts().faultsAllowed).toBe(action === "allow" ? 2 : 0);
  });

  it("denies where a guardrail is asked for that is not there", async () => {
    await failing();
    const answer = await test.registry.evaluate({ ...request, transaction_id: "txn-unknown" });
    expect([answer.verdict, answer.decision]).toEqual(["fail", "deny"]);
    expect(test.service.services.engines.counts().faultsAllowed).toBe(0);
  });
});
