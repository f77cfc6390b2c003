import type { Store } from "../store/store.js";

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
  /** Does long work on another thread. Absent: it is done in place, as in a command, which has nobody else to answer. */
  readonly aside?: Aside | undefined;
}

/** A function of `policy-tasks.ts` by its name; texts go in, plain values and bytes come out. */
export interface AsideTask {
  readonly name: string;
  readonly input: unknown;
  /** Code units of all texts in `input`. */
  readonly units: number;
}

/** @throws RegistryFailure what the function throws, or that there is no time, memory or room for it */
export type Aside = (task: AsideTask) => Promise<unknown>;

/** What a registry is made on. */
export interface Surroundings extends Effects {
  readonly store: Store;
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
