import { describe, expect, it } from "vitest";
import { parseCard } from "../../../src/syntax/card.js";

const nowMs = Date.UTC(2026, 0, 1);
const parse = (source: string, file = "card.yaml") => parseCard(source, { file, nowMs });
const codes = (source: string) => parse(source).diagnostics.map((found) => found.code);

describe("parseCard (semantics C2)", () => {
  it("reads the classic form, and leaves the rest of the card alone", () => {
    const card = parse(
      JSON.stringify({
        card_id: "ac-1",
        agent_id: "agent-1",
        issued_at: "2025-01-01T00:00:00Z",
        expires_at: "2027-01-01T00:00:00Z",
        principal: { type: "human" },
        values: { declared: ["a"] },
        autonomy_envelope: {
          bounded_actions: ["read", "write", "read"],
          forbidden_actions: ["delete"],
          escalation_triggers: [{ anything: 1 }],
        },
        audit_commitment: {},
      }),
      "card.json",
    );
    expect(card.diagnostics).toEqual([]);
    expect(card.value).toEqual({
      cardId: "ac-1",
      agentId: "agent-1",
      boundedActions: ["read", "write"],
      forbiddenActions: ["delete"],
      expiresAtMs: Date.UTC(2027, 0, 1),
    });
  });

  it("reads the unified form", () => {
    const card = parse(
      "autonomy:\n  bounded_actions: [read]\n  forbidden_actions: null\ncapabilities: {x: 1}\nenforcement: {y: 2}\n",
    );
    expect(card.diagnostics).toEqual([]);
    expect(card.value).toEqual({ boundedActions: ["read"], forbiddenActions: [] });
  });

  it("takes the intersection of two forms that differ, with a warning, and every ban of either", () => {
    const card = parse(
      "autonomy_envelope: {bounded_actions: [a, b], forbidden_actions: [x]}\nautonomy: {bounded_actions: [b, c], forbidden_actions: [y]}\n",
    );
    expect(card.value).toMatchObject({ boundedActions: ["b"], forbiddenActions: ["x", "y"] });
    expect(card.diagnostics).toMatchObject([{ code: "card_envelopes_differ", level: "warning", span: { line: 2, column: 29 } }]);
    expect(card.diagnostics[0]?.message).toContain("`a`, `c`");
  });

  it("says nothing about two forms that agree in another order", () => {
    expect(codes("autonomy_envelope: {bounded_actions: [a, b]}\nautonomy: {bounded_actions: [b, a]}\n")).toEqual([]);
  });

  it("warns about an action that is bounded and forbidden, and keeps both lists", () => {
    const card = parse("autonomy: {bounded_actions: [a, b], forbidden_actions: [b]}");
    expect(card.value).toMatchObject({ boundedActions: ["a", "b"], forbiddenActions: ["b"] });
    expect(card.diagnostics).toMatchObject([{ code: "card_action_contradiction", level: "warning", span: { column: 57 } }]);
  });

  it.each([
    ["2025-12-31", ["card_expired"]],
    ["2026-01-01", ["card_expired"]],
    ["2026-01-01T00:00:00.001Z", []],
    ["2026-01-01T01:00:00+02:00", ["card_expired"]],
    ["2026-01-01T01:00:00", []],
    ["'2026-01-01 01:00:00Z'", []],
    ["null", []],
    ["soon", ["card_date"]],
    ["2026-13-01", ["card_date"]],
    ["'1767225600'", ["card_date"]],
    ["1767225600", ["wrong_type"]],
  ])("judges expires_at %s", (date, expected) => {
    expect(codes(`autonomy: {bounded_actions: [a]}\nexpires_at: ${date}\n`)).toEqual(expected);
  });

  it("does not ask for the date without a clock", () => {
    const { value, diagnostics } = parseCard("autonomy: {bounded_actions: [a]}\nexpires_at: 2001-01-01", { file: "c" });
    expect(diagnostics).toEqual([]);
    expect(value?.expiresAtMs).toBe(Date.UTC(2001, 0, 1));
  });

  it.each([
    ["{}", ["card_without_actions"]],
    ["[]", ["wrong_type"]],
    ["autonomy: {}", ["missing_key"]],
    ["autonomy: null", ["wrong_type"]],
    ["autonomy: {bounded_actions: a}", ["wrong_type"]],
    ["autonomy: {bounded_actions: [1]}", ["wrong_type"]],
    ["autonomy: {bounded_actions: [' ']}", ["blank_text"]],
    ["autonomy: {bounded_actions: []}", []],
    ["card_id: [x]\nautonomy: {bounded_actions: []}", ["wrong_type"]],
    ["", ["document_empty"]],
  ])("judges %j", (source, expected) => {
    expect(codes(source)).toEqual(expected);
    expect(parse(source).value === undefined).toBe(expected.length > 0);
  });
});
