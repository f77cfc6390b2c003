/**
 * The executable specification: what a policy means, written from docs/semantics.md, whose rule numbers stand in the
 * comments. It promises the answer, not speed, and shares no code with the engine: a mistake has to be made twice.
 */
import type * as Result from "../engine/result.js";
import type * as Model from "../policy/model.js";

type Layers = { readonly org?: Model.Policy | undefined; readonly agent?: Model.Policy | undefined };
type Context = Result.Context;

/** G1: `*` is any run of code points, also empty; `?` is exactly one; all else is literal, anchored at both ends. */
export function referenceMatch(glob: string, name: string): boolean {
  const points = Array.from(name);
  // reach[j]: the part of the glob read so far matches the first j code points of the name.
  let reach = [true, ...points.map(() => false)];
  for (const symbol of glob) {
    let earlier = false;
    if (symbol === "*") reach = reach.map((here) => (earlier ||= here));
    else reach = reach.map((_, j) => j > 0 && reach[j - 1] && (symbol === "?" || symbol === points[j - 1]));
  }
  return reach[points.length];
}

/**
 * Judges the calls of one session, in order (E7). `matches` is for harnesses that bring a faster matcher.
 * @throws TypeError for layers without a policy or of the wrong scope (M1), and for an unknown context (E10).
 */
export function referenceEvaluate(layers: Layers, tools: readonly unknown[], context: Context = {}, matches = referenceMatch) {
  const kind = contextKind(context.kind);
  const policy = merge(layers);
  const { toolCount = 0, unmappedOrgCount = 0, unmappedCount = 0, violationCount = 0 } = context.session ?? {};
  const running = { toolCount, unmappedOrgCount, unmappedCount, violationCount, grace: graceState(policy, context) };
  const names = tools.map((tool) => (typeof tool === "string" ? tool : "")); // G2: what is no text is the empty name
  const calls = names.map((tool) => judgeCall({ policy, tool, context, running, matches }));
  const all = calls.flatMap((call) => call.findings);
  const findings = firstOfEach(all, ({ tool, cause, rule }) => JSON.stringify([tool, cause, rule.kind, rule.layer, rule.index]));
  const listed = (...verdicts: string[]) =>
    findings.flatMap(({ cause, ...f }) => (verdicts.includes(meaning[cause][0]) ? [{ ...f, type: meaning[cause][1] }] : []));
  const outcomes = [...new Set(names)].map((tool) => outcomeOf(tool, calls, policy.mode));
  return {
    verdict: strictest(["pass", "warn", "fail"], ...outcomes.map((o) => o.verdict)), // E8
    action: strictest(["allow", "warn", "escalate", "deny"], ...outcomes.map((o) => o.action)),
    mode: policy.mode,
    tools: outcomes, // E9
    violations: listed("fail") as Result.Violation[],
    warnings: listed("warn", "notice") as Result.Warning[],
    escalations: findings.filter((f) => f.cause === "escalated").map(({ tool, reason, rule }) => ({ tool, reason, rule })), // E6
    cardGaps: findings.filter((f) => kind === "observer" && f.cause === "capability_exceeded").map(gapOf), // E10
    coverage: coverage(policy, context.card),
    context: kind,
    cardChecked: context.card !== undefined, // E4
    grace: running.grace,
    policy: { name: policy.name, digest: "", sources: policy.sources },
  } satisfies Result.Evaluation as Result.Evaluation;
}

// ---- merging (M1-M3) ------------------------------------------------------------------------------------------------
const severities: readonly Model.Severity[] = ["low", "medium", "high", "critical"];
type Effective = ReturnType<typeof merge>;

