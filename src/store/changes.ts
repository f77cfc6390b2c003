/** What other processes have to hear of. */
export interface Change {
  /** Grows with each change; gaps are possible. */
  readonly seq: number;
  readonly org: string;
  /** Undefined: the org's policy, or of the whole org. */
  readonly agent: string | undefined;
  readonly kind: "policy" | "card" | "key" | "transaction";
  /** Of a key or a transaction, its id. */
  readonly id: string | undefined;
}

/**
 * Changes of every process on one database, those of this process included. PostgreSQL tells (LISTEN/NOTIFY), and is asked, too;
 * SQLite is asked. Nothing is missed between two calls of the listener; something may come twice.
 */
export interface ChangeFeed {
  /**
   * Calls back within a second of a change, or with `undefined` when changes may have been missed (the connection was lost) and
   * everything kept has to be looked at again: so the first call always is, as soon as the feed is up. The returned function ends it. What the listener throws is swallowed.
   */
  listen(listener: (changes: readonly Change[] | undefined) => void): () => void;
  /** Whether the feed is up: answers may be older than a second while it is not. */
  readonly healthy: boolean;
}
