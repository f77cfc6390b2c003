import { graceExpiryMs } from "../policy/grace.js";
import { timeJson } from "../report/json/rule.js";
import { checkedAgent, checkedPage } from "./access.js";
import type { ActivePolicy } from "./active-policy.js";
import { RegistryFailure } from "./failure.js";
import type { Paging } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { ToolList, TraceList } from "./shapes.js";
import { checkedScope } from "./transactions.js";

/** The tools an agent was seen to use, and how long grace still softens those that its policy does not map (T1). */
export async function listTools(services: Services, caller: Caller, agentId: string, paging?: Paging): Promise<ToolList> {
  const { store, engines, clock } = services;
  const { org } = caller;
  const agent = checkedAgent(caller, agentId);
  const page = checkedPage(paging);
  // What was seen just now is told, too.
  await engines.flush();
  const { items, total } = await store.sightings.list(org, agent, page);
  if (total === 0 && (await store.agents.get(org, agent)) === undefined) {
    throw new RegistryFailure("not_found", `there is no agent \`${agent}\` here`);
  }
  const policy = await engines.policyOf(org, agent);
  const nowMs = clock();
  const graceOf = (tool: string, firstMs: number): number | undefined => {
    if (policy === undefined || !isSoftened(policy, tool)) return undefined;
    return graceExpiryMs(policy.artifact.defaults.graceMs.value, nowMs, firstMs);
  };
  return {
    agent_id: agent,
    tools: items.map(({ tool, firstMs, lastMs }) => ({
      tool,
      first_seen_at: timeJson(firstMs) as string,
      last_seen_at: timeJson(lastMs) as string,
      grace_expires_at: timeJson(graceOf(tool, firstMs)),
    })),
    total,
    page: page.page,
    per_page: page.perPage,
  };
}

/** Grace turns `unmapped_denied` into a warning, and nothing else. */
function isSoftened({ hasGrace, engine }: ActivePolicy, tool: string): boolean {
  return hasGrace && engine.decide(tool).cause === "unmapped_denied";
}

export async function listTraces(
  { store }: Services,
  caller: Caller,
  agentId: string | undefined,
  paging?: Paging,
): Promise<TraceList> {
  const agent = checkedScope(caller, agentId);
  const page = checkedPage(paging);
  const { items, total } = await store.traces.list(caller.org, agent, page);
  return {
    traces: items.map((trace) => ({
      agent_id: trace.agent,
      trace_id: trace.traceId,
      format: trace.format,
      calls: trace.calls,
      first_at: timeJson(trace.firstMs) as string,
      last_at: timeJson(trace.lastMs) as string,
      ingested_at: timeJson(trace.ingestedAtMs) as string,
    })),
    total,
    page: page.page,
    per_page: page.perPage,
  };
}
