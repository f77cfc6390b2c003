import { userInfo } from "node:os";
import type { Registry } from "../../registry/registry.js";
import { failure, type Sources } from "../failure.js";
import { hasRegistry, placeText, type RegistryPlace, registryOrg, registryPlace } from "./place.js";
import { refusal } from "./refusal.js";

/** Where the registry is a file that does not exist: it is missed, an empty one stands in for it, or it is made. */
export type Need = "existing" | "look" | "made";

/** Whose texts an operation sends, for the places in what is refused. */
export interface SentText {
  readonly file: string;
  readonly sources: Sources;
}

/** Opens the registry of this command line, works on it and closes it. @throws CommandFailure for whatever the registry refuses */
export async function withRegistry<T>(need: Need, work: (registry: Registry) => Promise<T>, sent?: SentText): Promise<T> {
  try {
    const registry = await openNamedRegistry(registryPlace(), need);
    try {
      return await work(registry);
    } finally {
      await registry.close();
    }
  } catch (error) {
    throw refusal(error, sent?.file, sent?.sources);
  }
}

/** Only the code of the kind of registry that is meant is loaded. */
export async function openNamedRegistry(place: RegistryPlace, need: Need): Promise<Registry> {
  if (need === "existing" && !hasRegistry(place)) {
    throw failure("registry_missing", `there is no registry at ${placeText(place)} or above`);
  }
  if (place.kind === "server") throw failure("registry_unavailable", "servers are not spoken to yet");
  const { openStore } = await import("../../store/open.js");
  const { openRegistry } = await import("../../registry/open.js");
  const { systemEffects } = await import("../../server/effects.js");
  const path = place.kind === "sqlite" && need === "look" && !place.exists ? ":memory:" : pathOf(place);
  const store = await openStore(place.kind === "postgres" ? { url: place.url } : { path }, { poolSize: 2 });
  const service = openRegistry({ store, ...systemEffects, place: placeText(place) });
  return service.as({ org: registryOrg(), actor: actorName() });
}

function pathOf(place: RegistryPlace): string | undefined {
  return place.kind === "sqlite" ? place.path : undefined;
}

/** The person at the keyboard; systems without a name for it exist. */
function actorName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
