import type { UnpublishFrame } from "../text/unpublish.js";

/** `smoltbot policy unpublish --format json`. */
export function unpublishedJson({ place, org, agent, version, below }: UnpublishFrame): object {
  return {
    schema: "smoltbot.unpublish/1",
    registry: place,
    org_id: org,
    agent_id: agent ?? null,
    archived_version: version,
    org_version: below ?? null,
  };
}
