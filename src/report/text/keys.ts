import { escapeText } from "../../diagnostics/escape.js";
import type { CreatedKey, KeyDocument, KeyList } from "../../registry/shapes.js";
import type { Paint } from "../paint.js";
import { dateText, pageLine, table } from "./registry-lists.js";
import { count, lines } from "./words.js";

/** The only time that the key is shown. */
export function createdKeyText(place: string, created: CreatedKey, paint: Paint): string {
  return lines(
    `${paint.pass("✓")} Created the key ${escapeText(created.id)} (${created.role}, ${agentsText(created)}) in ${escapeText(place)}`,
    "",
    `  ${created.key}`,
    "",
    "It is shown only now: the registry keeps a hash of it. Use it as SMOLTBOT_API_KEY.",
  );
}

export function keysText(place: string, list: KeyList, nowMs: number, paint: Paint): string {
  const rows = list.keys.map((key) => [
    key.id,
    key.name,
    key.role,
    agentsText(key),
    stateText(key, nowMs),
    key.last_used_at === null ? "never" : dateText(key.last_used_at),
    dateText(key.created_at),
    key.created_by,
  ]);
  const head = ["id", "name", "role", "agents", "state", "last used", "created", "by"];
  return lines(
    `${count(list.total, "key")} in ${escapeText(place)}`,
    rows.length === 0 ? undefined : ["", ...table(head, rows, paint)],
    pageLine(list),
  );
}

function agentsText({ agents }: KeyDocument): string {
  return agents === null ? "all agents" : agents.join(",");
}

function stateText({ revoked_at, expires_at }: KeyDocument, nowMs: number): string {
  if (revoked_at !== null) return `revoked ${dateText(revoked_at)}`;
  if (expires_at === null) return "live";
  return Date.parse(expires_at) <= nowMs ? `expired ${dateText(expires_at)}` : `until ${dateText(expires_at)}`;
}
