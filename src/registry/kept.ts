/** How long a value that may be outdated is good while nobody says whether it is. */
const unconfirmedMs = 1000;
/** After a failed load, before the next one while an older value is there to go on with. */
const retryAfterMs = 1000;

/** What a kept value needs to know of its surroundings. */
export interface Keeping {
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
  /** Whether changes are told as they happen. */
  readonly healthy: () => boolean;
  /** A load failed; the last good value goes on being used where there is one. */
  readonly failed: (error: unknown) => void;
}

/**
 * One value of the store, kept in memory. One load at a time; what was said to have changed while it was being loaded is loaded
 * again before anybody who asks after that gets it. A failed load keeps the last good value.
 */
export class Kept<T> {
  #value: { readonly it: T } | undefined;
  #stale = true;
  #loading: Promise<T> | undefined;
  /** When the load began that the value came from. */
  #confirmedMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;
  /** Since when it is known to be outdated. */
  #outdatedMs: number | undefined;

  constructor(
    /** `last`: the value there is, which may be the answer again. */
    private readonly load: (last: T | undefined) => Promise<T>,
    private readonly keeping: Keeping,
  ) {}

  /** The store has another one. */
  outdate(): void {
    this.#stale = true;
    this.#failedMs = Number.NEGATIVE_INFINITY;
    this.#outdatedMs ??= this.keeping.elapsed();
  }

  /** The value, at once where it is good. */
  get(): T | Promise<T> {
    const value = this.#value;
    if (value !== undefined && !this.#stale && (this.keeping.healthy() || this.#isFresh(this.#confirmedMs, unconfirmedMs)))
      return value.it;
    if (value !== undefined && this.#isFresh(this.#failedMs, retryAfterMs)) return value.it;
    return this.#current();
  }

  /** Milliseconds for which a value is in use that is not the store's any more, as far as one knows. */
  get outdatedForMs(): number {
    return this.#outdatedMs === undefined || this.#value === undefined ? 0 : this.keeping.elapsed() - this.#outdatedMs;
  }

  #isFresh(sinceMs: number, forMs: number): boolean {
    return this.keeping.elapsed() - sinceMs < forMs;
  }

  async #current(): Promise<T> {
    // A load that began before the change was told may bring what was there before.
    const before = this.#loading;
    if (before !== undefined && !this.#stale) return before;
    if (before !== undefined) await before.catch(() => {});
    this.#loading ??= this.#reload().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #reload(): Promise<T> {
    const began = this.keeping.elapsed();
    this.#stale = false;
    try {
      const it = await this.load(this.#value?.it);
      this.#value = { it };
      this.#confirmedMs = began;
      if (!this.#stale) this.#outdatedMs = undefined;
      return it;
    } catch (error) {
      this.#stale = true;
      this.#outdatedMs ??= began;
      this.#failedMs = this.keeping.elapsed();
      this.keeping.failed(error);
      if (this.#value === undefined) throw error;
      return this.#value.it;
    }
  }
}
