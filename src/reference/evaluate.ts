/**
 * The executable specification: what a policy means, written from docs/semantics.md and read as documentation.
 * It promises the answer, not speed: every rule is tried on every call. It shares no code with the engine, so that a
 * mistake has to be made twice to go unnoticed. The numbers in the comments are the rules of docs/semantics.md.
 */

import type * as Result from "../engine/result.js";
import type * as Model from "../policy/model.js";

type Matcher = (glob: string, name: string) => boolean;
type Layers = { readonly org?: Model.Policy | undefined; readonly agent?: Model.Policy | undefined };
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** The counts of the session so far (E7), and whether grace can be given (T2). */
type Running = Mutable<Result.Session> & { grace: Result.Evaluation["grace"] };

/**
 * Judges the calls of one session, in order (E7). `matches` is for harnesses that bring a faster matcher.
 * @throws TypeError for layers without a policy or of the wrong scope (M1), and for an unknown context (E10).
 */
export function referenceEvaluate(
  layers: Layers,
  tools: readonly unknown[],
  context: Result.Context = {},
  matches: Matcher = referenceMatch,
): Result.Evaluation {
  const kind = contextKind(context.kind);
  const policy = merge(layers);
  const start = context.session ?? { toolCount: 0, unmappedOrgCount: 0, unmappedCount: 0, violationCount: 0 };
  const { toolCount, unmappedOrgCount, unmappedCount, violationCount } = start;
  const running = { toolCount, unmappedOrgCount, unmappedCount, violationCount, grace: graceState(policy, context) };
  const calls = tools.map((tool) => judgeCall(policy, tool, context, running, matches));
  const all = calls.flatMap((call) => call.findings);
  const findings = firstOfEach(all, ({ tool, cause, rule }) => JSON.stringify([tool, cause, rule.kind, rule.layer, rule.index]));
  const outcomes = groups(calls, (call) => call.tool).map((same) => outcomeOf(same, policy.mode));
  const listed = (...wanted: readonly string[]) =>
    findings.filter(({ cause }) => wanted.includes(verdicts[cause][0]) || wanted.includes(cause));
  return {
    verdict: strictest(["pass", "warn", "fail"], ...outcomes.map((o) => o.verdict)),
    action: strictest(["allow", "warn", "escalate", "deny"], ...outcomes.map((o) => o.action)),
    mode: policy.mode,
    tools: outcomes,
    violations: listed("fail").map(({ cause, ...f }) => ({ ...f, type: verdicts[cause][1] }) as Result.Violation),
    warnings: listed("warn", "notice").map(({ cause, ...f }) => ({ ...f, type: verdicts[cause][1] }) as Result.Warning),
    escalations: findings.filter((f) => f.cause === "escalated").map(({ tool, reason, rule }) => ({ tool, reason, rule })),
    cardGaps: findings
      .filter((f) => kind === "observer" && f.cause === "capability_exceeded") // E10
      .map((f) => ({ ...f, capability: f.rule.label, missingCardActions: f.missingCardActions ?? [] }))
      .map(({ tool, capability, missingCardActions, reason }) => ({ tool, capability, missingCardActions, reason })),
    coverage: coverage(policy, context.card),
    context: kind,
    cardChecked: context.card !== undefined,
    grace: running.grace,
    policy: { name: policy.name, digest: "", sources: policy.sources },
  };
}

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

// ---- merging (M1-M3) ------------------------------------------------------------------------------------------------

const severities: readonly Model.Severity[] = ["low", "medium", "high", "critical"];
const unmappedActions: readonly Model.UnmappedAction[] = ["allow", "warn", "deny"];
const modes: readonly Model.EnforcementMode[] = ["off", "warn", "enforce"];
const triggerActions: readonly Model.TriggerAction[] = ["warn", "escalate", "deny"];

type Effective = ReturnType<typeof merge>;

