import type { Explanation } from "../../engine/explain.js";
import type { Decision } from "../../engine/result.js";
import { ruleJson } from "./rule.js";

/** `smoltbot policy explain --format json`: for each tool every matching rule, and what would apply without it. */
export function explanationsJson(explanations: readonly Explanation[]): object {
  const [first] = explanations;
  return {
    schema: "smoltbot.explain/1",
    tools: explanations.map((e) => ({
      tool: e.tool,
      invalid: e.invalid,
      ...decisionJson(e.decision),
      rules: e.rules.map(({ rule, globs, decides, without }) => ({
        rule: ruleJson(rule),
        globs,
        decides,
        without: decisionJson(without),
      })),
    })),
    policy:
      first === undefined
        ? null
        : { id: null, version: null, name: first.policy.name, digest: first.policy.digest, sources: first.policy.sources },
  };
}

function decisionJson(decision: Decision): object {
  return {
    verdict: decision.verdict,
    decision: decision.action,
    cause: decision.cause,
    rule: ruleJson(decision.rule),
  };
}
