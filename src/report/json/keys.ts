import type { CreatedKey, KeyList } from "../../registry/shapes.js";

/** `smoltbot keys create --format json`. */
export function createdKeyJson(place: string, created: CreatedKey): object {
  return { schema: "smoltbot.key/1", registry: place, ...created };
}

/** `smoltbot keys list --format json`. */
export function keysJson(place: string, { keys, total, page, per_page }: KeyList): object {
  return { schema: "smoltbot.keys/1", registry: place, keys, total, page, per_page };
}

/** `smoltbot keys revoke --format json`. */
export function revokedKeyJson(place: string, id: string): object {
  return { schema: "smoltbot.key-revoked/1", registry: place, id };
}
