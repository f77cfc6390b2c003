import { toolsPerRequestMax, turnWorkMsMax } from "../limits.js";
import { explanationsJson } from "../report/json/explanation.js";
import { checkedAgent, checkWholeOrg } from "./access.js";
import { noIds, openCompiled } from "./active-policy.js";
import { type ReferredTexts, referredUnits } from "./answers.js";
import { textOf, textsOf } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { inlineLabel, inlineText } from "./inline-policy.js";
import { perform } from "./perform.js";
import { findVersion } from "./publish.js";
import type { Caller, Services } from "./services.js";
import type {
  DiffAnswer,
  DiffRequest,
  ExplainAnswer,
  ExplainRequest,
  LintAnswer,
  PolicyReference,
  ValidateAnswer,
  ValidateRequest,
} from "./shapes.js";

/** Whether a text is a policy, and with `agent_id` whether it could be published for that agent. */
export async function validate(services: Services, caller: Caller, request: ValidateRequest): Promise<ValidateAnswer> {
  const { agent_id, policy: given } = request;
  const agent = agent_id === undefined ? undefined : checkedAgent(caller, agent_id);
  const text = inlineText(given);
  const merges = agent !== undefined;
  const org = merges ? await services.store.policies.active({ org: caller.org }) : undefined;
  const units = text.length + (org?.source.length ?? 0);
  return perform(services, "validateText", { text, merges, org: org && textOf(org) }, units);
}

/** What changes from one policy to another, for all tool names. */
export async function diff(services: Services, caller: Caller, request: DiffRequest): Promise<DiffAnswer> {
  const before = await referred(services, caller, request.old, "old");
  const after = await referred(services, caller, request.new, "new");
  return perform(services, "diffReferred", { before, after }, referredUnits(before, after));
}

/** Rules of the top layer that do nothing, or not what they seem to. */
export async function lint(services: Services, caller: Caller, request: PolicyReference): Promise<LintAnswer> {
  const texts = await referred(services, caller, request, "");
  return perform(services, "lintReferred", texts, referredUnits(texts));
}

/** Each tool as a call of its own: every rule that matches it, and what would apply without the rule. */
export async function explain(services: Services, caller: Caller, request: ExplainRequest): Promise<ExplainAnswer> {
  const { tools } = request;
  if (!Array.isArray(tools) || tools.length > toolsPerRequestMax) {
    const message = `a list of at most ${toolsPerRequestMax} tool names`;
    throw new RegistryFailure("invalid_request", `tools must be ${message}`, { details: [{ path: "tools", message }] });
  }
  const texts = await referred(services, caller, request, "");
  const { card } = texts;
  const compiled = await perform(services, "compileReferred", texts, referredUnits(texts));
  const { engine } = openCompiled(compiled, noIds, services.engines.onFault);
  const nowMs = services.clock();
  const explanations = [];
  let sinceMs = services.elapsed();
  for (const tool of tools) {
    explanations.push(engine.explain(tool, { kind: "cicd", card, nowMs }));
    if (services.elapsed() - sinceMs < turnWorkMsMax) continue;
    await services.pause();
    sinceMs = services.elapsed();
  }
  const { schema: _, ...answer } = explanationsJson(explanations) as Record<string, unknown>;
  return answer as unknown as ExplainAnswer;
}

/** @throws RegistryFailure */
async function referred(services: Services, caller: Caller, reference: PolicyReference, path: string): Promise<ReferredTexts> {
  const { store, engines } = services;
  const { policy: inline, agent_id, version } = reference;
  const { org } = caller;
  if (inline !== undefined && version !== undefined) {
    const message = "give `policy` or `version`, not both";
    throw new RegistryFailure("invalid_request", message, { details: [{ path: joined(path, "version"), message }] });
  }
  const agent = agent_id === undefined ? undefined : checkedAgent(caller, agent_id, joined(path, "agent_id"));
  const card = agent === undefined ? undefined : (await engines.cardOf(org, agent))?.card;
  if (inline !== undefined) {
    const below = agent === undefined ? undefined : await store.policies.active({ org });
    return { inline: inlineText(inline), org: below && textOf(below), card, label: inlineLabel };
  }
  if (agent === undefined) {
    checkWholeOrg(caller, "the org's policy");
    const found = await findVersion(services, { org }, version);
    return { org: textOf(found), label: `org version ${found.version}` };
  }
  const layers = await store.policies.layers(org, agent);
  const own = version === undefined ? layers.agent : await findVersion(services, { org, agent }, version);
  if (own === undefined && layers.org === undefined) {
    throw new RegistryFailure("not_found", `no policy is in force for the agent \`${agent}\``);
  }
  const label = own === undefined ? `org version ${layers.org?.version}` : `agent ${agent} version ${own.version}`;
  return { ...textsOf({ org: layers.org, agent: own }), card, label };
}

function joined(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}
