import type { Kysely } from "kysely";
import { storeChangesBlock, storeFeedStaleMs } from "../limits.js";
import { changesAfter, latestChange } from "./change-log.js";
import type { Change, ChangeFeed } from "./changes.js";
import type { Tables } from "./tables.js";

/** Where a feed looks, and what tells it to look at once. */
export interface ChangeSource {
  /** How often it looks without being told. */
  readonly everyMs: number;
  look<T>(queries: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** Something may have changed. */
  onHint(hint: () => void): () => void;
  close(): Promise<void>;
}

export interface OpenFeed extends ChangeFeed {
  close(): Promise<void>;
}

type Listener = (changes: readonly Change[] | undefined) => void;

/** The table of changes is the truth; hints only make it quicker. Looks only while somebody listens. */
export function changeFeed(source: ChangeSource): OpenFeed {
  return new Feed(source);
}

class Feed implements OpenFeed {
  private readonly listeners = new Set<Listener>();
  /** The last change that was told; undefined before the first look. */
  private seen: number | undefined;
  private lookedAtMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private closed = false;
  private unhint: (() => void) | undefined;

  constructor(private readonly source: ChangeSource) {}

  get healthy(): boolean {
    return this.listeners.size === 0 || performance.now() - this.lookedAtMs < this.source.everyMs + storeFeedStaleMs;
  }

  listen(listener: Listener): () => void {
    // The same function may listen twice.
    const own: Listener = (changes) => listener(changes);
    this.listeners.add(own);
    if (this.listeners.size === 1 && !this.closed) this.start();
    return () => {
      this.listeners.delete(own);
      if (this.listeners.size === 0) this.stop();
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.listeners.clear();
    this.stop();
    await this.looking;
    await this.source.close();
  }

  private start(): void {
    this.seen = undefined;
    this.lookedAtMs = performance.now();
    this.unhint = this.source.onHint(() => this.look());
    this.timer = setInterval(() => this.look(), this.source.everyMs);
    // A process that only waits for changes may end.
    this.timer.unref();
    this.look();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.unhint?.();
  }

  /** One look at a time; hints meanwhile make one more. */
  private look(): void {
    if (this.looking !== undefined) {
      this.again = true;
      return;
    }
    this.looking = this.catchUp()
      .then(() => {
        this.lookedAtMs = performance.now();
      })
      // The store is away: `healthy` says so, and the next look tries again.
      .catch(() => {})
      .then(() => {
        this.looking = undefined;
        const again = this.again;
        this.again = false;
        if (again && this.listeners.size > 0) this.look();
      });
  }

  private async catchUp(): Promise<void> {
    const latest = await this.source.look(latestChange);
    // Where to begin is only known now; and a database may have been put back to an earlier state.
    if (this.seen === undefined || latest < this.seen) {
      this.seen = latest;
      return this.tell(undefined);
    }
    while (this.seen < latest) {
      const after: number = this.seen;
      const changes = await this.source.look((db) => changesAfter(db, after, storeChangesBlock));
      this.seen = changes?.at(-1)?.seq ?? latest;
      this.tell(changes);
    }
  }

  private tell(changes: readonly Change[] | undefined): void {
    for (const listener of this.listeners) {
      try {
        listener(changes);
      } catch {}
    }
  }
}
