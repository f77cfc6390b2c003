import type { CallRange, StoredCall, StoredTrace } from "../store/store.js";
import { type StoredRunLine, storedRunSchema } from "../trace/formats/stored-runs.js";
import { checkedAgent } from "./access.js";
import { RegistryFailure } from "./failure.js";
import type { StoredRuns } from "./registry.js";
import type { Caller, Services } from "./services.js";

/**
 * An agent's recorded calls as lines that every reader of traces reads: the same traces, calls, sessions, ids and times as were
 * ingested. Traces without a call come first, then calls by time. Memory is one block.
 * @throws RegistryFailure `not_found` for an agent the registry does not know, before the first piece
 */
export async function* runs(services: Services, caller: Caller, request: StoredRuns): AsyncGenerator<Uint8Array> {
  const agent = checkedAgent(caller, request.agent, "agent");
  const { org } = caller;
  if ((await services.store.agents.get(org, agent)) === undefined) {
    throw new RegistryFailure("not_found", `there is no agent \`${agent}\` here`);
  }
  const { sinceMs, untilMs, traces } = request;
  const range: CallRange = { agents: [agent], sinceMs, untilMs, traces };
  for await (const block of services.store.traces.inRange(org, range)) {
    const silent = block.filter(({ calls }) => calls === 0);
    if (silent.length > 0) yield linesOf(silent.map(traceLine));
  }
  for await (const block of services.store.traces.calls(org, range)) yield linesOf(block.map(callLine));
}

const encoder = new TextEncoder();

function linesOf(lines: readonly StoredRunLine[]): Uint8Array {
  // Unpaired surrogates are escaped by JSON, so that no name changes on its way through UTF-8.
  return encoder.encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

function traceLine({ agent, traceId, format, lastMs }: StoredTrace): StoredRunLine {
  return { schema: storedRunSchema, agent_id: agent, trace_id: traceId, format, timestamp: lastMs };
}

function callLine(call: StoredCall): StoredRunLine {
  return {
    schema: storedRunSchema,
    agent_id: call.agent,
    trace_id: call.traceId,
    format: call.format,
    session_id: call.session,
    tool: call.tool,
    call_id: call.callId,
    timestamp: call.dated ? call.timeMs : undefined,
    subagent: call.subagent || undefined,
    decision: call.decision,
  };
}