function merge({ org, agent }: Layers) {
  const base = org ?? agent;
  if (!base || (org && org.meta.scope !== "org") || (agent && agent.meta.scope !== "agent"))
    throw new TypeError("an org policy has scope org, an agent policy has scope agent, and one of them must be given"); // M1
  const given = [org, agent].filter((policy) => policy !== undefined);
  // M2: union, all of org's entries before all of the agent's; each keeps its layer and its place in it.
  const union = <T>(of: (policy: Model.Policy) => readonly T[]) =>
    given.flatMap((policy) => of(policy).map((rule, index) => ({ layer: policy.meta.scope, index, rule, file: policy.file })));
  const forbidden = union((policy) => policy.forbidden);
  const triggers = union((policy) => policy.triggers);
  const bytes = ({ rule }: (typeof forbidden)[0]) => JSON.stringify([rule.pattern.glob.source, rule.reason, rule.severity]);
  const kept = given.length === 1 ? forbidden : firstOfEach(forbidden, bytes); // M2: only byte-identical rules collapse
  // M3: what the first layer omits is the documented default (D6), what the agent omits it inherits; the stricter wins.
  const own = (agent ?? base).defaults;
  const { unmappedToolAction, unmappedSeverity, enforcementMode = "warn", gracePeriodHours = 24, failOn = "low" } = base.defaults;
  const action = strictest<Model.UnmappedAction>(["allow", "warn", "deny"], unmappedToolAction, own.unmappedToolAction);
  const severity = strictest(severities, unmappedSeverity, own.unmappedSeverity);
  const owner = given.find(({ defaults }) => defaults.unmappedToolAction === action) ?? base;
  const span = owner.defaults.spans.get("unmapped_tool_action") ?? nowhere;
  return {
    name: given.length === 1 ? base.meta.name : `${agent?.meta.name} (resolved)`,
    sources: given.map(({ meta, file }) => ({ layer: meta.scope, file, name: meta.name })),
    capabilities: union((policy) => policy.capabilities),
    forbidden: strictFirst(kept, ({ rule }) => severities.indexOf(rule.severity)), // E1
    triggers: strictFirst(triggers, ({ rule }) => ["warn", "escalate", "deny"].indexOf(rule.action)), // E6
    unmapped: { ...ref("default", owner.meta.scope, -1, "unmapped_tool_action", owner.file, span), action, severity },
    mode: strictest<Model.EnforcementMode>(["off", "warn", "enforce"], enforcementMode, own.enforcementMode ?? enforcementMode),
    graceMs: Math.min(gracePeriodHours, own.gracePeriodHours ?? gracePeriodHours) * 3_600_000,
    failOn: severities[Math.min(severities.indexOf(failOn), severities.indexOf(own.failOn ?? failOn))],
  };
}

// ---- one call (E1-E7, M5) ----------------------------------------------------------------------------------------------
/** The counts of the session so far (E7), and whether grace can be given (T2). */
type Running = { -readonly [K in keyof Result.Session]: number } & { grace: Result.Evaluation["grace"] };
type Call = { policy: Effective; tool: string; context: Context; running: Running; matches: typeof referenceMatch };

/** What a finding means: its verdict, and the type it is listed under. Strongest first: the strongest decides the call. */
const meaning: Record<Exclude<Result.Cause, "fault"> | "notice", readonly [Result.Verdict | "notice", string]> = {
  guardrail_missing: ["fail", "guardrail_denied"],
  forbidden: ["fail", "forbidden"],
  invalid_tool_name: ["fail", "invalid_tool_name"],
  escalation_denied: ["fail", "escalation_denied"],
  capability_exceeded: ["fail", "capability_exceeded"],
  unmapped_denied: ["fail", "unmapped_denied"],
  guardrail_denied: ["fail", "guardrail_denied"],
  escalated: ["warn", "escalation"],
  trigger_warned: ["warn", "trigger"],
  forbidden_soft: ["warn", "forbidden_soft"],
  unmapped_in_grace: ["warn", "unmapped_in_grace"],
  unmapped_warned: ["warn", "unmapped"],
  mapped: ["pass", ""],
  unmapped_allowed: ["pass", ""],
  notice: ["notice", "notice"],
};
type Cause = keyof typeof meaning;
/** Its tool is `*` for a trigger that held by its counts alone (E7). */
type Finding = { cause: Cause; missingCardActions?: readonly string[] } & Omit<Result.Warning, "type">;
const strengthOf = ({ cause }: Finding) => -Object.keys(meaning).indexOf(cause);

