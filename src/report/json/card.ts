import type { CardRun } from "../text/card.js";

/** `smoltbot card publish` and `card show` with `--format json`. */
export function cardJson({ place, document }: CardRun): object {
  const { agent_id, version, card, updated_at, updated_by } = document;
  return { schema: "smoltbot.card/1", registry: place, agent_id, version, card, updated_at, updated_by };
}
