import { quoteText } from "../../diagnostics/escape.js";
import { isId } from "../../registry/ids.js";
import type { PolicyOwner } from "../../registry/registry.js";
import { failure } from "../failure.js";
import type { ConfigOptions } from "../options.js";
import { resolveSettings } from "../settings.js";

/** Whose policy a command is about, as it was asked for. */
export interface OwnerOptions extends ConfigOptions {
  readonly agent?: string;
  readonly agentId?: string;
  /** The org's own policy. */
  readonly org?: boolean;
}

/** `--org`, or an agent: of the command line, SMOLTBOT_AGENT or the config file, in this order. */
export async function ownerOf(options: OwnerOptions): Promise<PolicyOwner> {
  const given = options.agent ?? options.agentId;
  if (options.org === true) {
    if (given !== undefined) throw failure("usage_agent_and_org", `both --org and the agent ${quoteText(given)} were given`);
    return {};
  }
  const agent = await agentOf(options);
  if (agent === undefined) throw failure("usage_agent_missing", "neither an agent nor --org was given");
  return { agent };
}

export async function requiredAgent(options: Omit<OwnerOptions, "org">): Promise<string> {
  const agent = await agentOf(options);
  if (agent !== undefined) return agent;
  const fix = "add --agent <id>, set SMOLTBOT_AGENT, or name it under `agent:` in smoltbot.config.yaml";
  throw failure("usage_agent_missing", "no agent was named", { fix });
}

/** The agent that is meant, if any. @throws CommandFailure when it is no id */
export async function agentOf({ agent, agentId, env, config }: Omit<OwnerOptions, "org">): Promise<string | undefined> {
  const { agent: found } = await resolveSettings({ agent: agent ?? agentId, env, config });
  return found === undefined ? undefined : checkedAgent(found);
}

export function checkedAgent(agent: string): string {
  if (!isId(agent))
    throw failure("registry_invalid_request", `${quoteText(agent)} is no agent id`, {
      fix: "an id is 1 to 128 of A-Z a-z 0-9 . _ -",
    });
  return agent;
}

/** `agent support-1`, `org acme`. */
export function ownerText({ agent }: PolicyOwner, org: string): string {
  return agent === undefined ? `org ${org}` : `agent ${agent}`;
}
