import type { Draft, DraftRequest, Strictness } from "../analysis/recommend/draft.js";
import { recommend as draftOf } from "../analysis/recommend/recommend.js";
import { textDigest } from "../compiler/digest.js";
import { hasErrors } from "../diagnostics/diagnostic.js";
import { recommendToolsMax } from "../limits.js";
import { mergePolicies } from "../policy/merge.js";
import type { Policy } from "../policy/model.js";
import { recommendValue } from "../report/json/recommend.js";
import type { CallRange } from "../store/store.js";
import { parsePolicy } from "../syntax/policy.js";
import { printPolicy } from "../syntax/print.js";
import { checkedAgent, checkWholeOrg } from "./access.js";
import { noIds, openMerged } from "./active-policy.js";
import { storedPolicy } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { checkedId } from "./ids.js";
import { Observation } from "./observation.js";
import type { Caller, Services } from "./services.js";
import type { RecommendAnswer, RecommendRequest } from "./shapes.js";

const dayMs = 86_400_000;
const daysDefault = 30;
const daysMax = 365;
const strictnesses: readonly Strictness[] = ["permissive", "balanced", "strict"];

/** Whose runs a draft is learned from. */
interface Subjects {
  readonly name: string;
  readonly agents: readonly string[];
  /** Asked for by its id: its own policy and card count. */
  readonly single: string | undefined;
}

/** A least-privilege draft learned from the stored runs of a team, or of one agent, over its policy in force. */
export async function recommend(services: Services, caller: Caller, request: RecommendRequest): Promise<RecommendAnswer> {
  const { store, engines, clock } = services;
  const { org } = caller;
  const strictness = checkedStrictness(request.strictness);
  const days = checkedDays(request.analysis_window_days);
  const subjects = await subjectsOf(services, caller, request);
  const untilMs = clock();
  const range = { agents: subjects.agents, sinceMs: untilMs - days * dayMs };
  const observation = await observe(services, org, range, subjects.agents);
  if (observation.calls === 0) {
    const message = `no call of the last ${days} days is stored`;
    throw new RegistryFailure("validation_error", `there is nothing to learn from: ${message}`, {
      details: [{ path: subjects.single === undefined ? "team_id" : "agent_id", message }],
    });
  }
  const { single } = subjects;
  const layers = single === undefined ? { org: await store.policies.active({ org }) } : await store.policies.layers(org, single);
  const card = single === undefined ? undefined : (await engines.cardOf(org, single))?.card;
  const parsed = {
    org: layers.org && storedPolicy(layers.org),
    existing: "agent" in layers && layers.agent ? storedPolicy(layers.agent) : undefined,
  };
  const history = observation.history(recommendToolsMax);
  await services.pause();
  const asked: DraftRequest = {
    name: parsed.existing?.meta.name ?? `${subjects.name}-policy`,
    history,
    strictness,
    card,
    existing: parsed.existing,
    org: parsed.org,
    outcomes: outcomesOf(
      services,
      parsed,
      history.tools.map(({ tool }) => tool),
    ),
    inventory: [],
  };
  const draft = draftOf(asked);
  const shown = {
    id: idOf(asked),
    draft,
    observed: { history, undatedCalls: 0, outsideCalls: 0 },
    validation: validated(draft, parsed.org),
    replayed: undefined,
    replayedBefore: undefined,
  };
  const {
    schema: _,
    exit: __,
    ...answer
  } = recommendValue(shown, { strictness, reasons: [], code: 0 }) as Record<string, unknown>;
  return answer as unknown as RecommendAnswer;
}

async function observe({ store }: Services, org: string, range: CallRange, agents: readonly string[]): Promise<Observation> {
  const observation = new Observation();
  for await (const block of store.traces.calls(org, range)) for (const call of block) observation.add(call);
  const recent = await store.sightings.recent(org, agents, recommendToolsMax);
  for (const { tool, firstMs } of recent) observation.sawEarlier(tool, firstMs < (range.sinceMs as number));
  return observation;
}

/** What both layers say today of every name, without a card. */
function outcomesOf(
  { engines }: Services,
  { org, existing }: { readonly org: Policy | undefined; readonly existing: Policy | undefined },
  tools: readonly string[],
): DraftRequest["outcomes"] {
  if (org === undefined && existing === undefined) return undefined;
  const { value } = mergePolicies({ org, agent: existing });
  if (value === undefined) throw new Error("stored policies do not merge");
  const { engine } = openMerged(value, noIds, engines.onFault);
  return new Map(engine.evaluate(tools).tools.map((each) => [each.tool, each]));
}

/** The draft as text, read by the parser everybody uses, over the org's policy. */
function validated({ policy }: Draft, org: Policy | undefined): RecommendAnswer["validation"] {
  const text = printPolicy(policy);
  const read = parsePolicy(text, { file: "policy.yaml" });
  const merged = read.value === undefined ? undefined : mergePolicies({ org, agent: read.value });
  const diagnostics = [...read.diagnostics, ...(merged?.diagnostics ?? [])];
  const errors = diagnostics.filter(({ level }) => level === "error").map(({ path, message }) => ({ path, message }));
  if (errors.length === 0 && read.value !== undefined && printPolicy(read.value) !== text) {
    errors.push({ path: "", message: "the written draft does not read as what was drafted" });
  }
  return { valid: !hasErrors(diagnostics) && errors.length === 0, errors };
}

/** Equal input, equal id: as the command makes it. */
function idOf({ existing, org, outcomes: _, ...rest }: DraftRequest): string {
  const layers = [existing, org].map((policy) => policy && printPolicy(policy));
  return `rec-${textDigest(JSON.stringify(["smoltbot.recommend/1", rest, layers])).slice(0, 16)}`;
}

async function subjectsOf({ store }: Services, caller: Caller, { team_id, agent_id }: RecommendRequest): Promise<Subjects> {
  if ((team_id === undefined) === (agent_id === undefined)) {
    const message = "give either `team_id` or `agent_id`";
    throw new RegistryFailure("invalid_request", message, { details: [{ path: "team_id", message }] });
  }
  if (agent_id !== undefined) {
    const agent = checkedAgent(caller, agent_id);
    return { name: agent, agents: [agent], single: agent };
  }
  checkWholeOrg(caller, "the runs of a team");
  const team = checkedId(team_id, "team_id");
  const agents = await store.agents.team(caller.org, team);
  if (agents === undefined) throw new RegistryFailure("not_found", `there is no team \`${team}\``);
  return { name: team, agents, single: undefined };
}

function checkedStrictness(strictness: unknown = "balanced"): Strictness {
  const found = strictnesses.find((each) => each === strictness);
  if (found !== undefined) return found;
  const message = `one of ${strictnesses.join(", ")}`;
  throw new RegistryFailure("invalid_request", `strictness must be ${message}`, { details: [{ path: "strictness", message }] });
}

function checkedDays(days: unknown = daysDefault): number {
  if (typeof days === "number" && Number.isInteger(days) && days > 0 && days <= daysMax) return days;
  const path = "analysis_window_days";
  const message = `a whole number from 1 to ${daysMax}`;
  throw new RegistryFailure("invalid_request", `${path} must be ${message}`, { details: [{ path, message }] });
}