function merge({ org, agent }: Layers) {
  const base = org ?? agent;
  if (!base || (org && org.meta.scope !== "org") || (agent && agent.meta.scope !== "agent"))
    throw new TypeError("an org policy has scope org, an agent policy has scope agent, and one of them must be given"); // M1
  // M2: union, all of org's entries before all of the agent's; each keeps its layer and its place in it.
  const layered = <T>(of: (policy: Model.Policy) => readonly T[]): Model.Layered<T>[] => [
    ...(org ? of(org) : []).map((rule, index) => ({ layer: "org" as const, index, rule })),
    ...(agent ? of(agent) : []).map((rule, index) => ({ layer: "agent" as const, index, rule })),
  ];
  const forbidden = layered((policy) => policy.forbidden);
  const identity = ({ rule }: Model.Layered<Model.ForbiddenRule>) =>
    JSON.stringify([rule.pattern.glob.source, rule.reason, rule.severity]);
  // M3: what the first layer omits is the documented default (D6), what the agent omits it inherits; the stricter wins.
  const floor = base.defaults;
  const own = (agent ?? base).defaults;
  const unmappedAction = strictest(unmappedActions, floor.unmappedToolAction, own.unmappedToolAction);
  const owner = floor.unmappedToolAction === unmappedAction ? base : (agent as Model.Policy);
  const severity = strictest(severities, floor.unmappedSeverity, own.unmappedSeverity);
  const span = owner.defaults.spans.get("unmapped_tool_action") ?? { line: 0, column: 0 };
  const unmappedRef = ref("default", owner.meta.scope, -1, "unmapped_tool_action", owner.file, span);
  const mode = floor.enforcementMode ?? "warn";
  const graceHours = floor.gracePeriodHours ?? 24;
  const failOn = floor.failOn ?? "low";
  return {
    name: org && agent ? `${agent.meta.name} (resolved)` : base.meta.name,
    sources: [org, agent].flatMap((p) => (p ? [{ layer: p.meta.scope, file: p.file, name: p.meta.name }] : [])),
    files: { org: org?.file ?? "", agent: agent?.file ?? "" },
    capabilities: layered((policy) => policy.capabilities),
    // M2: byte-identical rules collapse. E1, E6: the strictest rule decides, then declaration order.
    forbidden: byStrictness(org && agent ? firstOfEach(forbidden, identity) : forbidden, (e) =>
      severities.indexOf(e.rule.severity),
    ),
    triggers: byStrictness(
      layered((policy) => policy.triggers),
      (e) => triggerActions.indexOf(e.rule.action),
    ),
    unmapped: { rule: { ...unmappedRef, action: unmappedAction, severity }, action: unmappedAction, severity },
    mode: strictest(modes, mode, own.enforcementMode ?? mode),
    graceMs: Math.min(graceHours, own.gracePeriodHours ?? graceHours) * 3_600_000,
    failOn: severities[Math.min(severities.indexOf(failOn), severities.indexOf(own.failOn ?? failOn))],
  };
}

// ---- one call (E1-E7, M5) ----------------------------------------------------------------------------------------------

/** What a finding means: its verdict, and the type under which it is listed. Strongest first: the strongest decides. */
const verdicts: Record<Exclude<Result.Cause, "fault"> | "notice", readonly [Result.Verdict, string]> = {
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
  notice: ["pass", "notice"],
};
type Cause = keyof typeof verdicts;
const strength = Object.keys(verdicts).reverse();

interface Finding {
  /** `*` for a trigger that held by its counts alone (E7). */
  readonly tool: string;
  readonly cause: Cause;
  readonly rule: Result.RuleRef;
  readonly reason: string;
  readonly severity?: Model.Severity;
  readonly missingCardActions?: readonly string[];
  readonly graceExpiresAtMs?: number;
}

