import type { CodeEntry } from "./entry.js";

/** Alignment cards (semantics C2). */
export const cardCodes = {
  card_without_actions: {
    level: "error",
    title: "the card declares no actions",
    meaning:
      "Neither `autonomy_envelope` (classic) nor `autonomy` (unified) is in the file, so it says nothing a policy could be checked against.",
    fix: "check that the file is an alignment card, and add autonomy_envelope.bounded_actions",
  },
  card_envelopes_differ: {
    level: "warning",
    title: "two lists of bounded actions",
    meaning: "`autonomy_envelope` and `autonomy` list different actions; only actions in both are granted.",
    fix: "remove one of the two sections, or make them agree",
  },
  card_action_contradiction: {
    level: "warning",
    title: "an action both bounded and forbidden",
    meaning: "The card grants and forbids the same action; the ban wins.",
    fix: "remove the action from one of the two lists",
  },
  card_expired: {
    level: "warning",
    title: "the card has expired",
    meaning: "`expires_at` lies in the past; the card is still used.",
    fix: "renew the card",
  },
  card_date: {
    level: "error",
    title: "a date that cannot be read",
    meaning: "`expires_at` is not an ISO 8601 date, so nobody can say whether the card has expired.",
    fix: 'write a date such as "2027-01-31T00:00:00Z"',
  },
} as const satisfies Record<string, CodeEntry>;
