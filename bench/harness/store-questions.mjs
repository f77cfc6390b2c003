/** What is asked of a store about what was observed, each with the part of the interface it goes through. */

const page = (n) => ({ page: n, perPage: 100 });

async function count(blocks, most = Infinity) {
  let seen = 0;
  for await (const block of blocks) {
    seen += block.length;
    if (seen >= most) break;
  }
  return seen;
}

/** `ask(store, at)`; `at` says about whom and when. `writes`: it changes something. */
export const questions = [
  { name: "agents.list, first page", ask: (s, at) => s.agents.list(at.org, page(1)) },
  { name: "agents.list, last page", ask: (s, at) => s.agents.list(at.org, page(at.pages)) },
  { name: "agents.get", ask: (s, at) => s.agents.get(at.org, at.agent) },
  { name: "agents.team", ask: (s, at) => s.agents.team(at.org, at.team) },
  { name: "agents.teams", ask: (s, at) => s.agents.teams(at.org, page(1)) },
  { name: "cards.get", ask: (s, at) => s.cards.get(at.org, at.agent) },
  { name: "cards.put", writes: true, ask: (s, at) => s.cards.put(at.org, at.card, { kind: "any" }) },
  { name: "sightings.firstSeen, 10 tools", ask: (s, at) => s.sightings.firstSeen(at.org, at.agent, at.tools) },
  { name: "sightings.list, first page", ask: (s, at) => s.sightings.list(at.org, at.agent, page(1)) },
  { name: "sightings.recent, one agent", ask: (s, at) => s.sightings.recent(at.org, [at.agent], 1_000) },
  { name: "sightings.recent, 200 agents", ask: (s, at) => s.sightings.recent(at.org, at.many, 1_000) },
  { name: "sightings.observe, 500", writes: true, ask: (s, at) => s.sightings.observe(at.org, at.sightings) },
  { name: "traces.list of the org", ask: (s, at) => s.traces.list(at.org, undefined, page(1)) },
  { name: "traces.list of an agent", ask: (s, at) => s.traces.list(at.org, at.agent, page(1)) },
  { name: "traces.calls of an agent", ask: (s, at) => count(s.traces.calls(at.org, { agents: [at.agent] })) },
  {
    name: "traces.calls of an agent, a month",
    ask: (s, at) => count(s.traces.calls(at.org, { agents: [at.agent], sinceMs: at.sinceMs, untilMs: at.untilMs })),
  },
  {
    name: "traces.calls of an agent, 50 runs",
    ask: (s, at) => count(s.traces.calls(at.org, { agents: [at.agent], traces: 50 })),
  },
  {
    name: "traces.calls of 20 agents, a month",
    ask: (s, at) => count(s.traces.calls(at.org, { agents: at.many.slice(0, 20), sinceMs: at.sinceMs, untilMs: at.untilMs })),
  },
  {
    name: "traces.calls of the org, the first 10,000 of a month",
    ask: (s, at) => count(s.traces.calls(at.org, { agents: undefined, sinceMs: at.sinceMs, untilMs: at.untilMs }), 10_000),
  },
  { name: "traces.calls of the org, 50 runs", ask: (s, at) => count(s.traces.calls(at.org, { agents: undefined, traces: 50 })) },
  { name: "traces.inRange of an agent", ask: (s, at) => count(s.traces.inRange(at.org, { agents: [at.agent] })) },
  { name: "traces.ingest, 10 runs of 20 calls", writes: true, ask: (s, at) => s.traces.ingest(at.org, at.fresh(), at.by) },
  { name: "traces.prune, nothing to do", writes: true, ask: (s, at) => s.traces.prune(at.org, 1) },
  { name: "transactions.get", ask: (s, at) => s.transactions.get(at.org, at.transaction) },
  { name: "transactions.ofSession", ask: (s, at) => s.transactions.ofSession(at.org, at.agent, at.session, 33) },
  { name: "transactions.bind", writes: true, ask: (s, at) => s.transactions.bind(at.org, at.transaction, at.session) },
  { name: "transactions.list of the org", ask: (s, at) => s.transactions.list(at.org, undefined, page(1)) },
  { name: "transactions.list of an agent", ask: (s, at) => s.transactions.list(at.org, at.agent, page(1)) },
];

const dayMs = 86_400_000;
const startMs = 1_700_000_000_000;
export const spanDays = 90;

/** Everything comes from numbers: the same on every machine. */
export function subject(agents) {
  const agent = `agent-${Math.floor(agents / 2)}`;
  let ingestions = 0;
  return {
    org: "acme",
    agent,
    team: "team-1",
    pages: Math.max(1, Math.ceil(agents / 100)),
    many: Array.from({ length: Math.min(200, agents) }, (_, i) => agentOf(Math.floor((i * agents) / Math.min(200, agents)))),
    tools: Array.from({ length: 10 }, (_, i) => toolOf(i * 7)),
    sightings: Array.from({ length: 500 }, (_, i) => sightingOf(i % agents, i % 100, startMs + (spanDays + 1) * dayMs)),
    sinceMs: startMs + 40 * dayMs,
    untilMs: startMs + 70 * dayMs,
    by: { actor: "bench", atMs: startMs + spanDays * dayMs },
    card: { agent, cardId: "c", source: "{}", mediaType: "json", sourceDigest: "00", createdAtMs: startMs, createdBy: "bench" },
    transaction: "tx-1",
    session: "session-1",
    /** Runs that nobody has sent. */
    fresh: () => Array.from({ length: 10 }, (_, i) => runOf(1e9 + ingestions++, i, agents, 1e9)),
  };
}

export function agentOf(i) {
  return `agent-${i}`;
}

export function toolOf(i) {
  return `mcp__server_${i % 17}__tool_${i}`;
}

export function sightingOf(agent, tool, lastMs = startMs + ((agent * 31 + tool * 7_919) % (spanDays * 1_440)) * 60_000) {
  return { agent: agentOf(agent), tool: toolOf(tool), firstMs: startMs, lastMs };
}

/** A run of so many calls in as many minutes; `run` of `runs` says when. */
export function runOf(number, run, agents, runs, length = 20) {
  const beganMs = startMs + Math.floor((run / runs) * spanDays * dayMs);
  const calls = Array.from({ length }, (_, i) => ({
    callId: `toolu_01${String(number).padStart(12, "0")}${i}`,
    session: `session-${number}`,
    tool: toolOf((number * 7 + i * 13) % 100),
    timeMs: beganMs + i * 60_000,
    subagent: i % 9 === 0,
    decision: i % 19 === 0 ? "denied" : undefined,
  }));
  return { agent: agentOf(number % agents), traceId: `trace-${number}`, format: "events", seenMs: undefined, calls };
}

export function transactionOf(i, agents) {
  const times = { createdAtMs: startMs + i, createdBy: "bench", expiresAtMs: startMs + i + 3_600_000, endedAtMs: undefined };
  const rest = { tools: [toolOf(i)], allowedCapabilities: undefined, session: `session-${i}`, policySource: undefined };
  return {
    transactionId: `tx-${i}`,
    agent: agentOf(i % agents),
    description: "a refund",
    actionType: "payment",
    ...rest,
    ...times,
  };
}
