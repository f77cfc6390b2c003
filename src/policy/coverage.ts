import type { Card } from "./model.js";

/** Which actions of a card have a mapping (semantics C1). */
export interface CardCoverage {
  readonly totalCardActions: number;
  readonly mappedCardActions: readonly string[];
  readonly unmappedCardActions: readonly string[];
  /** 0 to 100, two decimals; 0 without a card or without actions. */
  readonly coveragePct: number;
  readonly mappedBy: readonly { readonly action: string; readonly capabilities: readonly string[] }[];
}

interface Mapping {
  readonly name: string;
  readonly cardActions: readonly string[];
}

/** Distinct bounded actions with at least one mapping, of all of them; in the card's order. Linear. */
export function coverageOf(card: Card | undefined, capabilities: Iterable<Mapping>): CardCoverage {
  const by = new Map<string, Set<string>>();
  for (const action of card?.boundedActions ?? []) by.set(action, new Set());
  if (by.size > 0) for (const { name, cardActions } of capabilities) for (const action of cardActions) by.get(action)?.add(name);
  const mappedBy = [...by].filter(([, names]) => names.size > 0).map(([action, names]) => ({ action, capabilities: [...names] }));
  return {
    totalCardActions: by.size,
    mappedCardActions: mappedBy.map(({ action }) => action),
    unmappedCardActions: [...by].filter(([, names]) => names.size === 0).map(([action]) => action),
    coveragePct: percentOf(mappedBy.length, by.size),
    mappedBy,
  };
}

/** 0 to 100, two decimals; 0 of nothing. Rounding never makes 100 of less than all, so that a gate of 100 lets no gap through. */
export function percentOf(part: number, whole: number): number {
  if (whole === 0) return 0;
  const percent = Math.round((part / whole) * 10_000) / 100;
  return part < whole ? Math.min(percent, 99.99) : percent;
}
