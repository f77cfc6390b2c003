import type { EngineCache } from "./engines.js";
import type { Surroundings } from "./surroundings.js";

export type { Effects, ServiceFault } from "./surroundings.js";

/** What every operation of the registry works with; made once per process. */
export interface Services extends Surroundings {
  readonly engines: EngineCache;
}

/** On whose behalf: comes from the key, or from the person at the command line. */
export interface Caller {
  readonly org: string;
  /** For `updated_by` and the audit log: `key/<id>` or a user name. */
  readonly actor: string;
  /** The only agents that exist for this caller; undefined: all of the org, and the org's own policy. */
  readonly agents?: readonly string[] | undefined;
}
