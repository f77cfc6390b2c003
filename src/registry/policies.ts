import { timeJson } from "../report/json/rule.js";
import { ExpectationFailed } from "../store/failures.js";
import type { Expectation, Owner, Page, Paged, VersionSummary } from "../store/store.js";
import { checkedOwner, checkedPage, ownerText } from "./access.js";
import { policyDocument, textOf } from "./documents.js";
import { expectationFailure, whatever } from "./expectation.js";
import { RegistryFailure } from "./failure.js";
import { perform } from "./perform.js";
import { findVersion } from "./publish.js";
import type { Paging, PolicyOwner } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { HistoryPage, PolicyDocument, PolicyList } from "./shapes.js";

export async function getPolicy(
  services: Services,
  caller: Caller,
  owner: PolicyOwner,
  version: number | undefined,
): Promise<PolicyDocument> {
  const found = await findVersion(services, checkedOwner(caller, owner), version);
  return policyDocument(found, await perform(services, "storedDocument", textOf(found), found.source.length));
}

export async function getPolicySource(
  services: Services,
  caller: Caller,
  owner: PolicyOwner,
  version: number | undefined,
): Promise<{ readonly text: string; readonly mediaType: "yaml" | "json"; readonly version: number }> {
  const found = await findVersion(services, checkedOwner(caller, owner), version);
  return { text: found.source, mediaType: found.mediaType, version: found.version };
}

/** Nothing is active afterwards: the agent falls back to the org's policy, or to none. Versions stay. */
export async function removePolicy(
  { store, clock, engines }: Services,
  caller: Caller,
  policyOwner: PolicyOwner,
  expected: Expectation = whatever,
): Promise<void> {
  const owner = checkedOwner(caller, policyOwner);
  try {
    const archived = await store.policies.remove(owner, expected, { actor: caller.actor, atMs: clock() });
    engines.changed({ org: owner.org, agent: owner.agent, kind: "policy", id: undefined });
    if (archived !== undefined) return;
  } catch (error) {
    if (error instanceof ExpectationFailed) throw expectationFailure(expected, error.active);
    throw error;
  }
  throw new RegistryFailure("not_found", `there is no active policy of ${ownerText(owner)}`);
}

/** Newest first; empty for who never had a policy. */
export async function history({ store }: Services, caller: Caller, owner: PolicyOwner, paging?: Paging): Promise<HistoryPage> {
  const page = checkedPage(paging);
  const { items, total } = await store.policies.history(checkedOwner(caller, owner), page);
  return {
    versions: items.map((summary) => ({
      version: summary.version,
      id: summary.policyId,
      meta: { name: summary.name, ...(summary.description === undefined ? {} : { description: summary.description }) },
      digest: summary.digest,
      message: summary.message ?? null,
      restored_from: summary.restoredFrom ?? null,
      active: summary.active,
      updated_at: timeJson(summary.createdAtMs) as string,
      updated_by: summary.createdBy,
    })),
    total,
    page: page.page,
    per_page: page.perPage,
  };
}

type Listed = VersionSummary & { readonly owner: Owner };

/** What is active: the org's own first, then agents by id. */
export async function list(services: Services, caller: Caller, paging?: Paging): Promise<PolicyList> {
  const page = checkedPage(paging);
  const { items, total } = await listed(services, caller, page);
  return {
    policies: items.map(({ owner, ...summary }) => ({
      scope: owner.agent === undefined ? "org" : "agent",
      agent_id: owner.agent ?? null,
      id: summary.policyId,
      name: summary.name,
      version: summary.version,
      updated_at: timeJson(summary.createdAtMs) as string,
      updated_by: summary.createdBy,
    })),
    org_id: caller.org,
    total,
    page: page.page,
    per_page: page.perPage,
  };
}

async function listed({ store }: Services, { org, agents }: Caller, page: Page): Promise<Paged<Listed>> {
  if (agents === undefined) return store.policies.list(org, page);
  const own: Listed[] = [];
  for (const agent of [...new Set(agents)].sort()) {
    const active = await store.policies.active({ org, agent });
    if (active !== undefined) own.push(active);
  }
  const start = (page.page - 1) * page.perPage;
  return { items: own.slice(start, start + page.perPage), total: own.length };
}
