import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../src/store/open.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";
import { type Place, storeKinds } from "../../support/stores.js";
import { lines, step } from "../../support/traces.js";

const agent_id = "support-1";
const policy = (action: string) => `meta: {schema_version: "1.0", name: p, scope: agent}
capability_mappings: {mail: {tools: ["mail_*"], card_actions: [send_mail]}}
forbidden: []
defaults: {unmapped_tool_action: ${action}, unmapped_severity: high, fail_open: false, enforcement_mode: enforce}
`;

describe.each(storeKinds)("two processes on one $name", ({ place }) => {
  let at: Place;
  let one: TestRegistry;
  let two: TestRegistry;

  beforeAll(async () => {
    at = await place();
    one = await openTestRegistry(await openStore(at.where, { poolSize: 2 }));
    two = await openTestRegistry(await openStore(at.where, { poolSize: 2 }));
  });
  afterAll(async () => {
    await one.service.close();
    await two.service.close();
    await at.remove();
  });

  const causesOf = async ({ registry }: TestRegistry, more: object = {}) => {
    const { tools } = await registry.evaluate({ agent_id, tools: ["odd"], context: "gateway", ...more });
    return (tools as { cause: string }[]).map(({ cause }) => cause);
  };
  /** Milliseconds until it is so. */
  const soon = async (ask: () => Promise<readonly string[]>, expected: string): Promise<number> => {
    const began = performance.now();
    while ((await ask())[0] !== expected) {
      if (performance.now() - began > 10_000) throw new Error(`not ${expected} after 10 s`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return performance.now() - began;
  };

  it("notice each other's policies within a second", async () => {
    await one.registry.publish({ agent: agent_id }, yaml(policy("allow")));
    expect(await causesOf(two)).toEqual(["unmapped_allowed"]);
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const [writer, reader] = i % 2 === 0 ? [one, two] : [two, one];
      const action = i % 2 === 0 ? "warn" : "allow";
      await writer.registry.publish({ agent: agent_id }, yaml(`${policy(action)}# ${i}\n`));
      const expected = action === "warn" ? "unmapped_warned" : "unmapped_allowed";
      expect(await causesOf(writer)).toEqual([expected]);
      waits.push(await soon(() => causesOf(reader), expected));
    }
    // The median, since this machine may be busy with other tests.
    expect(waits.sort((a, b) => a - b)[3]).toBeLessThan(1000);
  });

  it("share the guardrail of a session", async () => {
    const { transaction_id } = await one.registry.createTransaction({
      agent_id,
      description: "d",
      action_type: "a",
      tools: ["mail_*"],
    });
    expect(await causesOf(two, { session_id: "s" })).toEqual(["unmapped_allowed"]);
    expect(await causesOf(one, { session_id: "s", transaction_id })).toEqual(["guardrail_denied"]);
    await soon(() => causesOf(two, { session_id: "s" }), "guardrail_denied");
    await two.registry.endTransaction(transaction_id);
    expect(await causesOf(two, { session_id: "s" })).toEqual(["guardrail_missing"]);
    await soon(() => causesOf(one, { session_id: "s" }), "guardrail_missing");
  });

  it("share what was ingested, and judge it alike", async () => {
    const body = lines(
      ...Array.from({ length: 40 }, (_, i) =>
        step(`t${i}`, i % 5 === 0 ? [] : ["mail_send", `odd_${i % 3}`], { agent_id, timestamp: `2026-01-1${i % 5}T00:00:00Z` }),
      ),
    );
    const bytes = new TextEncoder().encode(body);
    const both = await Promise.all([one, two].map(({ registry }) => registry.ingest(bytes, { name: "body" })));
    expect(both.reduce((sum, { calls }) => sum + calls, 0)).toBe(64);
    await one.registry.publish({ agent: agent_id }, yaml(`${policy("deny")}# ours\n`));
    const question = { agent_id, time_range: { start: "2026-01-01", end: "2026-01-30" }, policy: policy("deny") };
    const strip = ({ duration_ms: _, evaluated_at: __, ...rest }: object & { duration_ms: number; evaluated_at: string }) => rest;
    const answers = [
      strip(await one.registry.evaluateHistorical(question)),
      strip(await two.registry.evaluateHistorical(question)),
    ];
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ traces_evaluated: 40, calls_evaluated: 64, summary: { skipped: 8, pass: 0 } });
    const ofThree = await two.registry.evaluateHistorical({ ...question, limit: 3 });
    expect(ofThree.traces_evaluated).toBe(3);
    await expect(
      one.registry.evaluateHistorical({ ...question, time_range: { start: "2026-01-01", end: "2026-02-01" } }),
    ).rejects.toMatchObject({ code: "validation_error" });
    const gone = AbortSignal.abort();
    await expect(one.registry.evaluateHistorical(question, gone)).rejects.toMatchObject({ code: "unavailable" });
  });
});
