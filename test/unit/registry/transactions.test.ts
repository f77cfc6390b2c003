import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sessionTransactionsMax } from "../../../src/limits.js";
import type { EvaluateAnswer, EvaluateRequest, TransactionRequest } from "../../../src/registry/shapes.js";
import { openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
  await test.registry.publish({ agent: agent_id }, yaml(policy));
});
afterEach(() => test.service.close());

const agent_id = "support-1";
const hourMs = 3_600_000;

const policy = `meta: {schema_version: "1.0", name: support, scope: agent}
capability_mappings:
  mail: {tools: ["mail_*"], card_actions: [send_mail]}
  shop: {tools: ["shop_*"], card_actions: [buy]}
forbidden: [{pattern: "*_delete", reason: never, severity: high}]
defaults: {unmapped_tool_action: deny, unmapped_severity: high, fail_open: false, enforcement_mode: warn}
`;

const create = (more: Partial<TransactionRequest> = {}) =>
  test.registry.createTransaction({ agent_id, description: "refund 7", action_type: "refund", ...more });
const evaluate = (tools: readonly string[], more: Partial<EvaluateRequest> = {}) =>
  test.registry.evaluate({ agent_id, tools, context: "gateway", ...more });
const causes = ({ tools }: EvaluateAnswer) => (tools as { cause: string }[]).map(({ cause }) => cause);

