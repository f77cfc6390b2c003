import { RegistryFailure } from "../registry/failure.js";
import type { Role } from "../store/store.js";
import type { Credential } from "./credentials.js";
import type { Route } from "./route.js";

const rank: Readonly<Record<Role, number>> = { reader: 1, writer: 2, admin: 3 };

type Params = Readonly<Record<string, string | undefined>>;

/**
 * Whether a credential may use a route at all, before its body is read. What belongs to another org, or to agents that a key is not
 * for, does not exist. @throws RegistryFailure `forbidden`, `not_found`
 */
export function checkAccess({ role, agents, org }: Credential, route: Route, params: Params): void {
  if (route.role === "none") return;
  if (params["org_id"] !== undefined && params["org_id"] !== org) throw new RegistryFailure("not_found", "there is no such org");
  if (rank[role] < rank[route.role]) {
    throw new RegistryFailure("forbidden", `this needs a key with the role ${route.role}, and yours is a ${role}`);
  }
  if (agents === undefined) return;
  if (route.scope === "org")
    throw new RegistryFailure("forbidden", "this key is limited to some agents, and this is about the whole org");
  if (route.scope === "agent_id") checkAgent(agents, params["agent_id"]);
}

/** The same of a body that names the agent. */
export function checkBodyAgent({ agents }: Credential, route: Route, body: unknown): void {
  if (agents === undefined || route.scope !== "body.agent_id") return;
  const agent = typeof body === "object" && body !== null ? (body as { agent_id?: unknown }).agent_id : undefined;
  if (agent === undefined)
    throw new RegistryFailure("forbidden", "this key is limited to some agents: name one of them in `agent_id`");
  checkAgent(agents, agent);
}

function checkAgent(agents: ReadonlySet<string>, agent: unknown): void {
  if (typeof agent === "string" && agents.has(agent)) return;
  throw new RegistryFailure("not_found", "there is no such agent");
}