function judgeCall(call: Call) {
  const { policy, tool, running } = call;
  const invalid = tool === "" || Array.from(tool).some((c) => c === "\ufffd" || /^[\ud800-\udfff]$/.test(c)); // G2
  const hit = ({ glob }: { readonly glob: { readonly source: string } }) => call.matches(glob.source, tool);
  const findings: Finding[] = [];
  // E1, E3: every matching forbidden rule; those below fail_on are soft.
  const matching = policy.forbidden.filter(({ rule }) => hit(rule.pattern));
  const forbidden = matching.map(({ layer, index, file, rule: { pattern, reason, severity } }) => {
    const { glob, span } = pattern;
    return { ...ref("forbidden", layer, index, glob.source, file, span), pattern: glob.source, reason, severity };
  });
  for (const rule of forbidden) {
    const cause = severities.indexOf(rule.severity) < severities.indexOf(policy.failOn) ? "forbidden_soft" : "forbidden";
    findings.push({ tool, cause, rule, reason: rule.reason, severity: rule.severity });
  }
  const isForbidden = findings.some(({ cause }) => cause === "forbidden");
  // E4, G2: capabilities in declaration order; an invalid name is never mapped. A forbidden tool is not judged further (E5).
  const mapping = invalid ? [] : policy.capabilities.filter(({ rule }) => rule.tools.some(hit));
  const [capability = null, ...alsoMatches] = mapping.map(({ layer, index, file, rule }) => {
    const pattern = rule.tools.find(hit)?.glob.source as string;
    return { ...ref("capability", layer, index, rule.name, file, rule.span), pattern };
  });
  if (invalid) findings.push({ tool, cause: "invalid_tool_name", rule: nameRef, reason: "invalid tool name", severity: "high" });
  else if (capability) findings.push({ tool, cause: "mapped", rule: capability, reason: "" });
  if (capability && !isForbidden) findings.push(...exceeded(call, mapping[0].rule, capability));
  if (!capability && !isForbidden && !invalid) findings.push(unmapped(call));
  if (!invalid && /[^ -~]/.test(tool)) findings.push({ tool, cause: "notice", rule: nameRef, reason: "not printable ASCII" }); // G2
  // E7: counts include this call. `violation_count` knows every violation but those of guardrails and count triggers.
  const named = (term: Model.ConditionTerm) => term.globs.every((glob) => hit({ glob }));
  const byNameAlone = (rule: Model.Trigger) => rule.condition.terms.some((term) => term.tests.length === 0 && named(term));
  const isDenied = policy.triggers.some(({ rule }) => rule.action === "deny" && byNameAlone(rule));
  running.toolCount += 1;
  running.unmappedOrgCount += mapping.some(({ layer }) => layer === "org") ? 0 : 1;
  running.unmappedCount += capability ? 0 : 1;
  running.violationCount += isDenied || findings.some((f) => meaning[f.cause][0] === "fail") ? 1 : 0;
  // E2, E6: every trigger that fires.
  const triggers: Result.RuleRef[] = [];
  for (const { layer, index, file, rule } of policy.triggers) {
    const holding = rule.condition.terms.filter((term) => named(term) && testsHold(call, term, layer));
    if (holding.length === 0) continue;
    const { action, reason } = rule;
    const trigger = { ...ref("trigger", layer, index, rule.condition.text, file, rule.span), action, reason };
    triggers.push(trigger);
    const shown = holding.some((term) => term.globs.length > 0) ? tool : "*";
    if (action === "deny") findings.push({ tool: shown, cause: "escalation_denied", rule: trigger, reason, severity: "high" });
    else findings.push({ tool: shown, cause: action === "escalate" ? "escalated" : "trigger_warned", rule: trigger, reason });
  }
  findings.push(...guardrail(call, mapping[0]));
  return { tool, capability, alsoMatches, forbidden, triggers, findings: strictFirst(findings, strengthOf) };
}