describe("a transaction", () => {
  it("is answered with the policy and what narrows it", async () => {
    const made = await create({ tools: ["mail_send"], allowed_capabilities: ["mail"] });
    expect(made).toMatchObject({
      agent_id,
      status: "active",
      tools: ["mail_send"],
      allowed_capabilities: ["mail"],
      session_id: null,
      created_at: "2026-01-15T12:00:00.000Z",
      expires_at: "2026-01-15T13:00:00.000Z",
      ended_at: null,
      merged_policy: {
        meta: { name: "support (resolved)", scope: "resolved" },
        guardrail: { tools: ["mail_send"], allowed_capabilities: ["mail"], policy: null },
      },
    });
    expect(made.transaction_id).toMatch(/^txn-[a-z0-9]{20}$/);
    expect(await test.registry.getTransaction(made.transaction_id)).toEqual(made);
    const { transactions, total } = await test.registry.listTransactions(agent_id);
    const { merged_policy: _, ...fields } = made;
    expect({ transactions, total }).toEqual({ transactions: [fields], total: 1 });
  });

  it("narrows, whatever the policy grants, and widens nothing", async () => {
    const { transaction_id } = await create({ tools: ["mail_*", "odd"] });
    const tools = ["mail_send", "shop_buy", "mail_delete", "odd"];
    const free = await evaluate(tools, { context: "cicd" });
    expect(causes(free)).toEqual(["mapped", "mapped", "forbidden", "unmapped_in_grace"]);
    const bound = await evaluate(tools, { transaction_id, context: "cicd" });
    expect(causes(bound)).toEqual(["mapped", "guardrail_denied", "forbidden", "unmapped_in_grace"]);
    expect(bound.transaction_id).toBe(transaction_id);
    const byCapability = await create({ allowed_capabilities: ["mail"] });
    const narrowed = await evaluate(tools, { transaction_id: byCapability.transaction_id, context: "cicd" });
    expect(causes(narrowed)).toEqual(["mapped", "guardrail_denied", "forbidden", "guardrail_denied"]);
  });

  it("that is unknown, expired, ended or another agent's denies, whatever the mode", async () => {
    const denied = async (transaction_id: string, of = agent_id) => {
      const answer = await test.registry.evaluate({ agent_id: of, tools: ["mail_send"], transaction_id });
      expect(answer).toMatchObject({ mode: "warn", verdict: "fail", decision: "deny" });
      expect(causes(answer)).toEqual(["guardrail_missing"]);
    };
    await denied("txn-no");
    await denied("__proto__");
    await denied("");
    const ended = await create();
    await test.registry.endTransaction(ended.transaction_id);
    await test.registry.endTransaction(ended.transaction_id);
    await denied(ended.transaction_id);
    expect((await test.registry.getTransaction(ended.transaction_id)).status).toBe("ended");
    const short = await create({ duration_hours: 0.5 });
    expect(causes(await evaluate(["mail_send"], { transaction_id: short.transaction_id }))).toEqual(["mapped"]);
    test.nowMs += hourMs / 2;
    await denied(short.transaction_id);
    expect((await test.registry.getTransaction(short.transaction_id)).status).toBe("expired");
    await test.registry.publish({ agent: "other" }, yaml(policy));
    await denied((await create()).transaction_id, "other");
  });

  it("stays with its session when the id is left out, and is no other session's", async () => {
    const { transaction_id } = await create({ tools: ["mail_*"] });
    expect(causes(await evaluate(["shop_buy"], { session_id: "s" }))).toEqual(["mapped"]);
    // A test of tools binds nothing.
    await evaluate(["shop_buy"], { session_id: "s", transaction_id, context: "cicd" });
    expect(causes(await evaluate(["shop_buy"], { session_id: "s" }))).toEqual(["mapped"]);
    expect(causes(await evaluate(["mail_send"], { session_id: "s", transaction_id }))).toEqual(["mapped"]);
    expect(causes(await evaluate(["shop_buy"], { session_id: "s" }))).toEqual(["guardrail_denied"]);
    expect(causes(await evaluate(["shop_buy"], { session_id: "s", context: "cicd" }))).toEqual(["guardrail_denied"]);
    expect(causes(await evaluate(["shop_buy"], { session_id: "t" }))).toEqual(["mapped"]);
    expect(causes(await evaluate(["mail_send"], { session_id: "t", transaction_id }))).toEqual(["guardrail_missing"]);
    expect((await test.registry.getTransaction(transaction_id)).session_id).toBe("s");
    test.nowMs += 2 * hourMs;
    expect(causes(await evaluate(["mail_send"], { session_id: "s" }))).toEqual(["guardrail_missing"]);
  });

  it("made for a session binds it from the beginning, and naming another one does not free it", async () => {
    await create({ tools: ["mail_*"], session_id: "s" });
    expect(causes(await evaluate(["shop_buy", "mail_send"], { session_id: "s" }))).toEqual(["guardrail_denied", "mapped"]);
    const wider = await create({ tools: ["mail_*", "shop_*"] });
    const both = await evaluate(["shop_buy", "mail_send"], { session_id: "s", transaction_id: wider.transaction_id });
    expect(causes(both)).toEqual(["guardrail_denied", "mapped"]);
  });

  it("stays beside every later one of its session, so that a wider one frees nobody", async () => {
    const strict = await create({ tools: ["mail_*"], session_id: "s" });
    test.nowMs += 1;
    const wide = await create({ tools: ["*_send", "shop_*"] });
    const tools = ["shop_buy", "mail_send"];
    await evaluate(tools, { session_id: "s", transaction_id: wide.transaction_id });
    expect((await test.registry.getTransaction(wide.transaction_id)).session_id).toBe("s");
    expect(causes(await evaluate(tools, { session_id: "s" }))).toEqual(["guardrail_denied", "mapped"]);
    expect(causes(await evaluate(["mail_all"], { session_id: "s" }))).toEqual(["guardrail_denied"]);
    const again = { session_id: "s", transaction_id: wide.transaction_id };
    expect(causes(await evaluate(tools, again))).toEqual(["guardrail_denied", "mapped"]);
    await test.registry.endTransaction(strict.transaction_id);
    expect(causes(await evaluate(["mail_send"], again))).toEqual(["guardrail_missing"]);
  });

  it("denies in a session that has too many of them", async () => {
    for (let i = 0; i < sessionTransactionsMax; i++) await create({ session_id: "s" });
    expect(causes(await evaluate(["mail_send"], { session_id: "s" }))).toEqual(["mapped"]);
    await create({ session_id: "s" });
    expect(causes(await evaluate(["mail_send"], { session_id: "s" }))).toEqual(["guardrail_missing"]);
  });

  it("that was ended denies when the clock jumps back, too", async () => {
    const { transaction_id } = await create();
    await test.registry.endTransaction(transaction_id);
    test.nowMs -= hourMs;
    expect(causes(await evaluate(["mail_send"], { transaction_id }))).toEqual(["guardrail_missing"]);
  });

  it("with a policy of its own is judged by both, the worse wins, without grace", async () => {
    const narrower = `meta: {schema_version: "1.0", name: t, scope: agent}
capability_mappings: {mail: {tools: ["mail_*", "new"], card_actions: [send_mail]}}
forbidden: [{pattern: "mail_all", reason: "not to everybody", severity: critical}]
defaults: {unmapped_tool_action: deny, unmapped_severity: low, fail_open: false, enforcement_mode: enforce}
`;
    const { transaction_id, merged_policy } = await create({ policy: narrower });
    expect(merged_policy).toMatchObject({ guardrail: { policy: { meta: { name: "t" } } } });
    const tools = ["mail_send", "mail_all", "shop_buy", "shop_delete", "new"];
    const answer = await evaluate(tools, { transaction_id });
    expect(causes(answer)).toEqual(["mapped", "forbidden", "unmapped_denied", "unmapped_denied", "unmapped_in_grace"]);
    const decisions = (answer.tools as { decision: string }[]).map(({ decision }) => decision);
    expect(decisions).toEqual(["allow", "deny", "deny", "deny", "warn"]);
    expect(answer).toMatchObject({ verdict: "fail", decision: "deny", mode: "warn" });
    expect(answer.violations).toMatchObject([
      { type: "forbidden", tool: "shop_delete", rule: { layer: "agent" } },
      { type: "forbidden", tool: "mail_all", reason: "not to everybody", rule: { layer: "transaction" } },
      { type: "unmapped_denied", tool: "shop_buy", rule: { layer: "transaction" } },
      { type: "unmapped_denied", tool: "shop_delete", rule: { layer: "transaction" } },
    ]);
  });

  it("of other agents does not exist for a key that is limited to some", async () => {
    const { transaction_id } = await create();
    const limited = test.as({ agents: ["other"] });
    const failure = async (answer: Promise<unknown>) => String(await answer.catch((error: unknown) => error));
    const missing = await failure(test.registry.getTransaction("txn-no"));
    expect(missing).toContain("there is no such transaction");
    expect(await failure(limited.getTransaction(transaction_id))).toBe(missing);
    await expect(limited.endTransaction(transaction_id)).rejects.toMatchObject({ code: "not_found" });
    await expect(limited.createTransaction({ agent_id, description: "d", action_type: "a" })).rejects.toMatchObject({
      code: "not_found",
    });
    expect((await limited.listTransactions(undefined)).total).toBe(0);
    const two = test.as({ agents: ["other", "more"] });
    await expect(two.listTransactions(undefined)).rejects.toMatchObject({ code: "forbidden" });
  });

  it.each([
    ["an agent without a policy", { agent_id: "nobody" }, "not_found"],
    ["no hours", { duration_hours: 0 }, "invalid_request"],
    ["too many hours", { duration_hours: 24.5 }, "invalid_request"],
    ["hours that are no number", { duration_hours: Number.NaN }, "invalid_request"],
    ["no tools", { tools: [] }, "invalid_request"],
    ["a tool that is no glob", { tools: ["x".repeat(300)] }, "invalid_request"],
    ["no capabilities", { allowed_capabilities: [] }, "invalid_request"],
    ["a blank description", { description: " " }, "invalid_request"],
    ["a policy that is none", { policy: "meta: {}" }, "invalid_request"],
  ])("is refused with %s", async (_, more, code) => {
    await expect(create(more)).rejects.toMatchObject({ code });
  });
});
