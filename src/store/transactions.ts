import type { Database } from "./database.js";
import type { Transactions } from "./store.js";

// Holds the place of what S2 writes.
export function transactionsOf(_db: Database): Transactions {
  return {} as never;
}
