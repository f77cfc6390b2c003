import { afterEach, beforeEach, expect, it } from "vitest";
import { orderedJson } from "../../../src/report/json/ordered.js";
import { validPolicy } from "../../support/policy-text.js";
import { json, openTestRegistry, type TestRegistry, yaml } from "../../support/registry.js";

let test: TestRegistry;
beforeEach(async () => {
  test = await openTestRegistry();
});
afterEach(() => test.service.close());

const card = {
  card_id: "ac-1",
  agent_id: "a",
  expires_at: "2027-01-01T00:00:00Z",
  values: { "2": "two", "1": "one" },
  autonomy_envelope: { bounded_actions: ["web_fetch"], forbidden_actions: [] },
};

it("keeps a card as it was sent, and numbers its versions", async () => {
  await expect(test.registry.getCard("a")).rejects.toMatchObject({ code: "not_found" });
  const text = JSON.stringify(card).replace('{"1":"one","2":"two"}', '{"2":"two","1":"one"}');
  const first = await test.registry.putCard("a", json(text));
  expect(first).toMatchObject({ agent_id: "a", version: 1, updated_by: "tester", warnings: [] });
  expect(orderedJson(first.card).replace(/\s/g, "")).toBe(text);
  expect(await test.registry.getCard("a")).toEqual(first);
  const second = await test.registry.putCard("a", yaml("autonomy: {bounded_actions: [read]}\n"));
  expect(second.version).toBe(2);
  expect(await test.registry.getCard("a")).toMatchObject({ version: 2 });
  test.nowMs += 1000;
  expect(await test.registry.putCard("a", yaml("autonomy: {bounded_actions: [read]}\n"))).toEqual(second);
});

it("is judged by at once", async () => {
  await test.registry.publish({ agent: "a" }, yaml(validPolicy));
  const asked = { agent_id: "a", tools: ["mcp__browser__open"] };
  await test.registry.putCard("a", json(card));
  expect(await test.registry.evaluate(asked)).toMatchObject({ verdict: "pass", card_checked: true });
  await test.registry.putCard("a", yaml("autonomy: {bounded_actions: [other]}\n"));
  expect((await test.registry.evaluate(asked)).violations).toMatchObject([{ type: "capability_exceeded" }]);
});

it("warns of what has expired by the clock of now, and of a card_other_agent", async () => {
  test.nowMs = Date.UTC(2026, 11, 31);
  const taken = await test.registry.putCard("b", json(card));
  expect(taken.warnings).toMatchObject([{ code: "card_other_agent", path: "agent_id", level: "warning" }]);
  test.nowMs = Date.UTC(2027, 0, 2);
  const { warnings } = await test.registry.getCard("b");
  expect(warnings.map(({ code }) => code)).toEqual(["card_expired", "card_other_agent"]);
});

it("refuses what is no card, and what was not expected", async () => {
  await expect(test.registry.putCard("a", json("{}"))).rejects.toMatchObject({
    code: "invalid_request",
    details: [{ code: "card_without_actions", line: 1 }],
  });
  await expect(test.registry.putCard("a", json('{"autonomy": {"bounded_actions": [1]}}'))).rejects.toMatchObject({
    details: [{ path: "autonomy.bounded_actions[0]", code: "wrong_type" }],
  });
  const large = { ...json(""), bytes: new Uint8Array(16 * 1024 * 1024 + 1) };
  await expect(test.registry.putCard("a", large)).rejects.toMatchObject({ code: "payload_too_large" });
  await test.registry.putCard("a", json(card), { kind: "absent" });
  await expect(test.registry.putCard("a", json(card), { kind: "absent" })).rejects.toMatchObject({ code: "precondition_failed" });
  await test.registry.putCard("a", yaml("autonomy: {bounded_actions: [r]}\n"), { kind: "version", versions: [1] });
  await expect(test.as({ agents: ["b"] }).getCard("a")).rejects.toMatchObject({ code: "not_found" });
  await expect(test.as({ agents: ["b"] }).putCard("a", json(card))).rejects.toMatchObject({ code: "not_found" });
});
