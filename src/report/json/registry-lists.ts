import type { HistoryRun, PolicyListRun } from "../text/registry-lists.js";

/** `smoltbot policy list --format json`. */
export function policyListJson({ place, agent, list, resolved }: PolicyListRun): object {
  const { policies, org_id, total, page, per_page } = list;
  return {
    schema: "smoltbot.policy-list/1",
    registry: place,
    org_id,
    policies,
    total,
    page,
    per_page,
    resolved:
      agent === undefined ? null : { agent_id: agent, sources: resolved?.sources ?? null, digest: resolved?.digest ?? null },
  };
}

/** `smoltbot policy history --format json`. */
export function historyJson({ owner, history }: HistoryRun): object {
  const { versions, total, page, per_page } = history;
  return {
    schema: "smoltbot.policy-history/1",
    registry: owner.place,
    org_id: owner.org,
    agent_id: owner.agent ?? null,
    versions,
    total,
    page,
    per_page,
  };
}