/** E4, C2: every listed card action must be granted; what the card forbids is never granted, even when it is also bounded. */
function exceeded({ tool, context: { card } }: Call, { cardActions }: Model.Capability, rule: Result.RuleRef): Finding[] {
  if (card === undefined) return [];
  const isForbidden = (action: string) => card.forbiddenActions.includes(action);
  const actions = [...new Set(cardActions.map(({ value }) => value))];
  const missing = actions.filter((action) => isForbidden(action) || !card.boundedActions.includes(action));
  if (missing.length === 0) return [];
  const severity = missing.some(isForbidden) ? "critical" : "high";
  return [{ tool, cause: "capability_exceeded", rule, reason: "not granted by the card", severity, missingCardActions: missing }];
}

/** E5, T1: the default for tools that no capability maps; grace turns a denial, and only that, into a warning. */
function unmapped(call: Call): Finding {
  const { action, severity } = call.policy.unmapped;
  const finding = { tool: call.tool, rule: call.policy.unmapped, severity, reason: `unmapped, and the default is ${action}` };
  if (action !== "deny") return { ...finding, cause: action === "warn" ? "unmapped_warned" : "unmapped_allowed" };
  const end = graceExpiry(call);
  if (end === undefined) return { ...finding, cause: "unmapped_denied" };
  return { ...finding, cause: "unmapped_in_grace", graceExpiresAtMs: end };
}

/** T2: grace needs a clock and a store. */
function graceState(policy: Effective, { nowMs, sightings }: Context): Result.Evaluation["grace"] {
  return policy.graceMs === 0 ? "disabled" : !Number.isFinite(nowMs) ? "no_clock" : sightings ? "applied" : "no_store";
}

/** When the grace of a tool ends, if it has not ended yet. T2: an unknown or future first sighting is now. */
function graceExpiry({ policy, tool, context: { nowMs = 0, sightings }, running }: Call): number | undefined {
  if (running.grace !== "applied") return undefined;
  try {
    const expiry = Math.min(sightings?.firstSeenMs(tool) ?? nowMs, nowMs) + policy.graceMs;
    return nowMs < expiry ? expiry : undefined;
  } catch {
    running.grace = "store_down";
    return undefined;
  }
}

/** E7: all tests of a term. An org trigger counts against org's mappings only (M2). */
function testsHold({ running }: Call, { tests }: Model.ConditionTerm, layer: Model.Scope): boolean {
  const unmapped_tool_count = layer === "org" ? running.unmappedOrgCount : running.unmappedCount;
  const counts = { tool_count: running.toolCount, unmapped_tool_count, violation_count: running.violationCount };
  return tests.every(({ count, comparison, value }) => {
    const by = counts[count] - value;
    return { ">": by > 0, ">=": by >= 0, "<": by < 0, "<=": by <= 0, "==": by === 0, "!=": by !== 0 }[comparison];
  });
}

/** M5: a guardrail judges beside the policy and only narrows. One that is missing, expired or cannot be dated denies. */
function guardrail({ policy, tool, context, matches }: Call, entry: Model.Layered<Model.Capability> | undefined): Finding[] {
  const { guardrail: rail, nowMs } = context;
  if (rail === undefined) return [];
  const rule = ref("guardrail", "transaction", -1, rail?.id ?? "", "", nowhere);
  const deny = (cause: Cause, reason: string): Finding[] => [{ tool, cause, rule, reason, severity: "high" }];
  if (rail === null) return deny("guardrail_missing", "the guardrail was not found");
  if (nowMs === undefined || !(nowMs < rail.expiresAtMs)) return deny("guardrail_missing", "the guardrail has expired");
  const isInList = rail.tools?.some((glob) => matches(glob, tool)) ?? true;
  const isOrgs = policy.capabilities.some(({ layer, rule: { name } }) => layer === "org" && name === entry?.rule.name);
  const allowed = rail.allowedCapabilities;
  const isAllowed = !allowed || (entry && allowed.includes(entry.rule.name) && (entry.layer === "org" || !isOrgs));
  return isInList && isAllowed ? [] : deny("guardrail_denied", "outside the guardrail");
}

