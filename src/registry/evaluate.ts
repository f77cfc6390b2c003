import type { Context, Evaluation, Sightings, ToolOutcome } from "../engine/result.js";
import type { SessionState } from "../engine/session.js";
import { toolsPerRequestMax } from "../limits.js";
import { coverageOf } from "../policy/coverage.js";
import { decideOnFault } from "../policy/fault.js";
import { evaluationJson } from "../report/json/evaluation.js";
import { timeJson } from "../report/json/rule.js";
import { checkedAgent } from "./access.js";
import type { ActivePolicy } from "./active-policy.js";
import { textOf } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { storeDown } from "./first-seen.js";
import { guardrailEngine, type Narrowing, narrowingOf, notNarrowed, openGuardrails, worseOf } from "./guardrails.js";
import { inlineText } from "./inline-policy.js";
import { preparedTools, type Stamp } from "./prepared-tools.js";
import type { Caller, Services } from "./services.js";
import type { ContextName, EvaluateAnswer, EvaluateRequest, PolicyInput } from "./shapes.js";

/** What a question is without a word on it: a test of some tools, which records nothing. */
const defaultContext: ContextName = "cicd";

const contexts: ReadonlyMap<unknown, { readonly kind: NonNullable<Context["kind"]>; readonly isCall: boolean }> = new Map([
  ["cicd", { kind: "cicd", isCall: false }],
  ["gateway", { kind: "gateway", isCall: true }],
  ["runtime", { kind: "gateway", isCall: true }],
  ["observer", { kind: "observer", isCall: false }],
  ["audit", { kind: "observer", isCall: false }],
]);

/** @throws RegistryFailure `invalid_request` */
export function checkedContext(name: unknown = defaultContext): {
  readonly kind: NonNullable<Context["kind"]>;
  readonly isCall: boolean;
} {
  const found = contexts.get(name);
  if (found !== undefined) return found;
  const message = `one of ${[...contexts.keys()].join(", ")}`;
  throw new RegistryFailure("invalid_request", `the context must be ${message}`, { details: [{ path: "context", message }] });
}

/**
 * Judges a list of tools as calls of one session (E9). Contexts `gateway` and `runtime` are real calls: they advance the counts of the
 * session, bind a transaction to it and count as sightings of the tools. The others change nothing.
 */
export async function evaluate(services: Services, caller: Caller, request: EvaluateRequest): Promise<EvaluateAnswer> {
  const { engines, clock, elapsed } = services;
  const startedMs = elapsed();
  const { kind, isCall } = checkedContext(request.context);
  checkTools(request.tools);
  const { org } = caller;
  const agent = request.agent_id === undefined ? undefined : checkedAgent(caller, request.agent_id);
  const session = agent === undefined ? undefined : request.session_id;
  const policy = await policyFor(services, org, agent, request.policy);
  const card = agent === undefined ? undefined : await engines.cardOf(org, agent);
  const asked = { org, agent, session, transaction: request.transaction_id, binds: isCall };
  const needsNarrowing = session !== undefined || request.transaction_id !== undefined;
  const narrowing = needsNarrowing ? await narrowingOf(services, asked) : notNarrowed;
  const sightings = agent === undefined ? undefined : await sightingsFor(services, policy, org, agent, request.tools);
  if (narrowing.policies.length > 0) await openGuardrails(services, narrowing, policy.artifact.defaults.enforcementMode.value);
  // From here on nothing waits, so that the session is advanced by one request at a time.
  const nowMs = clock();
  const judging: Judging = { policy, org, agent, session, isCall, narrowing };
  const judged = judge(services, judging, request, { kind, card: card?.card, nowMs, sightings });
  if (isCall && agent !== undefined) engines.firstSeen.record(org, agent, request.tools, nowMs);
  return judged(timeJson(nowMs) as string, Math.round((elapsed() - startedMs) * 1000) / 1000);
}

function judge(services: Services, judging: Judging, { tools, transaction_id }: EvaluateRequest, context: Context): Stamp {
  const { policy, narrowing } = judging;
  const { sightings, card, kind = "gateway", nowMs } = context;
  if (!policy.hasCountTests && narrowing === notNarrowed && sightings !== storeDown && nowMs !== undefined) {
    try {
      return preparedTools(policy, kind, card).answer(tools, nowMs, sightings, sessionOf(services, judging, ""));
    } catch {
      // Judged again, where a fault is answered and counted.
    }
  }
  const fields = fieldsOf(judgeAnew(services, judging, tools, context), policy);
  const named = transaction_id === undefined ? {} : { transaction_id };
  return (evaluatedAt, durationMs) =>
    ({ ...fields, ...named, evaluated_at: evaluatedAt, duration_ms: durationMs }) as unknown as EvaluateAnswer;
}

const nameOf = (tool: unknown): string => (typeof tool === "string" ? tool : "");

function checkTools(tools: unknown): void {
  const message = `a list of at most ${toolsPerRequestMax} tool names`;
  if (Array.isArray(tools) && tools.length <= toolsPerRequestMax) return;
  throw new RegistryFailure("invalid_request", `tools must be ${message}`, { details: [{ path: "tools", message }] });
}

