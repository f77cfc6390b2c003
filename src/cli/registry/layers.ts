import { hasErrors } from "../../diagnostics/diagnostic.js";
import type { Card, Policy } from "../../policy/model.js";
import type { PolicyOwner, Registry } from "../../registry/registry.js";
import { orderedJson } from "../../report/json/ordered.js";
import { parseCard } from "../../syntax/card.js";
import { failure } from "../failure.js";
import { parsePolicyFile } from "../policy-file.js";
import { isRefusal } from "./refusal.js";

/** A version of a policy as the registry keeps it. */
export interface StoredLayer {
  readonly version: number;
  /** Stands for a file in places: `support-1@3`, `org@2`. */
  readonly label: string;
  readonly text: string;
  readonly mediaType: "yaml" | "json";
  /** Undefined for a text that this release does not read. */
  readonly policy: Policy | undefined;
}

/** The active layers, as far as this caller may see them. */
export interface ActiveLayers {
  readonly org: StoredLayer | undefined;
  readonly agent: StoredLayer | undefined;
  /** The org has a policy that this key may not read. */
  readonly orgHidden: boolean;
}

/** A version, or the active one; undefined when there is none. */
export async function storedLayer(registry: Registry, owner: PolicyOwner, version?: number): Promise<StoredLayer | undefined> {
  const found = await registry.getPolicySource(owner, version).catch((error: unknown) => {
    if (isRefusal(error, "not_found")) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const label = `${owner.agent ?? "org"}@${found.version}`;
  const { policy } = parsePolicyFile(found.text, label);
  return { version: found.version, label, text: found.text, mediaType: found.mediaType, policy };
}

export async function activeLayers(registry: Registry, { agent }: PolicyOwner): Promise<ActiveLayers> {
  let orgHidden = false;
  const org = await storedLayer(registry, {}).catch((error: unknown) => {
    if (agent === undefined || !isRefusal(error, "forbidden", "unauthorized")) throw error;
    orgHidden = true;
    return undefined;
  });
  if (org !== undefined && org.policy === undefined) {
    const fix = "use the release that published it, or a newer one";
    throw failure("registry_validation_error", `this release does not read version ${org.version} of the org's policy`, { fix });
  }
  return { org, agent: agent === undefined ? undefined : await storedLayer(registry, { agent }), orgHidden };
}

/** The card of an agent, to judge with; undefined when it has none. */
export async function storedCard(registry: Registry, agent: string): Promise<Card | undefined> {
  const found = await registry.getCard(agent).catch((error: unknown) => {
    if (isRefusal(error, "not_found")) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { value, diagnostics } = parseCard(orderedJson(found.card), { file: `card of ${agent}` });
  return hasErrors(diagnostics) ? undefined : value;
}
