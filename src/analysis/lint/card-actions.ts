import { quoteText } from "../../diagnostics/escape.js";
import { suggest } from "../../diagnostics/suggest.js";
import type { Capability, Card, Layered } from "../../policy/model.js";
import { type LintFinding, lintCodes } from "./lint-report.js";
import { capabilityPath, capabilityRef } from "./units.js";

/** unknown_card_action: what a capability lists and the card does not grant, so that its tools exceed it (E4). */
export function cardActions(capabilities: readonly Layered<Capability>[], card: Card): LintFinding[] {
  const bounded = new Set(card.boundedActions);
  const forbidden = new Set(card.forbiddenActions);
  const granted = card.boundedActions.filter((action) => !forbidden.has(action));
  return capabilities.flatMap((capability) =>
    capability.rule.cardActions.flatMap(({ value, span }, i): LintFinding[] => {
      if (bounded.has(value) && !forbidden.has(value)) return [];
      const { name } = capability.rule;
      const isForbidden = forbidden.has(value);
      const meant = isForbidden ? undefined : suggest(value, granted);
      const what = isForbidden ? "the card forbids" : "the card does not grant";
      return [
        {
          code: "unknown_card_action",
          severity: lintCodes.unknown_card_action,
          rule: capabilityRef(capability),
          span,
          path: `${capabilityPath(name)}.card_actions[${i}]`,
          message: `the capability ${quoteText(name)} needs the action ${quoteText(value)}, which ${what}`,
          witnesses: [],
          related: [],
          fix:
            meant === undefined
              ? "have the card grant the action, or take it out: with it, every tool of the capability is a violation"
              : `did you mean ${quoteText(meant)}?`,
          safe: false,
        },
      ];
    }),
  );
}
