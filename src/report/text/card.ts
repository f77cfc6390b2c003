import { escapeText } from "../../diagnostics/escape.js";
import type { Card } from "../../policy/model.js";
import type { CardDocument } from "../../registry/shapes.js";
import type { Paint } from "../paint.js";
import { dateText } from "./registry-lists.js";
import { lines } from "./words.js";

export interface CardRun {
  readonly place: string;
  readonly document: CardDocument;
  /** What was read from it. */
  readonly card: Card | undefined;
}

export function publishedCardText({ place, document }: CardRun, paint: Paint): string {
  const agent = escapeText(document.agent_id);
  return lines(`${paint.pass("✓")} Published version ${document.version} of the card of agent ${agent} in ${escapeText(place)}`);
}

/** What a card grants. */
export function cardText({ place, document, card }: CardRun, paint: Paint): string {
  const { agent_id, version, updated_at, updated_by } = document;
  return lines(
    `${paint.strong(`Card of agent ${escapeText(agent_id)}`)}, version ${version} in ${escapeText(place)}, ${dateText(updated_at)} by ${escapeText(updated_by)}`,
    card === undefined ? [paint.warn("  This release does not read it; --format json shows it.")] : grantLines(card),
  );
}

function grantLines(card: Card): string[] {
  const actions = (title: string, list: Iterable<string>) => {
    const names = [...list].map(escapeText);
    return [`  ${title}${names.length === 0 ? ": none" : ""}`, ...names.map((name) => `    ${name}`)];
  };
  return [...actions("bounded actions", card.boundedActions), ...actions("forbidden actions", card.forbiddenActions)];
}
