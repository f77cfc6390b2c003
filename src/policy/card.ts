import type { Card, Severity } from "./model.js";

/** What a card grants, ready for many questions. */
export interface CardGrants {
  /** The distinct actions of a list that the card does not grant, in order (semantics E4, C2). */
  missing(cardActions: readonly string[]): readonly string[];
  /** How bad it is to use these missing actions: critical when the card forbids one of them. */
  severity(missing: readonly string[]): Severity;
}

/** A forbidden action is never granted, even when it is bounded too. */
export function cardGrants(card: Card): CardGrants {
  const forbidden = new Set(card.forbiddenActions);
  const bounded = new Set(card.boundedActions);
  return {
    missing: (cardActions) => [...new Set(cardActions)].filter((action) => forbidden.has(action) || !bounded.has(action)),
    severity: (missing) => (missing.some((action) => forbidden.has(action)) ? "critical" : "high"),
  };
}