function judgeCall(policy: Effective, given: unknown, context: Result.Context, running: Running, matches: Matcher) {
  const tool = typeof given === "string" ? given : ""; // G2: what is not a string is matched as the empty name
  const invalid = tool === "" || Array.from(tool).some((c) => c === "\ufffd" || /^[\ud800-\udfff]$/.test(c));
  const hit = ({ glob }: { readonly glob: { readonly source: string } }) => matches(glob.source, tool);

  // E1, E3: every matching forbidden rule; those below fail_on are soft.
  const forbidden = policy.forbidden.filter(({ rule }) => hit(rule.pattern));
  const isSoft = (rule: Model.ForbiddenRule) => severities.indexOf(rule.severity) < severities.indexOf(policy.failOn);
  const isForbidden = forbidden.some(({ rule }) => !isSoft(rule));
  const findings: Finding[] = forbidden.map((entry) => {
    const { reason, severity } = entry.rule;
    return {
      tool,
      cause: isSoft(entry.rule) ? "forbidden_soft" : "forbidden",
      rule: forbiddenRef(policy, entry),
      reason,
      severity,
    };
  });

  // E4, G2: capabilities in declaration order; an invalid name is never mapped. A forbidden tool is not judged further (E5).
  const mapping = invalid ? [] : policy.capabilities.filter(({ rule }) => rule.tools.some(hit));
  const refs = mapping.map(({ layer, index, rule }) => ({
    ...ref("capability", layer, index, rule.name, policy.files[layer], rule.span),
    pattern: rule.tools.find(hit)?.glob.source as string,
  }));
  if (invalid) findings.push({ tool, cause: "invalid_tool_name", rule: nameRef, reason: "invalid tool name", severity: "high" });
  else if (mapping.length > 0) findings.push({ tool, cause: "mapped", rule: refs[0], reason: "" });
  if (mapping.length > 0 && !isForbidden) findings.push(...exceeded(mapping[0].rule, refs[0], tool, context.card));
  if (mapping.length === 0 && !isForbidden && !invalid) findings.push(unmapped(policy, tool, context, running));
  if (!invalid && /[^ -~]/.test(tool)) findings.push({ tool, cause: "notice", rule: nameRef, reason: "not printable ASCII" }); // G2

  // E7: counts include this call. `violation_count` knows every violation but those of guardrails and count triggers.
  const named = (term: Model.ConditionTerm) => term.globs.every((glob) => hit({ glob }));
  const deniedByName = policy.triggers
    .filter(({ rule }) => rule.action === "deny")
    .some(({ rule }) => rule.condition.terms.some((term) => term.tests.length === 0 && named(term)));
  running.toolCount += 1;
  if (!mapping.some(({ layer }) => layer === "org")) running.unmappedOrgCount += 1;
  if (mapping.length === 0) running.unmappedCount += 1;
  if (deniedByName || findings.some((f) => verdicts[f.cause][0] === "fail")) running.violationCount += 1;

  // E2, E6: every trigger that fires.
  const triggers: Result.RuleRef[] = [];
  for (const { layer, index, rule } of policy.triggers) {
    const holding = rule.condition.terms.filter((term) => named(term) && testsHold(term, layer === "org", running));
    if (holding.length === 0) continue;
    const { action, reason } = rule;
    const trigger = { ...ref("trigger", layer, index, rule.condition.text, policy.files[layer], rule.span), action, reason };
    const cause = action === "deny" ? "escalation_denied" : action === "escalate" ? "escalated" : "trigger_warned";
    const byName = holding.some((term) => term.globs.length > 0);
    triggers.push(trigger);
    findings.push({
      tool: byName ? tool : "*",
      cause,
      rule: trigger,
      reason,
      ...(action === "deny" ? { severity: "high" } : {}),
    });
  }
  findings.push(...guardrail(policy, tool, mapping[0], context, matches));
  const decided = byStrictness(findings, (f) => strength.indexOf(f.cause));
  return {
    tool,
    findings: decided,
    capabilities: refs,
    triggers,
    forbidden: forbidden.map((entry) => forbiddenRef(policy, entry)),
  };
}

/** E4, C2: every listed card action must be granted; what the card forbids is never granted, even when it is also bounded. */
function exceeded(capability: Model.Capability, rule: Result.RuleRef, tool: string, card: Model.Card | undefined): Finding[] {
  if (card === undefined) return [];
  const actions = [...new Set(capability.cardActions.map(({ value }) => value))];
  const missing = actions.filter((action) => card.forbiddenActions.includes(action) || !card.boundedActions.includes(action));
  if (missing.length === 0) return [];
  const severity = missing.some((action) => card.forbiddenActions.includes(action)) ? "critical" : "high";
  const reason = `the card does not grant ${missing.join(", ")}`;
  return [{ tool, cause: "capability_exceeded", rule, reason, severity, missingCardActions: missing }];
}

