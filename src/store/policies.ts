import type { Database } from "./database.js";
import type { PolicyVersions } from "./store.js";
// Holds the place for some minutes.
export function policiesOf(_db: Database): PolicyVersions {
  return {} as never;
}