/** The policy that a question is judged by. @throws RegistryFailure */
export async function policyFor(
  services: Services,
  org: string,
  agent: string | undefined,
  inline: PolicyInput | string | undefined,
): Promise<ActivePolicy> {
  const { engines, store } = services;
  if (inline === undefined) {
    if (agent === undefined) {
      const message = "give `agent_id`, `policy` or both";
      throw new RegistryFailure("invalid_request", `there is nothing to judge by: ${message}`, {
        details: [{ path: "agent_id", message }],
      });
    }
    const policy = await engines.policyOf(org, agent);
    if (policy !== undefined) return policy;
    throw new RegistryFailure("not_found", `no policy is in force for the agent \`${agent}\``);
  }
  const text = inlineText(inline);
  if (agent === undefined) return engines.inline.open("", { text });
  const below = await store.policies.active({ org });
  const label = below === undefined ? "" : `${org}/${below.policyId}/${below.version}`;
  return engines.inline.open(label, { text, org: below && textOf(below) });
}

const neverSeen: Sightings = { firstSeenMs: () => undefined };

function sightingsFor(
  { engines }: Services,
  policy: ActivePolicy,
  org: string,
  agent: string,
  tools: readonly unknown[],
): Sightings | Promise<Sightings> {
  // Where no verdict depends on them nobody asks the store.
  return policy.hasGrace ? engines.firstSeen.of(org, agent, tools.map(nameOf)) : neverSeen;
}

interface Judging {
  readonly policy: ActivePolicy;
  readonly org: string;
  readonly agent: string | undefined;
  readonly session: string | undefined;
  readonly isCall: boolean;
  readonly narrowing: Narrowing;
}

function judgeAnew(services: Services, judging: Judging, tools: readonly unknown[], context: Context): Evaluation {
  const { policy, narrowing } = judging;
  const { guardrails, policies } = narrowing;
  const session = sessionOf(services, judging, "");
  const narrowed: Context =
    guardrails === null
      ? { ...context, guardrail: null }
      : session === undefined
        ? { ...context, guardrail: guardrails[0] }
        : context;
  if (session !== undefined) {
    session.guardrails.clear();
    for (const guardrail of guardrails ?? []) session.guardrails.set(guardrail.id, guardrail);
  }
  let evaluation = attempted(services, policy, tools, { ...narrowed, session });
  for (const { policySource, transactionId } of policies) {
    const own = guardrailEngine(services.engines, policySource as string, evaluation.mode);
    const counts = sessionOf(services, judging, `\u0000${transactionId}`);
    evaluation = worseOf(evaluation, attempted(services, own, tools, { ...context, session: counts }));
  }
  return evaluation;
}

function sessionOf({ engines }: Services, { org, agent, session, isCall }: Judging, of: string): SessionState | undefined {
  if (agent === undefined || session === undefined) return undefined;
  return isCall ? engines.sessions.of(org, agent, session + of) : engines.sessions.copyOf(org, agent, session + of);
}

/** F1: an internal error is answered by the policy's `fail_open`, and counted. */
function attempted({ engines }: Services, policy: ActivePolicy, tools: readonly unknown[], context: Context): Evaluation {
  try {
    return policy.engine.evaluate(tools, context);
  } catch (error) {
    return faultEvaluation(engines.onFault, policy, tools, context, error);
  }
}

function faultEvaluation(
  onFault: Services["engines"]["onFault"],
  { artifact }: ActivePolicy,
  tools: readonly unknown[],
  context: Context,
  error: unknown,
): Evaluation {
  const { enforcementMode, failOpen } = artifact.defaults;
  const mode = enforcementMode.value;
  // A guardrail that is missing denies whatever else is known (M5).
  const isLost = context.guardrail === null;
  const open = decideOnFault({ engineLoaded: true, failOpen: failOpen.value, mode });
  const { verdict, action } = isLost ? ({ verdict: "fail", action: "deny" } as const) : open;
  const counts = new Map<string, number>();
  for (const tool of tools) counts.set(nameOf(tool), (counts.get(nameOf(tool)) ?? 0) + 1);
  const none = { rule: null, capability: null, alsoMatches: [], forbidden: [], triggers: [] };
  const decision = { verdict, action, cause: "fault" as const, rule: null };
  for (const tool of counts.keys()) onFault({ tool, error, decision });
  return {
    verdict,
    action,
    mode,
    tools: [...counts].map(([tool, calls]): ToolOutcome => ({ tool, calls, ...decision, ...none })),
    violations: [],
    warnings: [],
    escalations: [],
    cardGaps: [],
    coverage: coverageOf(context.card, []),
    context: context.kind === "observer" ? "observer" : context.kind === "cicd" ? "cicd" : "gateway",
    cardChecked: context.card !== undefined,
    grace: "no_store",
    policy: { name: artifact.name, digest: artifact.digest, sources: artifact.sources },
  };
}

function fieldsOf(evaluation: Evaluation, { policyId, version }: ActivePolicy): object {
  const frame = { evaluatedAtMs: 0, durationMs: 0, exit: { code: 0, reasons: [] } };
  const json = evaluationJson(evaluation, frame) as Record<string, unknown>;
  const { schema: _, exit: __, evaluated_at: ___, duration_ms: ____, ...fields } = json;
  const { name, digest, sources } = evaluation.policy;
  return {
    ...fields,
    policy: { id: policyId, version, name, digest, sources },
    policy_id: policyId,
    policy_version: version,
  };
}
