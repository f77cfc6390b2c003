import { authFailuresPerMinuteMax } from "../limits.js";
import { RegistryFailure } from "../registry/failure.js";
import type { Registry } from "../registry/registry.js";
import type { Caller } from "../registry/services.js";
import type { Change } from "../store/changes.js";
import type { Role, Store, StoredKey } from "../store/store.js";
import { KeyRing, presentedKey } from "./keys.js";
import { foreign } from "./local.js";
import { addressKey, RateWindows } from "./rate.js";

/** Who asks, once that is known. */
export interface Credential {
  /** Requests are counted by it: `key/<id>`, or `local/<address>`. */
  readonly id: string;
  readonly keyId: string | undefined;
  readonly org: string;
  readonly role: Role;
  readonly agents: ReadonlySet<string> | undefined;
  readonly registry: Registry;
}

export interface CredentialsOptions {
  readonly store: Pick<Store, "keys" | "changes">;
  readonly registryOf: (caller: Caller) => Registry;
  readonly clock: () => number;
  readonly elapsed: () => number;
  /** The org of callers without a key, where those may do everything; undefined: everybody needs a key. */
  readonly openOrg: string | undefined;
}

export interface Presented {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly address: string;
}

/** Tells who asks. Without any key in the store a server on loopback takes every program of the machine for its owner. */
export class Credentials {
  readonly keys: KeyRing;
  /** Requests without a valid key, by address. */
  readonly #failures: RateWindows;
  /** Those of them that cost a query. Only these keep keys from being looked up, so that a neighbour without a key harms nobody. */
  readonly #guesses: RateWindows;
  readonly #callers = new WeakMap<StoredKey, Credential>();
  readonly #locals = new Map<string, Credential>();
  #open: boolean;
  #openCheckedMs: number;

  constructor(private readonly options: CredentialsOptions) {
    this.keys = new KeyRing(options.store, options.clock, options.elapsed);
    this.#failures = new RateWindows(options.elapsed);
    this.#guesses = new RateWindows(options.elapsed);
    this.#open = options.openOrg !== undefined;
    this.#openCheckedMs = options.elapsed();
  }

  /** Whether callers need no key at present. It ends with the first key and does not begin again while the process runs. */
  get open(): boolean {
    return this.#open;
  }

  async heard(changes: readonly Change[] | undefined): Promise<void> {
    this.keys.heard(changes);
    if (changes === undefined || changes.some(({ kind }) => kind === "key")) await this.#lookForKeys();
  }

  /** @throws RegistryFailure `unauthorized`, `forbidden`, `rate_limited`; StoreUnavailable */
  async of(presented: Presented): Promise<Credential> {
    const { headers, address } = presented;
    const authorization = headers["authorization"];
    const key = presentedKey(typeof authorization === "string" ? authorization : undefined);
    // Who shows a key means its org, also before this process has heard of the first one.
    if (key === undefined && this.#open && (await this.#stillOpen())) {
      const why = foreign(headers);
      if (why !== undefined) throw new RegistryFailure("forbidden", `without API keys only this machine is served, and ${why}`);
      return this.#local(address);
    }
    const from = addressKey(address);
    const isGuess = key !== undefined && this.keys.needsQuery(key.keyId);
    if (isGuess) refuseGuessing(this.#guesses.blocked(from, authFailuresPerMinuteMax));
    const stored = key && (await this.keys.find(key));
    if (stored !== undefined) {
      this.#open = false;
      return this.#caller(stored);
    }
    if (isGuess) this.#guesses.take(from, authFailuresPerMinuteMax);
    refuseGuessing(this.#failures.take(from, authFailuresPerMinuteMax));
    const message =
      authorization === undefined
        ? "this needs an API key: send `Authorization: Bearer sbk_...`"
        : "the API key is malformed, unknown, expired or revoked";
    throw new RegistryFailure("unauthorized", message);
  }

  #caller(key: StoredKey): Credential {
    let caller = this.#callers.get(key);
    if (caller === undefined) {
      const { keyId, org, role, agents } = key;
      const registry = this.options.registryOf({ org, actor: `key/${keyId}`, agents });
      caller = { id: `key/${keyId}`, keyId, org, role, agents: agents && new Set(agents), registry };
      this.#callers.set(key, caller);
    }
    return caller;
  }

  #local(address: string): Credential {
    const from = addressKey(address);
    let caller = this.#locals.get(from);
    if (caller === undefined) {
      // Loopback has many addresses; nobody needs a memory of all of them.
      if (this.#locals.size >= 100) this.#locals.clear();
      const org = this.options.openOrg as string;
      const registry = this.options.registryOf({ org, actor: "local" });
      caller = { id: `local/${from}`, keyId: undefined, org, role: "admin", agents: undefined, registry };
      this.#locals.set(from, caller);
    }
    return caller;
  }

  /** While changes do not arrive, each second asks whether there is a key by now. */
  async #stillOpen(): Promise<boolean> {
    if (!this.options.store.changes.healthy && this.options.elapsed() - this.#openCheckedMs > 1_000) await this.#lookForKeys();
    return this.#open;
  }

  async #lookForKeys(): Promise<void> {
    if (!this.#open) return;
    this.#openCheckedMs = this.options.elapsed();
    try {
      if ((await this.options.store.keys.countLive(this.options.clock())) > 0) this.#open = false;
    } catch {
      // Asked again within a second: a feed that is not healthy says so.
    }
  }
}

function refuseGuessing(retryAfterS: number): void {
  if (retryAfterS === 0) return;
  throw new RegistryFailure("rate_limited", "too many requests without a valid API key from this address", { retryAfterS });
}
