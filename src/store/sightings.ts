import type { Database } from "./database.js";
import type { ToolSightings } from "./store.js";

// Holds the place of what S2 writes.
export function sightingsOf(_db: Database): ToolSightings {
  return {} as never;
}
