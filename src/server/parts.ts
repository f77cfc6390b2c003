import type { Registry } from "../registry/registry.js";
import type { Caller, Effects } from "../registry/services.js";
import type { Store } from "../store/store.js";
import type { Log } from "./log.js";
import type { RegistryReadings } from "./metrics.js";
import type { ServerOptions } from "./options.js";
import type { Route } from "./route.js";

/** What a server is made of. */
export interface ServerParts extends Pick<Effects, "clock" | "elapsed"> {
  readonly store: Store;
  readonly registryOf: (caller: Caller) => Registry;
  readonly routes: readonly Route[];
  /** `components.schemas`, which the schemas of routes refer to. */
  readonly schemas: Readonly<Record<string, object>>;
  /** What /openapi.json answers. */
  readonly openapi: () => object;
  readonly options: ServerOptions;
  readonly log: Log;
  readonly readings?: (() => RegistryReadings) | undefined;
}
