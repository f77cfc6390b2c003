import { teamAgentsMax } from "../limits.js";
import { timeJson } from "../report/json/rule.js";
import type { Page, Paged, StoredAgent } from "../store/store.js";
import { checkedPage, checkWholeOrg } from "./access.js";
import { RegistryFailure } from "./failure.js";
import { checkedId } from "./ids.js";
import type { Paging } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { AgentList, TeamDocument, TeamList } from "./shapes.js";

/** Every agent that has a policy, a card, or was seen. */
export async function listAgents(services: Services, caller: Caller, paging?: Paging): Promise<AgentList> {
  const page = checkedPage(paging);
  const { items, total } = await listed(services, caller, page);
  return {
    agents: items.map((agent) => ({
      agent_id: agent.agent,
      policy_version: agent.policyVersion ?? null,
      card_version: agent.cardVersion ?? null,
      created_at: timeJson(agent.createdAtMs) as string,
      last_seen_at: timeJson(agent.lastSeenAtMs),
    })),
    total,
    page: page.page,
    per_page: page.perPage,
  };
}

async function listed({ store }: Services, { org, agents }: Caller, page: Page): Promise<Paged<StoredAgent>> {
  if (agents === undefined) return store.agents.list(org, page);
  const own: StoredAgent[] = [];
  for (const agent of [...new Set(agents)].sort()) {
    const found = await store.agents.get(org, agent);
    if (found !== undefined) own.push(found);
  }
  const start = (page.page - 1) * page.perPage;
  return { items: own.slice(start, start + page.perPage), total: own.length };
}

/** Replaces the members. */
export async function putTeam(
  { store, clock }: Services,
  caller: Caller,
  teamId: string,
  agents: readonly string[],
): Promise<TeamDocument> {
  checkWholeOrg(caller, "teams");
  const team = checkedId(teamId, "team_id");
  if (!Array.isArray(agents) || agents.length > teamAgentsMax) {
    const message = `a list of at most ${teamAgentsMax} agents`;
    throw new RegistryFailure("invalid_request", `agents must be ${message}`, { details: [{ path: "agents", message }] });
  }
  const members = [...new Set(agents.map((agent, i) => checkedId(agent, `agents[${i}]`)))].sort();
  await store.agents.putTeam(caller.org, team, members, { actor: caller.actor, atMs: clock() });
  return { team_id: team, agents: members };
}

export async function getTeam({ store }: Services, caller: Caller, teamId: string): Promise<TeamDocument> {
  checkWholeOrg(caller, "teams");
  const team = checkedId(teamId, "team_id");
  const agents = await store.agents.team(caller.org, team);
  if (agents === undefined) throw noTeam(team);
  return { team_id: team, agents };
}

export async function removeTeam({ store, clock }: Services, caller: Caller, teamId: string): Promise<void> {
  checkWholeOrg(caller, "teams");
  const team = checkedId(teamId, "team_id");
  const removed = await store.agents.removeTeam(caller.org, team, { actor: caller.actor, atMs: clock() });
  if (!removed) throw noTeam(team);
}

function noTeam(team: string): RegistryFailure {
  return new RegistryFailure("not_found", `there is no team \`${team}\``);
}

export async function listTeams({ store }: Services, caller: Caller, paging?: Paging): Promise<TeamList> {
  checkWholeOrg(caller, "teams");
  const page = checkedPage(paging);
  const { items, total } = await store.agents.teams(caller.org, page);
  return { teams: items.map(({ team, agents }) => ({ team_id: team, agents })), total, page: page.page, per_page: page.perPage };
}
