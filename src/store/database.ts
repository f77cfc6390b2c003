import type { Kysely, Transaction } from "kysely";
import type { ChangeSource } from "./change-feed.js";
import type { Change } from "./changes.js";
import type { Tables } from "./tables.js";

/**
 * Queries on either database. Every function given runs nothing but queries of the `Kysely` it gets: while a transaction is open,
 * other writers wait. Faults of the database come out as `StoreUnavailable`; what the function throws itself comes out as it is, and
 * its transaction is undone.
 */
export interface Database {
  readonly kind: "sqlite" | "postgres";
  /** For people: a path, or an address without its password. */
  readonly place: string;
  /** Queries that change nothing, each on the last committed state. May run twice. */
  read<T>(queries: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** The same with one state for all of them. */
  snapshot<T>(queries: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** One transaction, durable when it resolves. Runs again after a deadlock or a lost connection: it must start from nothing. */
  write<T>(queries: (trx: Transaction<Tables>) => Promise<T>): Promise<T>;
  /**
   * Puts a change into the feed. The last statement of its transaction: numbers of changes are given in the order of commits, so
   * others wait from here on.
   */
  announce(trx: Transaction<Tables>, change: Omit<Change, "seq">): Promise<void>;
  /** Where the feed of changes looks. */
  readonly changes: ChangeSource;
  /** A copy of the whole, as of one moment, in a new file; undefined where the database brings tools of its own. */
  readonly backup: ((path: string) => Promise<void>) | undefined;
  close(): Promise<void>;
}
