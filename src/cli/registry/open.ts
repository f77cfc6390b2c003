import { userInfo } from "node:os";
import type { Registry } from "../../registry/registry.js";
import { type CommandFailure, failure, type Sources } from "../failure.js";
import { placeText, type RegistryPlace, registryOrg, registryPlace } from "./place.js";
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

/**
 * Only the code of the kind of registry that is meant is loaded. A database without a registry stays as it is unless `need` is
 * `made`: DATABASE_URL often names one that belongs to something else.
 */
export async function openNamedRegistry(place: RegistryPlace, need: Need): Promise<Registry> {
  if (place.kind === "server") return (await import("./remote.js")).connectRegistry(place);
  const there = place.kind === "sqlite" ? place.exists : need === "made" || (await holds(place.url));
  if (!there && need === "existing") throw missing(place);
  const where = there || need === "made" ? storeAt(place) : { path: ":memory:" };
  const { openStore } = await import("../../store/open.js");
  const { openRegistry } = await import("../../registry/open.js");
  const { systemEffects } = await import("../../server/effects.js");
  const store = await openStore(where, { poolSize: 2 });
  const service = openRegistry({ store, ...systemEffects, place: placeText(place) });
  return service.as({ org: registryOrg(), actor: actorName() });
}

function missing(place: RegistryPlace): CommandFailure {
  const where = place.kind === "sqlite" && place.upwards ? `${placeText(place)} or above` : placeText(place);
  return failure("registry_missing", `there is no registry at ${where}`);
}

async function holds(url: string): Promise<boolean> {
  const { holdsStore } = await import("../../store/presence.js");
  return holdsStore(url);
}

function storeAt(place: Exclude<RegistryPlace, { kind: "server" }>): { url: string } | { path: string } {
  return place.kind === "postgres" ? { url: place.url } : { path: place.path };
}

/** The person at the keyboard; systems without a name for it exist. */
function actorName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
