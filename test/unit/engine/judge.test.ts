import { describe, expect, test } from "vitest";
import { actionOf, causes, type Facts, judge, verdictOf } from "../../../src/engine/judge.js";

const worst: Facts = {
  forbidden: "hard",
  invalid: true,
  trigger: "deny",
  mapped: true,
  exceeded: true,
  unmapped: "deny",
  inGrace: false,
  guardrail: "missing",
};

describe("precedence", () => {
  test("each cause gives way to the next when what made it is taken away", () => {
    const steps: [Partial<Facts>, string][] = [
      [{}, "guardrail_missing"],
      [{ guardrail: "outside" }, "forbidden"],
      [{ forbidden: "soft" }, "invalid_tool_name"],
      [{ invalid: false }, "escalation_denied"],
      [{ trigger: "escalate" }, "capability_exceeded"],
      [{ mapped: false }, "unmapped_denied"],
      [{ inGrace: true }, "guardrail_denied"],
      [{ guardrail: "inside" }, "escalated"],
      [{ trigger: "warn" }, "trigger_warned"],
      [{ trigger: null }, "forbidden_soft"],
      [{ forbidden: null }, "unmapped_in_grace"],
      [{ unmapped: "warn" }, "unmapped_warned"],
      [{ mapped: true, exceeded: false }, "mapped"],
      [{ mapped: false, unmapped: "allow" }, "unmapped_allowed"],
    ];
    let facts = worst;
    const seen = steps.map(([change, cause]) => {
      facts = { ...facts, ...change };
      expect(judge(facts)).toBe(cause);
      return cause;
    });
    expect(seen).toEqual(causes);
  });

  test("over all facts a stronger fact never improves the verdict", () => {
    const scale = ["pass", "warn", "fail"];
    const rank = (facts: Facts) => scale.indexOf(verdictOf(judge(facts)));
    let compared = 0;
    for (const facts of allFacts()) {
      const stricter: Partial<Facts>[] = [
        { forbidden: "hard" },
        ...(facts.forbidden === null ? [{ forbidden: "soft" as const }] : []),
        { trigger: "deny" },
        ...(facts.trigger !== "deny" ? [{ trigger: "escalate" as const }] : []),
        { invalid: true },
        { exceeded: true },
        { unmapped: "deny", inGrace: false },
        { guardrail: "missing" },
        ...(facts.guardrail === "inside" ? [{ guardrail: "outside" as const }] : []),
      ];
      for (const change of stricter) {
        expect(rank({ ...facts, ...change })).toBeGreaterThanOrEqual(rank(facts));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(5000);
  });
});

function allFacts(): Facts[] {
  const all: Facts[] = [];
  for (const forbidden of ["hard", "soft", null] as const)
    for (const trigger of ["deny", "escalate", "warn", null] as const)
      for (const unmapped of ["allow", "warn", "deny"] as const)
        for (const guardrail of ["inside", "outside", "missing"] as const)
          for (let bits = 0; bits < 16; bits++) {
            const [invalid, mapped, exceeded, inGrace] = [1, 2, 4, 8].map((bit) => (bits & bit) !== 0);
            all.push({ forbidden, trigger, unmapped, guardrail, invalid, mapped, exceeded, inGrace });
          }
  return all;
}

describe("mode (E8)", () => {
  test("off allows, warn neither denies nor pauses, enforce does both", () => {
    const table = causes.map((cause) => [cause, actionOf(cause, "off"), actionOf(cause, "warn"), actionOf(cause, "enforce")]);
    const failing = causes.slice(1, 7).map((cause) => [cause, "allow", "warn", "deny"]);
    const warning = causes.slice(8, 12).map((cause) => [cause, "allow", "warn", "warn"]);
    expect(table).toEqual([
      ["guardrail_missing", "deny", "deny", "deny"],
      ...failing,
      ["escalated", "allow", "warn", "escalate"],
      ...warning,
      ["mapped", "allow", "allow", "allow"],
      ["unmapped_allowed", "allow", "allow", "allow"],
    ]);
  });
});
