import { diffPolicies } from "../analysis/diff.js";
import { lintPolicy } from "../analysis/lint/lint.js";
import type { LintFinding } from "../analysis/lint/lint-report.js";
import { type Subject, subjectOf } from "../analysis/subject.js";
import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.js";
import {
  askedOpenWorkMax,
  askedStatesMax,
  askedWorkMax,
  lintAskedGlobsMax,
  lintAskedStatesMax,
  lintAskedWorkMax,
  toolsPerRequestMax,
} from "../limits.js";
import { mergePolicies } from "../policy/merge.js";
import type { Card, Policy } from "../policy/model.js";
import { diffJson } from "../report/json/diff.js";
import { explanationsJson } from "../report/json/explanation.js";
import { lintJson } from "../report/json/lint.js";
import { validatedJson } from "../report/json/validated.js";
import { checkedAgent, checkWholeOrg } from "./access.js";
import { noIds, openMerged } from "./active-policy.js";
import { failureDetail, findingShape, readPolicy, storedPolicy } from "./documents.js";
import { RegistryFailure } from "./failure.js";
import { inlineLabel, inlinePolicy, inlineText, mergedInline } from "./inline-policies.js";
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

/** What a reference means: the layers, and whose card goes with them. */
interface Referred {
  readonly org?: Policy | undefined;
  readonly agent?: Policy | undefined;
  readonly card?: Card | undefined;
  readonly label: string;
}

/** Analyses are budgeted in states and steps, so that no question holds the process for long; what is left open says so. */
const budget = { statesMax: askedStatesMax, workMax: askedWorkMax, openWorkMax: askedOpenWorkMax };

/** Whether a text is a policy, and with `agent_id` whether it could be published for that agent. */
export async function validate(services: Services, caller: Caller, request: ValidateRequest): Promise<ValidateAnswer> {
  const { agent_id, policy: given } = request;
  const agent = agent_id === undefined ? undefined : checkedAgent(caller, agent_id);
  const { policy, diagnostics } = readPolicy(inlineText(given), { label: inlineLabel, mediaType: "yaml" });
  const all = [...diagnostics];
  if (policy !== undefined && agent !== undefined) {
    const org = await services.store.policies.active({ org: caller.org });
    all.push(...mergePolicies({ org: org && storedPolicy(org), agent: policy }).diagnostics);
  }
  const valid = policy !== undefined && !hasErrors(all);
  return { valid, diagnostics: all.map(findingShape), summary: valid ? summaryOf(policy, all) : null };
}

function summaryOf(policy: Policy, diagnostics: readonly Diagnostic[]): object {
  const { files } = validatedJson([{ file: inlineLabel, policy, diagnostics }]) as { files: readonly { summary: object }[] };
  return (files[0] as { summary: object }).summary;
}

/** What changes from one policy to another, for all tool names. */
export async function diff(services: Services, caller: Caller, request: DiffRequest): Promise<DiffAnswer> {
  const before = await referred(services, caller, request.old, "old");
  const after = await referred(services, caller, request.new, "new");
  const { card } = after;
  const found = diffPolicies(subject(before), subject(after), {
    ...(card && { card, oldCard: before.card ?? card }),
    budget,
  });
  const run = { diff: found, before: before.label, after: after.label, exitReasons: [], version: "" };
  const { schema: _, ok: __, exit_reasons: ___, ...answer } = diffJson(run) as Record<string, unknown>;
  return answer as unknown as DiffAnswer;
}

/** Rules of the top layer that do nothing, or not what they seem to. */
export async function lint(services: Services, caller: Caller, request: PolicyReference): Promise<LintAnswer> {
  const layers = await referred(services, caller, request, "");
  const top = (layers.agent ?? layers.org) as Policy;
  const globs = globsOf(layers);
  if (globs > lintAskedGlobsMax) return lintAnswer([notDecided(top, globs)], { rules: 0, undecided: 1 });
  const lintBudget = { statesMax: lintAskedStatesMax, workMax: lintAskedWorkMax };
  const { findings, rules, undecided } = lintPolicy({
    subject: subject(layers),
    scope: top.meta.scope,
    card: layers.card,
    budget: lintBudget,
  });
  return lintAnswer(findings, { rules, undecided });
}

