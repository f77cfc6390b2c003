import { expect, test } from "vitest";
import { directionOf, type Outcome, outcomeKey } from "../../../src/analysis/outcome.js";
import { actionOf, actions, causes, verdictOf } from "../../../src/engine/judge.js";
import type { Cause } from "../../../src/engine/result.js";
import { enforcementModes, verdicts } from "../../../src/policy/lattice.js";
import type { EnforcementMode } from "../../../src/policy/model.js";

function outcomeOf(cause: Cause, mode: EnforcementMode = "enforce"): Outcome {
  const kind = { verdict: verdictOf(cause), action: actionOf(cause, mode), cause };
  return { ...kind, severity: undefined, cardActions: undefined, counted: undefined };
}

/** One cause of each step that a policy's own rules can bring about, from lenient to strict. */
const ladder = [["mapped", "unmapped_allowed"], ["trigger_warned", "forbidden_soft", "unmapped_warned"], ["escalated"], ["forbidden", "escalation_denied", "capability_exceeded", "unmapped_denied"]] as const; // biome-ignore format: one list

test.each(enforcementModes)("mode %s: every step up the ladder is stricter, down is weaker, along is other", (mode) => {
  ladder.forEach((before, i) => {
    ladder.forEach((after, j) => {
      const wanted = j < i ? "weaker" : j > i ? "stricter" : "other";
      for (const a of before)
        for (const b of after) expect([a, b, directionOf(outcomeOf(a, mode), outcomeOf(b, mode))]).toEqual([a, b, wanted]);
    });
  });
});

test("a change of mode is judged by the action, and one that is both ways is weaker", () => {
  expect(directionOf(outcomeOf("forbidden", "enforce"), outcomeOf("forbidden", "warn"))).toBe("weaker");
  expect(directionOf(outcomeOf("forbidden", "off"), outcomeOf("forbidden", "warn"))).toBe("stricter");
  expect(directionOf(outcomeOf("mapped", "off"), outcomeOf("mapped", "enforce"))).toBe("other");
  // The verdict goes down, the action goes up, and the other way round.
  expect(directionOf(outcomeOf("forbidden", "off"), outcomeOf("trigger_warned", "enforce"))).toBe("weaker");
  expect(directionOf(outcomeOf("trigger_warned", "enforce"), outcomeOf("forbidden", "off"))).toBe("weaker");
});

test("a change is weaker exactly when the verdict, the action or the enforced action is more lenient", () => {
  const all = enforcementModes.flatMap((mode) => causes.map((cause) => outcomeOf(cause, mode)));
  for (const before of all)
    for (const after of all) {
      const lenient =
        verdicts.indexOf(after.verdict) < verdicts.indexOf(before.verdict) ||
        actions.indexOf(after.action) < actions.indexOf(before.action) ||
        actions.indexOf(actionOf(after.cause, "enforce")) < actions.indexOf(actionOf(before.cause, "enforce"));
      expect(directionOf(before, after) === "weaker").toBe(lenient);
      const mirrored = directionOf(after, before);
      if (!lenient) expect(mirrored).toBe(directionOf(before, after) === "other" ? "other" : "weaker");
    }
});

test("keys tell apart whatever differs, also where a text holds what another field could", () => {
  const base = outcomeOf("mapped");
  const others: Outcome[] = [
    base,
    { ...base, verdict: "warn" },
    { ...base, action: "deny" },
    { ...base, cause: "unmapped_allowed" },
    { ...base, severity: "low" },
    { ...base, cardActions: '["a"]' },
    { ...base, counted: '["a"]' },
    { ...base, cardActions: '["a","b"]' },
    { ...base, cardActions: '["a\\u0000b"]' },
  ];
  expect(new Set(others.map(outcomeKey)).size).toBe(others.length);
  expect(outcomeKey({ ...base })).toBe(outcomeKey(base));
});
