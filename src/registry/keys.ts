import { textDigest } from "../compiler/digest.js";
import { escapeText } from "../diagnostics/escape.js";
import { keyAgentsMax, keyNameLengthMax } from "../limits.js";
import { timeJson } from "../report/json/rule.js";
import type { Role, StoredKey } from "../store/store.js";
import { checkedPage, checkWholeOrg } from "./access.js";
import { RegistryFailure } from "./failure.js";
import { checkedId, randomLetters } from "./ids.js";
import type { Paging } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { CreatedKey, KeyDocument, KeyList } from "./shapes.js";

const keyIdLength = 16;
const secretBytes = 32;
const prefix = "sbk_";

/** What is stored of a secret. It has 256 random bits, so that nothing slower is needed. */
function secretHash(secret: string): string {
  return textDigest(secret);
}

export interface KeyRequest {
  readonly name: string;
  readonly role: Role;
  readonly agents?: readonly string[] | undefined;
  readonly expiresAtMs?: number | undefined;
}

/** The whole key is in this answer and nowhere else. */
export async function createKey(services: Services, caller: Caller, request: KeyRequest): Promise<CreatedKey> {
  checkWholeOrg(caller, "keys");
  const { store, clock, randomBytes } = services;
  const nowMs = clock();
  const secret = base64url(randomBytes(secretBytes));
  const key: StoredKey = {
    keyId: randomLetters(randomBytes, keyIdLength),
    org: caller.org,
    ...checkedRequest(request, nowMs),
    secretHash: secretHash(secret),
    createdAtMs: nowMs,
    createdBy: caller.actor,
    revokedAtMs: undefined,
    lastUsedAtMs: undefined,
  };
  await store.keys.create(key);
  return { ...keyDocument(key), key: `${prefix}${key.keyId}_${secret}` };
}

export async function listKeys({ store }: Services, caller: Caller, paging?: Paging): Promise<KeyList> {
  checkWholeOrg(caller, "keys");
  const page = checkedPage(paging);
  const { items, total } = await store.keys.list(caller.org, page);
  return { keys: items.map(keyDocument), total, page: page.page, per_page: page.perPage };
}

export async function revokeKey({ store, clock, engines }: Services, caller: Caller, id: string): Promise<void> {
  checkWholeOrg(caller, "keys");
  const isKeyId = id.length === keyIdLength && /^[a-z0-9]+$/.test(id);
  const revoked = isKeyId && (await store.keys.revoke(caller.org, id, { actor: caller.actor, atMs: clock() }));
  if (!revoked) throw new RegistryFailure("not_found", `there is no live key \`${escapeText(id.slice(0, 40))}\``);
  engines.changed({ org: caller.org, agent: undefined, kind: "key", id });
}

function checkedRequest({ name, role, agents, expiresAtMs }: KeyRequest, nowMs: number) {
  if (typeof name !== "string" || name.trim() === "" || name.length > keyNameLengthMax || escapeText(name) !== name) {
    throw refused("invalid_request", "name", `1 to ${keyNameLengthMax} visible characters`);
  }
  if (role !== "reader" && role !== "writer" && role !== "admin") {
    throw refused("invalid_request", "role", "one of reader, writer, admin");
  }
  if (agents !== undefined && (agents.length === 0 || agents.length > keyAgentsMax)) {
    throw refused("invalid_request", "agents", `1 to ${keyAgentsMax} agents, or absent for all of the org`);
  }
  if (expiresAtMs !== undefined && !(Number.isSafeInteger(expiresAtMs) && expiresAtMs > nowMs)) {
    throw refused("validation_error", "expires_at", "a time that is still to come");
  }
  const ids = agents?.map((agent, i) => checkedId(agent, `agents[${i}]`));
  return { name, role, agents: ids && [...new Set(ids)].sort(), expiresAtMs };
}

function refused(code: "invalid_request" | "validation_error", path: string, message: string): RegistryFailure {
  return new RegistryFailure(code, `${path} must be ${message}`, { details: [{ path, message }] });
}

function keyDocument(key: StoredKey): KeyDocument {
  return {
    id: key.keyId,
    name: key.name,
    role: key.role,
    agents: key.agents ?? null,
    created_at: timeJson(key.createdAtMs) as string,
    created_by: key.createdBy,
    expires_at: timeJson(key.expiresAtMs),
    revoked_at: timeJson(key.revokedAtMs),
    last_used_at: timeJson(key.lastUsedAtMs),
  };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