function notDecided({ file }: Policy, globs: number): LintFinding {
  return {
    code: "not_decided",
    severity: "notice",
    rule: undefined,
    span: { file, line: 1, column: 1, endLine: 1, endColumn: 1 },
    path: "",
    message: `the policy was not looked at: it has ${globs} globs, and up to ${lintAskedGlobsMax} are looked at here`,
    witnesses: [],
    related: [],
    fix: "run `smoltbot policy lint`, which takes its time",
    safe: false,
  };
}

function lintAnswer(findings: readonly LintFinding[], counts: { rules: number; undecided: number }): LintAnswer {
  const file = {
    file: inlineLabel,
    valid: true,
    diagnostics: [],
    findings: findings.map((finding) => ({ ...finding, replacements: [] })),
    suppressed: [],
    ...counts,
  };
  const run = { files: [file], failOn: "error" as const, exitReasons: [], codes: {} as never, version: "" };
  const { summary, files } = lintJson(run) as {
    summary: { errors: number; warnings: number; notices: number };
    files: readonly { findings: readonly { code: string }[] }[];
  };
  const all = files[0]?.findings ?? [];
  const { errors, warnings, notices } = summary;
  return { summary: { errors, warnings, notices }, findings: all, undecided: all.filter(({ code }) => code === "not_decided") };
}

/** Each tool as a call of its own: every rule that matches it, and what would apply without the rule. */
export async function explain(services: Services, caller: Caller, request: ExplainRequest): Promise<ExplainAnswer> {
  const { tools } = request;
  if (!Array.isArray(tools) || tools.length > toolsPerRequestMax) {
    const message = `a list of at most ${toolsPerRequestMax} tool names`;
    throw new RegistryFailure("invalid_request", `tools must be ${message}`, { details: [{ path: "tools", message }] });
  }
  const { card, ...layers } = await referred(services, caller, request, "");
  const { engine } = openMerged(subject(layers).policy, noIds, services.engines.onFault);
  const nowMs = services.clock();
  const explanations = [];
  for (const [i, tool] of tools.entries()) {
    explanations.push(engine.explain(tool, { kind: "cicd", card, nowMs }));
    if (i % 100 === 99) await services.pause();
  }
  const { schema: _, ...answer } = explanationsJson(explanations) as Record<string, unknown>;
  return answer as unknown as ExplainAnswer;
}

/** @throws RegistryFailure */
async function referred(services: Services, caller: Caller, reference: PolicyReference, path: string): Promise<Referred> {
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
    const policy = inlinePolicy(inline);
    if (policy.meta.scope === "org") return { org: policy, card, label: inlineLabel };
    const below = agent === undefined ? undefined : await store.policies.active({ org });
    const layers = { org: below && storedPolicy(below), agent: policy };
    mergedInline(policy, layers.org);
    return { ...layers, card, label: inlineLabel };
  }
  if (agent === undefined) {
    checkWholeOrg(caller, "the org's policy");
    const found = await findVersion(services, { org }, version);
    return { org: storedPolicy(found), label: `org version ${found.version}` };
  }
  const layers = await store.policies.layers(org, agent);
  const own = version === undefined ? layers.agent : await findVersion(services, { org, agent }, version);
  if (own === undefined && layers.org === undefined) {
    throw new RegistryFailure("not_found", `no policy is in force for the agent \`${agent}\``);
  }
  const label = own === undefined ? `org version ${layers.org?.version}` : `agent ${agent} version ${own.version}`;
  return { org: layers.org && storedPolicy(layers.org), agent: own && storedPolicy(own), card, label };
}

function joined(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

/** @throws RegistryFailure `validation_error` for layers that do not merge, as an old version may not with the org of today */
function subject({ org, agent }: Pick<Referred, "org" | "agent">): Subject {
  const { diagnostics } = mergePolicies({ org, agent });
  const errors = diagnostics.filter(({ level }) => level === "error");
  if (errors.length === 0) return subjectOf({ org, agent });
  throw new RegistryFailure("validation_error", `the policies do not merge: ${errors[0]?.message}`, {
    details: errors.map(failureDetail),
  });
}

function globsOf({ org, agent }: Pick<Referred, "org" | "agent">): number {
  let globs = 0;
  for (const policy of [org, agent]) {
    for (const { tools } of policy?.capabilities ?? []) globs += tools.length;
    globs += (policy?.forbidden.length ?? 0) + (policy?.triggers.length ?? 0);
  }
  return globs;
}
