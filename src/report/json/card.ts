import type { CardRun } from "../text/card.js";
import { orderedJson } from "./ordered.js";
import { visibleJson } from "./rule.js";

/** `smoltbot card publish` and `card show` with `--format json`. */
export function cardJson({ place, document }: CardRun): string {
  const { agent_id, version, card, updated_at, updated_by } = document;
  const answer = { schema: "smoltbot.card/1", registry: place, agent_id, version, card, updated_at, updated_by };
  // A card keeps its keys in their order.
  return `${visibleJson(orderedJson(answer))}\n`;
}