/** E5, T1: the default for tools that no capability maps; grace turns a denial, and only that, into a warning. */
function unmapped(policy: Effective, tool: string, context: Result.Context, running: Running): Finding {
  const { action, severity, rule } = policy.unmapped;
  const finding = { tool, rule, severity, reason: `no capability maps the tool, unmapped_tool_action is ${action}` };
  if (action === "allow") return { ...finding, cause: "unmapped_allowed" };
  if (action === "warn") return { ...finding, cause: "unmapped_warned" };
  const expiry = graceExpiry(policy, tool, context, running);
  if (expiry === undefined) return { ...finding, cause: "unmapped_denied" };
  return { ...finding, cause: "unmapped_in_grace", graceExpiresAtMs: expiry };
}

/** T2: grace needs a clock and a store. */
function graceState(policy: Effective, context: Result.Context): Result.Evaluation["grace"] {
  if (policy.graceMs === 0) return "disabled";
  if (context.nowMs === undefined) return "no_clock";
  return context.sightings === undefined ? "no_store" : "applied";
}

/** When the grace of a tool ends, if it has not ended yet. T2: an unknown or future first sighting is now. */
function graceExpiry(policy: Effective, tool: string, context: Result.Context, running: Running): number | undefined {
  if (running.grace !== "applied") return undefined;
  const nowMs = context.nowMs as number;
  try {
    const expiry = Math.min(context.sightings?.firstSeenMs(tool) ?? nowMs, nowMs) + policy.graceMs;
    return nowMs < expiry ? expiry : undefined;
  } catch {
    running.grace = "store_down";
    return undefined;
  }
}

/** E7: all tests of a term. An org trigger counts against org's mappings only (M2). */
function testsHold(term: Model.ConditionTerm, isOrg: boolean, running: Running): boolean {
  const unmapped_tool_count = isOrg ? running.unmappedOrgCount : running.unmappedCount;
  const counts = { tool_count: running.toolCount, unmapped_tool_count, violation_count: running.violationCount };
  return term.tests.every(({ count, comparison, value }) => {
    const n = counts[count];
    return { ">": n > value, ">=": n >= value, "<": n < value, "<=": n <= value, "==": n === value, "!=": n !== value }[
      comparison
    ];
  });
}

/** M5: a guardrail judges beside the policy and only narrows. One that is missing, expired or cannot be dated denies. */
function guardrail(
  policy: Effective,
  tool: string,
  entry: Model.Layered<Model.Capability> | undefined,
  { guardrail: rail, nowMs }: Result.Context,
  matches: Matcher,
): Finding[] {
  if (rail === undefined) return [];
  const rule = ref("guardrail", "transaction", -1, rail?.id ?? "", "", { line: 0, column: 0 });
  const deny = (cause: Cause, reason: string): Finding[] => [{ tool, cause, rule, reason, severity: "high" }];
  if (rail === null) return deny("guardrail_missing", "the guardrail was not found");
  if (nowMs === undefined || nowMs >= rail.expiresAtMs) return deny("guardrail_missing", "the guardrail has expired");
  const { tools, allowedCapabilities } = rail;
  const isOrgs = (name: string) => policy.capabilities.some(({ layer, rule }) => layer === "org" && rule.name === name);
  const isAllowed = (name: string) => allowedCapabilities?.includes(name) && (entry?.layer === "org" || !isOrgs(name));
  if (tools && !tools.some((glob) => matches(glob, tool))) return deny("guardrail_denied", "the tool is outside the guardrail");
  if (!allowedCapabilities || (entry && isAllowed(entry.rule.name))) return [];
  return deny("guardrail_denied", "the capability is outside the guardrail");
}

// ---- answers (E8-E10, C1) --------------------------------------------------------------------------------------------------

