import type { Settings } from "../settings.js";
import type { Terminal } from "../terminal.js";
import type { AgentRecords } from "./agent-records.js";
import { placeToAsk } from "./place.js";

/** What the registry knows of the agent, where both are there; the code that asks it is not loaded otherwise. */
export async function withAgent<T>(
  { agent }: Settings,
  terminal: Terminal,
  work: (records: AgentRecords | undefined) => Promise<T>,
): Promise<T> {
  if (agent === undefined || placeToAsk() === undefined) return work(undefined);
  const { withRecords } = await import("./agent-records.js");
  return withRecords(agent, terminal, work);
}

/** How a policy is shown that no file names: `org@2 + support-1@3`. */
export function policyLabel({ policy, org, stored }: Settings): string {
  const active = [stored?.org, stored?.agent].flatMap((layer) => (layer === undefined ? [] : [layer.label]));
  return policy ?? org ?? active.join(" + ");
}
