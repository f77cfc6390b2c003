import { pageMax, perPageMax } from "../limits.js";
import type { Owner, Page } from "../store/store.js";
import { RegistryFailure } from "./failure.js";
import { checkedId } from "./ids.js";
import type { Paging, PolicyOwner } from "./registry.js";
import type { Caller } from "./services.js";

const perPageDefault = 20;

/** @throws RegistryFailure `invalid_request` for what is no id, `not_found` for an agent that does not exist for the caller */
export function checkedAgent(caller: Caller, agent: unknown, path = "agent_id"): string {
  const id = checkedId(agent, path);
  if (caller.agents === undefined || caller.agents.includes(id)) return id;
  throw new RegistryFailure("not_found", `there is no agent \`${id}\` here`);
}

/** @throws RegistryFailure `forbidden` for a caller that is limited to some agents */
export function checkWholeOrg(caller: Caller, what: string): void {
  if (caller.agents === undefined) return;
  throw new RegistryFailure("forbidden", `this key is limited to some agents and may not touch ${what}`);
}

/** @throws RegistryFailure */
export function checkedOwner(caller: Caller, owner: PolicyOwner): Owner {
  if (owner.agent !== undefined) return { org: caller.org, agent: checkedAgent(caller, owner.agent) };
  checkWholeOrg(caller, "the org's policy");
  return { org: caller.org };
}

/** @throws RegistryFailure `invalid_request` */
export function checkedPage({ page = 1, perPage = perPageDefault }: Paging = {}): Page {
  const whole = (value: number, max: number, path: string) => {
    if (Number.isInteger(value) && value >= 1 && value <= max) return;
    const message = `a whole number from 1 to ${max}`;
    throw new RegistryFailure("invalid_request", `${path} must be ${message}`, { details: [{ path, message }] });
  };
  whole(page, pageMax, "page");
  whole(perPage, perPageMax, "per_page");
  return { page, perPage };
}

/** For people: `the agent \`support-1\``, `the org \`acme\``. */
export function ownerText({ org, agent }: Owner): string {
  return agent === undefined ? `the org \`${org}\`` : `the agent \`${agent}\``;
}
