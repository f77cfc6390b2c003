import type { Store } from "../store/store.js";

export interface Readiness {
  readonly ready: boolean;
  /** For people, without names of machines. */
  readonly reasons: readonly string[];
}

const askedAgainMs = 1_000;
const pingMsMax = 2_000;

/** Whether to send requests here. The store is asked once a second at most, however many ask. */
export class Health {
  draining = false;
  #askedMs = Number.NEGATIVE_INFINITY;
  #reachable: Promise<boolean> = Promise.resolve(true);

  constructor(
    private readonly store: Pick<Store, "ping" | "changes">,
    private readonly elapsed: () => number,
  ) {}

  async readiness(): Promise<Readiness> {
    const reasons: string[] = [];
    if (this.draining) reasons.push("the server is stopping");
    else if (!(await this.#storeReachable())) reasons.push("the store does not answer");
    else if (!this.store.changes.healthy) reasons.push("changes of the store do not arrive");
    return { ready: reasons.length === 0, reasons };
  }

  #storeReachable(): Promise<boolean> {
    const now = this.elapsed();
    if (now - this.#askedMs < askedAgainMs) return this.#reachable;
    this.#askedMs = now;
    this.#reachable = this.#ping();
    return this.#reachable;
  }

  #ping(): Promise<boolean> {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), pingMsMax);
      this.store
        .ping()
        .then(
          () => resolve(true),
          () => resolve(false),
        )
        .finally(() => clearTimeout(late));
    });
  }
}
