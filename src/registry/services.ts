import type { Store } from "../store/store.js";
import type { EngineCache } from "./engines.js";

/** What the registry takes from the machine (`server/effects.ts` in production). */
export interface Effects {
  /** Epoch milliseconds. May jump; what is kept never depends on it growing. */
  readonly clock: () => number;
  /** Milliseconds that only grow, for durations and budgets. */
  readonly elapsed: () => number;
  /** From the system's generator: ids and secrets are made of them. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Runs `work` once, so much later; such a timer does not keep the process alive. */
  readonly later: (afterMs: number, work: () => void) => void;
  /** Lets other requests have the thread: long work waits for it now and then. Keeps the process alive. */
  readonly pause: () => Promise<void>;
}

/** What every operation of the registry works with; made once per process. */
export interface Services extends Effects {
  readonly store: Store;
  readonly engines: EngineCache;
  /** Faults that an operation survives, and every allow by fault (F1): logged and counted by the server. Never throws. */
  readonly warn: (fault: ServiceFault) => void;
}

export interface ServiceFault {
  /** `allowed_by_fault`: a call passed because nothing could judge it. */
  readonly kind: "allowed_by_fault" | "reload_failed" | "store_down" | "sightings_lost";
  readonly message: string;
  readonly org?: string | undefined;
  readonly agent?: string | undefined;
}

/** On whose behalf: comes from the key, or from the person at the command line. */
export interface Caller {
  readonly org: string;
  /** For `updated_by` and the audit log: `key/<id>` or a user name. */
  readonly actor: string;
  /** The only agents that exist for this caller; undefined: all of the org, and the org's own policy. */
  readonly agents?: readonly string[] | undefined;
}
