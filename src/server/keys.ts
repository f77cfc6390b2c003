import { createHash, timingSafeEqual } from "node:crypto";
import { keyStaleMsMax, keysCachedMax, unknownKeysCachedMax } from "../limits.js";
import { Lru } from "../registry/lru.js";
import type { Change } from "../store/changes.js";
import { StoreUnavailable } from "../store/failures.js";
import type { Store, StoredKey } from "../store/store.js";

/** A key as it is looked up again and again. `undefined` in `key`: there is none of this id. */
interface Known {
  key: StoredKey | undefined;
  checkedMs: number;
  /** When the store last answered. */
  answeredMs: number;
  checking: Promise<void> | undefined;
  usedNotedMs: number;
}

/** While the store's changes arrive, a known key stays known; an unknown id is looked up again after this, whatever is heard. */
const unknownMsMax = 5_000;
/** Age past which a key is looked up again while changes do not arrive. */
const unheardMsMax = 1_000;
/** `last_used_at` is as exact as this. */
const usedNoteMs = 60_000;
/** Compared with where there is no key, so that both take as long. */
const noHash = "0".repeat(64);

export interface PresentedKey {
  readonly keyId: string;
  readonly secret: string;
}

/** Of an `Authorization` header; undefined for anything that cannot be one of ours. */
export function presentedKey(authorization: string | undefined): PresentedKey | undefined {
  if (authorization === undefined || authorization.length > 200) return undefined;
  const parts = /^[Bb][Ee][Aa][Rr][Ee][Rr] +sbk_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/.exec(authorization);
  return parts === null ? undefined : { keyId: parts[1]!, secret: parts[2]! };
}

/**
 * The API keys of the store, kept in memory. What is revoked is forgotten as soon as the store tells, within a second; while it cannot
 * tell, keys are looked up each second; while it cannot even be asked, those that were good stay so for some minutes.
 */
export class KeyRing {
  readonly #known = new Lru<string, Known>(keysCachedMax);
  readonly #unknown = new Lru<string, Known>(unknownKeysCachedMax);
  /** Grows whenever something may have changed: what was being read meanwhile is read again. */
  #generation = 0;

  constructor(
    private readonly store: Pick<Store, "keys" | "changes">,
    private readonly clock: () => number,
    private readonly elapsed: () => number,
  ) {}

  /** Whether to find it takes a query. */
  needsQuery(keyId: string): boolean {
    const cached = this.#known.peek(keyId) ?? this.#unknown.peek(keyId);
    return cached === undefined || (cached.key === undefined && this.#outdated(cached));
  }

  /** The key, if it is one, is not revoked and not expired, and the secret is its own. @throws StoreUnavailable */
  async find({ keyId, secret }: PresentedKey): Promise<StoredKey | undefined> {
    const known = this.#known.get(keyId) ?? this.#unknown.get(keyId) ?? this.#add(keyId);
    if (this.#outdated(known)) await this.#check(keyId, known);
    const { key } = known;
    const hash = createHash("sha256").update(secret).digest();
    const same = timingSafeEqual(hash, Buffer.from(key?.secretHash ?? noHash, "hex"));
    const now = this.clock();
    if (!same || key === undefined || key.revokedAtMs !== undefined) return undefined;
    if (key.expiresAtMs !== undefined && key.expiresAtMs <= now) return undefined;
    this.#noteUse(keyId, known, now);
    return key;
  }

  /** Something changed, or anything may have. */
  heard(changes: readonly Change[] | undefined): void {
    const ids = changes?.filter(({ kind }) => kind === "key").map(({ id }) => id);
    if (ids?.length === 0) return;
    this.#generation++;
    if (ids === undefined || ids.includes(undefined)) this.#outdateAll();
    for (const id of ids ?? []) if (id !== undefined) this.forget(id);
  }

  /** This process has just changed it. */
  forget(keyId: string): void {
    this.#generation++;
    this.#known.delete(keyId);
    this.#unknown.delete(keyId);
  }

  #outdateAll(): void {
    this.#unknown.clear();
    for (const known of this.#known.values()) known.checkedMs = Number.NEGATIVE_INFINITY;
  }

  #add(keyId: string): Known {
    const never = Number.NEGATIVE_INFINITY;
    const known: Known = { key: undefined, checkedMs: never, answeredMs: never, checking: undefined, usedNotedMs: never };
    this.#unknown.set(keyId, known);
    return known;
  }

  #outdated({ key, checkedMs }: Known): boolean {
    if (checkedMs === Number.NEGATIVE_INFINITY) return true;
    const age = this.elapsed() - checkedMs;
    return key === undefined ? age > unknownMsMax : !this.store.changes.healthy && age > unheardMsMax;
  }

  /** One query at a time, however many ask. */
  #check(keyId: string, known: Known): Promise<void> {
    known.checking ??= this.#read(keyId, known).finally(() => {
      known.checking = undefined;
    });
    return known.checking;
  }

  async #read(keyId: string, known: Known): Promise<void> {
    let generation: number;
    do {
      generation = this.#generation;
      try {
        known.key = await this.store.keys.find(keyId);
        known.answeredMs = this.elapsed();
      } catch (error) {
        const good = known.key !== undefined && this.elapsed() - known.answeredMs < keyStaleMsMax;
        if (!(error instanceof StoreUnavailable) || !good) throw error;
      }
      known.checkedMs = this.elapsed();
    } while (generation !== this.#generation);
    const [to, from] = known.key === undefined ? [this.#unknown, this.#known] : [this.#known, this.#unknown];
    from.delete(keyId);
    to.set(keyId, known);
  }

  #noteUse(keyId: string, known: Known, nowMs: number): void {
    const now = this.elapsed();
    if (now - known.usedNotedMs < usedNoteMs) return;
    known.usedNotedMs = now;
    // Beside the request: that it is not noted harms nobody.
    this.store.keys.used(keyId, nowMs).catch(() => {});
  }
}