// ---- answers (E8-E10, C1) --------------------------------------------------------------------------------------------------
/** One tool over its calls: the worst call counts, the earliest of equals. */
function outcomeOf(tool: string, all: readonly ReturnType<typeof judgeCall>[], mode: Model.EnforcementMode): Result.ToolOutcome {
  const calls = all.filter((call) => call.tool === tool);
  const [{ findings, ...worst }] = strictFirst(calls, (call) => strengthOf(call.findings[0]));
  const [{ rule, cause }] = findings as [Finding & { cause: Result.Cause }];
  const verdict = meaning[cause as Cause][0] as Result.Verdict;
  const fired = calls.flatMap((call) => call.triggers);
  const triggers = firstOfEach(fired, ({ layer, index }) => `${layer} ${index}`);
  return { ...worst, calls: calls.length, verdict, action: actionOf(cause, verdict, mode), cause, rule, triggers };
}

function gapOf({ tool, rule, reason, missingCardActions = [] }: Finding): Result.CardGap {
  return { tool, capability: rule.label, missingCardActions, reason };
}

/** E8: the verdict after the mode. */
function actionOf(cause: Result.Cause, verdict: Result.Verdict, mode: Model.EnforcementMode): Result.Action {
  if (cause === "guardrail_missing") return "deny"; // M5: whatever the mode
  if (mode === "off" || verdict === "pass") return "allow";
  if (mode === "warn" || verdict === "warn") return mode === "enforce" && cause === "escalated" ? "escalate" : "warn";
  return "deny";
}

/** C1: which of the card's distinct bounded actions have a mapping. */
function coverage({ capabilities }: Effective, card: Model.Card | undefined): Result.Coverage {
  const actions = [...new Set(card?.boundedActions)].map((action) => {
    const mapping = capabilities.filter(({ rule }) => rule.cardActions.some(({ value }) => value === action));
    return { action, capabilities: [...new Set(mapping.map(({ rule }) => rule.name))] };
  });
  const mappedBy = actions.filter((entry) => entry.capabilities.length > 0);
  const share = Math.round((mappedBy.length / Math.max(1, actions.length)) * 10_000) / 100;
  return {
    totalCardActions: actions.length,
    mappedCardActions: mappedBy.map(({ action }) => action),
    unmappedCardActions: actions.filter((entry) => !mappedBy.includes(entry)).map(({ action }) => action),
    coveragePct: Math.min(share, mappedBy.length < actions.length ? 99.99 : 100), // only all of them are 100
    mappedBy,
  };
}

/** E10. */
function contextKind(kind: Context["kind"] = "gateway"): Result.ContextKind {
  const named = kind === "runtime" ? "gateway" : kind === "audit" ? "observer" : kind;
  if (!["cicd", "gateway", "observer"].includes(named)) throw new TypeError("unknown evaluation context");
  return named;
}

// ---- rules as they are cited (E9), and lists -------------------------------------------------------------------------------
const nowhere = { line: 0, column: 0 };
const nameRef = ref("name", "default", -1, "", "", nowhere);
type Ref = Result.RuleRef;

function ref(kind: Ref["kind"], layer: Ref["layer"], index: number, label: string, file: string, at: typeof nowhere): Ref {
  return { kind, layer, index, label, file, line: at.line, column: at.column };
}

/** Strictest first, else in the order given. */
const strictFirst = <T>(list: readonly T[], by: (item: T) => number) => [...list].sort((a, b) => by(b) - by(a));
const strictest = <T>(scale: readonly T[], ...values: readonly T[]) =>
  scale[values.reduce((rank, value) => Math.max(rank, scale.indexOf(value)), 0)];

function firstOfEach<T>(list: readonly T[], key: (item: T) => string): T[] {
  const seen = new Set<string>();
  return list.filter((item) => !seen.has(key(item)) && seen.add(key(item)));
}