/** One tool over its calls: the worst call counts, the earliest of equals. */
function outcomeOf(calls: readonly ReturnType<typeof judgeCall>[], mode: Model.EnforcementMode): Result.ToolOutcome {
  const [call] = byStrictness(calls, ({ findings }) => strength.indexOf(findings[0].cause));
  const { tool, forbidden, capabilities } = call;
  const { rule } = call.findings[0];
  const cause = call.findings[0].cause as Result.Cause & Cause;
  const triggers = firstOfEach(calls.flatMap((c) => c.triggers), (r) => `${r.layer} ${r.index}`); // biome-ignore format: one line
  const [capability = null, ...alsoMatches] = capabilities;
  const verdict = verdicts[cause][0];
  const action = actionOf(cause, verdict, mode);
  return { tool, calls: calls.length, verdict, action, cause, rule, capability, alsoMatches, forbidden, triggers };
}

/** E8: the verdict after the mode. */
function actionOf(cause: Cause, verdict: Result.Verdict, mode: Model.EnforcementMode): Result.Action {
  if (cause === "guardrail_missing") return "deny"; // M5: whatever the mode
  if (mode === "off" || verdict === "pass") return "allow";
  if (mode === "warn") return "warn";
  return verdict === "fail" ? "deny" : cause === "escalated" ? "escalate" : "warn";
}

/** C1: which of the card's distinct bounded actions have a mapping. */
function coverage(policy: Effective, card: Model.Card | undefined): Result.Coverage {
  const actions = [...new Set(card?.boundedActions ?? [])].map((action) => {
    const mapping = policy.capabilities.filter(({ rule }) => rule.cardActions.some(({ value }) => value === action));
    return { action, capabilities: [...new Set(mapping.map(({ rule }) => rule.name))] };
  });
  const mappedBy = actions.filter(({ capabilities }) => capabilities.length > 0);
  return {
    totalCardActions: actions.length,
    mappedCardActions: mappedBy.map(({ action }) => action),
    unmappedCardActions: actions.filter((entry) => !mappedBy.includes(entry)).map(({ action }) => action),
    coveragePct: Math.round((mappedBy.length / Math.max(1, actions.length)) * 10_000) / 100,
    mappedBy,
  };
}

/** E10. */
function contextKind(kind: Result.Context["kind"] = "gateway"): Result.ContextKind {
  if (kind === "runtime") return "gateway";
  if (kind === "audit") return "observer";
  if (kind !== "cicd" && kind !== "gateway" && kind !== "observer") throw new TypeError("unknown evaluation context");
  return kind;
}

// ---- rules as they are cited (E9), and lists -------------------------------------------------------------------------------

type Place = { readonly line: number; readonly column: number };
type Ref = Result.RuleRef;

function ref(kind: Ref["kind"], layer: Ref["layer"], index: number, label: string, file: string, { line, column }: Place): Ref {
  return { kind, layer, index, label, file, line, column };
}

const nameRef = ref("name", "default", -1, "", "", { line: 0, column: 0 });

function forbiddenRef(policy: Effective, { layer, index, rule }: Model.Layered<Model.ForbiddenRule>): Ref {
  const { pattern, reason, severity } = rule;
  const { source } = pattern.glob;
  return { ...ref("forbidden", layer, index, source, policy.files[layer], pattern.span), pattern: source, reason, severity };
}

/** Strictest first, else in the order given. */
function byStrictness<T>(list: readonly T[], strictness: (item: T) => number): T[] {
  return [...list].sort((a, b) => strictness(b) - strictness(a));
}

function strictest<T>(scale: readonly T[], ...values: readonly T[]): T {
  return scale[values.reduce((rank, value) => Math.max(rank, scale.indexOf(value)), 0)];
}

function groups<T>(list: readonly T[], key: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of list) {
    const group = found.get(key(item));
    if (group) group.push(item);
    else found.set(key(item), [item]);
  }
  return [...found.values()];
}

function firstOfEach<T>(list: readonly T[], key: (item: T) => string): T[] {
  return groups(list, key).map(([first]) => first);
}
